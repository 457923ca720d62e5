# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must hold before anything is served, whoever starts it (run, a WSGI server, the worker): the ledger is not behind
the newest known checkpoint, and nothing that was deleted is there again (PROOF.md, "Ledger" and "Deletion")."""

from dataclasses import replace

from django.db.models import Max

from partwell.actions.backup.again import end_records_again
from partwell.actions.evidence.log_tail import LedgerBehind, newest_size
from partwell.actions.evidence.tombstones import Applied, apply_tombstones
from partwell.actions.vault.destroy_unit import resume_destroyed
from partwell.records.evidence.models import Entry


def entries_there() -> int:
    """How many entries the database has, by its last index."""
    last = Entry.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else int(last) + 1


def check_not_behind() -> None:
    """Raise LedgerBehind where the log store knows a newer checkpoint than the database can have."""
    known = newest_size()
    if known and known > (there := entries_there()):
        raise LedgerBehind(known, there)


def make_ready() -> Applied:
    """Refuse (LedgerBehind, TombstonesWait, TombstoneBroken), or do deletions again; cheap where there is nothing to do."""
    check_not_behind()
    done = apply_tombstones()
    if done.units:
        resume_destroyed()
    return replace(done, records=end_records_again())
