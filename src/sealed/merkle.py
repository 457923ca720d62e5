# SPDX-License-Identifier: Apache-2.0
"""RFC 6962 Merkle tree: hashes, proofs and their strict verification; storage is passed in.

A node is addressed by (level, index): level 0 are the leaf hashes, node (l, i) covers leaves
i*2**l up to (i+1)*2**l. Only *complete* subtrees are ever stored, so a stored node never changes.
``GetNode`` is asked for complete subtrees only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1
EMPTY_ROOT = hashlib.sha256(b"").digest()

GetNode = Callable[[int, int], bytes]
Node = tuple[int, int, bytes]


class MerkleError(ValueError):
    """A proof does not hold, or what was asked for cannot exist."""


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The right edge of a growing tree: append leaves and know the root, in O(log n) memory."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if not 0 <= size <= MAX_SIZE or len(hashes) != size.bit_count():
            raise MerkleError("The number of hashes does not fit the size of the tree.")
        if any(len(value) != HASH_SIZE for value in hashes):
            raise MerkleError("A hash has not 32 bytes.")
        self.size = size
        self._hashes = list(hashes)

    def append(self, leaf_digest: bytes) -> list[Node]:
        """Append one leaf hash; return the nodes that it completes, as ``new_nodes`` does."""
        if len(leaf_digest) != HASH_SIZE:
            raise MerkleError("A hash has not 32 bytes.")
        index, level, value = self.size, 0, leaf_digest
        nodes = [(0, index, value)]
        while index & 1:
            value = node_hash(self._hashes.pop(), value)
            index >>= 1
            level += 1
            nodes.append((level, index, value))
        self._hashes.append(value)
        self.size += 1
        return nodes

    def root(self) -> bytes:
        """The RFC 6962 root of all leaves so far."""
        return _fold(self._hashes)

    def serialise(self) -> bytes:
        """Eight bytes of size, big-endian, then the hashes from the largest subtree to the smallest."""
        return self.size.to_bytes(8, "big") + b"".join(self._hashes)

    @classmethod
    def parse(cls, data: bytes) -> CompactRange:
        """The reverse of ``serialise``; strict about the length."""
        body = data[8:]
        if len(data) < 8 or len(body) % HASH_SIZE:
            raise MerkleError("These are not the bytes of a compact range.")
        return cls(
            int.from_bytes(data[:8], "big"),
            [body[i : i + HASH_SIZE] for i in range(0, len(body), HASH_SIZE)],
        )


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    value = peaks[-1]
    for peak in reversed(peaks[:-1]):
        value = node_hash(peak, value)
    return value


def _range_root(start: int, end: int, get_node: GetNode) -> bytes:
    """Root of leaves [start, end), where start is a multiple of a power of two >= end - start."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(get_node(level, start >> level))
        start += 1 << level
    return _fold(peaks)


def new_nodes(index: int, leaf_digest: bytes, get_node: GetNode) -> list[Node]:
    """The complete-subtree nodes (level, index, hash) that appending leaf ``index`` completes.

    The leaf itself comes first. ``get_node`` is asked for stored left siblings only.
    """
    level, value = 0, leaf_digest
    nodes = [(0, index, value)]
    while index & 1:
        value = node_hash(get_node(level, index - 1), value)
        index >>= 1
        level += 1
        nodes.append((level, index, value))
    return nodes


def root(size: int, get_node: GetNode) -> bytes:
    """The root of the tree of the first ``size`` leaves (of no leaves: SHA-256 of nothing)."""
    if not 0 <= size <= MAX_SIZE:
        raise MerkleError("The size of a tree cannot be negative or that large.")
    return _range_root(0, size, get_node)


def inclusion_proof(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """RFC 6962 2.1.1: the audit path of leaf ``index`` in the tree of ``size`` leaves, leaf's sibling first."""
    if not 0 <= index < size <= MAX_SIZE:
        raise MerkleError(f"A tree of {size} entries has no entry {index}.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < split:
            path.append(_range_root(split, end, get_node))
            end = split
        else:
            path.append(_range_root(start, split, get_node))
            start = split
    path.reverse()
    return path


def consistency_proof(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """RFC 6962 2.1.2: the proof that the tree of ``old`` leaves is a beginning of that of ``new``.

    ``old`` must be at least 1: nothing is proved about an empty tree.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise MerkleError(f"There is no consistency proof from size {old} to size {new}.")
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        split = start + (1 << ((end - start - 1).bit_length() - 1))
        if old <= split:
            path.append(_range_root(split, end, get_node))
            end = split
        else:
            path.append(_range_root(start, split, get_node))
            start = split
            whole = False
    if not whole:
        path.append(_range_root(start, end, get_node))
    path.reverse()
    return path


def _check(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise MerkleError("A hash of the proof has not 32 bytes.")


def verify_inclusion(
    index: int, size: int, leaf_digest: bytes, proof: Sequence[bytes], root_hash: bytes
) -> bool:
    """RFC 9162 2.1.3.2: True if the proof holds; raises MerkleError if it does not (never False)."""
    _check((leaf_digest, root_hash, *proof))
    if not 0 <= index < size <= MAX_SIZE:
        raise MerkleError(f"A tree of {size} entries has no entry {index}.")
    node, last, value = index, size - 1, leaf_digest
    for sibling in proof:
        if last == 0:
            raise MerkleError("The inclusion proof is longer than the tree is high.")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise MerkleError("The inclusion proof is too short.")
    if value != root_hash:
        raise MerkleError("The inclusion proof leads to another root.")
    return True


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 2.1.4.2: True if the newer tree continues the older; raises MerkleError if not.

    An older size of 0 is refused: it would prove nothing.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise MerkleError(f"There is no consistency proof from size {old} to size {new}.")
    if old == new:
        if proof:
            raise MerkleError("Between trees of the same size the proof must be empty.")
        if old_root != new_root:
            raise MerkleError("Two trees of the same size have different roots.")
        return True
    _check((old_root, new_root, *proof))
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise MerkleError("The consistency proof is empty.")
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise MerkleError("The consistency proof is longer than the tree is high.")
        if node & 1 or node == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise MerkleError("The consistency proof is too short.")
    if first != old_root:
        raise MerkleError("The consistency proof does not lead to the older root.")
    if second != new_root:
        raise MerkleError("The consistency proof does not lead to the newer root.")
    return True


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the given leaf bytes in their order; SHA-256 of nothing when there are none."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
    return tree.root()
