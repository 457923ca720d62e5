# SPDX-License-Identifier: AGPL-3.0-or-later
"""An envelope's way out: claim, start, settle, recover. Each a deed; the relay in between only transmits.

States: queued → claimed → data_started → accepted | failed | unknown; stopped when the gate said no. Withdrawal
wins over everything before ``data_started``; only ``data_started`` can become ``unknown``, for a person to settle,
so that a client's document is never silently sent twice (HOUSE.md, step 6).
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.bounced import TRIES_OF_A_RECIPIENT, gives_up, not_delivered
from partwell.actions.correspondence.may_leave import documents_unchanged, why_not
from partwell.actions.correspondence.post import names
from partwell.actions.correspondence.takeover import (
    TAKEN_OVER,
    go_another_way,
    wait_for_an_address,
)
from partwell.actions.releases.stop_lines import stop_lines
from partwell.connectors.smtp_values import Delivery, Outcome
from partwell.records import statements
from partwell.records.correspondence.models import Envelope, Message
from partwell.rules import roles, waiting
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.lifecycle import envelope_after
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import EnvelopeState

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP = TRIES_OF_A_RECIPIENT
LEASE = timedelta(minutes=10)
LEFT = "left as it is"


def due(now: datetime | None = None, limit: int = 50) -> list[UUID]:
    """Ids of envelopes that may be claimed now, oldest first."""
    moment = now or timezone.now()
    return list(
        Envelope.objects.filter(state=EnvelopeState.QUEUED, next_attempt_at__lte=moment)
        .order_by("next_attempt_at", "queued_at")
        .values_list("pk", flat=True)[:limit]
    )


def _record(deed: Deed, envelope: Envelope, event: str, **to_client: object) -> None:
    deed.record(
        f"envelope.{event}",
        recipient=envelope.recipient_id,
        subjects=[envelope.id],
        public={"recipients": names(envelope)},
        to_client={"digest": envelope.digest, **to_client},
    )


def claim(envelope_id: UUID, *, actor: Actor = SYSTEM, now: datetime | None = None) -> Envelope | Refusal:
    """Claim a queued envelope for one attempt; decides again. ``envelope_not_queued`` if somebody else has it.

    A refusal of the gate stops the envelope for good and is recorded with its reason.
    """
    peek = next(iter(statements.find(Envelope, id=envelope_id)), None)
    if peek is None:
        return refuse("not_found")
    said = _message(peek)
    until = said.waits_until if said is not None else None
    read_by = said.read_by_name if said is not None else ""
    if until is not None and waiting.still_waits(until, read_by, now or timezone.now()):
        return refuse("message_waits", until=until)
    intact = documents_unchanged(peek)
    with Deed(actor, now=now) as deed:
        client = deed.lock(peek.client_id)
        envelope = _of(client.id, envelope_id)
        if envelope.state != EnvelopeState.QUEUED or envelope.claim is not None:
            return refuse("envelope_not_queued", state=envelope.state)
        refusal = why_not(envelope, client, deed.now) if intact else refuse("envelope_changed")
        if refusal is not None:
            return not_now(deed, envelope, refusal)
        _say_written(deed, envelope)
        # Conditional UPDATE under the client's lock: exactly one of two relays gets it.
        deed.save(
            envelope, state=EnvelopeState.CLAIMED, claim=uuid4(), claimed_at=deed.now, attempts=envelope.attempts + 1,
            stop_code="",
        )  # fmt: skip
        _record(deed, envelope, "claimed", attempt=envelope.attempts)
        return envelope


def _message(envelope: Envelope) -> Message | None:
    """The message that it carries, as it is now."""
    return statements.find(Message, id=envelope.message_id)[0] if envelope.message_id else None


def _say_written(deed: Deed, envelope: Envelope) -> None:
    """A message that waited becomes everybody's to know when it is first about to leave, under its author's name."""
    said = None if envelope.attempts else _message(envelope)
    if said is None or said.waits_until is None:
        return
    deed.record(
        "message.written",
        recipient=envelope.recipient_id,
        subjects=[said.id, envelope.id],
        public={"actor": said.author_name, "recipients": names(envelope), "subject": said.subject},
        to_client={"digest": hashlib.sha256(f"{said.subject}\n\n{said.text}".encode()).hexdigest()},
    )


def not_now(deed: Deed, envelope: Envelope, refusal: Refusal) -> Refusal:
    """Stop it; where only the client's address is the matter, it goes another way or waits for one (R2): it is not lost."""
    if refusal.code != "no_working_client_address":
        return stop(deed, envelope, refusal)
    if go_another_way(deed, envelope) is None:
        wait_for_an_address(deed, envelope, refusal)
    return refusal


