# SPDX-License-Identifier: AGPL-3.0-or-later
"""The geometry of axes and bars as percent strings, so that no template needs an inline style."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext

from partwell.entrypoints.theme.formats import pick, when_words


def percent(part: float, whole: float) -> str:
    """``part`` of ``whole`` as an SVG percentage between 0 and 100; an empty whole is 0%."""
    share = 0.0 if whole <= 0 else max(0.0, min(1.0, part / whole))
    return f"{share * 100:.2f}%"


def as_day(value: date | datetime | None) -> date | None:
    """The day of a date or moment in the viewer's zone."""
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


@dataclass(frozen=True)
class Window:
    """The stretch of days an axis shows; every row of a board shares one."""

    start: date
    end: date

    def at(self, day: date) -> str:
        """Where a day lies, clamped to the window."""
        return percent((day - self.start).days, (self.end - self.start).days)

    def span(self, first: date, last: date) -> str:
        """How wide the stretch between two days is, clamped to the window."""
        first, last = max(first, self.start), min(last, self.end)
        return percent((last - first).days, (self.end - self.start).days)

    def holds(self, day: date | None) -> bool:
        """Whether the day can be shown."""
        return day is not None and self.start <= day <= self.end

    def months(self) -> list[tuple[str, str, bool]]:
        """(x, label, January or not) of each month's first day within the window."""
        found: list[tuple[str, str, bool]] = []
        day = (self.start.replace(day=1) + timedelta(days=32)).replace(day=1)
        while day <= self.end:
            first = day.month == 1
            if float(self.at(day)[:-1]) <= 95:
                found.append((self.at(day), str(day.year) if first else date_format(day, "M"), first))
            day = (day + timedelta(days=32)).replace(day=1)
        return found


def window_of(given: Any, *days: date | None) -> Window:
    """The window given (dict, object or Window), or one around the days with a margin of 4 %."""
    if given:
        start, end = as_day(pick(given, "start")), as_day(pick(given, "end"))
        if start and end:
            return Window(start, end)
    known = [day for day in days if day]
    first, last = (min(known), max(known)) if known else (date(2000, 1, 1), date(2000, 2, 1))
    margin = timedelta(days=max(6, round((last - first).days * 0.05)))
    return Window(first - margin, last + margin)


@dataclass
class AxisShape:
    """What ``parts/axis.html`` draws."""

    label: str
    months: list[tuple[str, str, bool]]
    scale: list[tuple[str, str, bool]]
    now: str | None = None
    bars: list[tuple[str, str, str]] = field(default_factory=list)
    keep: tuple[str, str, bool] | None = None
    end: tuple[str, str, str] | None = None
    gone: tuple[str, str, str, bool] | None = None
    alarm: tuple[str, str, str] | None = None
    cut_left: bool = False
    cut_right: bool = False


def anchor(x: str) -> str:
    """Where a label hangs so that it stays inside the picture."""
    share = float(x[:-1])
    return "start" if share < 8 else "end" if share > 92 else "middle"


