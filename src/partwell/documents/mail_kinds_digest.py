# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a digest says; the other mails stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, fill, rows, some
from partwell.documents.texts import _

Values = dict[str, Any]


def digest(v: Values) -> Body:
    weekly = v["rhythm"] == "weekly"
    more = (fill(_("{more} more stand on your page."), v),) if v["more"] else ()
    return Body(
        subject=fill(_("Your week: {client}") if weekly else _("Your day: {client}"), v),
        title=_("What happened, and what comes this week")
        if weekly
        else _("What happened, and what comes today"),
        happened=(
            fill(
                _("A summary for {client} of what you may see with {msp_name}, as you chose to receive it."),
                v,
            ),
            *more,
        ),
        lists=some((_("What happened"), rows(v["news"])), (_("What comes"), rows(v["coming"]))),
        button=_("Open your page"),
        link=v["portal_url"],
        after=(
            fill(_("You no longer want it? One click turns it off: {unsubscribe}"), v),
            _("Authorisations, releases and notices of deletion always come as mails of their own."),
        ),
    )


DIGEST: dict[str, Kind] = {
    "digest": (
        digest,
        frozenset({"rhythm", "news", "coming", "unsubscribe", "portal_url"}),
        frozenset({"more"}),
    ),
}
