# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a day brings by itself. Each task is idempotent: run as often as you like, a crash loses nothing."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from partwell.actions.authorisations.end_by_date import end_by_date
from partwell.actions.authorisations.remind import remind_signatories
from partwell.actions.billing.returning import lapse_quotes
from partwell.actions.correspondence.digests import send_digests
from partwell.actions.correspondence.free_held import free_due
from partwell.actions.correspondence.recordings import destroy_stopped
from partwell.actions.correspondence.reply_addresses import give_addresses
from partwell.actions.erasure.content import finish_erasures
from partwell.actions.jobs import sweep
from partwell.actions.people.security_log import forget_oldest
from partwell.actions.releases.end_windows import end_windows
from partwell.actions.releases.windows_ending import tell_windows_ending
from partwell.actions.retention.certify import certify_due
from partwell.actions.retention.choices import ask_choices
from partwell.actions.retention.keep_dates import keep_dates
from partwell.actions.retention.notices import give_notices
from partwell.actions.retention.place_hold import remind_of_holds
from partwell.actions.retention.take_up import settle_broken
from partwell.actions.vault.destroy_unit import resume_destroyed

log = logging.getLogger("partwell.calendar")

# name -> a function of the moment that gives how many things it did
TASKS: dict[str, Callable[[datetime], int]] = {
    "consents past their last day": lambda now: end_by_date(now=now),
    "signatures that are waited for": lambda now: remind_signatories(now=now),
    "addresses of departures": lambda now: give_addresses(now=now),
    "held questions whose consent came": lambda now: free_due(now=now),
    "receipt windows that close soon": lambda now: tell_windows_ending(now=now),
    "receipt windows": lambda now: end_windows(now=now),
    "quotes of returning clients": lambda now: lapse_quotes(now=now),
    "keys half destroyed": lambda now: resume_destroyed(),
    "recordings whose consent was taken back": lambda now: destroy_stopped(),
    "contents half erased": lambda now: finish_erasures(),
    "certificates whose day has come": lambda now: certify_due(now=now),
    "deletions that broke off": lambda now: settle_broken(now=now),
    "days until which backups are kept": lambda now: keep_dates(now=now),
    "backups that nobody was asked about": lambda now: ask_choices(now=now),
    "retention notices": lambda now: give_notices(now=now),
    "holds to be reviewed": lambda now: remind_of_holds(now=now),
    "digests": lambda now: send_digests(now=now),
    "abandoned imports": lambda now: sweep.discard_abandoned(now=now),
    "stray files": lambda now: sweep.remove_stray_blobs(),
    "keys that were never used": lambda now: sweep.remove_unused_keys(),
    "old lines of the security log": lambda now: forget_oldest(),
    "temporary files": lambda now: sweep.remove_temporary_files(),
}
# Tasks that walk folders or tables: at most once in so many seconds of a worker's life, and once at its start.
SELDOM = {
    "days until which backups are kept": 600.0,
    "backups that nobody was asked about": 600.0,
    "retention notices": 60.0,
    "holds to be reviewed": 600.0,
    "keys half destroyed": 60.0,
    "recordings whose consent was taken back": 60.0,
    "contents half erased": 60.0,
    "digests": 60.0,
    "addresses of departures": 60.0,
    "held questions whose consent came": 60.0,
    "signatures that are waited for": 600.0,
    "receipt windows that close soon": 600.0,
    "abandoned imports": 600.0,
    "stray files": 3600.0,
    "keys that were never used": 3600.0,
    "temporary files": 3600.0,
    "old lines of the security log": 3600.0,
}
_last: dict[str, float] = {}


def run_due(now: datetime | None = None) -> dict[str, int]:
    """Run every task once for ``now`` (aware); gives how many things each did. One that fails does not stop the others."""
    moment = now or timezone.now()
    done = {}
    for name, task in TASKS.items():
        if not _is_time(name):
            continue
        try:
            done[name] = task(moment)
        except Exception:
            log.exception("The task %s failed; it will be tried again.", name)
            done[name] = 0
    return done


def _is_time(name: str) -> bool:
    pause, clock = SELDOM.get(name), time.monotonic()
    if pause is None:
        return True
    if name in _last and clock - _last[name] < pause:
        return False
    _last[name] = clock
    return True
