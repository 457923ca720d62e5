# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: time is recorded once, drawn from what is left, and never edited; a correction is a reversal and a new entry."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.hours.running_out import warn_of
from partwell.actions.hours.standing import HoursStanding, standing, today
from partwell.records.clients.models import Client
from partwell.records.hours.models import TimeEntry, TimePart, Timer, WorkRequest
from partwell.rules import charges, hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.charges import RequestState
from partwell.rules.law import LineClass
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class Work:
    """What was done. ``minutes`` real; ``started`` aware; ``note`` is read by the client, ``internal_note`` never."""

    minutes: int
    started: datetime
    work_class: hours.WorkClass
    kind: hours.WorkKind = hours.WorkKind.OTHER
    note: str = ""
    internal_note: str = ""
    reason: str = ""
    asked_by: str = ""
    request_id: UUID | None = None
    line_class: LineClass = LineClass.OUTSIDE
    subject_kind: str = ""
    subject_id: UUID | None = None
    subject_label: str = ""
    import_key: str = ""
    staff_id: UUID | None = None  # who worked, where the office records it for a colleague (an import)


def record_time(*, actor: Actor, client_id: UUID, work: Work) -> TimeEntry | Refusal:
    """Record a piece of work of the acting person and draw its accounted minutes.

    Refuses absurd time, a class that does not fit the day, goodwill that nobody in the office allows, and
    whatever is more than what is left (R5); two people at once cannot spend the same minute, the client is locked.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = lifecycle.may_work_on(client.state, client.name, "time.record")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="time.record")
        return write_entry(deed, work)


def write_entry(deed: Deed, work: Work, timer: Timer | None = None) -> TimeEntry | Refusal:
    """Draw and write within a deed that holds the client; the refusal is recorded there."""
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before its time is written.")
    how = standing(client.id)
    parts = judge(deed, work, how)
    if isinstance(parts, Refusal):
        return deed.refuse(parts, subject=client.id, verb="time.record")
    if work.import_key and TimeEntry.objects.filter(client=client, import_key=work.import_key).exists():
        return deed.refuse(refuse("duplicate", what="This line"), subject=client.id, verb="time.record")
    return keep(deed, work, how, parts, timer)


def keep(
    deed: Deed, work: Work, how: HoursStanding, parts: tuple[hours.Part, ...], timer: Timer | None = None
) -> TimeEntry:
    """Write an entry that ``judge`` allowed, with its parts, and warn the client where it crosses a mark."""
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before its time is written.")
    departing = how.offboarding if work.work_class is not hours.WorkClass.SERVICE else None
    entry = deed.add(
        TimeEntry(
            client=client,
            offboarding=departing,
            staff_id=work.staff_id or deed.actor.id,
            day=today(work.started),
            started_at=work.started,
            minutes=work.minutes,
            accounted=sum(part.minutes for part in parts),
            work_class=work.work_class,
            kind=work.kind,
            line_class=work.line_class,
            asked_by=work.asked_by.strip(),
            request_id=work.request_id,
            client_note=work.note.strip(),
            internal_note=work.internal_note.strip(),
            reason=work.reason.strip(),
            allowed_by_id=deed.actor.id if work.work_class is hours.WorkClass.GOODWILL else None,
            timer=timer,
            subject_kind=work.subject_kind,
            subject_id=work.subject_id,
            subject_label=work.subject_label,
            import_key=work.import_key,
            recorded_at=deed.now,
        )
    )
    for part in parts:
        deed.add(
            TimePart(
                entry=entry,
                offboarding=departing,
                source=part.source,
                block_id=UUID(hex=part.block_id) if part.block_id else None,
                leave_id=how.leave_id if part.source is hours.Source.ON_ACCOUNT else None,
                minutes=part.minutes,
            )
        )
    warn_of(deed, how, parts)
    deed.record(
        "time.recorded",
        subjects=[entry.id],
        public={"duration": hours.as_hours(entry.minutes), "day": entry.day.isoformat()},
        to_client=_content(entry, parts),
        internal={"internal_note": entry.internal_note} if entry.internal_note else None,
    )
    return entry


def judge(deed: Deed, work: Work, how: HoursStanding) -> tuple[hours.Part, ...] | Refusal:
    """Where the work's accounted minutes would be drawn from, or why it is not recorded. Writes nothing."""
    day = today(work.started)
    asked = hours.Entry(work.minutes, work.started, deed.now, day, work.work_class, work.kind, work.reason)
    problem = (
        hours.check_entry(asked)
        or (refuse("time_without_note") if not work.note.strip() else None)
        or hours.class_stands(
            work.work_class, day, served_until=how.served_until, open_departure=how.open_departure
        )
    )
    if problem is None and work.work_class is hours.WorkClass.GOODWILL:
        problem = roles.may(deed.actor.role, "time.allow_goodwill")
    if problem is None and work.request_id is not None:
        problem = request_stands(deed, work.request_id, work.work_class, work.kind)
    if problem is not None:
        return problem
    accounted = hours.accounted(work.minutes, how.terms.unit, how.terms.rounding)
    return hours.draw(accounted, how.budget, work.work_class, work.kind, how.leave)


