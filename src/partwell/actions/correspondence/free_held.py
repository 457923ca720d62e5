# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was held before consent comes into the conversation when the authorisation takes effect (R1), on record, by nobody's click.

It stays said that it was held. Nothing is sent to its author by this: it may be answered from now on, the client copied.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from partwell.actions.base import Deed
from partwell.actions.correspondence.sender import Matched, match
from partwell.actions.correspondence.tell_of_message import tell_of_message
from partwell.actions.correspondence.write_message import digest_of
from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.correspondence.inbound_queries import parts_of
from partwell.records.correspondence.models import InboundMail, Message
from partwell.records.correspondence.queries import held_undecided
from partwell.rules.actor import SYSTEM
from partwell.rules.inbound import Proof, Sender, SenderKind
from partwell.rules.inbound_accepted import stays_held
from partwell.rules.terms import AuthorisationState


def free_held(deed: Deed, recipient_id: UUID) -> list[Message]:
    """Within a deed whose client is locked: free what people of this recipient wrote before consent, each with its entry.

    Also what came as a mail of somebody unknown, where that very mailbox is now one of theirs and the mail is proved
    (``inbound_accepted.stays_held``). Gives what was freed. The same again frees nothing.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before what was held is freed.")
    freed = []
    for row in held_undecided(client.id).filter(Q(recipient=recipient_id) | Q(recipient=None)):
        mail = getattr(row, "inbound", None)
        who = match(client.id, mail.from_address, deed.now) if mail else _writer(row, deed.now)
        if who.person is None or who.person.recipient_id != recipient_id:
            continue
        proof = Proof(mail.auth.get("proof") or Proof.NONE) if mail else None
        if stays_held(who.facts, proof) is None:
            consent = standing_of(recipient_id, None, deed.now).authorisation
            number = consent.version if consent else 0
            free(deed, row, mail, who, f"Authorisation {number} of {client.name} names {who.facts.name}.", consent)  # fmt: skip
            freed.append(row)
    return freed


def free(
    deed: Deed, row: Message, mail: InboundMail | None, who: Matched, why: str, consent: Authorisation | None
) -> None:
    """Put one held message into the conversation under whom it is from now, tell staff, and record it. The caller asked the rule."""
    by = consent.signatory.name if consent else deed.actor.name
    marks = {"decided_at": deed.now, "decided_by_name": by[:160], "decision": why[:300]}
    if who.person is not None:
        deed.save(
            row, released_at=deed.now, audience="all", recipient=who.person.recipient, author_kind=SenderKind.PROVIDER.value,
            author_id=who.person.id, author_name=who.person.name[:160], **marks,
        )  # fmt: skip
    elif who.contact is not None:
        deed.save(row, released_at=deed.now, author_kind=SenderKind.CLIENT.value, author_id=who.contact.id, author_name=who.contact.name[:160], **marks)  # fmt: skip
    if mail is not None:
        deed.save(
            mail, state="filed", sender_kind=who.facts.kind.value, contact=who.contact, person=who.person,
            recipient=who.person.recipient if who.person else None, **marks,
        )  # fmt: skip
    files = [part.name for part in parts_of(mail) if not part.inline] if mail else []
    tell_of_message(deed, row, mail=mail, files=files)
    firm = f", {who.facts.firm}" if who.facts.firm else ""
    deed.record(
        "message.freed",
        recipient=row.recipient_id if row.audience == "all" else None,
        subjects=[row.id, *([mail.id] if mail else []), *([consent.id] if consent else [])],
        public={"sender": f"{row.author_name}{firm}", "subject": row.subject},
        to_client={
            "digest": mail.raw_sha256 if mail else digest_of(row.subject, row.text),
            "why": why,
            "proof": str(mail.auth.get("proof") or "none") if mail else "signed in",
        },
    )


def _writer(row: Message, now: datetime) -> Matched:
    """Who asked in the portal: signed in, so it is sure who it was."""
    person = RecipientPerson.objects.select_related("recipient").filter(pk=row.author_id).first()
    if person is None:
        return Matched(Sender())
    stands = standing_of(person.recipient_id, person.id, now).stands
    facts = Sender(
        SenderKind.PROVIDER,
        person.name,
        person.recipient.firm,
        gone=person.left_at is not None,
        consent=stands,
    )
    return Matched(facts, person=person)


def free_due(*, now: datetime) -> int:
    """The calendar's: what an authorisation that began on a later day, or a person who was entered after it, frees. Gives how many."""
    waiting = set(held_undecided().values_list("client_id", flat=True).distinct())
    granted = Authorisation.objects.filter(state=AuthorisationState.GRANTED, recipient__client__in=waiting)
    done = 0
    for client_id, recipient_id in set(granted.values_list("recipient__client_id", "recipient_id")):
        with Deed(SYSTEM, now=now) as deed:
            deed.lock(client_id)
            done += len(free_held(deed, recipient_id))
    return done
