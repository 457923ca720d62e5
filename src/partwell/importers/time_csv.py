# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time entries out of a PSA's CSV: ConnectWise, Autotask, HaloPSA and what is like them. Plain values, no zone.

Read by the same bounded reader as every CSV (``csv_rows``: one row in memory, lines and cells with limits). Dates
and hours are wall-clock readings as the PSA wrote them; whoever records them knows the zone.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from partwell.importers.base import ImportRefused, LeftOut, Options, clean, normalise
from partwell.importers.csv_rows import Row
from partwell.importers.csv_table import open_csv
from partwell.importers.mapping import signature_of

MOST_BYTES = 1 << 20
MOST_LINES = 2000
SOURCE = "psa_time"

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("time entry id", "time id", "entry id", "timesheet id", "timeentry id", "id"),
    "date": ("date", "work date", "date worked", "worked date", "entry date", "day", "datum", "data"),
    "start": ("start", "start time", "time start", "start date", "start date time", "start date/time", "started", "beginn", "von"),
    "end": ("end", "end time", "time end", "end date", "end date time", "end date/time", "finish", "ended", "ende", "bis"),
    "hours": ("actual hours", "hours worked", "hours", "time taken", "time taken (hours)", "duration (hours)", "duration", "stunden", "zeit"),
    "minutes": ("minutes", "duration (minutes)", "time taken (minutes)", "minuten"),
    "person": ("member", "member name", "resource", "resource name", "agent", "technician", "worked by", "who", "employee", "user", "mitarbeiter"),
    "company": ("company", "company name", "account", "account name", "client", "client name", "customer", "customer name", "organization", "kunde"),
    "note": ("notes", "note", "summary notes", "summary", "description", "work performed", "leistung", "beschreibung"),
    "internal": ("internal notes", "internal note", "internal analysis", "private note", "interne notiz"),
    "ticket": ("ticket #", "ticket", "ticket number", "ticket id", "charge to", "fault id", "ticketnummer"),
    "billable": ("billable", "billable option", "billable?", "bill option", "billing status", "charge type", "abrechenbar"),
}  # fmt: skip
CHOICES = (*FIELDS, "ignore")
_NO = (
    "no",
    "n",
    "false",
    "0",
    "nein",
    "nie",
    "do not bill",
    "donotbill",
    "non-billable",
    "not billable",
    "no charge",
    "nocharge",
)
_DAYS = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})\Z", re.ASCII)
_CLOCK = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.]\d{2}(?:\.\d+)?)?\s*([ap])?\.?(?:m\.?)?\Z", re.ASCII | re.IGNORECASE
)
_SPAN = re.compile(
    r"(?:(\d{1,4})\s*h(?:ours?|rs?)?)?\s*(?:(\d{1,4})\s*m(?:in(?:utes?)?)?)?\Z", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One line: ``day`` and wall-clock ``start`` (None: no hour is given), whole ``minutes``; ``key`` is its digest."""

    line: int
    day: date
    start: time | None
    minutes: int
    key: str
    person: str = ""
    company: str = ""
    note: str = ""
    internal: str = ""
    billable: bool = True


@dataclass(frozen=True, slots=True)
class TimeTable:
    """A file as it was understood. ``fields``: header → field; ``unsure``: whether days and months may be confused."""

    headers: list[str]
    fields: dict[str, str]
    signature: str
    encoding: str
    delimiter: str
    day_first: bool
    unsure: bool
    lines: list[TimeLine | LeftOut] = field(default_factory=list)


def propose(headers: list[str]) -> dict[str, str]:
    """Header → field, each field once, the best name first; what is not known is ignored."""
    found = dict.fromkeys(headers, "ignore")
    names = {normalise(header): header for header in headers}
    for name, synonyms in FIELDS.items():
        header = next(
            (names[one] for one in synonyms if one in names and found[names[one]] == "ignore"), None
        )
        if header is not None:
            found[header] = name
    return found


def read_time(
    opener: Callable[[], BinaryIO],
    *,
    where: str,
    fields: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> TimeTable:
    """The file's lines as time, or why each is left out. Raises ImportRefused for what is no such table.

    ``fields``: what a person chose, header → field; ``day_first``: how 3/4/2026 is meant, None to find it out.
    """
    source = open_csv(opener, Options(), where)
    chosen = propose(source.headers)
    chosen.update(
        {header: name for header, name in (fields or {}).items() if header in chosen and name in CHOICES}
    )
    at = {name: source.headers.index(header) for header, name in chosen.items() if name != "ignore"}
    rows: list[Row | LeftOut] = []
    for row in source.rows:
        rows.append(row)
        if len(rows) > MOST_LINES:
            raise ImportRefused(
                "too_many_lines",
                f"This file has more than {MOST_LINES} lines.",
                where,
                "Export a shorter span.",
            )
    if (
        not ({"minutes", "hours"} & at.keys() or {"start", "end"} <= at.keys())
        or not {"date", "start"} & at.keys()
    ):
        lines: list[TimeLine | LeftOut] = [
            LeftOut(
                1,
                "no_time",
                "No column says on which day and how long the work was. Choose the columns below.",
            )
        ]
        return TimeTable(source.headers, chosen, signature_of(source.headers), source.encoding, source.delimiter, bool(day_first), False, lines)  # fmt: skip
    days = [one.cells[at[name]] for one in rows if isinstance(one, Row) for name in ("date", "start") if name in at and at[name] < len(one.cells)]  # fmt: skip
    guess, unsure = _order(days)
    order = guess if day_first is None else day_first
    seen: dict[str, int] = {}
    return TimeTable(
        source.headers, chosen, signature_of(source.headers), source.encoding, source.delimiter, order, unsure and day_first is None,
        [_line(one, at, order, seen) if isinstance(one, Row) else one for one in rows],
    )  # fmt: skip


def _order(cells: list[str]) -> tuple[bool, bool]:
    """Whether the day comes first in 03/04/2026, and whether that is a guess."""
    first = second = slashes = False
    for cell in cells:
        found = _DAYS.match(cell.strip().split(" ")[0].split("T")[0])
        if not found or len(found[1]) == 4 or "." in found[0]:
            continue
        slashes = True
        first, second = first or int(found[1]) > 12, second or int(found[2]) > 12
    return not second, slashes and first == second


def _line(row: Row, at: dict[str, int], day_first: bool, seen: dict[str, int]) -> TimeLine | LeftOut:
    def cell(name: str) -> str:
        place = at.get(name)
        return clean(row.cells[place]).strip() if place is not None and place < len(row.cells) else ""

    day, start = _moment(cell("start"), day_first)
    own, _ = _moment(cell("date"), day_first)
    day = own or day
    if day is None:
        return LeftOut(row.line, "no_day", "The day cannot be read.")
    minutes = _minutes(cell("minutes"), cell("hours"))
    if minutes is None and cell("end") and start is not None:
        end_day, end = _moment(cell("end"), day_first)
        if end is not None:
            days = ((end_day or day) - day).days
            between = (end.hour - start.hour) * 60 + end.minute - start.minute + days * 1440
            minutes = between + 1440 if between < 0 and end_day is None else between
    if minutes is None:
        return LeftOut(row.line, "no_minutes", "How long it took cannot be read.")
    return TimeLine(
        row.line, day, start, minutes, _key(row, cell("id"), seen), cell("person")[:200], cell("company")[:200],
        _note(cell("note"), cell("ticket")), cell("internal")[:8000], normalise(cell("billable")) not in _NO,
    )  # fmt: skip


def _note(note: str, ticket: str) -> str:
    text = " ".join(note.split()) or (f"Ticket {ticket}" if ticket else "")
    return text if len(text) <= 500 else text[:499] + "…"


def _key(row: Row, ident: str, seen: dict[str, int]) -> str:
    """The line's digest: of its id in the PSA, else of all its cells and which of its equals it is."""
    parts = ["id", ident] if ident else ["row", *(" ".join(cell.split()) for cell in row.cells)]
    whole = "\x1f".join(parts)
    seen[whole] = seen.get(whole, 0) + 1
    number = "" if ident else f"\x1f{seen[whole]}"
    return hashlib.sha256((whole + number).encode("utf-8", "surrogatepass")).hexdigest()


def _moment(text: str, day_first: bool) -> tuple[date | None, time | None]:
    """Day and hour of a cell; either may be missing."""
    text = " ".join(text.split())
    if not text:
        return None, None
    try:
        moment = datetime.fromisoformat(text)
        return moment.date(), moment.time().replace(tzinfo=None) if len(text) > 10 else None
    except ValueError:
        pass
    head, _, tail = text.partition(" ")
    day = _day(head, day_first)
    if day is None:
        return None, _clock(text)
    return day, _clock(tail)


def _day(text: str, day_first: bool) -> date | None:
    found = _DAYS.match(text)
    if not found:
        return None
    one, two, three = (int(part) for part in found.groups())
    if len(found[1]) == 4:
        year, month, day = one, two, three
    else:
        year = three if three > 99 else 2000 + three
        day, month = (one, two) if day_first or "." in text else (two, one)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    found = _CLOCK.match(text.strip())
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _minutes(minutes: str, hours: str) -> int | None:
    """Whole minutes of ``90``, of ``1.5``, ``1,5``, ``1:30`` or ``1h 30m``; None for what is none of these."""
    if minutes:
        return int(minutes) if re.fullmatch(r"-?\d{1,6}", minutes, re.ASCII) else None
    if not hours:
        return None
    if found := re.fullmatch(r"(\d{1,4}):(\d{2})(?::\d{2})?", hours, re.ASCII):
        return int(found[1]) * 60 + int(found[2])
    if (span := _SPAN.fullmatch(hours)) and (span[1] or span[2]):
        return int(span[1] or 0) * 60 + int(span[2] or 0)
    try:
        value = Decimal(hours.replace(",", "."))
    except InvalidOperation:
        return None
    return int((value * 60).to_integral_value()) if value.is_finite() and abs(value) < 10_000 else None


def lines_of(table: TimeTable) -> Iterator[TimeLine]:
    """The lines that were understood."""
    return (one for one in table.lines if isinstance(one, TimeLine))
