# SPDX-License-Identifier: Apache-2.0
"""A small log in memory and a whole bundle made from it, for the tests of ``sealed``."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealed import bag, entry, merkle, note, proof

INPUTS = Path(os.environ.get("PARTWELL_INPUTS", Path(__file__).parents[3] / "shared" / "inputs"))
VECTORS = INPUTS / "vectors"
START = datetime(2026, 11, 23, 9, 0, 0, 123456, UTC)


def make_signer(name: str = "log.example/0f3c9a", seed: int = 7) -> note.Signer:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return note.Signer(name, private.public_key().public_bytes_raw(), private.sign)


class FakeLog:
    def __init__(self, signer: note.Signer | None = None) -> None:
        self.signer = signer or make_signer()
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.entries: list[proof.Disclosed] = []

    def get(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def append(self, kind: str, content: Mapping[str, Any], sentence: str | None = None) -> int:
        index = len(self.entries)
        salt = hashlib.sha256(f"salt {index}".encode()).digest()
        leaf = entry.make_leaf(
            uid=hashlib.sha256(f"uid {index}".encode()).hexdigest()[:32],
            type=kind,
            at=START + timedelta(minutes=index),
            subjects=[hashlib.sha256(b"client").hexdigest()[:32]],
            commitments={"public": entry.commit(salt, content)},
        )
        for level, place, value in merkle.new_nodes(index, merkle.leaf_hash(leaf), self.get):
            self.nodes[level, place] = value
        self.entries.append(proof.Disclosed(index, leaf, {"public": (salt, dict(content))}, sentence))
        return index

    def checkpoint(self, size: int | None = None) -> bytes:
        size = len(self.entries) if size is None else size
        head = note.Checkpoint(self.signer.name, size, merkle.root(size, self.get))
        return note.sign_checkpoint(head, self.signer)

    def consistency(self, old: int, new: int | None = None) -> proof.ConsistencyProof:
        new = len(self.entries) if new is None else new
        hashes = tuple(merkle.consistency_proof(old, new, self.get))
        return proof.ConsistencyProof(old, new, hashes, self.checkpoint(old))

    def proofs(self, indexes: list[int], manifest_entry: int, earlier: tuple[int, ...] = ()) -> bag.ProofSet:
        return bag.ProofSet.from_nodes(
            vkey=str(self.signer.vkey),
            checkpoint=self.checkpoint(),
            entries=[self.entries[i] for i in indexes],
            manifest_entry=manifest_entry,
            get_node=self.get,
            earlier=[self.checkpoint(old) for old in earlier],
        )


FILES = {
    "inventory/inventory.csv": b"name,serial\nfirewall,FG-100F-7781\nswitch,J9776A-22\n",
    "documents/network.txt": b"WAN 203.0.113.7, VLAN 10 office, VLAN 20 voice\n",
    "documents/empty.txt": b"",
}
TAGS = {
    "README.txt": b"How to check this bundle: python -m sealed verify handover.zip\n",
    "index.html": b"<!doctype html><title>Handover</title><p>Everything is in data/.\n",
}
NAME = "handover-2026-11-23"


def make_log(files: list[bag.BundleFile], signer: note.Signer | None = None) -> FakeLog:
    log = FakeLog(signer)
    log.append("notice.received", {"reason": "switch", "channel": "mail"})
    log.append(
        "release.sent", {"to": "new provider", "set": "network"}, "The network set went to the new provider."
    )
    log.append("other.client", {"x": 1})
    manifest = hashlib.sha256(bag.plan_manifest(files)).hexdigest()
    log.append("bundle.planned", {"manifest_sha256": manifest, "files": len(files)}, "The bundle was listed.")
    log.append("other.client", {"x": 2})
    return log


def make_files(contents: Mapping[str, bytes] = FILES) -> list[bag.BundleFile]:
    return [bag.BundleFile.from_bytes(name, data) for name, data in contents.items()]


def make_bundle(
    contents: Mapping[str, bytes] = FILES,
    log: FakeLog | None = None,
    signer: note.Signer | None = None,
    indexes: tuple[int, ...] = (0, 1, 3),
    earlier: tuple[int, ...] = (2,),
    tags: Mapping[str, bytes] = TAGS,
) -> bytes:
    files = make_files(contents)
    log = log or make_log(files, signer)
    out = io.BytesIO()
    bag.write_bundle(
        out,
        files,
        name=NAME,
        bag_info={"Source-Organization": "Example MSP", "Bagging-Date": "2026-11-23"},
        tag_files=tags,
        proofs=log.proofs(list(indexes), 3, earlier),
        seal=signer or log.signer,
    )
    return out.getvalue()
