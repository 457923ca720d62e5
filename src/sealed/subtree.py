# SPDX-License-Identifier: Apache-2.0
"""Proofs about a part [start, end) of a tree, as draft-ietf-plants-merkle-tree-certs defines them.

Not used by bundles yet: mirrors and cosigners of published tiles will ask for them, and the public
vectors hold them beside the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from .merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE, MerkleError, node_hash, verify_inclusion


def check_subtree(start: int, end: int) -> None:
    """MerkleError unless [start, end) is a valid, non-empty subtree: start is a multiple of the
    smallest power of two that is not below its width."""
    if not 0 <= start < end <= MAX_SIZE or start % (1 << (end - start - 1).bit_length()):
        raise MerkleError(f"Entries {start} to {end} are not a subtree.")


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf_digest: bytes, proof: Sequence[bytes], root_hash: bytes
) -> bool:
    """True if the leaf is entry ``index`` of subtree [start, end) with this root; else MerkleError."""
    check_subtree(start, end)
    if not start <= index < end:
        raise MerkleError(f"Entry {index} does not lie in the subtree.")
    return verify_inclusion(index - start, end - start, leaf_digest, proof, root_hash)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], subtree_root: bytes, root_hash: bytes
) -> bool:
    """True if subtree [start, end) with this root belongs to the tree of ``size`` entries; else MerkleError.

    The empty subtree belongs to every tree that reaches it, whatever that tree's root.
    """
    if 0 <= start == end <= size:
        if proof or subtree_root != EMPTY_ROOT:
            raise MerkleError("The subtree is empty, but its root is not, or the proof is not.")
        return True
    check_subtree(start, end)
    if not end <= size <= MAX_SIZE:
        raise MerkleError("The subtree reaches beyond the tree.")
    if (start, end) == (0, size):
        if proof or subtree_root != root_hash:
            raise MerkleError("The subtree is the whole tree, but roots differ or the proof is not empty.")
        return True
    if any(len(value) != HASH_SIZE for value in (subtree_root, root_hash, *proof)):
        raise MerkleError("A hash of the proof has not 32 bytes.")
    first, last, top = start, end - 1, size - 1
    while first != last and (last == top or last & 1):
        first, last, top = first >> 1, last >> 1, top >> 1
    path = list(proof)
    if first != last:
        if not path:
            raise MerkleError("The consistency proof is empty.")
        part = whole = path.pop(0)
    else:
        part = whole = subtree_root
    for sibling in path:
        if top == 0:
            raise MerkleError("The consistency proof is longer than the tree is high.")
        if last & 1 or last == top:
            if first < last:
                part = node_hash(sibling, part)
            whole = node_hash(sibling, whole)
            while not last & 1:
                first, last, top = first >> 1, last >> 1, top >> 1
        else:
            whole = node_hash(whole, sibling)
        first, last, top = first >> 1, last >> 1, top >> 1
    if top:
        raise MerkleError("The consistency proof is too short.")
    if part != subtree_root:
        raise MerkleError("The consistency proof does not lead to the subtree's root.")
    if whole != root_hash:
        raise MerkleError("The consistency proof does not lead to the tree's root.")
    return True
