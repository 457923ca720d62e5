# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate at transmission: whether an envelope may leave at this moment, asked at its claim and again just before DATA (R1, R2)."""

import hashlib
from datetime import datetime
from uuid import UUID

from partwell.actions.correspondence.acknowledge import KIND as ACKNOWLEDGEMENT
from partwell.actions.correspondence.acknowledge import why_not_acknowledged
from partwell.actions.correspondence.post import envelope_digest
from partwell.actions.correspondence.takeover import reaches
from partwell.actions.facts import (
    authorisation_facts,
    loop_contacts,
    newest_authorisation,
    stranger_mailboxes,
    zone,
)
from partwell.actions.files import chunks
from partwell.actions.releases.gate import judge_again
from partwell.actions.releases.stop_lines import lines_of
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.vault.models import StoredFile
from partwell.rules import consent, loop
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState

REMINDER = "authorisation_reminder"


def documents_unchanged(envelope: Envelope) -> bool:
    """Re-hash the stored bytes of every pinned document; the slow part of claiming, before its deed."""
    for pinned in envelope.documents:
        file = (
            StoredFile.objects.select_related("unit")
            .filter(pk=UUID(hex=pinned["file"]), client_id=envelope.client_id)
            .first()
        )
        if file is None or file.unit.destroyed_at is not None:
            return False
        digest = hashlib.sha256()
        for piece in chunks(file):
            digest.update(piece)
        if digest.hexdigest() != pinned["sha256"]:
            return False
    return True


def why_not(envelope: Envelope, client: Client, now: datetime) -> Refusal | None:
    """The gate at transmission: the envelope as frozen, the client in the loop, and for a new provider R1 once more."""
    if envelope_digest(envelope) != envelope.digest:
        return refuse("envelope_changed")
    providers = [one["address"] for one in envelope.recipients if one["role"] == "provider"]
    reached: list[Contact] | None = loop_contacts(client.id)
    contact = next((one for one in reached or () if one.id == envelope.client_contact_id), None)
    if contact is None:  # nobody whom mail reaches now; or not this client's at all
        reached = None
        contact = Contact.objects.filter(pk=envelope.client_contact_id, left_at=None).first()
    listed = next((one["address"] for one in envelope.recipients if one["role"] == "client"), "")
    working = contact is not None and reaches(contact, listed, strictly=envelope.to_provider, reached=reached)
    facts = (
        loop.ContactFacts(contact.id.hex, contact.client_id.hex, listed, works=working) if contact else None
    )
    others = [one["address"] for one in envelope.recipients if one["role"] not in ("client", "provider")]
    strangers = stranger_mailboxes(client.id)
    refusal = loop.recipients_ok(
        loop.EnvelopeFacts(client.id.hex, facts, tuple(providers), strangers=strangers, others=tuple(others))
    )
    if refusal is not None:
        return refusal
    if not envelope.to_provider:
        return refuse("provider_without_client") if providers else _still_asked(envelope)
    if envelope.kind == ACKNOWLEDGEMENT:
        return why_not_acknowledged(envelope)
    return _consent_refusal(envelope, client, now)


def _still_asked(envelope: Envelope) -> Refusal | None:
    """A reminder that waited, for an address or a server, does not ask for what was decided meanwhile."""
    row = envelope.authorisation
    if envelope.kind != REMINDER or row is None or row.state == AuthorisationState.PROPOSED:
        return None
    return refuse("signature_not_waited_for", recipient=row.recipient.firm)


def _consent_refusal(envelope: Envelope, client: Client, now: datetime) -> Refusal | None:
    if envelope.recipient_id is None:
        return refuse("recipient_unknown")
    row = newest_authorisation(envelope.recipient_id)
    persons = {
        person.email: person
        for person in RecipientPerson.objects.select_related("recipient").filter(
            recipient_id=envelope.recipient_id, left_at=None
        )
    }
    facts = authorisation_facts(row, zone()) if row else None
    refusal = consent.standing(facts, now, envelope.recipient.firm if envelope.recipient else "")
    if refusal is not None:
        return refusal
    for one in envelope.recipients:
        if one["role"] != "provider":
            continue
        person = persons.get(one["address"])
        if person is None or facts is None or person.id.hex not in facts.person_ids:
            return refuse(
                "person_not_named",
                person=one["name"],
                recipient=envelope.recipient.firm if envelope.recipient else "",
            )
    if envelope.release_id is not None and envelope.kind == "release_announcement":
        return _lines_refusal(envelope, client, now)
    return None


def _lines_refusal(envelope: Envelope, client: Client, now: datetime) -> Refusal | None:
    lines = lines_of(envelope)
    if not lines:
        return refuse("release_empty")
    return next((why for why in judge_again(client, lines[0].release, lines, now) if why is not None), None)
