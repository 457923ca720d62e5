# SPDX-License-Identifier: Apache-2.0
"""The ledger's leaf, what it commits to, and what is disclosed beside it (docs/formats/entry.md).

A leaf holds no personal data and no unsalted hash: subjects are opaque ids, contents and rows are
salted commitments. The disclosure (content and salt) lies beside the log and can be erased.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import canonical, merkle

SCHEMA = 1
SALT_SIZE = 32
LABELS = ("public", "client", "internal")  # all parties of the entry; client and staff; staff
MAX_LEAF = 64 * 1024

_DISCLOSURE = b"partwell disclosure v1\x00"
_ROW = b"partwell row v1\x00"
# The digest that stands for "this row is erased" (docs/formats/entry.md, "Erasures"): it hides nothing and needs no salt.
ERASED = hashlib.sha256(b"partwell erased v1\x00").digest()
ERASED_VERSION = 2**31 - 1
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_HEX32 = re.compile(r"[0-9a-f]{32}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SUBJECT = re.compile(r"[0-9a-f]{8,64}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_KEYS = {"v", "uid", "type", "at", "subjects", "rows", "commitments"}


class EntryError(ValueError):
    """The leaf or disclosure is not well formed; the sentence says what is wrong."""


@dataclass(frozen=True)
class Leaf:
    """A parsed leaf. ``at`` is UTC as text; hashes are bytes."""

    uid: str
    type: str
    at: str
    subjects: tuple[str, ...]
    rows_n: int
    rows_root: bytes
    commitments: Mapping[str, bytes]

    @property
    def when(self) -> datetime:
        return _moment(self.at)


def _moment(at: str) -> datetime:
    return datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def format_at(moment: datetime) -> str:
    """An aware moment as UTC with six digits of a second and Z; EntryError if it has no zone."""
    if moment.tzinfo is None:
        raise EntryError("The time of an entry needs a time zone.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def make_leaf(
    *,
    uid: str | uuid.UUID,
    type: str,
    at: datetime | str,
    subjects: Iterable[str] = (),
    rows_n: int = 0,
    rows_root: bytes = merkle.EMPTY_ROOT,
    commitments: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bytes of a leaf; EntryError unless ``parse_leaf`` accepts them.

    ``uid`` is a UUID (or 32 hex digits), ``at`` an aware datetime, ``subjects`` opaque lower-case
    hex ids (repeated ones are dropped), ``commitments`` label -> ``commit(...)``.
    """
    leaf = canonical.dumps(
        {
            "v": SCHEMA,
            "uid": uid.hex if isinstance(uid, uuid.UUID) else uid,
            "type": type,
            "at": format_at(at) if isinstance(at, datetime) else at,
            "subjects": list(dict.fromkeys(subjects)),
            "rows": {"n": rows_n, "root": rows_root.hex()},
            "commitments": {label: value.hex() for label, value in (commitments or {}).items()},
        }
    )
    parse_leaf(leaf)
    return leaf


def _need(holds: bool, sentence: str) -> None:
    if not holds:
        raise EntryError(sentence)


def _match(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def parse_leaf(data: bytes) -> Leaf:
    """Parse a leaf strictly: canonical JSON, exactly the known keys, every value in its one form."""
    _need(len(data) <= MAX_LEAF, "The leaf is too long.")
    try:
        value = canonical.loads_strict(data)
    except canonical.CanonicalError as error:
        raise EntryError(f"The leaf is not canonical: {error}") from None
    _need(isinstance(value, dict) and set(value) == _KEYS, "The leaf has not exactly the known keys.")
    _need(_whole(value["v"]) and value["v"] == SCHEMA, "The leaf has an unknown schema version.")
    _need(_match(_HEX32, value["uid"]), "The leaf's uid is not 32 lower-case hex digits.")
    _need(_match(_TYPE, value["type"]) and len(value["type"]) <= 100, "The leaf's type is not a dotted word.")
    _need(_match(_AT, value["at"]), "The leaf's time is not UTC with six digits of a second.")
    try:
        _moment(value["at"])
    except ValueError:
        raise EntryError("The leaf's time does not exist.") from None
    subjects, rows, commitments = value["subjects"], value["rows"], value["commitments"]
    _need(
        isinstance(subjects, list)
        and all(_match(_SUBJECT, s) for s in subjects)
        and len(set(subjects)) == len(subjects),
        "The leaf's subjects are not different lower-case hex ids.",
    )
    _need(
        isinstance(rows, dict)
        and set(rows) == {"n", "root"}
        and _whole(rows["n"])
        and _match(_HEX64, rows["root"]),
        "The leaf's rows are not a number and a root.",
    )
    empty = rows["root"] == merkle.EMPTY_ROOT.hex()
    _need((rows["n"] == 0) == empty, "The leaf's number of rows and their root contradict each other.")
    _need(
        isinstance(commitments, dict)
        and set(commitments) <= set(LABELS)
        and all(_match(_HEX64, c) for c in commitments.values()),
        "The leaf's commitments are not known labels with SHA-256 digests.",
    )
    return Leaf(
        value["uid"],
        value["type"],
        value["at"],
        tuple(subjects),
        rows["n"],
        bytes.fromhex(rows["root"]),
        {label: bytes.fromhex(digest) for label, digest in commitments.items()},
    )


def _salted(prefix: bytes, salt: bytes, content: Any) -> bytes:
    _need(len(salt) == SALT_SIZE, "A salt has 32 bytes.")
    try:
        return hashlib.sha256(prefix + salt + canonical.dumps(content)).digest()
    except canonical.CanonicalError as error:
        raise EntryError(f"The content has no canonical form: {error}") from None


def commit(salt: bytes, content: Any) -> bytes:
    """SHA-256("partwell disclosure v1\\0" || salt || canonical(content)); the salt is 32 random bytes."""
    return _salted(_DISCLOSURE, salt, content)


def row_digest(salt: bytes, fields: Mapping[str, Any]) -> bytes:
    """SHA-256("partwell row v1\\0" || salt || canonical(fields)) of one row's committed fields."""
    return _salted(_ROW, salt, dict(fields))


def row_leaf(table: str, row_id: str, version: int, digest: bytes) -> bytes:
    """The canonical bytes that stand for one row: {"digest","id","t","ver"}."""
    _need(
        isinstance(row_id, str) and re.fullmatch(r"[0-9a-f]+", row_id) is not None, "A row's id is hex text."
    )
    _need(_whole(version) and len(digest) == merkle.HASH_SIZE, "A row needs a version and a 32-byte digest.")
    return canonical.dumps({"t": table, "id": row_id, "ver": version, "digest": digest.hex()})


def rows_root(rows: Iterable[tuple[str, str, int, bytes]]) -> tuple[int, bytes]:
    """(number, RFC 6962 root) over (table, id, version, digest) rows in their order."""
    tree = merkle.CompactRange()
    for table, row_id, version, digest in rows:
        tree.append(merkle.leaf_hash(row_leaf(table, row_id, version, digest)))
    return tree.size, tree.root()
