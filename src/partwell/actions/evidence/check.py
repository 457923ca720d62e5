# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recomputes the whole ledger against rows and files, and names the first thing that is wrong (PROOF.md, "Ledger").

Streams: memory does not grow with the log. Everything is read from one snapshot of the database, so
that others may go on working. The log store is read first: what it holds was committed before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from partwell.actions.evidence import check_files, check_log, check_notes, check_rows
from partwell.actions.evidence.check_store import read_store
from partwell.records.evidence import triggers
from partwell.records.evidence.models import LogState
from sealed import note
from sealed.findings import WARNING, Finding, Report

__all__ = ["WARNING", "CheckOptions", "Finding", "Progress", "Report", "check_ledger"]

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class CheckOptions:
    """``files``: decrypt and hash every stored file. ``checkpoints``: notes that others hold, name → bytes.

    ``log_store``: compare with the copy outside the database.
    """

    files: bool = False
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    log_store: bool = True


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None


@contextmanager
def snapshot() -> Iterator[None]:
    """One consistent view for many reads, without a lock that would stop writers.

    SQLite: a deferred transaction in WAL. PostgreSQL: REPEATABLE READ, read only.
    """
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def check_ledger(progress: Progress | None = None, options: CheckOptions | None = None) -> Report:
    """Check everything; ``report.findings[0]`` is the first thing that is wrong, in the order below.

    Triggers → log key → entries, nodes, disclosures, commitments → checkpoints → log store → rows against their
    newest commitment → envelopes → stored files. ``progress(stage, done, total)``. Writes nothing.
    """
    tell, wanted = progress or _silent, options or CheckOptions()
    report = Report()
    report.facts["kind"] = "ledger"
    store = read_store() if wanted.log_store else None
    with snapshot():
        state = LogState.objects.filter(pk=1).first()
        if state is None:
            report.add(
                "log-missing", "the ledger", "This installation has no ledger yet: set the MSP up first."
            )
            return report
        for name in triggers.missing(connection):
            report.add(
                "trigger-missing",
                f"trigger {name}",
                "The database no longer refuses what this trigger refused. Migrate to put it back, after finding out who removed it.",
            )
        if triggers.owned_by_us(connection):
            report.add(
                "database-role",
                "the database's role",
                "The program's role owns the ledger's tables, so whoever breaks into it could drop the triggers. "
                "Use two roles: docs/install.md.",
                WARNING,
            )
        report.facts |= {"origin": state.origin, "key": state.vkey}
        try:
            key = note.parse_vkey(state.vkey)
        except note.NoteError as error:
            report.add("log-key", "the log's key", f"The stored verifier key cannot be used: {error}")
            return report
        tree = check_log.check_entries(report, state, store, wanted, tell)
        check_notes.check_checkpoints(report, key, tree, store, wanted, tell)
        check_rows.check_rows(report, tell)
        check_rows.check_envelopes(report, tell)
        check_files.check_files(report, wanted.files, tell)
    return report
