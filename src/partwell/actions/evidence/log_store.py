# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies entries and checkpoints to a store of its own, outside the database and its backups (PROOF.md, "Ledger").

Format: ``entries.jsonl``, one line an entry ``{"index","leaf"}`` (leaf as base64) in order; ``checkpoints.txt``, the
signed notes one after the other, each followed by a line of 64 hyphens; ``tombstones.jsonl`` (tombstones.py). A database that is behind its log
store was cut at its tail or restored from an old backup.
"""

import base64
import json
import os
from pathlib import Path

from django.conf import settings

from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.evidence.tombstones import write_pending
from partwell.records.evidence.models import Checkpoint, Entry

RULE = "-" * 64


def folder() -> Path:
    """Where the log store lies: PARTWELL_LOG, else ``HOME-log`` beside the home."""
    return Path(settings.PARTWELL_LOG)


def line_of(index: int, leaf: bytes) -> bytes:
    """The line of one entry, as docs/formats/log-store.md has it."""
    return json.dumps({"index": index, "leaf": base64.b64encode(leaf).decode()}).encode() + b"\n"


def stored_count() -> int:
    """How many whole entries the log store holds."""
    path = folder() / "entries.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.endswith(b"\n"))


def stored_entries() -> "list[tuple[int, bytes]]":
    """Index and leaf of each stored entry, for small logs and checks that compare."""
    path = folder() / "entries.jsonl"
    out = []
    if path.exists():
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    value = json.loads(line)
                    out.append((int(value["index"]), base64.b64decode(value["leaf"])))
    return out


def stored_checkpoints() -> list[str]:
    """The signed notes of the log store, oldest first."""
    path = folder() / "checkpoints.txt"
    return (
        [part.lstrip("\n") for part in path.read_text().split(RULE + "\n") if part.strip()]
        if path.exists()
        else []
    )


# How many entries each store holds; counting a long file every half second would be waste, a restart counts anew.
_known: dict[Path, int] = {}


def copy_new(batch: int = 2000) -> int:
    """Sign a checkpoint over what is new and append both to the store; gives how many entries were copied.

    Appends are flushed to the disk before they count. A half-written last line (a crash) is cut off first.
    """
    write_pending()
    made = make_checkpoint()
    if made is None:
        return 0
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder() / "entries.jsonl"
    if path not in _known or not path.exists():  # somebody removed it: begin again, from the first entry
        _cut_half_line(path)
        _known[path] = stored_count()
    known = _known[path]
    if known >= made.size:
        return 0
    copied = 0
    with path.open("ab") as out:
        while known < made.size:
            rows = Entry.objects.filter(
                index__gte=known, index__lt=min(made.size, known + batch)
            ).values_list("index", "leaf")
            for index, leaf in rows:
                out.write(line_of(index, bytes(leaf)))
            taken = len(rows)
            if not taken:
                break
            known += taken
            copied += taken
        out.flush()
        os.fsync(out.fileno())
    _known[path] = known
    with (folder() / "checkpoints.txt").open("a") as out_notes:
        for text in Checkpoint.objects.filter(size=made.size).values_list("note", flat=True):
            out_notes.write(text + RULE + "\n")
        out_notes.flush()
        os.fsync(out_notes.fileno())
    return copied


def _cut_half_line(path: Path) -> None:
    if path.exists():
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            path.write_bytes(data[: data.rfind(b"\n") + 1])
