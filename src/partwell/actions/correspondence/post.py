# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts a mail into the outbox, within the deed of what it tells of (R2). The one way an envelope comes to be.

Recipients, words and documents are frozen in it; the client's contact comes first; the relay transmits later.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from partwell.actions.base import Deed
from partwell.actions.correspondence.letter_words import words_at_step
from partwell.actions.correspondence.reply_addresses import for_envelope
from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.facts import (
    loop_contacts,
    second_address,
    standing_in,
    stranger_mailboxes,
    working_address,
)
from partwell.documents.german import translate
from partwell.documents.mails import FIXED_MAILS, Mail, compose
from partwell.documents.texts import speaking
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.people.models import Msp
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import Release
from partwell.records.vault.models import StoredFile
from partwell.rules import loop
from partwell.rules.letters import language_of
from partwell.rules.refusals import Refusal, refuse
from sealed import canonical

# R1's acknowledgement states no fact, and an address of its own would be one.
NO_ANSWER = ("fixed_acknowledgement",)


@dataclass(frozen=True)
class Post:
    """What is to be sent. ``persons``: the new provider's people, empty for a letter to the client alone.

    ``dedupe``: the business key that makes a double click harmless. ``values``: the fields of the mail kind
    (``documents.mails``). ``second``: also to the contact's second address, ``house``: also
    to the MSP's own (R1's receipts, copies of what was signed). ``not_before``: the relay leaves it alone until then.
    ``staff``: name and address of our own people who are invited too; they stand beside the client, never instead.
    ``to_signatory``: fields that it has only where its reader signs for the client. ``extra``: further headers
    (List-Unsubscribe); that no person wrote it is said by its kind.
    """

    kind: str
    dedupe: str
    values: dict[str, Any]
    to_signatory: Mapping[str, Any] = field(default_factory=dict)
    persons: Sequence[RecipientPerson] = ()
    contact: Contact | None = None
    authorisation: Authorisation | None = None
    release: Release | None = None
    message: Message | None = None
    documents: Sequence[StoredFile] = field(default_factory=list)
    second: bool = False
    house: bool = False
    staff: Sequence[tuple[str, str]] = ()
    in_reply_to: str = ""
    not_before: datetime | None = None
    extra: Sequence[tuple[str, str]] = ()


def link(path: str) -> str:
    """An absolute address of this installation; never with a token."""
    return f"{settings.PARTWELL_URL}{path}"


def common(msp: Msp, client_legal: str, to_name: str) -> dict[str, Any]:
    """The fields that every mail kind takes."""
    last = last_checkpoint()
    return {
        "msp_name": msp.name,
        "to_name": to_name,
        "client": client_legal,
        "zone": msp.time_zone,
        "colour": msp.colour,
        "contact": msp.phone or None,
        "checkpoint": last.note if last else None,
        "checkpoint_at": last.made_at if last else None,
    }


def addressed(
    client_id: UUID, persons: Sequence[RecipientPerson], contact: Contact | None, second: bool
) -> tuple[Contact, list[dict[str, str]]] | Refusal:
    """Who is on the envelope, the client first; or the refusal why it cannot be addressed (R2)."""
    contacts = loop_contacts(client_id)
    strangers = stranger_mailboxes(client_id)
    chosen = contact if contact is not None and contact in contacts else (contacts[0] if contacts else None)
    if chosen is None:
        return refuse("no_working_client_address")
    refusal = loop.recipients_ok(
        loop.EnvelopeFacts(
            client_id=client_id.hex,
            client_contact=loop.ContactFacts(chosen.id.hex, chosen.client_id.hex, working_address(chosen)),
            provider_addresses=tuple(person.email for person in persons),
            strangers=strangers,
        )
    )
    if refusal is not None:
        return refusal
    first, other = working_address(chosen), second_address(chosen)
    other = "" if loop.mailbox_of(other) in strangers else other
    recipients = [{"role": "client", "name": chosen.name, "address": first}]
    if second and other and other != first:
        recipients.append({"role": "second", "name": chosen.name, "address": other})
    recipients += [{"role": "provider", "name": person.name, "address": person.email} for person in persons]
    return chosen, recipients


def _missed(contact: Contact, wanted: Contact | None) -> dict[str, Any]:
    """Why this contact has the mail, where it was for another address or person of the client (R2); nothing else."""
    if contact.email_state != "ok":
        return {"missed": contact.name, "missed_same": True}
    if contact == wanted or (wanted is None and contact.role == "signatory"):
        return {}
    instead = standing_in(contact.client_id)
    return {"missed": instead.missed} if instead and instead.at == working_address(contact) else {}


def names(envelope: Envelope) -> list[str]:
    """The recipients as sentences have them: each person once, however many of their addresses are on it."""
    return list(dict.fromkeys(one["name"] for one in envelope.recipients))


