# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time at the boundary of what is left, and time out of a PSA's CSV (R5)."""

import json
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.hours import timers as actions
from partwell.actions.hours.import_time import Choices, Planned, import_time, people_named, preview_time
from partwell.actions.hours.split_time import Split, split_time
from partwell.entrypoints.api.endpoints.common import actor_of, client_here, content_of
from partwell.entrypoints.api.endpoints.hours import (
    StopGiven,
    TimeEntryGiven,
    TimeEntryShown,
    shown_entry,
    work_of,
)
from partwell.entrypoints.api.fields import Given, Line, PathId, Shown, Text
from partwell.entrypoints.api.operation import operation
from partwell.importers.time_csv import MOST_BYTES
from partwell.rules.hours import Rest, WorkClass, WorkKind
from partwell.rules.refusals import Refusal, refuse

router = Router()
REST = Field(
    description="What becomes of minutes that are more than what is left: goodwill (the office's, with a reason) or ask "
    "(a request that is estimated and that the client decides on)."
)


class SplitGiven(TimeEntryGiven):
    rest: Rest = REST


class StopSplitGiven(StopGiven):
    rest: Rest = REST


class TimeSplit(Shown):
    entries: list[TimeEntryShown] = Field(
        description="What was recorded, oldest first; time that fits whole is one."
    )
    request_id: UUID | None = Field(description="The request that asks for the rest.")


class TimeImportForm(Given):
    work_class: Literal["offboarding", "service"] = "offboarding"
    kind: WorkKind = WorkKind.OTHER
    client_name: Annotated[Line, Field(max_length=200)] = Field(
        "", description="How the file calls this client."
    )
    people: Annotated[Text, Field(max_length=8000)] = Field(
        "",
        description="Who the file's people are, as a JSON object: how the file calls somebody → the staff member's id, "
        "mail address or name here.",
    )
    columns: Annotated[Text, Field(max_length=8000)] = Field(
        "",
        description="What the columns are, as a JSON object: header → field; without it they are recognised.",
    )
    day_first: bool | None = Field(
        None, description="How ambiguous days are written; without it as the file shows."
    )
    dry_run: bool = Field(False, description="Say what would be recorded; write nothing.")


class TimeImportLine(Shown):
    line: str
    outcome: str = Field(description="time, duplicate or left_out")
    sentence: str
    minutes: int | None


class TimeImported(Shown):
    dry_run: bool
    entries: int
    minutes: int
    duplicates: int
    left_out: int
    unknown: list[str] = Field(description="People of the file who are nobody's here: name them in `people`.")
    columns: dict[str, str]
    lines: list[TimeImportLine]


def _split(found: Split | Refusal) -> TimeSplit | Refusal:
    if isinstance(found, Refusal):
        return found
    entries = [shown_entry(one.id) for one in found.entries]
    return TimeSplit(entries=entries, request_id=found.request.id if found.request else None)


@operation(
    router, "POST", "/clients/{client_id}/time/split", scope="hours:write", verb="time.record", response=TimeSplit, status=201
)  # fmt: skip
def post_time_split(request: HttpRequest, client_id: PathId, body: SplitGiven) -> TimeSplit | Refusal:
    """Record one's own time up to what is left; the rest becomes goodwill, or a request on which the client decides"""
    work = work_of(actor_of(request), client_id, body)
    if isinstance(work, Refusal):
        return work
    return _split(split_time(actor=actor_of(request), client_id=client_id, work=work, rest=body.rest))


@operation(
    router, "POST", "/timers/{timer_id}/split", scope="hours:write", verb="time.record", response=TimeSplit
)  # fmt: skip
def post_timer_split(request: HttpRequest, timer_id: PathId, body: StopSplitGiven) -> TimeSplit | Refusal:
    """Stop one's timer at the boundary of what is left; refused, it runs on"""
    said = actions.Said(**body.model_dump())
    return _split(actions.stop_and_split(actor=actor_of(request), timer_id=timer_id, said=said))


def mapped(text: str, name: str) -> dict[str, str] | Refusal:
    """A JSON object of words to words in a form field; the refusal names the field."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(one, str) and "\0" not in one for one in found.values()
    ):
        return refuse(
            "invalid_input",
            where=name,
            problem='a JSON object of words to words, such as {"Jo": "jo@harbourline.example"}',
        )
    return found


@operation(
    router,
    "POST",
    "/clients/{client_id}/time/import",
    scope="hours:write",
    verb="time.record",
    response=TimeImported,
)
def post_time_import(
    request: HttpRequest, client_id: PathId, form: Form[TimeImportForm], file: File[UploadedFile]
) -> TimeImported | Refusal:
    """Take over time from a PSA's CSV (form data); no line twice, what does not fit is left out with its reason"""
    client_here(client_id)
    names = [form.client_name] if form.client_name else []
    people = mapped(form.people, "people")
    if isinstance(people, Refusal):
        return people
    known = people_named(people)
    if isinstance(known, Refusal):
        return known
    fields = mapped(form.columns, "columns")
    if isinstance(fields, Refusal):
        return fields
    choices = Choices(WorkClass(form.work_class), form.kind, fields, known, names, form.day_first)
    doing = preview_time if form.dry_run else import_time
    plan = doing(
        actor=actor_of(request), client_id=client_id, raw=content_of(file, MOST_BYTES), name=(file.name or "time.csv")[:120],
        choices=choices,
    )  # fmt: skip
    if isinstance(plan, Refusal):
        return plan
    return TimeImported(
        dry_run=form.dry_run, entries=plan.count("time"), minutes=plan.minutes, duplicates=plan.count("duplicate"),
        left_out=plan.count("left_out"), unknown=plan.unknown, columns=plan.table.fields, lines=[_import_line(one) for one in plan.lines],
    )  # fmt: skip


def _import_line(one: Planned) -> TimeImportLine:
    return TimeImportLine(
        line=str(one.line),
        outcome=one.outcome,
        sentence=one.sentence,
        minutes=one.work.minutes if one.work else None,
    )
