# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an address of the client does not work, another of the client's takes over at once, and only if none works does mail wait (R2).

A mail is never re-addressed: it is set aside, and a new envelope with the same words and documents goes to the other
address. Its key ends in the id of the one it stands for, so that each is taken over once.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import addressed, envelope_digest, names
from partwell.actions.facts import loop_contacts, second_address, working_address
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState

TAKEN_OVER = "client_address_taken_over"
NO_ADDRESS = "no_working_client_address"
LOOK_AGAIN = timedelta(hours=1)
ONE_PERSONS = ("authorisation_reminder",)  # of a person: another of theirs takes over, nobody else
KEPT = 118  # of the first key; with what is added the whole stays within 160 signs


def reaches(
    contact: Contact, listed: str, *, strictly: bool, reached: Sequence[Contact] | None = None
) -> bool:
    """Whether mail to ``listed`` reaches this contact of the loop now.

    ``strictly`` (mail to a new provider): it is one of the addresses on file that work. Else an address that is no longer
    on file passes too: what was changed is told to where it went before. ``reached``: the client's loop, looked up if not given.
    """
    if contact not in (loop_contacts(contact.client_id) if reached is None else reached):
        return False
    if listed.casefold() in {one.casefold() for one in (working_address(contact), second_address(contact))}:
        return True
    known = {one.casefold() for one in (contact.email, contact.second_email)}
    return not strictly and listed.casefold() not in known


def successor(envelope: Envelope) -> Envelope | None:
    """The envelope that took this one's place, if any."""
    return Envelope.objects.filter(
        client_id=envelope.client_id, dedupe_key__endswith=_ending(envelope)
    ).first()


def _ending(envelope: Envelope) -> str:
    return f":to:{envelope.id.hex}"


def another(deed: Deed, envelope: Envelope, *, client_alone: bool) -> Envelope | None:
    """Queue the same words to whoever of the client is reached now, linked to the deed's next entry; None where nobody is.

    ``client_alone``: the others have it already. Call it before the ``record`` it belongs to; the client is locked.
    """
    if (before := successor(envelope)) is not None:
        return before
    persons = [] if client_alone else _persons(envelope)
    second = any(one["role"] == "second" for one in envelope.recipients)
    found = addressed(envelope.client_id, persons, envelope.client_contact, second)
    if isinstance(found, Refusal):
        return None
    contact, recipients = found
    if envelope.kind in ONE_PERSONS and contact != envelope.client_contact:
        return None
    if not client_alone:
        # Exactly whom the first envelope named: addresses of today's file must not come in by this way.
        recipients = [one for one in recipients if one["role"] != "provider"]
        recipients += [one for one in envelope.recipients if one["role"] in ("provider", "msp")]
    key = envelope.dedupe_key[:KEPT] + _ending(envelope)
    domain = envelope.internet_message_id.rpartition("@")[2]
    row = Envelope(
        client_id=envelope.client_id,
        client_contact=contact,
        entry_id=deed.next_uid,
        kind=envelope.kind,
        to_provider=envelope.to_provider and not client_alone,
        recipient=None if client_alone else envelope.recipient,
        authorisation=None if client_alone else envelope.authorisation,
        release=envelope.release,
        message=envelope.message,
        recipients=recipients,
        subject=envelope.subject,
        text=envelope.text,
        html=envelope.html,
        documents=envelope.documents,
        internet_message_id=f"<{deed.next_uid.hex}.{hashlib.sha256(key.encode()).hexdigest()[:12]}@{domain}",
        in_reply_to=envelope.internet_message_id if client_alone else envelope.in_reply_to,
        reply_to=envelope.reply_to,
        head=envelope.head,
        dedupe_key=key,
        queued_at=deed.now,
        next_attempt_at=deed.now,
    )
    row.digest = envelope_digest(row)
    return deed.add(row)


def _persons(envelope: Envelope) -> list[RecipientPerson]:
    """The provider's people on an envelope, for the rule that none of them reads the client's mailbox."""
    if envelope.recipient_id is None:
        return []
    listed = [one["address"] for one in envelope.recipients if one["role"] == "provider"]
    rows = RecipientPerson.objects.select_related("recipient").filter(recipient_id=envelope.recipient_id)
    return [row for row in rows if row.email in listed]


def go_another_way(deed: Deed, envelope: Envelope) -> Envelope | None:
    """Set aside a mail that has not left and queue it to another address of the client; None where none works.

    Of a state that a person must look at (unknown, stopped, accepted) nothing is sent again here.
    """
    moving = (EnvelopeState.QUEUED, EnvelopeState.CLAIMED, EnvelopeState.FAILED)
    if envelope.state not in moving or (new := another(deed, envelope, client_alone=False)) is None:
        return None
    state = EnvelopeState.FAILED if envelope.state == EnvelopeState.FAILED else EnvelopeState.STOPPED
    deed.save(envelope, state=state, stop_code=TAKEN_OVER, claim=None, settled_at=deed.now)
    tell_taken_over(deed, envelope, new)
    return new


def tell_taken_over(deed: Deed, envelope: Envelope, new: Envelope) -> None:
    """The entry of a takeover; it carries the new envelope."""
    deed.record(
        "envelope.taken_over",
        recipient=new.recipient_id,
        subjects=[new.id, envelope.id],
        public={"recipients": names(envelope), "contact": new.recipients[0]["name"]},
        to_client={"digest": new.digest, "address": new.recipients[0]["address"]},
    )


def wait_for_an_address(deed: Deed, envelope: Envelope, refusal: Refusal) -> None:
    """Leave a mail in the queue, with the reason, until an address of the client works; said once, looked at hourly."""
    later = deed.now + LOOK_AGAIN
    if envelope.stop_code == NO_ADDRESS and envelope.state == EnvelopeState.QUEUED:
        Envelope.objects.filter(pk=envelope.pk).update(claim=None, claimed_at=None, next_attempt_at=later)
        return
    deed.save(
        envelope,
        state=EnvelopeState.QUEUED,
        claim=None,
        claimed_at=None,
        stop_code=NO_ADDRESS,
        answer=refusal.sentence,
        next_attempt_at=later,
    )
    deed.record(
        "envelope.requeued",
        subjects=[envelope.id],
        public={"recipients": names(envelope)},
        to_client={"digest": envelope.digest, "reason": refusal.sentence},
    )


def wake(client_id: UUID, now: datetime) -> int:
    """Within a deed by which an address came to work: what waited for one is tried at once. Gives how many."""
    waiting = Envelope.objects.filter(client_id=client_id, state=EnvelopeState.QUEUED, stop_code=NO_ADDRESS)
    return waiting.update(next_attempt_at=now)