def axis_shape(row: Any, window: Any = None, today: date | None = None) -> AxisShape:
    """One departure on the time axis; the shape of ``row`` stands at the ``axis`` tag."""
    now = today or as_day(pick(row, "today")) or timezone.localdate()
    notice, end, gone = (as_day(pick(row, name)) for name in ("notice", "end", "gone"))
    frame = window_of(window, notice, end, gone, now)
    held, alarm = bool(pick(row, "held")), pick(row, "alarm")
    words = []
    if notice:
        words.append(gettext("Notice %(day)s") % {"day": when_words(notice, "", now)})
    if end:
        words.append(gettext("end of service %(day)s") % {"day": when_words(end, "", now)})
    if gone:
        words.append(
            (gettext("data held, was to be deleted %(day)s") if held else gettext("data kept until %(day)s"))
            % {"day": when_words(gone, "", now)}
        )
    elif held:
        words.append(gettext("data held, no date of deletion"))
    if alarm:
        words.append(f"{pick(alarm, 'word', '')} {when_words(as_day(pick(alarm, 'at')), '', now)}".strip())
    months = frame.months()
    step = max(1, -(-len(months) // 6))
    shape = AxisShape(", ".join(words) + ".", months, months[::step])
    if frame.holds(now):
        shape.now = frame.at(now)
    closed = bool(pick(row, "closed"))
    if notice and end:
        shape.bars.append(("left", frame.at(notice), frame.span(notice, end)))
        shape.bars.append(("done", frame.at(notice), frame.span(notice, min(end, now))))
        if now > end and pick(row, "late") and not closed:
            shape.bars.append(("late", frame.at(end), frame.span(end, now)))
    begins = notice or end
    if begins and begins < frame.start and (end or gone):
        shape.cut_left = True
    if end and frame.holds(end):
        tone = "alarm" if pick(row, "late") else "strong"
        shape.end = (frame.at(end), date_format(end, "j M"), tone)
    last = gone or (frame.end if held else None)
    if end and last and last > frame.start:
        shape.keep = (frame.at(end), frame.at(last), held)
        shape.cut_right = last > frame.end
    if gone and frame.holds(gone):
        shape.gone = (frame.at(gone), date_format(gone, "j M"), anchor(frame.at(gone)), held)
    if alarm and frame.holds(as_day(pick(alarm, "at"))):
        day = as_day(pick(alarm, "at")) or now
        shape.alarm = (frame.at(day), date_format(day, "j M"), anchor(frame.at(day)))
    return shape


def course_shape(course: Any) -> dict[str, Any]:
    """Phases in lanes without overlap: what ``parts/course.html`` draws (see the ``course`` tag)."""
    phases = list(pick(course, "phases", []))
    now = as_day(pick(course, "today")) or timezone.localdate()
    end, gone = as_day(pick(course, "end")), as_day(pick(course, "gone"))
    days = [day for phase in phases for day in (as_day(pick(phase, "start")), as_day(pick(phase, "end")))]
    frame = window_of(pick(course, "window"), *days, end, gone, now)
    lanes: list[date] = []
    whole = (frame.end - frame.start).days
    bands = []
    for phase in phases:
        first, last = as_day(pick(phase, "start")), as_day(pick(phase, "end"))
        if first is None or last is None:
            continue
        # A band too short for its name has the name behind it, in ink; the lane keeps that place free.
        name = str(pick(phase, "name", ""))
        room = timedelta(days=round(whole * (0.0075 * len(name) + 0.015)))
        outside = last - first < room
        lane = next((i for i, until in enumerate(lanes) if until < first), len(lanes))
        lanes[lane : lane + 1] = [last + room if outside else last]
        state = pick(phase, "state", "")
        y = 22 + lane * 28
        bands.append(
            {
                "name": name,
                "label_x": frame.at(last if outside else first),
                "outside": outside,
                "state": state,
                "x": frame.at(first),
                "y": y,
                "width": frame.span(first, last),
                "start": first,
                "end": last,
                "text_y": y + 15.5,
            }
        )
    height = 22 + len(lanes) * 28
    return {
        "bands": bands,
        "months": frame.months(),
        "bottom": height,
        "foot": height + 15,
        "height": height + 22,
        "bar_height": max(0, height - 18),
        "now": frame.at(now),
        "now_at": anchor(frame.at(now)),
        "gone_y": height - 17,
        "end": end,
        "gone": gone,
        "end_x": frame.at(end) if end else "",
        "gone_x": frame.at(gone) if gone else "",
        "end_flip": bool(end and float(frame.at(end)[:-1]) > 75),
    }


def burn_shape(hours: Any) -> dict[str, Any]:
    """The bar of hours: one segment an hour, prepaid time in its own colour (see the ``burn`` tag)."""
    included, prepaid = int(pick(hours, "included", 0) or 0), int(pick(hours, "prepaid", 0) or 0)
    used = int(pick(hours, "used", 0) or 0)
    whole = included + prepaid
    plain = min(used, included)
    block = min(max(0, used - included), prepaid)
    over = max(0, used - whole)
    total = max(whole, used)
    ticks = [percent(at, total) for at in range(60, total, 60)] if total <= 40 * 60 else []
    return {
        "used": used,
        "included": included,
        "prepaid": prepaid,
        "left": whole - used,
        "over": over,
        "plain": plain,
        "block": block,
        "whole": whole,
        "plain_w": percent(plain, total),
        "ticks": ticks,
        "block_x": percent(plain, total),
        "block_w": percent(block, total),
        "over_x": percent(whole, total),
        "over_w": percent(over, total),
    }


def progress_shape(counts: Any) -> dict[str, Any]:
    """Confirmed, released, objected of a total as stretches of one bar (see the ``progress`` tag)."""
    sure, sent, bad = (int(pick(counts, name, 0) or 0) for name in ("confirmed", "released", "objected"))
    total = int(pick(counts, "total", 0) or 0)
    return {
        "confirmed": sure,
        "released": sent,
        "objected": bad,
        "total": total,
        "here": total - sure - sent - bad,
        "sure_w": percent(sure, total),
        "sent_x": percent(sure, total),
        "sent_w": percent(sent, total),
        "bad_x": percent(sure + sent, total),
        "bad_w": percent(bad, total),
    }
