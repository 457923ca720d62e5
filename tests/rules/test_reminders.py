# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a signatory is reminded: on the days set, each step once, in daylight, and never while something is open (R1)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from partwell.rules.refusals import Refusal
from partwell.rules.reminders import USUAL, Waits, days_of, due_step, kept_as, problem
from partwell.rules.waiting import Open

ZONE = "Europe/Berlin"
ASKED = datetime(2026, 11, 2, 9, tzinfo=UTC)  # a Monday, ten o'clock there
WAITS = Waits(ASKED, date(2026, 12, 31))


def at(days: int, hour: int = 11) -> datetime:
    return ASKED.replace(hour=hour) + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "after", "sent", "step"),
    [
        (USUAL, 0, (), None),
        (USUAL, 2, (), None),
        (USUAL, 3, (), 1),
        (USUAL, 3, (1,), None),
        (USUAL, 6, (1,), None),
        (USUAL, 7, (1,), 2),
        (USUAL, 7, (), 2),  # workers were down: one mail, not two
        (USUAL, 7, (2,), None),
        (USUAL, 40, (2,), None),
        (USUAL, 40, (1, 2), None),
        (USUAL, 40, (1,), 2),
        ((), 40, (), None),  # switched off
        ((0, 0), 40, (), None),
        ((0, 7), 3, (), None),
        ((0, 7), 7, (), 2),
        ((3, 0), 3, (), 1),
        ((3, 0), 40, (1,), None),
        ((1, 2), 2, (1,), 2),
        ((5, 9), 5, (2,), None),  # moved to later days: what left counts
    ],
)
def test_each_step_once_and_only_the_newest(days, after, sent, step):
    assert due_step(replace(WAITS, sent=frozenset(sent)), days, at(after), ZONE) == step


@pytest.mark.parametrize(
    "changes",
    [
        {"proposed": False},
        {"signed": True},
        {"portal": False},
        {"reached": False},
        {"served": False},
        {"proposed_at": None},
        {"ends_on": date(2026, 11, 4)},
        {"open_now": Open(overdue=True)},
        {"open_now": Open(dispute=True)},
        {"open_now": Open(claim=True)},
    ],
)
def test_each_of_these_alone_keeps_it(changes):
    assert due_step(WAITS, USUAL, at(3), ZONE) == 1
    assert due_step(replace(WAITS, **changes), USUAL, at(3), ZONE) is None


@pytest.mark.parametrize(
    ("hour", "zone", "step"),
    [(6, ZONE, None), (7, ZONE, 1), (23, ZONE, None), (7, "UTC", None), (8, "UTC", 1), (21, "Pacific/Auckland", 1), (19, "Pacific/Auckland", 1)],
)  # fmt: skip
def test_from_eight_oclock_where_the_house_is(hour, zone, step):
    assert due_step(WAITS, USUAL, at(3, hour), zone) == step


def test_it_is_due_on_the_last_day_of_what_was_asked_for():
    assert due_step(replace(WAITS, ends_on=date(2026, 11, 5)), USUAL, at(3), ZONE) == 1


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        ((3, 7), "3 7"),
        ((0, 7), "0 7"),
        ((3, 0), "3 0"),
        ((0, 0), "off"),
        ((60, 0), "60 0"),
        ((1, 60), "1 60"),
    ],
)
def test_days_are_kept_and_read_again(days, kept):
    assert kept_as(days) == kept and problem(kept) is None
    assert days_of(kept) == (days if any(days) else ())


def test_nothing_kept_is_the_usual():
    assert days_of("") == USUAL == (3, 7) and days_of("off") == () and problem("") is None


@pytest.mark.parametrize("days", [(7, 3), (3, 3), (-1, 3), (3, 61)])
def test_days_that_are_no_days_are_refused(days):
    assert isinstance(kept_as(days), Refusal)


@pytest.mark.parametrize("kept", ["7 3", "x", "3,7", "-1 3", "3 61", " ", "on", "3  7", "٣"])
def test_what_the_settings_may_not_keep(kept):
    assert problem(kept).code == "invalid_input"
