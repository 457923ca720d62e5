# SPDX-License-Identifier: AGPL-3.0-or-later
"""Appends entries at the ledger's tail. Only ``actions.base`` imports this (an import contract).

The tail lock is held for the append only: with slow work inside it eight writers made 45
transactions a second, with the work before it 326 (PROOF.md).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection

from partwell.actions.evidence.log_tail import LedgerBehind, newest_size
from partwell.records import statements
from partwell.records.evidence.models import Disclosure, Entry, EntrySubject, LogState, Node, RowCommitment
from sealed import canonical, entry, merkle

_NODES, _ENTRIES = Node._meta.db_table, Entry._meta.db_table


@dataclass(slots=True)
class RowChange:
    """One changed row: table, id, version after the change, salt and digest of its committed fields."""

    table: str
    row_id: UUID
    version: int
    salt: bytes
    digest: bytes


@dataclass(slots=True)
class Pending:
    """An entry not yet appended; ``contents`` maps a label to what it discloses."""

    uid: UUID
    type: str
    actor: UUID
    contents: dict[str, dict[str, Any]]
    client: UUID | None = None
    recipient: UUID | None = None
    subjects: list[UUID] = field(default_factory=list)
    rows: list[RowChange] = field(default_factory=list)
    # Rows of a big import are committed in chunks beforehand; then only their number and root come here.
    rows_n: int = -1
    rows_root: bytes = b""


class NoLedger(RuntimeError):
    """The installation has no log yet: set the MSP up first."""


def _siblings(index: int, fresh: dict[tuple[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    """The stored left siblings that appending ``index`` needs, in one query."""
    wanted, level, rest = [], 0, index
    while rest & 1:
        if (level, rest - 1) not in fresh:
            wanted.append((level, rest - 1))
        rest >>= 1
        level += 1
    if not wanted:
        return {}
    either = " OR ".join(['("level" = %s AND "index" = %s)'] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "level", "index", "hash" FROM {_NODES} WHERE {either}', list(chain(*wanted)))  # noqa: S608  # names of our own models, no value
        return {(at, position): bytes(value) for at, position, value in cursor.fetchall()}


def append(pending: Sequence[Pending], now: datetime) -> list[int]:
    """Append in order within the caller's transaction; the indexes given.

    Takes the tail lock (a row lock on PostgreSQL; SQLite's IMMEDIATE transaction already is one).
    """
    if not statements.find(LogState, lock=True, id=1):
        raise NoLedger("This installation has no ledger yet; set up the MSP first.")
    # Asked for after the lock, in a statement of its own: what the lock waited for must be seen.
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT MAX("index") FROM {_ENTRIES}')  # noqa: S608  # names of our own models, no value
        last = cursor.fetchone()[0]
    index = 0 if last is None else last + 1
    if (known := newest_size()) > index:  # an old backup: whatever came here would be a fork
        raise LedgerBehind(known, index)
    fresh: dict[tuple[int, int], bytes] = {}
    indexes = []
    for each in pending:
        _append_one(each, index, now, fresh)
        indexes.append(index)
        index += 1
    return indexes


def _append_one(each: Pending, index: int, now: datetime, fresh: dict[tuple[int, int], bytes]) -> None:
    disclosures, commitments = [], {}
    for label, content in each.contents.items():
        salt = os.urandom(32)
        commitments[label] = entry.commit(salt, content)
        disclosures.append(
            Disclosure(entry_uid=each.uid, label=label, salt=salt, content=canonical.dumps(content))
        )
    if each.rows_n >= 0:
        number, root = each.rows_n, each.rows_root
    else:
        number, root = entry.rows_root(
            (row.table, row.row_id.hex, row.version, row.digest) for row in each.rows
        )
    leaf = entry.make_leaf(
        uid=each.uid,
        type=each.type,
        at=now,
        subjects=[subject.hex for subject in each.subjects],
        rows_n=number,
        rows_root=root,
        commitments=commitments,
    )
    digest = merkle.leaf_hash(leaf)
    stored = _siblings(index, fresh)

    def get_node(level: int, position: int) -> bytes:
        return fresh.get((level, position)) or stored[level, position]

    nodes = merkle.new_nodes(index, digest, get_node)
    fresh.update({(level, position): value for level, position, value in nodes})
    row = Entry(
        index=index,
        uid=each.uid,
        type=each.type,
        recorded_at=now,
        client_ref=each.client,
        recipient_ref=each.recipient,
        actor_ref=each.actor,
        leaf=leaf,
        leaf_hash=digest,
    )
    statements.insert([row])
    statements.insert([Node(level=level, index=position, hash=value) for level, position, value in nodes])
    statements.insert(disclosures)
    statements.insert([EntrySubject(entry_index=index, subject_ref=one) for one in dict.fromkeys(each.subjects)])  # fmt: skip
    if each.rows and each.rows_n < 0:
        commit_rows(each.uid, each.rows)


def commit_rows(uid: UUID, rows: Sequence[RowChange], start: int = 0) -> None:
    """Store row commitments of the (coming) entry ``uid``, positions from ``start`` on."""
    statements.insert(
        [
            RowCommitment(
                entry_uid=uid,
                position=start + position,
                table=row.table,
                row_ref=row.row_id,
                version=row.version,
                salt=row.salt,
                digest=row.digest,
            )
            for position, row in enumerate(rows)
        ]
    )
