# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chart of hours over time as numbers for ``parts/hours_chart.html``: two staircases, drawn without a script.

The lines live in a picture of 1000 × 1000 units that is stretched to the page; labels stand outside it in percent, so
that no letter is stretched with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext

from partwell.entrypoints.theme.formats import duration_words, pick, when_words
from partwell.entrypoints.theme.shapes import Window, anchor, percent

MOST = 366  # steps; more are drawn week by week
UNITS = 1000


@dataclass(frozen=True)
class Level:
    """How many hours there were from a day on: ``y`` for the label, ``x`` where it begins."""

    x: str
    y: str
    minutes: int
    bought: bool
    at: str


@dataclass(frozen=True)
class Chart:
    """``used``: the filled staircase, ``edge``: its upper line, ``budget``: the other one (SVG path data)."""

    label: str
    used: str
    edge: str
    budget: str
    levels: tuple[Level, ...]
    months: tuple[tuple[str, str, bool], ...]
    hours: tuple[tuple[str, int], ...]
    now: str
    over: bool


def chart_of(steps: Sequence[Any], until: date) -> Chart | None:
    """The chart up to ``until``. Each step: ``day``, ``used`` and ``budget`` in minutes from that day on; None for none."""
    rows = thinned(steps)
    if not rows or not max(max(pick(one, "used"), pick(one, "budget")) for one in rows):
        return None
    first = pick(rows[0], "day")
    last = max(until, pick(rows[-1], "day"), first + timedelta(days=13))
    window = Window(first - timedelta(days=1), last + timedelta(days=1))
    top = _top(max(max(pick(one, "used"), pick(one, "budget")) for one in rows))
    whole = (window.end - window.start).days

    def x(day: date) -> int:
        return round((day - window.start).days * UNITS / whole)

    def y(minutes: int) -> int:
        return UNITS - round(max(0, minutes) * UNITS / top)

    end = x(min(max(until, pick(rows[-1], "day")), last))
    edge = _stairs([(x(pick(one, "day")), y(pick(one, "used"))) for one in rows], end)
    levels, before = [], None
    for one in rows:
        there = pick(one, "budget")
        if there != before:
            share = percent((pick(one, "day") - window.start).days, whole)
            levels.append(Level(share, percent(top - there, top), there, before is not None, anchor(share)))
            before = there
    now = rows[-1]
    words = gettext("%(used)s of %(there)s used by %(day)s.") % {
        "used": duration_words(pick(now, "used")),
        "there": duration_words(pick(now, "budget")),
        "day": when_words(min(until, last), "day"),
    }
    months = window.months()
    return Chart(
        label=words,
        used=f"M{x(first)},{UNITS}{_fill(edge)}V{UNITS}Z",
        edge=edge,
        budget=_stairs([(x(pick(one, "day")), y(pick(one, "budget"))) for one in rows], UNITS),
        levels=tuple(levels[-4:]),
        months=tuple(months[:: max(1, -(-len(months) // 6))]),
        hours=tuple((percent(top - at, top), at) for at in range(top // 2, top + 1, top // 2)),
        now=percent((min(until, last) - window.start).days, whole),
        over=pick(now, "used") > pick(now, "budget"),
    )


def thinned(steps: Sequence[Any]) -> list[Any]:
    """At most about a year's steps: of more, the last of each week, and each on which the budget changed."""
    rows = list(steps)
    if len(rows) <= MOST:
        return rows
    kept, before = [], None
    for number, one in enumerate(rows):
        following = rows[number + 1] if number + 1 < len(rows) else None
        week = pick(one, "day").isocalendar()[:2]
        last = following is None or pick(following, "day").isocalendar()[:2] != week
        if last or pick(one, "budget") != before:
            kept.append(one)
        before = pick(one, "budget")
    return kept


def _top(minutes: int) -> int:
    """The scale's end: an even number of hours a little above what is to be shown."""
    for hours in (2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 200, 400, 1000):
        if minutes <= hours * 60 * 0.94:
            return hours * 60
    return -(-minutes * 11 // 1200) * 120


def _stairs(points: Sequence[tuple[int, int]], end: int) -> str:
    (x, y), *rest = points
    return f"M{x},{y}" + "".join(f"H{a}V{b}" for a, b in rest) + f"H{end}"


def _fill(edge: str) -> str:
    """The steps after the first point, to go on from it."""
    start, _, rest = edge[1:].partition("H")
    return f"L{start}H{rest}"
