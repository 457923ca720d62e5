# SPDX-License-Identifier: AGPL-3.0-or-later
"""A message that waits: why, who lets it leave, who stops it (rules/waiting.py). Until it leaves it is inside, like a note."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.records.billing.models import Invoice
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.offboardings.models import Acceptance, LawfulPause
from partwell.records.releases.models import ReleaseLine
from partwell.records.retention.models import Hold
from partwell.rules import consent, roles, waiting
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import EnvelopeState


def open_with(client_id: UUID, now: datetime) -> waiting.Open:
    """What is open with this client: bills, pauses, holds, objections, and what it says was not handed over."""
    return open_with_each([client_id], now)[client_id]


def open_with_each(client_ids: Collection[UUID], now: datetime) -> dict[UUID, waiting.Open]:
    """What is open with each of these clients, in six queries for any number of them."""
    wanted = list(client_ids)
    today = consent.day_in(now, zone())
    owed = Invoice.objects.filter(client_id__in=wanted, state=InvoiceState.OPEN, due_on__lt=today)
    overdue = set(owed.exclude(kind="credit_note").values_list("client_id", flat=True))
    objections = ReleaseLine.objects.filter(
        release__client_id__in=wanted, answer="objected", objection_answered_at=None
    )
    disputes = {
        *LawfulPause.objects.filter(client_id__in=wanted, lifted_at=None).values_list("client_id", flat=True),
        *Hold.objects.filter(client_id__in=wanted, lifted_at=None).values_list("client_id", flat=True),
        *objections.values_list("release__client_id", flat=True),
    }
    signed = Acceptance.objects.filter(offboarding__client_id__in=wanted).exclude(signed_at=None)
    last = dict(signed.order_by("signed_at").values_list("offboarding__client_id", "state"))
    return {
        one: waiting.Open(overdue=one in overdue, dispute=one in disputes, claim=last.get(one) == "objected")
        for one in wanted
    }


def would_wait(actor: Actor, client_id: UUID, now: datetime) -> str:
    """Why what ``actor`` writes about this client would wait now, for the form that writes it; "" when nothing is open."""
    return waiting.why_waits("message", by_staff=actor.is_staff, open_now=open_with(client_id, now))


def _found(actor: Actor, message_id: UUID) -> Message | Refusal:
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "message.write")) is not None:
        return refusal
    return Message.objects.filter(pk=message_id).exclude(waits_until=None).first() or refuse("not_found")


def _moved_on(row: Message) -> bool:
    """Whether it was read, has been tried, or was stopped."""
    mails = Envelope.objects.filter(message=row)
    return bool(row.read_by_name) or mails.exclude(state=EnvelopeState.QUEUED).exists() or not mails.exists()


def let_leave(*, actor: Actor, message_id: UUID) -> Message | Refusal:
    """A colleague has read it: it leaves now. Refused to its author (``own_message_read``)."""
    peek = _found(actor, message_id)
    if isinstance(peek, Refusal):
        return peek
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Message.objects.get(pk=message_id)
        refusal = waiting.may_let_leave(
            author_id=row.author_id.hex,
            reader_id=actor.id.hex,
            waits_until=row.waits_until,
            moved_on=_moved_on(row),
        )
        if refusal is not None:
            return deed.refuse(refusal, subject=row.id, verb="message.write")
        deed.save(row, read_by_name=actor.name)
        deed.record("message.read_over", subjects=[row.id], public={"author": row.author_name})
        Envelope.objects.filter(message=row, state=EnvelopeState.QUEUED).update(next_attempt_at=deed.now)
        return row


def stop_waiting(*, actor: Actor, message_id: UUID) -> Message | Refusal:
    """Stop a message that has not left, by its author or a colleague; nobody outside learns of it."""
    peek = _found(actor, message_id)
    if isinstance(peek, Refusal):
        return peek
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Message.objects.get(pk=message_id)
        mails = list(Envelope.objects.filter(message=row, state=EnvelopeState.QUEUED))
        if not mails or any(one.attempts for one in mails):
            return deed.refuse(refuse("message_not_waiting"), subject=row.id, verb="message.write")
        why = refuse("message_stopped", person=actor.name)
        for one in mails:
            deed.save(
                one, state=EnvelopeState.STOPPED, stop_code=why.code, answer=why.sentence, settled_at=deed.now
            )
        deed.record(
            "message.stopped",
            subjects=[row.id, *(one.id for one in mails)],
            public={"author": row.author_name},
        )
        return row
