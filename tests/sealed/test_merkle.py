# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealed import merkle, subtree
from tests.sealed.fakelog import VECTORS

TESTDATA = VECTORS / "merkle" / "testdata"
pytestmark = pytest.mark.filterwarnings("error")


def files(kind: str) -> list[Path]:
    return sorted((TESTDATA / kind).rglob("*.json"))


def decode(text: str | None) -> bytes:
    return base64.b64decode(text or "")


needs_vectors = pytest.mark.skipif(
    not TESTDATA.is_dir(), reason="the public vectors are not here (PARTWELL_INPUTS)"
)


@needs_vectors
def test_inclusion_vectors() -> None:
    found = files("inclusion")
    assert len(found) > 80
    for path in found:
        case = json.loads(path.read_text())
        proof = [decode(p) for p in case["proof"] or []]
        values = (case["leafIdx"], case["treeSize"], decode(case["leafHash"]), proof, decode(case["root"]))
        if case["wantErr"]:
            with pytest.raises(merkle.MerkleError):
                merkle.verify_inclusion(*values)
        else:
            assert merkle.verify_inclusion(*values), path


@needs_vectors
def test_consistency_vectors() -> None:
    found = files("consistency")
    assert len(found) > 80
    for path in found:
        case = json.loads(path.read_text())
        proof = [decode(p) for p in case["proof"] or []]
        values = (case["size1"], case["size2"], proof, decode(case["root1"]), decode(case["root2"]))
        if case["wantErr"]:
            with pytest.raises(merkle.MerkleError):
                merkle.verify_consistency(*values)
        else:
            assert merkle.verify_consistency(*values), path


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def build(leaves: list[bytes]) -> dict[tuple[int, int], bytes]:
    nodes: dict[tuple[int, int], bytes] = {}
    tree = merkle.CompactRange()
    for index, leaf in enumerate(leaves):
        fresh = merkle.new_nodes(index, merkle.leaf_hash(leaf), lambda lev, i: nodes[lev, i])
        assert fresh == tree.append(merkle.leaf_hash(leaf))
        for level, place, value in fresh:
            assert (level, place) not in nodes
            nodes[level, place] = value
        assert merkle.CompactRange.parse(tree.serialise()).root() == tree.root()
    return nodes


@given(st.lists(st.binary(max_size=3), max_size=40))
@settings(max_examples=60)
def test_roots_agree_with_the_definition(leaves: list[bytes]) -> None:
    nodes = build(leaves)
    for size in range(len(leaves) + 1):
        expected = naive(leaves[:size])
        assert merkle.root(size, lambda lev, i: nodes[lev, i]) == expected
        assert merkle.root_of(leaves[:size]) == expected


@given(st.integers(1, 70), st.data())
def test_proofs_hold_and_nothing_near_them_does(size: int, data: st.DataObject) -> None:
    leaves = [bytes([i]) for i in range(size)]
    nodes = build(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, old_root = naive(leaves), naive(leaves[:old])
    proof = merkle.inclusion_proof(index, size, lambda lev, i: nodes[lev, i])
    leaf = merkle.leaf_hash(leaves[index])
    assert merkle.verify_inclusion(index, size, leaf, proof, root)
    path = merkle.consistency_proof(old, size, lambda lev, i: nodes[lev, i])
    assert merkle.verify_consistency(old, size, path, old_root, root)
    # (a proof of another size can have the same shape, but then index and root still decide)
    for wrong in (
        lambda: merkle.verify_inclusion((index + 1) % (size + 1), size, leaf, proof, root),
        lambda: merkle.verify_inclusion(index, size, leaf, [*proof, root], root),
        lambda: merkle.verify_inclusion(index, size, leaf, [root, *proof], root),
        lambda: merkle.verify_inclusion(index, size, merkle.leaf_hash(b"other"), proof, root),
        lambda: merkle.verify_consistency(old, size, [*path, root], old_root, root),
        lambda: merkle.verify_consistency(old, size, path, leaf if old > 1 else root + b"x", root),
        lambda: merkle.verify_consistency(0, size, [], merkle.EMPTY_ROOT, root),
        lambda: merkle.verify_consistency(size + 1, size, path, old_root, root),
    ):
        with pytest.raises(merkle.MerkleError):
            wrong()


def test_what_cannot_exist_is_refused() -> None:
    for call in (
        lambda: merkle.inclusion_proof(3, 3, lambda lev, i: b""),
        lambda: merkle.inclusion_proof(-1, 3, lambda lev, i: b""),
        lambda: merkle.consistency_proof(0, 3, lambda lev, i: b""),
        lambda: merkle.root(-1, lambda lev, i: b""),
        lambda: merkle.CompactRange(3, [b"\0" * 32]),
        lambda: merkle.CompactRange(1, [b"\0" * 31]),
        lambda: merkle.CompactRange.parse(b"\0" * 9),
        lambda: merkle.CompactRange().append(b"short"),
    ):
        with pytest.raises(merkle.MerkleError):
            call()


@needs_vectors
def test_subtree_vectors() -> None:
    for kind, call in (("subtreeinclusion", subtree_inclusion), ("subtreeconsistency", subtree_consistency)):
        found = files(kind)
        assert len(found) > 80
        for path in found:
            case = json.loads(path.read_text())
            if case["wantErr"]:
                with pytest.raises(merkle.MerkleError):
                    call(case)
            else:
                assert call(case), path


def subtree_inclusion(case: dict[str, Any]) -> bool:
    proof = [decode(p) for p in case["proof"] or []]
    return subtree.verify_subtree_inclusion(
        case["leafIdx"], case["start"], case["end"], decode(case["leafHash"]), proof, decode(case["root"])
    )


def subtree_consistency(case: dict[str, Any]) -> bool:
    proof = [decode(p) for p in case["proof"] or []]
    return subtree.verify_subtree_consistency(
        case["start"], case["end"], case["size"], proof, decode(case["root1"]), decode(case["root2"])
    )
