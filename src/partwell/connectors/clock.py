# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one place where connectors and actions read the time."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from partwell.connectors.errors import ClockWentBack


def _wall() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Aware UTC time that never runs backwards within one process.

    ``wall`` (aware UTC) and ``ticks`` (monotonic seconds) can be put in by tests.
    """

    def __init__(
        self, wall: Callable[[], datetime] = _wall, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._ticks = wall, ticks
        self._lock = threading.Lock()
        self._last = wall()
        self._start = (self._last, ticks())

    def now(self) -> datetime:
        """Aware UTC, never before what this clock gave earlier (a stepped-back clock stands still)."""
        with self._lock:
            self._last = max(self._last, self._wall())
            return self._last

    def drift(self) -> timedelta:
        """Wall time minus monotonic time since start: negative if the clock was set back."""
        wall, ticks = self._start
        return (self._wall() - wall) - timedelta(seconds=self._ticks() - ticks)

    def after(self, known: datetime, tolerance: timedelta = timedelta(seconds=5)) -> datetime:
        """Now, for a record that follows one of time ``known`` (aware), never earlier than it.

        Raises :class:`ClockWentBack` if the clock is behind by more than ``tolerance``:
        a ledger with times in disorder would convince nobody.
        """
        if known.tzinfo is None:
            raise ValueError("The known time has no time zone; pass an aware one.")
        now = self.now()
        if known - now > tolerance:
            raise ClockWentBack(
                f"The computer's clock says {now:%Y-%m-%d %H:%M:%S} UTC, but something was already recorded "
                f"at {known.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; set the clock right (NTP) and try again."
            )
        return max(now, known.astimezone(UTC))


_clock = Clock()
now = _clock.now
after = _clock.after
drift = _clock.drift
