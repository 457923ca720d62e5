# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mail about a changed contact says; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill
from partwell.documents.texts import _

Values = dict[str, Any]


def contact_changed(v: Values) -> Body:
    return Body(
        subject=fill(_("What we have on file of {person} was changed ({client})"), v),
        title=_("A contact was changed"),
        happened=(
            fill(_("{changed_by} at {msp_name} changed how {person} of {client} is reached."), v),
            _("This goes to the address that was on file before, so that nobody is replaced unseen."),
        ),
        facts=facts(v, (_("Changed"), "what"), (_("When"), "at")),
        asked=_(
            "If nobody of yours asked for this, tell us at once, by a number that you know, not by this mail."
        ),
        button=_("See it on your page"),
        link=v["portal_url"] or "",
    )


def staff_note(v: Values) -> Body:
    """To one of our own people about a mail of theirs, apart from evidence."""
    return Body(
        subject=fill(_("{title} ({client})"), v),
        title=v["title"],
        happened=(fill(_("{what}"), v),),
        asked=fill(_("{next_step}"), v),
        button=_("Open it"),
        link=v["portal_url"],
    )


PEOPLE: dict[str, Kind] = {
    "contact_changed": (
        contact_changed,
        frozenset({"person", "changed_by", "what", "at"}),
        frozenset(),
    ),
    "staff_note": (staff_note, frozenset({"title", "what", "next_step", "portal_url"}), frozenset()),
}
