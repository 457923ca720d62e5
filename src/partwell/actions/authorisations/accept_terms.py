# SPDX-License-Identifier: AGPL-3.0-or-later
"""A recipient's person accepts the terms of confidentiality and use, in their own name (R1)."""

from partwell.actions.base import Deed
from partwell.documents.terms_text import VERSION, terms_digest, terms_text
from partwell.records.authorisations.models import Recipient, TermsAcceptance
from partwell.records.people.queries import the_msp
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def terms_for(recipient: Recipient) -> tuple[tuple[str, ...], str]:
    """The paragraphs as they are shown to this recipient, and their digest."""
    msp = the_msp()
    shown = terms_text(
        client=recipient.client.legal_name,
        recipient=recipient.firm,
        msp=msp.name if msp else "the service provider",
    )
    return shown, terms_digest(shown)


def accept_terms(*, actor: Actor, shown_digest: str, agent: str = "") -> TermsAcceptance | Refusal:
    """Accept the terms that were on screen (``shown_digest``). Once a person and text; again gives the first."""
    if actor.kind != "provider" or actor.recipient_id is None or actor.client_id is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "terms.accept")) is not None:
        return refusal
    recipient = Recipient.objects.select_related("client").get(pk=actor.recipient_id)
    _, digest = terms_for(recipient)
    with Deed(actor) as deed:
        deed.lock(actor.client_id)
        if earlier := TermsAcceptance.objects.filter(person_id=actor.id, text_digest=digest).first():
            return earlier
        if shown_digest != digest:
            return deed.refuse(refuse("shown_other_text"), subject=recipient.id, verb="terms.accept")
        row = deed.add(
            TermsAcceptance(
                person_id=actor.id,
                text_version=VERSION,
                text_digest=digest,
                accepted_at=deed.now,
                event={
                    "name": actor.name,
                    "firm": recipient.firm,
                    "address": actor.address[:64],
                    "agent": agent[:200],
                    "identity": f"portal session by {actor.strength}",
                },
            )
        )
        deed.record(
            "terms.accepted",
            recipient=recipient.id,
            subjects=[recipient.id, actor.id],
            public={"recipient": recipient.firm},
            to_client={
                "digest": digest,
                "version": VERSION,
                "address": actor.address[:64],
                "agent": agent[:200],
            },
        )
        return row
