# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time that does not run backwards."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from partwell.connectors import clock
from partwell.connectors.clock import Clock
from partwell.connectors.errors import ClockWentBack

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Hands:
    def __init__(self) -> None:
        self.wall, self.ticks = NOON, 100.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.ticks)


def test_now_is_aware_utc_and_moves() -> None:
    first = clock.now()
    assert first.utcoffset() == timedelta(0) and clock.now() >= first
    assert abs(clock.drift()) < timedelta(minutes=1)


def test_a_clock_set_back_stands_still_and_shows_its_drift() -> None:
    hands = Hands()
    watch = hands.clock()
    hands.wall, hands.ticks = NOON + timedelta(minutes=1), 160.0
    assert watch.now() == NOON + timedelta(minutes=1) and watch.drift() == timedelta(0)
    hands.wall = NOON - timedelta(hours=1)
    assert watch.now() == NOON + timedelta(minutes=1)
    assert watch.drift() == timedelta(minutes=-61)


def test_never_before_what_is_recorded() -> None:
    watch = Hands().clock()
    assert watch.after(NOON - timedelta(days=1)) == NOON
    slightly = (NOON + timedelta(seconds=3)).astimezone(timezone(timedelta(hours=2)))
    assert watch.after(slightly) == slightly and watch.after(slightly).utcoffset() == timedelta(0)
    with pytest.raises(ClockWentBack, match="NTP"):
        watch.after(NOON + timedelta(minutes=1))
    with pytest.raises(ValueError):
        watch.after(datetime(2026, 1, 1))
