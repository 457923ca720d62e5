# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads the log store (docs/formats/log-store.md) line by line, for checks that compare it with the database."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from partwell.actions.evidence import log_store
from sealed import note


@dataclass
class Store:
    """What lies in the log store now: how many whole lines, and its checkpoints in their order of writing."""

    path: Path
    count: int
    notes: list[str] = field(default_factory=list)

    def leaves(self) -> Iterator[tuple[int, bytes | None]]:
        """(line number from 0, leaf) of the whole lines counted at first; None for a line that cannot be read."""
        if not self.count:
            return
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines):
                if number >= self.count:
                    return
                yield number, _leaf(line, number)


def _leaf(line: bytes, number: int) -> bytes | None:
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or value.get("index") != number:
            return None
        return base64.b64decode(value["leaf"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def read_store() -> Store | None:
    """The log store as it stands; None if there is none. A half-written last line does not count."""
    path = log_store.folder() / "entries.jsonl"
    if not path.exists():
        return None
    return Store(path, log_store.stored_count(), log_store.stored_checkpoints())


def newest_size(store: Store | None) -> int:
    """The size of the newest well-formed checkpoint in the store (its signature is checked elsewhere); 0 without one."""
    sizes = [0]
    for text in store.notes if store else []:
        try:
            sizes.append(note.Checkpoint.parse(note.parse_note(text.encode()).text).size)
        except note.NoteError:
            continue
    return max(sizes)
