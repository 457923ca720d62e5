# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time: the budget, entries, reversals, timers and leave to work on account (R5)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.hours import timers as actions
from partwell.actions.hours.give_leave import end_leave, give_leave
from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.actions.hours.standing import standing
from partwell.actions.hours.subjects import label_of
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, Line, Moment, PathId, Ref, Shown, Text, Whole
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.hours import lists
from partwell.records.hours.queries import running_timers
from partwell.rules.actor import Actor
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal, refuse

router = Router()
Minutes = Annotated[Whole, Field(ge=-100_000, le=100_000)]
Note = Annotated[Line, Field(max_length=500)]
Asked = Annotated[Line, Field(max_length=200)]


class Subject(Given):
    kind: Literal["item", "message"]
    id: Ref


About = Annotated[
    Subject | None, Field(description="The item or message of this client that the time is about.")
]


class BlockLeft(Shown):
    id: str
    minutes: int
    used: int


class HoursLeft(Shown):
    open_departure: bool
    included: int = Field(description="Minutes, as all numbers here.")
    included_left: int
    prepaid: int
    left: int
    used: int
    promised: int = Field(description="Approved estimates that are not done yet.")
    per_cent: int
    warning: int = Field(description="80, 95 or 100 when that share is used, else 0.")
    blocks: list[BlockLeft]
    on_account_left: int
    rounding_minutes: int
    block_minutes: int
    hourly_rate: str
    currency: str
    unused_time: str = Field(description="refund or credit, at closing.")


class TimePartShown(Shown):
    source: str = Field(description="included, block, on_account or not_charged")
    minutes: int
    block_id: UUID | None
    leave_id: UUID | None


class TimeEntryShown(Shown):
    id: UUID
    client_id: UUID
    offboarding_id: UUID | None
    staff_id: UUID
    staff_name: str
    day: date
    started_at: datetime
    minutes: int
    accounted: int
    work_class: str
    kind: str
    asked_by: str
    request_id: UUID | None
    note: str
    reason: str
    allowed_by_id: UUID | None
    subject_kind: str
    subject_id: UUID | None
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    recorded_at: datetime
    parts: list[TimePartShown]


class TimeEntryGiven(Given):
    minutes: Minutes
    started_at: Moment
    work_class: WorkClass
    kind: WorkKind = WorkKind.OTHER
    note: Note = ""
    internal_note: Text = Field("", description="Stays inside (R4): in no answer, mail or bundle.")
    reason: Note = ""
    asked_by: Asked = ""
    request_id: Ref | None = None
    about: About = None


class TakenBackGiven(Given):
    why: Annotated[Line, Field(max_length=300)] = ""


class TimerShown(Shown):
    id: UUID
    client_id: UUID
    staff_id: UUID
    work_class: str
    kind: str
    request_id: UUID | None
    subject_kind: str
    subject_id: UUID | None
    started_at: datetime
    stopped_at: datetime | None


class TimerGiven(Given):
    work_class: WorkClass
    kind: WorkKind = WorkKind.OTHER
    request_id: Ref | None = None
    about: About = None


class StopGiven(Given):
    note: Note = ""
    minutes: Minutes | None = Field(
        None, description="Only where the timer's own are wrong; a forgotten one needs it."
    )
    work_class: WorkClass | None = None
    kind: WorkKind | None = None
    internal_note: Text = Field("", description="Stays inside (R4): in no answer, mail or bundle.")
    reason: Note = ""
    asked_by: Asked = ""


class LeaveGiven(Given):
    minutes: Minutes
    reason: Annotated[Text, Field(max_length=1000)] = ""


class LeaveShown(Shown):
    id: UUID
    minutes: int
    reason: str
    given_by_id: UUID
    given_at: datetime
    ended_at: datetime | None


def subject_of(actor: Actor, client_id: UUID, about: Subject | None) -> dict[str, Any] | Refusal:
    """What time is about, as the actions take it; another client's thing is nothing here."""
    if about is None:
        return {}
    label = label_of(actor, client_id, about.kind, about.id)
    if not label:
        return refuse("not_found")
    return {"subject_kind": about.kind, "subject_id": about.id, "subject_label": label}


def work_of(actor: Actor, client_id: UUID, body: TimeEntryGiven) -> Work | Refusal:
    """The body as the action takes it."""
    subject = subject_of(actor, client_id, body.about)
    if isinstance(subject, Refusal):
        return subject
    given = body.model_dump(include=set(TimeEntryGiven.model_fields) - {"about"})
    return Work(started=given.pop("started_at"), **given, **subject)


def hours_of(client_id: UUID) -> HoursLeft:
    """A client's hours as they stand now."""
    how = standing(client_id)
    budget, terms = how.budget, how.terms
    return HoursLeft(
        open_departure=how.open_departure,
        included=budget.included,
        included_left=budget.included_left,
        prepaid=sum(block.minutes for block in budget.blocks),
        left=budget.left,
        used=budget.used,
        promised=budget.promised,
        per_cent=budget.per_cent if how.offboarding else 0,
        warning=budget.warning if how.offboarding else 0,
        blocks=[BlockLeft.model_validate(one) for one in budget.blocks],
        on_account_left=how.leave.minutes_left if how.leave else 0,
        rounding_minutes=terms.unit,
        block_minutes=terms.block,
        hourly_rate=str(terms.hourly_rate),
        currency=terms.currency,
        unused_time=str(terms.unused),
    )


def _entry(row: Any) -> TimeEntryShown:
    values = {
        name: getattr(row, name)
        for name in TimeEntryShown.model_fields
        if name not in ("staff_name", "note", "parts", "reversed_by_id")
    }
    back = row.reversed_by if hasattr(row, "reversed_by") else None
    return TimeEntryShown(
        **values, staff_name=row.staff.name, note=row.client_note, reversed_by_id=back.id if back else None,
        parts=[TimePartShown.model_validate(part) for part in row.parts.all()],
    )  # fmt: skip


