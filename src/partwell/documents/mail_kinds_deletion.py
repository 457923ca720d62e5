# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mails about deletions say; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill
from partwell.documents.texts import _


def deletion_to_approve(v: dict[str, Any]) -> Body:
    return Body(
        subject=fill(_("Please decide: shall “{set}” be deleted ({client})?"), v),
        title=_("A second person is needed, and it is you"),
        happened=(
            fill(_("{proposed_by} proposes to delete “{set}” of {client}, which was kept until {until}."), v),
            _("Nobody deletes a client's data alone. We are one person, so the second one is you."),
        ),
        facts=facts(v, (_("Why"), "reason")),
        asked=_("Approve it, or object, on your page. Nothing is deleted before you have answered."),
        button=_("Decide"),
        link=v["portal_url"],
        after=(_("You can still ask for a copy, or tell us to keep it longer."),),
    )


DELETION: dict[str, Kind] = {
    "deletion_to_approve": (
        deletion_to_approve,
        frozenset({"set", "until", "reason", "proposed_by", "portal_url"}),
        frozenset(),
    ),
}
