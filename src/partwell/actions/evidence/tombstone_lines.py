# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log store's ``tombstones.jsonl``: what was destroyed, in opaque ids, for whoever restores a backup later.

One line a tombstone, canonical JSON (docs/formats/log-store.md)::

    {"at": "2026-11-23T15:00:00.000000Z", "entry": uid, "id": uid, "kind": "key_unit", "v": 1, "what": {...}}

Needs no Django: ``partwell restore`` reads it before there is a database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from partwell.connectors.errors import ConnectorError
from sealed import canonical

FILE = "tombstones.jsonl"
KEY_UNIT, BLOB, DISCLOSURE, SECRET, RECORD = "key_unit", "blob", "disclosure", "secret", "record"
# kind -> the fields of "what". Ids only: a tombstone outlives what it speaks of and may name nobody.
FIELDS: Mapping[str, frozenset[str]] = {
    KEY_UNIT: frozenset({"unit", "key"}),
    BLOB: frozenset({"blob"}),
    DISCLOSURE: frozenset({"index", "label"}),
    SECRET: frozenset({"value"}),
    RECORD: frozenset({"client", "proposed", "decided"}),
}
LABELS = ("public", "client", "internal")
_HEX = re.compile(r"[0-9a-f]{32}\Z")


class TombstoneBroken(ConnectorError):
    """A line of the log store's tombstones cannot be read: nothing may be served before somebody looked."""

    code = "tombstone_broken"


@dataclass(frozen=True)
class Tombstone:
    """One deletion: ``id`` (32 hex digits, one a deletion), the uid of its entry, when (RFC 3339, UTC), what."""

    id: str
    kind: str
    what: Mapping[str, str | int]
    entry: str
    at: str

    def line(self) -> bytes:
        """The line with its newline."""
        value = {"at": self.at, "entry": self.entry, "id": self.id, "kind": self.kind, "v": 1, "what": dict(self.what)}  # fmt: skip
        return canonical.dumps(value) + b"\n"


def check(kind: str, what: Mapping[str, object]) -> None:
    """ValueError unless ``what`` has exactly the fields of ``kind`` and nothing but ids in them."""
    if kind not in FIELDS:
        raise ValueError(f"There is no tombstone of kind {kind!r}; there are {', '.join(sorted(FIELDS))}.")
    if set(what) != FIELDS[kind]:
        raise ValueError(f"A tombstone of kind {kind} has the fields {', '.join(sorted(FIELDS[kind]))}.")
    for name, value in what.items():
        if name == "index":
            good = type(value) is int and 0 <= value < 2**53
        elif name == "label":
            good = value in LABELS
        else:
            good = isinstance(value, str) and bool(_HEX.match(value))
        if not good:
            raise ValueError(f"The field {name} of a tombstone of kind {kind} is no id.")


def parse(line: bytes) -> Tombstone:
    """One whole line; ValueError (canonical's among them) for anything that ``line`` would not write."""
    value = canonical.loads_strict(line.removesuffix(b"\n"))
    if not isinstance(value, dict) or value.get("v") != 1 or not isinstance(value.get("what"), dict):
        raise ValueError("not a tombstone of version 1")
    made = Tombstone(str(value.get("id")), str(value.get("kind")), value["what"], str(value.get("entry")), str(value.get("at")))  # fmt: skip
    check(made.kind, made.what)
    if not _HEX.match(made.id) or not _HEX.match(made.entry) or made.line() != line:
        raise ValueError("not in canonical form")
    return made


def read(folder: Path) -> Iterator[Tombstone]:
    """The tombstones of a log store in their order, each once. A half-written last line (a crash) does not count.

    Raises TombstoneBroken for a line that cannot be read: what it deleted would come back.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return
    seen: set[str] = set()
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                one = parse(line)
            except ValueError:
                raise TombstoneBroken(
                    f"Line {number} of {path} cannot be read, so what was deleted there could come back. "
                    "Put the file of a copy of the log store in its place."
                ) from None
            if one.id not in seen:
                seen.add(one.id)
                yield one
