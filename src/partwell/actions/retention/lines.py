# SPDX-License-Identifier: AGPL-3.0-or-later
"""A dry run's things as working rows, a batch at a time, and as the file that is evidence. Memory holds one batch."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, BinaryIO, TypeVar, cast

from partwell.actions import files
from partwell.connectors.places import Outcome, PlaceFacts, Thing
from partwell.records.retention.models import Deletion, DeletionLine
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM

BATCH = 1000
PAGE = 2000
_One = TypeVar("_One")


def batches(things: Iterable[_One], size: int = BATCH) -> Iterator[list[_One]]:
    """``things`` in lists of at most ``size``."""
    source = iter(things)
    while batch := list(islice(source, size)):
        yield batch


def ident(thing: Thing | Outcome) -> str:
    """What tells one thing of a place from every other: key, version and kind."""
    text = "\0".join((thing.key, thing.version, thing.kind))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def printable(key: str) -> str:
    """A key as both databases can hold it: PostgreSQL's text knows neither NUL nor half characters."""
    return key.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def changed(line: DeletionLine, thing: Thing) -> bool:
    """Whether something else has this name since it was listed. Only storages without versions need the look."""
    if thing.kind != "object" or thing.version not in ("", "null"):
        return False
    return (line.size, line.modified, line.etag) != (thing.size, thing.modified, thing.etag[:120])


def as_thing(line: DeletionLine) -> Thing:
    """The thing of a line, for going on behind it."""
    at = line.modified or datetime(1970, 1, 1, tzinfo=UTC)
    return Thing(line.key, line.version, cast(Any, line.kind), line.size, at, line.etag, False)


def pages(deletion: Deletion) -> Iterator[Sequence[DeletionLine]]:
    """All lines in order, a page at a time."""
    last = -1
    while page := list(
        DeletionLine.objects.filter(deletion=deletion, position__gt=last).order_by("position")[:PAGE]
    ):
        yield page
        last = page[-1].position


def mark(deletion: Deletion, outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Write what became of things to their lines: one statement for each kind of outcome. Gives counts by state."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in outcomes:
        words = "" if one.state == "deleted" and not one.code else one.words
        groups.setdefault((one.state, one.code[:60], printable(words)[:300]), []).append(ident(one))
    counts: dict[str, int] = {}
    for (state, code, words), idents in groups.items():
        for part in batches(idents, 500):
            DeletionLine.objects.filter(deletion=deletion, ident__in=part).update(
                state=state, code=code, words=words
            )
        counts[state] = counts.get(state, 0) + len(idents)
    return counts


# files --------------------------------------------------------------------


class _Stream(io.RawIOBase):
    """A readable stream of pieces that are made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def store_lines(deletion: Deletion, name: str, pieces: Iterator[bytes]) -> StoredFile:
    """Stream JSON lines into the vault, under the client's record; the *unsaved* row."""
    source = cast(BinaryIO, io.BufferedReader(_Stream(pieces), 1 << 18))
    return files.store(
        SYSTEM, source, client_id=deletion.client_id, name=name, media_type="application/x-ndjson"
    )


def dump(values: Mapping[str, Any]) -> bytes:
    """One JSON line; what is no text is written as such."""
    return json.dumps(values, ensure_ascii=True, sort_keys=True, default=str).encode() + b"\n"


def heading(deletion: Deletion, what: str, now: datetime, **more: Any) -> bytes:
    """The first line: of what, which run, when."""
    return dump(
        {
            "file": f"partwell-{what}-1",
            "client": deletion.client_id.hex,
            "set": deletion.backup_set_id.hex,
            "deletion": deletion.id.hex,
            "run": deletion.runs,
            "made_at": now.astimezone(UTC).isoformat(),
            **more,
        }
    )


def facts_as_data(found: PlaceFacts) -> dict[str, Any]:
    """What the storage said of itself, raw answers too."""
    return {
        "versioning": found.versioning,
        "object_lock": found.object_lock,
        "default_retention": found.default_retention,
        "replication": list(found.replication),
        "lifecycle": list(found.lifecycle),
        "unknown": list(found.unknown),
        "identity": found.identity,
        "raw": [{"at": one.at.isoformat(), "what": one.what, "text": one.text} for one in found.raw],
    }


def line_as_data(line: DeletionLine, *, outcome: bool) -> dict[str, Any]:
    """One line of a listing or (``outcome``) of what became of it; empty fields are left out."""
    out = {
        "position": line.position,
        "key": line.key,
        "version": line.version,
        "kind": line.kind,
        "size": line.size,
        "modified": line.modified.astimezone(UTC).isoformat() if line.modified else "",
        "verdict": line.verdict,
        "locked_until": line.locked_until.isoformat() if line.locked_until else "",
        **({"state": line.state, "code": line.code, "words": line.words} if outcome else {"etag": line.etag}),
    }
    return {name: value for name, value in out.items() if value != ""}


def lines_as_json(
    deletion: Deletion, first: bytes, *, outcome: bool, beat: Callable[[int], object]
) -> Iterator[bytes]:
    """The whole file: its first line, then each thing. ``beat`` is told how many were written."""
    yield first
    written = 0
    for page in pages(deletion):
        yield b"".join(dump(line_as_data(line, outcome=outcome)) for line in page)
        written += len(page)
        beat(written)
