# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time out of a PSA's CSV (R5): looked at line by line, then recorded like typed time, so that nobody types it twice.

Nothing is written before it is confirmed. Each line carries a digest and is never taken twice; what is beyond the
budget, another client's, of somebody unknown or not readable is left out with its reason.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.hours.record_time import Work, judge, keep
from partwell.actions.hours.standing import HoursStanding, standing
from partwell.importers import time_csv
from partwell.importers.base import ImportRefused, LeftOut, normalise
from partwell.records.clients.models import Client
from partwell.records.estate.models import SourceMapping
from partwell.records.hours.models import TimeEntry
from partwell.records.people.models import StaffMember
from partwell.rules import hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

CHUNK = 100  # lines of one deed: the client is not locked for longer
ELSEWHERE = "This line is another client's."
THERE = "This line is there already."


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose. ``fields``: header → field; ``people``: how the file calls somebody → staff id;
    ``names``: how the file calls this client, where otherwise."""

    work_class: hours.WorkClass = hours.WorkClass.OFFBOARDING
    kind: hours.WorkKind = hours.WorkKind.OTHER
    fields: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, UUID] = field(default_factory=dict)
    names: Sequence[str] = ()
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the preview: ``time``, ``duplicate`` or ``left_out`` with its sentence."""

    line: int | str
    outcome: str
    sentence: str = ""
    work: Work | None = None
    person: str = ""
    accounted: int = 0
    parts: tuple[hours.Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be recorded, or was. ``unknown``: names in the file that are nobody's here."""

    table: time_csv.TimeTable
    lines: list[Planned]
    unknown: list[str]
    remembered: bool = False

    def count(self, outcome: str) -> int:
        """How many lines have this outcome."""
        return sum(one.outcome == outcome for one in self.lines)

    @property
    def minutes(self) -> int:
        """Real minutes of what would be recorded."""
        return sum(one.work.minutes for one in self.lines if one.outcome == "time" and one.work)


def preview_time(*, actor: Actor, client_id: UUID, raw: bytes, name: str, choices: Choices) -> Plan | Refusal:
    """Line by line what confirming would do now. Writes nothing at all."""
    client = _allowed(actor, client_id)
    if isinstance(client, Refusal):
        return client
    return _plan(actor, client, raw, name, choices)


def import_time(*, actor: Actor, client_id: UUID, raw: bytes, name: str, choices: Choices) -> Plan | Refusal:
    """Record what can be recorded, a hundred lines a deed, and remember the chosen columns for the next file.

    Each line is judged again with the client locked: what was spent meanwhile is left out, never overdrawn.
    """
    client = _allowed(actor, client_id)
    if isinstance(client, Refusal):
        return client
    plan = _plan(actor, client, raw, name, choices)
    if isinstance(plan, Refusal):
        return plan
    wanted = [one for one in plan.lines if one.outcome == "time"]
    settled: dict[int | str, Planned] = {}
    for begin in range(0, len(wanted), CHUNK):
        with Deed(actor) as deed:
            deed.lock(client_id)
            how = standing(client_id)
            chunk = wanted[begin : begin + CHUNK]
            known = _known(client_id, [one.work.import_key for one in chunk if one.work])
            done = 0
            for one in chunk:
                assert one.work is not None
                settled[one.line], how = _settle(deed, one, one.work, how, known)
                done += settled[one.line].outcome == "time"
            if done:
                if begin == 0:
                    _remember(deed, plan.table)
                deed.record("time.imported", public={"count": done, "source": name[:120]})
    return replace(
        plan, lines=[settled.get(one.line, one) if one.outcome == "time" else one for one in plan.lines]
    )


def _settle(
    deed: Deed, one: Planned, work: Work, how: HoursStanding, known: set[str]
) -> tuple[Planned, HoursStanding]:
    if work.import_key in known:
        return replace(one, outcome="duplicate", sentence=THERE, work=None), how
    parts = judge(deed, work, how)
    if isinstance(parts, Refusal):
        return _left_out(one, parts), how
    keep(deed, work, how, parts)
    return one, _spent(how, parts)


def _allowed(actor: Actor, client_id: UUID) -> Client | Refusal:
    client = Client.objects.filter(pk=client_id).first()
    if not actor.is_staff or client is None:
        return refuse("not_found")
    return (
        roles.may(actor.role, "time.record")
        or lifecycle.may_work_on(client.state, client.name, "time.record")
        or client
    )


def _plan(actor: Actor, client: Client, raw: bytes, name: str, choices: Choices) -> Plan | Refusal:
    if len(raw) > time_csv.MOST_BYTES:
        return refuse(
            "invalid_input",
            where=name[:80] or "The file",
            problem="it is larger than 1 MiB. Export a shorter span.",
        )
    remembered = False
    try:
        table = time_csv.read_time(
            lambda: io.BytesIO(raw), where=name[:80], fields=choices.fields, day_first=choices.day_first
        )
        if not choices.fields:
            row = SourceMapping.objects.filter(source=time_csv.SOURCE, signature=table.signature).first()
            if row is not None and row.mapping.get("fields") != table.fields:
                remembered = True
                table = time_csv.read_time(
                    lambda: io.BytesIO(raw),
                    where=name[:80],
                    fields=row.mapping["fields"],
                    day_first=choices.day_first,
                )
    except ImportRefused as refused:
        return refuse(
            "invalid_input",
            where=refused.where or name[:80] or "The file",
            problem=f"{refused.sentence} {refused.remedy}",
        )
    return _judged(actor, client, table, choices, remembered)


def _judged(
    actor: Actor, client: Client, table: time_csv.TimeTable, choices: Choices, remembered: bool
) -> Plan:
    """Each line with its outcome, the budget going down line by line as it would."""
    deed = Deed(actor)  # never entered: only its clock and actor are asked, nothing can be written through it
    how = standing(client.id)
    known = _known(client.id, [one.key for one in time_csv.lines_of(table)])
    people = _people()
    ours = {normalise(one) for one in (client.name, client.legal_name, *choices.names) if one.strip()}
    place, lines, unknown = ZoneInfo(zone()), [], dict[str, None]()
    for one in table.lines:
        if isinstance(one, LeftOut):
            lines.append(Planned(one.line, "left_out", one.sentence))
            continue
        if one.company and normalise(one.company) not in ours:
            lines.append(Planned(one.line, "left_out", ELSEWHERE))
            continue
        if one.key in known:
            lines.append(Planned(one.line, "duplicate", THERE))
            continue
        who = choices.people.get(one.person) or people.get(normalise(one.person)) if one.person else actor.id
        if who is None:
            unknown[one.person] = None
            lines.append(
                Planned(one.line, "left_out", f"Nobody here is called “{one.person}”. Say who it is above.")
            )
            continue
        known.add(one.key)
        planned, how = _line(deed, one, who, how, choices, place)
        lines.append(planned)
    return Plan(table, lines, list(unknown)[:40], remembered)


def _line(
    deed: Deed, one: time_csv.TimeLine, who: UUID, how: HoursStanding, choices: Choices, place: ZoneInfo
) -> tuple[Planned, HoursStanding]:
    base = Planned(one.line, "time", person=one.person or deed.actor.name)
    if who != deed.actor.id and (refusal := roles.may(deed.actor.role, "time.allow_goodwill")) is not None:
        return _left_out(base, refusal), how
    started = _started(one, place)
    if started is None:
        return replace(
            base, outcome="left_out", sentence="The clocks went forward: there was no such hour."
        ), how
    work_class, reason = choices.work_class, ""
    if (
        not one.billable
        and work_class is hours.WorkClass.OFFBOARDING
        and choices.kind is not hours.WorkKind.AS_IS
    ):
        work_class, reason = hours.WorkClass.GOODWILL, "Marked as not billable in the PSA"
    if work_class is hours.WorkClass.GOODWILL:
        reason = reason or "Given as goodwill when it was taken over from the PSA"
    work = Work(
        minutes=one.minutes, started=started, work_class=work_class, kind=choices.kind, note=one.note,
        internal_note=one.internal, reason=reason, import_key=one.key, staff_id=who,
    )  # fmt: skip
    parts = judge(deed, work, how)
    if isinstance(parts, Refusal):
        return _left_out(base, parts), how
    accounted = sum(part.minutes for part in parts)
    return replace(base, work=work, accounted=accounted, parts=parts), _spent(how, parts)


def _left_out(one: Planned, refusal: Refusal) -> Planned:
    return replace(
        one, outcome="left_out", sentence=f"{refusal.sentence} {refusal.next_step}".strip(), work=None
    )


def _started(one: time_csv.TimeLine, place: ZoneInfo) -> datetime | None:
    """The start as a moment; without an hour the day's first one. An hour that comes twice is the earlier one."""
    wall = datetime.combine(one.day, one.start or time(0))  # its zone is put on below
    moment = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if one.start is not None and moment.astimezone(place).replace(tzinfo=None) != wall:
        return None
    return moment


def _spent(how: HoursStanding, parts: tuple[hours.Part, ...]) -> HoursStanding:
    """The standing after these parts, so that the next line is judged without asking the database again."""
    budget, leave = how.budget, how.leave
    for part in parts:
        if part.source is hours.Source.INCLUDED:
            budget = replace(budget, included_used=budget.included_used + part.minutes)
        elif part.source is hours.Source.BLOCK:
            blocks = tuple(
                replace(b, used=b.used + part.minutes) if b.id == part.block_id else b for b in budget.blocks
            )
            budget = replace(budget, blocks=blocks)
        elif part.source is hours.Source.ON_ACCOUNT and leave is not None:
            leave = replace(leave, minutes_left=leave.minutes_left - part.minutes)
    return replace(how, budget=budget, leave=leave)


def _known(client_id: UUID, keys: Sequence[str]) -> set[str]:
    """Which of these lines are there already, taken back or not; asked in pieces that every database takes."""
    found: set[str] = set()
    for begin in range(0, len(keys), 400):
        rows = TimeEntry.objects.filter(client_id=client_id, import_key__in=keys[begin : begin + 400])
        found.update(rows.values_list("import_key", flat=True))
    return found


def _people() -> dict[str, UUID]:
    """Staff by name and by mail address; who left may have worked. A name that two people share is nobody's."""
    found: dict[str, UUID] = {}
    twice: set[str] = set()
    for row in StaffMember.objects.select_related("user"):
        for name in {normalise(row.name), normalise(row.user.email)} - {""}:
            if name in found:
                twice.add(name)
            found[name] = row.id
    return {name: who for name, who in found.items() if name not in twice}


def people_named(wanted: Mapping[str, str]) -> dict[str, UUID] | Refusal:
    """How a file calls people → who they are here, by id, mail address or name; refuses whoever nobody is."""
    known, found = _people(), dict[str, UUID]()
    ids = set(StaffMember.objects.values_list("pk", flat=True))
    for called, given in wanted.items():
        try:
            who = UUID(given) if UUID(given) in ids else None
        except ValueError:
            who = known.get(normalise(given))
        if who is None:
            return refuse(
                "invalid_input", where=called[:80] or "The people",
                problem=f"nobody here is “{given[:80]}”; give a staff member's mail address",
            )  # fmt: skip
        found[called] = who
    return found


def _remember(deed: Deed, table: time_csv.TimeTable) -> None:
    """The columns as they were confirmed, for the next file with the same headers."""
    mapping: dict[str, Any] = {"fields": table.fields}
    row = SourceMapping.objects.filter(source=time_csv.SOURCE, signature=table.signature).first()
    if row is None:
        deed.add(SourceMapping(source=time_csv.SOURCE, signature=table.signature, mapping=mapping))
    elif row.mapping != mapping:
        deed.save(row, mapping=mapping)