def stop(deed: Deed, envelope: Envelope, refusal: Refusal, *, whole: bool = False) -> Refusal:
    """Stop an envelope that has not begun to leave; the client sees why.

    Of an announced set the lines that no longer pass are stopped, and the rest is announced anew, unless
    ``whole`` (a person stopped the set) or the envelope had been changed. What has begun to leave is not stopped:
    then the refusal says so.
    """
    after = envelope_after(EnvelopeState(envelope.state), "stop")
    if isinstance(after, Refusal):
        return after
    deed.save(
        envelope,
        state=after,
        stop_code=refusal.code,
        settled_at=deed.now,
        claim=None,
        answer=refusal.sentence,
    )
    deed.record(
        "envelope.stopped",
        recipient=None,
        subjects=[envelope.id],
        public={"recipients": names(envelope), "why": refusal.sentence},
        to_client={"digest": envelope.digest},
    )
    if envelope.release_id is not None and envelope.kind == "release_announcement":
        stop_lines(deed, envelope, refusal, whole=whole or refusal.code == "envelope_changed")
    return refusal


def start_data(
    envelope_id: UUID, token: UUID, *, sha256: str = "", client_id: UUID | None = None, actor: Actor = SYSTEM
) -> bool:
    """Commit ``data_started`` just before DATA, deciding once more under the client's lock; False stops the transmission.

    ``sha256``: of the bytes that are about to leave; what is exported years later is held against it. ``client_id``: whose
    it is, as the claim said; looked up if not given.
    """
    owner = client_id or _client_of(envelope_id)
    with Deed(actor) as deed:
        client = deed.lock(owner)
        envelope = _of(client.id, envelope_id)
        if envelope.state != EnvelopeState.CLAIMED or envelope.claim != token:
            return False
        refusal = why_not(envelope, client, deed.now)
        if refusal is not None:
            not_now(deed, envelope, refusal)
            return False
        deed.save(envelope, state=EnvelopeState.DATA_STARTED, data_started_at=deed.now, sent_sha256=sha256)
        told = {"sent_sha256": sha256} if sha256 else {}
        _record(deed, envelope, "data_started", attempt=envelope.attempts, **told)
        return True


def _client_of(envelope_id: UUID) -> UUID:
    return Envelope.objects.values_list("client_id", flat=True).get(pk=envelope_id)


def _of(client_id: UUID, envelope_id: UUID) -> Envelope:
    """An envelope of the locked client, as it is now."""
    found = statements.find(Envelope, id=envelope_id, client_id=client_id)
    if not found:
        raise Envelope.DoesNotExist("This client has no such envelope.")
    return found[0]


def settle(
    envelope_id: UUID,
    token: UUID,
    delivery: Delivery,
    *,
    client_id: UUID | None = None,
    actor: Actor = SYSTEM,
) -> Envelope:
    """Write down what the server answered. A later call, or one with another claim, changes nothing.

    ``client_id``: whose it is, as the claim said; looked up if not given.
    """
    owner = client_id or _client_of(envelope_id)
    with Deed(actor) as deed:
        deed.lock(owner)
        envelope = _of(owner, envelope_id)
        if envelope.claim != token or envelope.state not in (
            EnvelopeState.CLAIMED,
            EnvelopeState.DATA_STARTED,
        ):
            return envelope
        answers = {
            address: f"{reply.code} {reply.text}"[:200] for address, reply in delivery.per_recipient.items()
        }
        words = f"{delivery.code} {delivery.text}".strip()[:600]
        if delivery.outcome is Outcome.ACCEPTED:
            deed.save(envelope, state=EnvelopeState.ACCEPTED, settled_at=deed.now, answer=words, claim=None)
            _record(deed, envelope, "accepted", answers=answers)
        elif delivery.outcome is Outcome.UNKNOWN:
            deed.save(envelope, state=EnvelopeState.UNKNOWN, answer=words, claim=None)
            _record(deed, envelope, "unknown")
        elif delivery.outcome is Outcome.DEFERRED and not gives_up(envelope, delivery):
            _requeue(deed, envelope, words)
        else:
            deed.save(envelope, state=EnvelopeState.FAILED, settled_at=deed.now, answer=words, claim=None)
            _record(deed, envelope, "failed", answers=answers, reason=words)
            not_delivered(deed, envelope, delivery)
        return envelope


