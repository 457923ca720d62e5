# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the reminder of an authorisation says that waits for a signature (R1)."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill
from partwell.documents.texts import _


def authorisation_reminder(v: dict[str, Any]) -> Body:
    return Body(
        subject=fill(_("Not signed yet: may {recipient_firm} receive access? ({client})"), v),
        title=_("An authorisation waits for you"),
        happened=(
            fill(
                _("The authorisation of {client} for {recipient_firm} has waited for your signature since {since}. Until you sign it, {recipient_firm} receives nothing from us, not even an answer."), v
            ),
        ),
        facts=facts(v, (_("Recipient"), "recipient_firm"), (_("Waits since"), "since"), (_("Ends"), "until")),
        asked=_("Read it, then sign, narrow or decline it. If you do nothing, we release to you alone."),
        button=_("Read and sign"),
        link=v["portal_url"],
        after=(_("This reminder leaves by itself; it goes to you alone, and stops with your answer."),),
    )  # fmt: skip


REMINDER: dict[str, Kind] = {
    "authorisation_reminder": (
        authorisation_reminder,
        frozenset({"recipient_firm", "since", "until", "portal_url"}),
        frozenset(),
    ),
}
