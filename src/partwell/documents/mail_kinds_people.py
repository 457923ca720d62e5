# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mail about a changed contact says; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, greets, rows, some
from partwell.documents.texts import _, clean

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
        facts=facts(v, (_("Client"), "client")),
        asked=fill(_("{next_step}"), v),
        button=_("Open it"),
        link=v["portal_url"],
    )


def staff_message(v: Values) -> Body:
    """To one of our own people: what a client, contractor or new provider wrote; an answer to it goes to them as ours.

    Such an answer quotes this mail, so nothing stands here that its readers may not know.
    """
    after = (
        fill(
            _(
                "Answer this mail from your own mail program, and your words go to {answer_to} as your message, through the gate and on record as from the page. What you attach goes to nobody."
            ),
            v,
        )
        if v["answer_to"]
        else _("An answer to this mail reaches nobody of them; write on the page.")
    )
    return Body(
        subject=fill(_("{topic} ({client})"), v),
        title=v["topic"],
        happened=(fill(_("{sender} ({sender_firm}) wrote about {client}."), v),),
        quote=(fill(_("{sender} writes"), v), clean(v["body"])),
        greeted=greets(v["body"], v["to_name"]),
        lists=some((_("Came with it, to be opened on the page"), rows(v["attachments"]))),
        button=_("Open it on its page"),
        link=v["portal_url"],
        after=(after,),
    )


PEOPLE: dict[str, Kind] = {
    "contact_changed": (
        contact_changed,
        frozenset({"person", "changed_by", "what", "at"}),
        frozenset(),
    ),
    "staff_message": (
        staff_message,
        frozenset({"topic", "sender", "sender_firm", "body", "portal_url"}),
        frozenset({"attachments", "answer_to"}),
    ),
    "staff_note": (staff_note, frozenset({"title", "what", "next_step", "portal_url"}), frozenset()),
}