def shown_entry(entry_id: UUID) -> TimeEntryShown:
    """One entry as the API shows it."""
    return _entry(lists.entry_of(entry_id))


def _shown(row: Any) -> TimeEntryShown | Refusal:
    return row if isinstance(row, Refusal) else _entry(lists.entry_of(row.id))


def _timer(row: Any) -> TimerShown | Refusal:
    return row if isinstance(row, Refusal) else TimerShown.model_validate(row)


@operation(
    router, "GET", "/clients/{client_id}/hours", scope="hours:read", verb="time.read", response=HoursLeft
)
def get_hours(request: HttpRequest, client_id: PathId) -> HoursLeft:
    """What is left of a client's hours, what is promised, and the terms"""
    client_here(client_id)
    return hours_of(client_id)


@operation(
    router,
    "GET",
    "/clients/{client_id}/time",
    scope="hours:read",
    verb="time.read",
    response=Page[TimeEntryShown],
)
def list_time(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[TimeEntryShown]:
    """A client's time entries, the newest recorded first"""
    client_here(client_id)
    return page_of(
        lists.entries(client_id), _entry, of=f"time:{client_id}", cursor=cursor, limit=limit, by=("recorded_at", "id"),
        newest_first=True,
    )  # fmt: skip


@operation(
    router, "POST", "/clients/{client_id}/time", scope="hours:write", verb="time.record", response=TimeEntryShown, status=201
)  # fmt: skip
def post_time(request: HttpRequest, client_id: PathId, body: TimeEntryGiven) -> TimeEntryShown | Refusal:
    """Record one's own time; what does not fit is refused with what is left"""
    work = work_of(actor_of(request), client_id, body)
    return (
        work
        if isinstance(work, Refusal)
        else _shown(record_time(actor=actor_of(request), client_id=client_id, work=work))
    )


@operation(router, "GET", "/time/{entry_id}", scope="hours:read", verb="time.read", response=TimeEntryShown)
def get_time(request: HttpRequest, entry_id: PathId) -> TimeEntryShown:
    """One time entry"""
    return _entry(found(lists.entry_of(entry_id)))


@operation(
    router, "POST", "/time/{entry_id}/reversal", scope="hours:write", verb="time.record", response=TimeEntryShown, status=201
)  # fmt: skip
def post_reversal(request: HttpRequest, entry_id: PathId, body: TakenBackGiven) -> TimeEntryShown | Refusal:
    """Take an entry back by one of its own; what it drew is there again"""
    return _shown(reverse_time(actor=actor_of(request), entry_id=entry_id, why=body.why))


@operation(router, "GET", "/timers", scope="hours:read", verb="time.read", response=Page[TimerShown])
def list_timers(request: HttpRequest, cursor: After = None, limit: Limit = 50) -> Page[TimerShown]:
    """All running timers, the oldest first"""
    return page_of(
        running_timers(), TimerShown.model_validate, of="timers", cursor=cursor, limit=limit, by=("started_at", "id")
    )  # fmt: skip


@operation(
    router, "POST", "/clients/{client_id}/timers", scope="hours:write", verb="time.record", response=TimerShown, status=201
)  # fmt: skip
def post_timer(request: HttpRequest, client_id: PathId, body: TimerGiven) -> TimerShown | Refusal:
    """Start one's timer; one runs at a time"""
    if body.request_id is not None:
        asked = lists.request_of(body.request_id)
        if asked is None or asked.client_id != client_id:
            return refuse("not_found")
    subject = subject_of(actor_of(request), client_id, body.about)
    if isinstance(subject, Refusal):
        return subject
    about = actions.About(body.work_class, body.kind, body.request_id, **subject)
    return _timer(actions.start_timer(actor=actor_of(request), client_id=client_id, about=about))


@operation(
    router,
    "POST",
    "/timers/{timer_id}/stop",
    scope="hours:write",
    verb="time.record",
    response=TimeEntryShown,
)
def post_timer_stop(request: HttpRequest, timer_id: PathId, body: StopGiven) -> TimeEntryShown | Refusal:
    """Stop one's timer and record its time; refused time leaves it running"""
    said = actions.Said(**body.model_dump())
    return _shown(actions.stop_timer(actor=actor_of(request), timer_id=timer_id, said=said))


@operation(
    router, "POST", "/timers/{timer_id}/away", scope="hours:write", verb="time.record", response=TimerShown
)
def post_timer_away(request: HttpRequest, timer_id: PathId, body: TakenBackGiven) -> TimerShown | Refusal:
    """Throw a timer away without time: one's own, or a colleague's by the office"""
    return _timer(actions.throw_away_timer(actor=actor_of(request), timer_id=timer_id, reason=body.why))


@operation(
    router,
    "POST",
    "/clients/{client_id}/leave",
    scope="hours:write",
    verb="leave.give",
    response=LeaveShown,
    status=201,
)
def post_leave(request: HttpRequest, client_id: PathId, body: LeaveGiven) -> LeaveShown | Refusal:
    """Allow work on account: so many minutes, for a reason (owners)"""
    row = give_leave(actor=actor_of(request), client_id=client_id, minutes=body.minutes, reason=body.reason)
    return row if isinstance(row, Refusal) else LeaveShown.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/leave/end",
    scope="hours:write",
    verb="leave.give",
    response=LeaveShown,
)
def post_leave_end(request: HttpRequest, client_id: PathId) -> LeaveShown | Refusal:
    """End the leave in force"""
    row = end_leave(actor=actor_of(request), client_id=client_id)
    return row if isinstance(row, Refusal) else LeaveShown.model_validate(row)
