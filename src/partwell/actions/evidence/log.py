# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log's identity and its checkpoints.

Checkpoints are made in a transaction of their own, of committed entries only, and stored before anyone
sees them: one signed inside a transaction that rolls back would publish a fork (PROOF.md, "Ledger").
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from partwell.actions.evidence.log_tail import LedgerBehind, newest_size
from partwell.actions.keys import INSTALLATION, key_store
from partwell.connectors.envelope import aad
from partwell.records.evidence.models import Checkpoint, Entry, LogState, Node
from partwell.records.guard import permit
from sealed import merkle, note

_PLACE = aad(INSTALLATION, "evidence.LogState", 1, "key", 1)


def open_log(origin: str | None = None) -> LogState:
    """Open this installation's log once: an opaque origin, an Ed25519 key sealed under a key of its own.

    The sealed key starts with the key store's id of its key-encryption key (fixed-width text and a colon).
    """
    if state := LogState.objects.filter(pk=1).first():
        return state
    name = origin or f"partwell-log-{secrets.token_hex(8)}"
    private = Ed25519PrivateKey.generate()
    raw = private.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    store = key_store()
    kek = store.begin()
    with permit("deed"), transaction.atomic():
        state = LogState.objects.create(
            pk=1,
            origin=name,
            vkey=note.format_vkey(name, public),
            opened_at=timezone.now(),
            sealed_key=kek.encode() + b":" + store.wrap(kek, raw, _PLACE),
        )
    store.keep(kek)
    return state


def signer(state: LogState) -> note.Signer:
    """The log's signer; connectors' KeyMissing when PARTWELL_KEYS lost the key."""
    kek, _, wrapped = bytes(state.sealed_key).partition(b":")
    private = Ed25519PrivateKey.from_private_bytes(key_store().unwrap(kek.decode(), wrapped, _PLACE))
    return note.Signer(state.origin, private.public_key().public_bytes_raw(), private.sign)


def node_getter(prefetch: dict[tuple[int, int], bytes] | None = None) -> merkle.GetNode:
    """Reads stored subtree hashes; remembers what it read for the life of the getter."""
    known: dict[tuple[int, int], bytes] = prefetch if prefetch is not None else {}

    def get(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = bytes(
                Node.objects.values_list("hash", flat=True).get(level=level, index=index)
            )
        return known[level, index]

    return get


def nodes_for(wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Many nodes in few queries."""
    out: dict[tuple[int, int], bytes] = {}
    pairs = sorted(wanted)
    for start in range(0, len(pairs), 200):
        query = Q()
        for level, index in pairs[start : start + 200]:
            query |= Q(level=level, index=index)
        out.update(
            {
                (level, index): bytes(value)
                for level, index, value in Node.objects.filter(query).values_list("level", "index", "hash")
            }
        )
    return out


@dataclass(frozen=True)
class CheckpointFacts:
    """A stored checkpoint: number of entries, root, the signed note as text, when."""

    size: int
    root: bytes
    note: str
    made_at: datetime


def _facts(row: Checkpoint) -> CheckpointFacts:
    return CheckpointFacts(row.size, bytes(row.root), row.note, row.made_at)


def last_checkpoint() -> CheckpointFacts | None:
    """The last committed checkpoint, as mails and pages carry it."""
    row = Checkpoint.objects.order_by("-size").first()
    return _facts(row) if row else None


def make_checkpoint() -> CheckpointFacts | None:
    """Sign a checkpoint over all committed entries, unless the last one already covers them.

    Call it outside any transaction; None while the log is empty. LedgerBehind below the newest known checkpoint.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A checkpoint is made in a transaction of its own, of committed entries only.")
    state = LogState.objects.filter(pk=1).first()
    last = Entry.objects.aggregate(last=Max("index"))["last"]
    if state is None or last is None:
        return None
    size = last + 1
    if (known := newest_size()) > size:
        raise LedgerBehind(known, size)
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is not None and newest.size >= size:
        return _facts(newest)
    root = merkle.root(size, node_getter())
    text = note.sign_checkpoint(note.Checkpoint(state.origin, size, root), signer(state)).decode()
    with permit("deed"), transaction.atomic(durable=True):
        row, _ = Checkpoint.objects.get_or_create(
            size=size, defaults={"root": root, "note": text, "made_at": timezone.now()}
        )
    return _facts(row)
