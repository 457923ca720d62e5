# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a day brings by itself. Each task is idempotent: run as often as you like, a crash loses nothing."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from partwell.actions.releases.end_windows import end_windows

log = logging.getLogger("partwell.calendar")

# name -> a function of the moment that gives how many things it did
TASKS: dict[str, Callable[[datetime], int]] = {
    "receipt windows": lambda now: end_windows(now=now),
}


def run_due(now: datetime | None = None) -> dict[str, int]:
    """Run every task once for ``now`` (aware); gives how many things each did. One that fails does not stop the others."""
    moment = now or timezone.now()
    done = {}
    for name, task in TASKS.items():
        try:
            done[name] = task(moment)
        except Exception:
            log.exception("The task %s failed; it will be tried again.", name)
            done[name] = 0
    return done