def _requeue(deed: Deed, envelope: Envelope, reason: str) -> None:
    wait = min(FIRST_WAIT * 2 ** min(envelope.attempts, 12), LONGEST_WAIT)
    deed.save(
        envelope,
        state=EnvelopeState.QUEUED,
        claim=None,
        claimed_at=None,
        next_attempt_at=deed.now + wait,
        answer=reason,
    )
    _record(deed, envelope, "requeued", reason=reason)


def recover(*, older_than: timedelta = LEASE, actor: Actor = SYSTEM) -> list[UUID]:
    """After a crash: what was claimed is queued again, what had begun to leave becomes unknown. Gives the ids touched.

    ``older_than``: leases younger than this may still be alive; a relay that holds the home's lock passes zero.
    """
    limit = timezone.now() - older_than
    touched = []
    stuck = Envelope.objects.filter(
        state__in=[EnvelopeState.CLAIMED, EnvelopeState.DATA_STARTED], claimed_at__lte=limit
    )
    for envelope_id, client_id in list(stuck.values_list("pk", "client_id")):
        with Deed(actor) as deed:
            deed.lock(client_id)
            envelope = Envelope.objects.get(pk=envelope_id)
            if envelope.state == EnvelopeState.CLAIMED:
                deed.save(
                    envelope,
                    state=EnvelopeState.QUEUED,
                    claim=None,
                    claimed_at=None,
                    next_attempt_at=deed.now,
                )
                _record(deed, envelope, "requeued", reason="The relay ended before anything left.")
            elif envelope.state == EnvelopeState.DATA_STARTED:
                deed.save(
                    envelope,
                    state=EnvelopeState.UNKNOWN,
                    claim=None,
                    answer="The relay ended while the message was leaving; nobody knows whether it arrived.",
                )
                _record(deed, envelope, "unknown")
            touched.append(envelope_id)
    return touched


def settle_unknown(*, actor: Actor, envelope_id: UUID, outcome: str, ground: str) -> Envelope | Refusal:
    """A person says what became of an unknown message: "arrived", or "send again" after asking the recipients.

    Of one that could not be delivered: "send again", or "left as it is".
    """
    peek = Envelope.objects.filter(pk=envelope_id).first()
    if actor.kind in ("client", "provider") or peek is None:
        return refuse("not_found")
    if not actor.is_staff:
        return refuse("settlement_needs_person")
    if (refusal := roles.may(actor.role, "envelope.settle")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        envelope = Envelope.objects.get(pk=envelope_id)
        ways = {EnvelopeState.UNKNOWN: ("arrived", "send again"), EnvelopeState.FAILED: ("send again", LEFT)}
        allowed = ways.get(EnvelopeState(envelope.state), ())
        if not allowed or envelope.stop_code == TAKEN_OVER or (envelope.settled_by_name and outcome == LEFT):
            return deed.refuse(
                refuse("envelope_not_queued", state=envelope.state),
                subject=envelope.id,
                verb="envelope.settle",
            )
        if outcome not in allowed or not ground.strip():
            return refuse("required", where="What became of it, and how you know")
        moved = {
            "arrived": EnvelopeState.ACCEPTED,
            "send again": EnvelopeState.QUEUED,
            LEFT: EnvelopeState.FAILED,
        }
        deed.save(
            envelope,
            state=moved[outcome],
            settled_at=None if outcome == "send again" else deed.now,
            settled_by_name=actor.name,
            claim=None,
            next_attempt_at=deed.now,
        )
        deed.record(
            "envelope.settled",
            recipient=envelope.recipient_id,
            subjects=[envelope.id],
            public={"recipients": names(envelope), "outcome": outcome},
            to_client={"digest": envelope.digest, "ground": ground},
        )
        return envelope
