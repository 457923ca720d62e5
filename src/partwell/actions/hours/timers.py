# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: a timer starts only where time may be recorded, and a forgotten one asks before anything is written."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.hours.record_time import Work, request_stands, write_entry
from partwell.actions.hours.split_time import Split, write_split
from partwell.actions.hours.standing import standing, today
from partwell.records.clients.models import Client
from partwell.records.hours.models import TimeEntry, Timer
from partwell.rules import hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

ASKED_INSTEAD = "Nothing was left; all of it was asked for as a request."


@dataclass(frozen=True, slots=True)
class About:
    """What the time will be about; ``subject_kind``: item, message, step, request, or empty for the client."""

    work_class: hours.WorkClass
    kind: hours.WorkKind = hours.WorkKind.OTHER
    request_id: UUID | None = None
    subject_kind: str = ""
    subject_id: UUID | None = None
    subject_label: str = ""


def start_timer(*, actor: Actor, client_id: UUID, about: About) -> Timer | Refusal:
    """Start the acting person's timer. One runs at a time; at a zero balance no billable one starts."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        how = standing(client.id)
        running = Timer.objects.select_related("client").filter(staff_id=actor.id, stopped_at=None).first()
        problem = (
            lifecycle.may_work_on(client.state, client.name, "time.record")
            or (refuse("timer_running", subject=running.client.name) if running else None)
            or hours.class_stands(
                about.work_class,
                today(deed.now),
                served_until=how.served_until,
                open_departure=how.open_departure,
            )
            or hours.may_start(how.budget, about.work_class, about.kind, how.leave)
        )
        if problem is None and about.request_id is not None:
            problem = request_stands(deed, about.request_id, about.work_class, about.kind)
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="time.record")
        row = deed.add(
            Timer(
                client=client,
                offboarding=how.offboarding,
                staff_id=actor.id,
                work_class=about.work_class,
                kind=about.kind,
                request_id=about.request_id,
                subject_kind=about.subject_kind,
                subject_id=about.subject_id,
                subject_label=about.subject_label,
                started_at=deed.now,
            )
        )
        deed.record(
            "timer.started",
            subjects=[row.id],
            internal={"work_class": str(about.work_class), "kind": str(about.kind)}
            | ({"subject": about.subject_label} if about.subject_label else {}),
        )
        return row


@dataclass(frozen=True, slots=True)
class Said:
    """What the person says when the timer stops; ``minutes`` only where the timer's own are wrong; ``rest``: what
    becomes of minutes that are more than what is left."""

    note: str
    minutes: int | None = None
    work_class: hours.WorkClass | None = None
    kind: hours.WorkKind | None = None
    internal_note: str = ""
    reason: str = ""
    asked_by: str = ""
    rest: hours.Rest | None = None


def stop_timer(*, actor: Actor, timer_id: UUID, said: Said) -> TimeEntry | Refusal:
    """Stop one's timer and record its time. Refused time leaves the timer running: nothing is lost.

    With ``said.rest`` use ``stop_and_split``, which can make two entries, or a request.
    """
    if said.rest is not None:
        raise ValueError("A rest makes more than one entry: call stop_and_split.")
    done = _stop(actor, timer_id, said)
    return done if isinstance(done, Refusal) else done.entries[0]


def stop_and_split(*, actor: Actor, timer_id: UUID, said: Said) -> Split | Refusal:
    """Stop one's timer at the boundary of what is left: what fits is recorded, the rest becomes what ``said.rest`` says
    (without it, as ``stop_timer``). Refused, the timer goes on."""
    return _stop(actor, timer_id, said)


def _stop(actor: Actor, timer_id: UUID, said: Said) -> Split | Refusal:
    row = Timer.objects.filter(pk=timer_id).first()
    if not actor.is_staff or row is None or row.staff_id != actor.id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        minutes = hours.stop_timer(row.started_at, deed.now, said.minutes)
        problem = refuse("duplicate", what="Stopping this timer") if row.stopped_at else None
        problem = problem or lifecycle.may_work_on(client.state, client.name, "time.record")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="time.record")
        if isinstance(minutes, Refusal):
            return deed.refuse(minutes, subject=row.id, verb="time.record")
        deed_work = Work(
            minutes=minutes,
            started=row.started_at,
            work_class=said.work_class or hours.WorkClass(row.work_class),
            kind=said.kind or hours.WorkKind(row.kind),
            note=said.note,
            internal_note=said.internal_note,
            reason=said.reason,
            asked_by=said.asked_by,
            request_id=row.request_id,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            subject_label=row.subject_label,
        )
        if said.rest is not None:
            done = write_split(deed, deed_work, said.rest, timer=row)
        else:
            entry = write_entry(deed, deed_work, timer=row)
            done = entry if isinstance(entry, Refusal) else Split((entry,))
        if isinstance(done, Refusal):
            return done
        deed.save(row, stopped_at=deed.now, thrown_away="" if done.entries else ASKED_INSTEAD)
        made = [one.id for one in done.entries] + ([done.request.id] if done.request else [])
        deed.record("timer.stopped", subjects=[row.id, *made], internal={"ran": _ran(row)})
        return done


def throw_away_timer(*, actor: Actor, timer_id: UUID, reason: str) -> Timer | Refusal:
    """Drop a timer without time: one's own, or a colleague's by the office (somebody left with it running)."""
    row = Timer.objects.filter(pk=timer_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    verb = "time.record" if row.staff_id == actor.id else "time.allow_goodwill"
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = refuse("duplicate", what="Stopping this timer") if row.stopped_at else None
        if problem is None and not reason.strip():
            problem = refuse("taken_back_without_reason")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="time.record")
        deed.save(row, stopped_at=deed.now, thrown_away=reason.strip())
        deed.record(
            "timer.thrown_away", subjects=[row.id], internal={"ran": _ran(row), "reason": row.thrown_away}
        )
        return row


def _ran(row: Timer) -> str:
    return hours.as_hours(hours.minutes_between(row.started_at, row.stopped_at or timezone.now()))