def request_stands(
    deed: Deed, request_id: UUID, work_class: hours.WorkClass, kind: hours.WorkKind
) -> Refusal | None:
    """None where this client's request may be worked on now; nothing billable of it begins before it is approved."""
    row = WorkRequest.objects.filter(pk=request_id, client=deed.client).first()
    if row is None:
        return refuse("not_found")
    return charges.may_work_for(RequestState(row.state), row.title, work_class, kind)


def _content(entry: TimeEntry, parts: tuple[hours.Part, ...]) -> dict[str, object]:
    content: dict[str, object] = {
        "minutes": entry.minutes,
        "accounted": entry.accounted,
        "work_class": str(entry.work_class),
        "kind": str(entry.kind),
        "drawn": [f"{part.source.value} {part.minutes}" for part in parts],
        "note": entry.client_note,
    }
    if entry.asked_by:
        content["asked_by"] = entry.asked_by
    if entry.reason:
        content["reason"] = entry.reason
    return content


def reverse_time(*, actor: Actor, entry_id: UUID, why: str) -> TimeEntry | Refusal:
    """Take an entry back by one of its own with the opposite minutes; what it drew is there again.

    One's own entry, or any by the office. An entry is taken back once; a reversal is not reversed.
    """
    row = TimeEntry.objects.select_related("client").filter(pk=entry_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    if row.staff_id != actor.id and (refusal := roles.may(actor.role, "time.allow_goodwill")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        problem = lifecycle.may_work_on(client.state, client.name, "time.record")
        if problem is None and not why.strip():
            problem = refuse("taken_back_without_reason")
        if problem is None and (row.reverses_id or TimeEntry.objects.filter(reverses=row).exists()):
            problem = refuse("duplicate", what="Taking this time back")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="time.record")
        back = deed.add(
            TimeEntry(
                client=client,
                offboarding_id=row.offboarding_id,
                staff_id=row.staff_id,
                day=row.day,
                started_at=row.started_at,
                minutes=-row.minutes,
                accounted=-row.accounted,
                work_class=row.work_class,
                kind=row.kind,
                line_class=row.line_class,
                asked_by=row.asked_by,
                request_id=row.request_id,
                client_note=row.client_note,
                reason=why.strip(),
                subject_kind=row.subject_kind,
                subject_id=row.subject_id,
                subject_label=row.subject_label,
                reverses=row,
                recorded_at=deed.now,
            )
        )
        parts = []
        for part in row.parts.all():
            deed.add(
                TimePart(
                    entry=back,
                    offboarding_id=part.offboarding_id,
                    source=part.source,
                    block_id=part.block_id,
                    leave_id=part.leave_id,
                    minutes=-part.minutes,
                )
            )
            parts.append(hours.Part(hours.Source(part.source), -part.minutes))
        deed.record(
            "time.reversed",
            subjects=[back.id, row.id],
            public={"duration": hours.as_hours(row.minutes), "day": row.day.isoformat()},
            to_client={**_content(back, tuple(parts)), "entry": row.id.hex, "why": why.strip()},
        )
        return back
