# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two mails about what came before consent (R1): the client's, which asks, and the fixed words, which say nothing."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, cautions, facts, fill, rows, some
from partwell.documents.texts import _, clean

Values = dict[str, Any]


def held_question(v: Values) -> Body:
    """Held before consent (R1). To a signatory both answers are a button; each leads to a page, which asks before it notes anything."""
    both = bool(v["authorise_url"] and v["not_ours_url"])
    asked = fill(_("Please tell whoever signs for {client}: they decide in the portal whether these may receive access, or have nothing to do with you. Until then nobody answers them."), v)  # fmt: skip
    if both:
        asked = _("Say whether they may receive access, or have nothing to do with you. Nothing is signed by pressing a button; until you decide, nobody answers them.")  # fmt: skip
    return Body(
        subject=fill(_("A question about {client} that we did not answer"), v),
        title=_("Somebody asks, and we did not answer"),
        happened=(
            fill(
                _(
                    "{sender} of {recipient_firm} wrote to us about {client}. There is no consent of yours for them, so we told them nothing, not even whether we know you. They have one fixed acknowledgement that states no fact; a copy goes to you."
                )
                if v["acknowledged"]
                else _(
                    "{sender} of {recipient_firm} wrote to us about {client}. There is no consent of yours for them, so we answered nothing and told them nothing, not even whether we know you."
                ),
                v,
            ),
        ),
        facts=facts(
            v,
            (_("Their address"), "address"),
            (_("Received"), "received_at"),
            (_("Forwarded to us by"), "forwarded_by"),
        ),
        lists=some(
            (_("Be careful"), rows(cautions(v["warnings"]))),
            (_("Came with it, and can be seen in the portal"), rows(v["came_with"])),
        ),
        quote=(_("What they wrote"), clean(v["question"])),
        asked=asked,
        button=_("Authorise them") if both else _("Read it in the portal"),
        link=v["authorise_url"] if both else v["portal_url"] or "",
        second=(_("This is not ours"), v["not_ours_url"]) if both else None,
    )


def fixed_acknowledgement(v: Values) -> Body:
    """R1: the same words for everybody. Nothing of ``v`` is used: no name, no client, no day."""
    return Body(
        subject=_("Your message was received"),
        title=_("Your message was received"),
        happened=(
            _("This is an automatic acknowledgement. It is the only one that you receive."),
            _(
                "We answer no question before whoever it concerns has consented in writing. This message says neither that we serve them nor that we do not."
            ),
            _("If you act for somebody, ask them to write to their provider."),
        ),
    )


HELD: dict[str, Kind] = {
    "held_question": (
        held_question,
        frozenset({"sender", "recipient_firm", "question", "received_at"}),
        frozenset(
            {
                "acknowledged",
                "forwarded_by",
                "address",
                "warnings",
                "came_with",
                "authorise_url",
                "not_ours_url",
            }
        ),
    ),
    "fixed_acknowledgement": (fixed_acknowledgement, frozenset(set()), frozenset(set())),
}