def title_of(envelope: Envelope) -> str:
    """How sentences name a mail: its subject, which is the office's own words, and for a set its number before it."""
    return f"Release {envelope.release.number}: {envelope.subject}" if envelope.release else envelope.subject


def composed(kind: str, language: str, values: dict[str, Any]) -> Mail:
    """The mail in the language of the contact who reads it, where there is German, else in English.

    R1's fixed mails are the same for everybody: a language would be a fact about whom they do not name.
    """
    if kind not in FIXED_MAILS and language_of(language) == "de":
        with speaking("de", translate):
            return compose(kind, values)
    return compose(kind, values)


def envelope_digest(row: Envelope) -> str:
    """SHA-256 over everything that is frozen in an envelope; the relay compares it before every attempt."""
    return hashlib.sha256(envelope_frozen(row)).hexdigest()


def envelope_frozen(row: Envelope) -> bytes:
    """Everything that is frozen in an envelope, as canonical JSON (RFC 8785)."""
    frozen = {
        name: getattr(row, name)
        for name in (
            "kind",
            "to_provider",
            "recipients",
            "subject",
            "text",
            "html",
            "documents",
            "internet_message_id",
            "in_reply_to",
            "dedupe_key",
        )
    }
    frozen.update(
        {
            name: str(getattr(row, name) or "")
            for name in (
                "client_id",
                "client_contact_id",
                "entry_id",
                "recipient_id",
                "authorisation_id",
                "release_id",
                "message_id",
            )
        }
    )
    if row.reply_to:  # left out where empty, so that older envelopes keep their digest
        frozen["reply_to"] = row.reply_to
    if row.head:
        frozen["head"] = row.head
    return canonical.dumps(frozen)


def head_of(
    msp: Msp, documents: Sequence[StoredFile], extra: Sequence[tuple[str, str]] = ()
) -> dict[str, Any]:
    """What an envelope freezes of its header: who we are today, and how each file calls itself.

    A change of the firm's name or address, or of a file's description, changes no mail that was queued before.
    """
    return {
        "from": [msp.name, msp.email],
        **({"types": {file.id.hex: file.media_type for file in documents}} if documents else {}),
        **({"extra": [list(one) for one in extra]} if extra else {}),
    }


def post(deed: Deed, item: Post) -> Envelope | Refusal:
    """Queue the envelope in this deed, linked to the deed's *next* entry: call it before that ``record``.

    The deed must have locked the client. Returns the refusal of R2 when it cannot be addressed; the caller
    returns it through ``deed.refuse``.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before posting.")
    found = addressed(client.id, item.persons, item.contact, item.second)
    if isinstance(found, Refusal):
        return found
    contact, recipients = found
    msp = the_msp()
    if msp is None:
        return refuse("setup_needed")
    if item.house:
        recipients.append({"role": "msp", "name": msp.name, "address": msp.email})
    recipients += [{"role": "msp", "name": name, "address": address} for name, address in item.staff]
    if (item.house or item.staff) and any(
        one["role"] == "msp" and loop.mailbox_of(one["address"]) in stranger_mailboxes(client.id)
        for one in recipients
    ):
        return refuse("same_address")
    greeted = (
        contact.name
        if not item.persons
        else ", ".join([contact.name, *(person.name for person in item.persons)])
    )
    recipient = item.persons[0].recipient if item.persons else None
    values = {**common(msp, client.legal_name, greeted), **item.values}
    if contact.role == "signatory":
        values |= item.to_signatory
    if not item.persons:  # what ails the client's addresses is no business of a new provider's
        values |= _missed(contact, item.contact)
    values |= words_at_step(item.kind, deed.actor, client, msp, contact.language, values)
    mail = composed(item.kind, contact.language, values)
    row = Envelope(
        client=client,
        client_contact=contact,
        entry_id=deed.next_uid,
        kind=item.kind,
        to_provider=bool(item.persons),
        recipient=recipient,
        authorisation=item.authorisation,
        release=item.release,
        message=item.message,
        recipients=recipients,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        documents=[
            {"file": file.id.hex, "name": file.name, "sha256": file.sha256} for file in item.documents
        ],
        internet_message_id=f"<{deed.next_uid.hex}.{hashlib.sha256(item.dedupe.encode()).hexdigest()[:12]}@{msp.email.rpartition('@')[2]}>",
        in_reply_to=item.in_reply_to,
        reply_to="" if item.kind in NO_ANSWER else for_envelope(deed, client, recipient),
        head=head_of(msp, item.documents, (*mail.headers, *item.extra)),
        dedupe_key=item.dedupe[:160],
        queued_at=deed.now,
        next_attempt_at=item.not_before or deed.now,
    )
    row.digest = envelope_digest(row)
    return deed.add(row)
