# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs for people: one entry in the current checkpoint, many entries for a bundle, one checkpoint after another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from partwell.actions.evidence.log import CheckpointFacts, last_checkpoint, nodes_for
from partwell.records.evidence.models import Checkpoint, Entry
from partwell.records.evidence.queries import (
    Line,
    disclosed,
    entry_by_uid,
    labels_of,
    lines_of,
    log_state,
)
from partwell.rules.actor import Actor
from sealed import merkle
from sealed.proof import ConsistencyProof, Disclosed, TlogProof

_NOTHING = b"\x00" * merkle.HASH_SIZE


@dataclass(frozen=True)
class EntryProof:
    """One entry for one reader. ``checkpoint`` and ``proof`` are None while no checkpoint covers it yet.

    ``disclosed``: a line of entries.jsonl with what this reader may see. ``hashes``: neighbours up to the root.
    """

    line: Line
    leaf: bytes
    leaf_hash: bytes
    vkey: str
    disclosed: bytes
    checkpoint: CheckpointFacts | None = None
    proof: bytes | None = None
    hashes: int = 0


def wanted_nodes(indexes: Iterable[int], size: int) -> set[tuple[int, int]]:
    """Which stored nodes the inclusion proofs of these entries in a tree of ``size`` need."""
    wanted: set[tuple[int, int]] = set()

    def ask(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return _NOTHING

    for index in indexes:
        merkle.inclusion_proof(index, size, ask)
    return wanted


def inclusion_hashes(indexes: Sequence[int], size: int) -> dict[int, list[bytes]]:
    """index → audit path in the tree of ``size`` entries, in few queries."""
    nodes = nodes_for(wanted_nodes(indexes, size))
    return {
        index: merkle.inclusion_proof(index, size, lambda level, at: nodes[level, at]) for index in indexes
    }


def entry_view(actor: Actor, uid: UUID) -> EntryProof | None:
    """An entry with its proof in the current checkpoint, as this actor may see it; None for a stranger."""
    row = entry_by_uid(actor, uid)
    state = log_state()
    if row is None or state is None:
        return None
    labels = labels_of(actor)
    line = lines_of([row], labels, names=actor.is_staff)[0]
    shown = disclosed([row.uid], labels)[row.uid]
    text = Disclosed(row.index, bytes(row.leaf), shown, line.sentence).encode()
    known = last_checkpoint()
    if known is None or known.size <= row.index:
        return EntryProof(line, bytes(row.leaf), bytes(row.leaf_hash), state.vkey, text)
    hashes = inclusion_hashes([row.index], known.size)[row.index]
    proof = TlogProof(row.index, tuple(hashes), known.note.encode(), bytes(row.leaf)).encode()
    return EntryProof(
        line, bytes(row.leaf), bytes(row.leaf_hash), state.vkey, text, known, proof, len(hashes)
    )


def entry_proof(index: int) -> bytes | None:
    """The tlog-proof of an entry by its number, for the command line; None if there is none under a checkpoint."""
    known = last_checkpoint()
    row = Entry.objects.filter(index=index).first()
    if known is None or row is None or index >= known.size:
        return None
    hashes = inclusion_hashes([index], known.size)[index]
    return TlogProof(index, tuple(hashes), known.note.encode(), bytes(row.leaf)).encode()


def earlier(sizes: Iterable[int], newest: CheckpointFacts) -> list[ConsistencyProof]:
    """Proofs that ``newest`` continues the stored checkpoints of these sizes, oldest first."""
    rows = list(Checkpoint.objects.filter(size__in=sorted(set(sizes)), size__lt=newest.size).order_by("size"))
    wanted: set[tuple[int, int]] = set()

    def ask(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return _NOTHING

    for row in rows:
        merkle.consistency_proof(row.size, newest.size, ask)
    nodes = nodes_for(wanted)
    out = []
    for row in rows:
        hashes = merkle.consistency_proof(row.size, newest.size, lambda level, at: nodes[level, at])
        out.append(ConsistencyProof(row.size, newest.size, tuple(hashes), row.note.encode()))
    return out
