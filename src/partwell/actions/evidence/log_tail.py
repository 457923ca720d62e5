# SPDX-License-Identifier: AGPL-3.0-or-later
"""The newest checkpoint of the log store, found at its file's end: asked before every append, so it reads a few hundred bytes.

A database below it was cut at its tail, or is an old backup: whatever is appended there would be a fork.
"""

import os
from pathlib import Path

from django.conf import settings

from partwell.connectors.errors import ConnectorError
from sealed import note

RULE = b"-" * 64 + b"\n"
_TAIL = 1 << 14


class LedgerBehind(ConnectorError):
    """The database has fewer entries than the newest known checkpoint covers: nothing is served, nothing appended."""

    code = "ledger_behind"

    def __init__(self, known: int, there: int) -> None:
        super().__init__(
            f"The log store holds a checkpoint of {known:,} entries, but the database has {there:,}: it was cut or restored from an old "
            "backup. Nothing is served below the newest known checkpoint. Restore a newer backup, or, where there is none, "
            'take the missing entries over as an owner: partwell ledger catch-up --reason "…"'
        )
        self.known, self.there = known, there


def newest(folder: Path | None = None) -> note.Checkpoint | None:
    """The newest checkpoint of the log store, unverified; None without one. A half-written last note does not count."""
    path = (folder or Path(settings.PARTWELL_LOG)) / "checkpoints.txt"
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except FileNotFoundError:
        return None
    for text in reversed(tail.split(RULE)[:-1]):
        try:
            return note.Checkpoint.parse(note.parse_note(text.lstrip(b"\n")).text)
        except note.NoteError:
            continue
    return None


def newest_size() -> int:
    """How many entries it covers; 0 without one."""
    known = newest()
    return known.size if known else 0
