# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worker process: ``python -m partwell.workers``. One a home, by a file lock; ``partwell run`` starts it."""

import fcntl
import logging
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType

log = logging.getLogger("partwell.workers")
_stopping = False


def _stop(_signal: int, _frame: FrameType | None) -> None:
    global _stopping
    _stopping = True


def main() -> int:
    """Deliver mail, run jobs, end windows, sign checkpoints, until SIGTERM; 1 if another worker holds this home, or it may not be served."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
    import django

    django.setup()
    from django.conf import settings

    from partwell.connectors.catcher import Catcher

    lock = (Path(settings.PARTWELL_HOME) / "worker.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.stderr.write("Another Partwell worker already works on this home; stop it first.\n")
        return 1
    from partwell.actions.backup.ready import make_ready
    from partwell.connectors.errors import ConnectorError

    try:
        make_ready()
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    stop_catcher = None
    if not settings.ENV.smtp:
        stop_catcher = Catcher(Path(settings.PARTWELL_HOME) / "inbox").start(
            "127.0.0.1", settings.ENV.mail_port
        )
    from partwell.workers import mailbox

    stop_mailbox = mailbox.start()
    try:
        loop()
    finally:
        stop_mailbox()
        if stop_catcher:
            stop_catcher()
    return 0


def loop() -> None:
    """Rounds of work with a short sleep between; a round that fails is logged and the next one starts."""
    from django.db import close_old_connections

    from partwell.actions.correspondence.deliver import recover

    # We hold the home's lock, so nobody else is in the middle of a delivery.
    recover(older_than=timedelta(0))
    while not _stopping:
        try:
            busy = one_round()
        except Exception:
            log.exception("A round of work failed; the next one starts in five seconds.")
            busy = False
            time.sleep(5)
        close_old_connections()
        time.sleep(0.05 if busy else 0.5)


def one_round() -> bool:
    """One round; True if there was something to do."""
    from partwell.actions.evidence.log_store import copy_new
    from partwell.workers import calendar, jobs, relay

    tried = relay.deliver_due()
    ran = jobs.run_one()
    calendar.run_due()
    copy_new()
    return bool(tried or ran)


if __name__ == "__main__":
    sys.exit(main())
