# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files to be bundled, a small log that proves the bundle, and the floors: hashlib with zipfile, and bagit with zip."""

import hashlib
import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealed import bag, entry, merkle, note, proof

CHUNK = 1 << 20
NAME = "handover-2026-11-23"
TAGS = {
    "README.txt": b"How to check this bundle: python -m sealed verify handover.zip\n",
    "index.html": b"<!doctype html>\n",
}


def make_small(place: Path, count: int) -> list[tuple[str, Path]]:
    """``count`` files of 200 to 4,000 random bytes in folders of 500: (name in the bundle, path), sorted."""
    chosen = random.Random(7)
    found = []
    for number in range(count):
        name = f"documents/{number // 500:03}/file-{number:06}.bin"
        path = place / name
        if number % 500 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(chosen.randbytes(chosen.randint(200, 4000)))
        found.append((name, path))
    return found


def make_large(place: Path, size: int) -> list[tuple[str, Path]]:
    """One file of ``size`` bytes that no compression or hole makes smaller."""
    path = place / "images" / "server.img"
    path.parent.mkdir()
    block = bytearray(os.urandom(8 << 20))
    with path.open("wb") as out:
        for number, start in enumerate(range(0, size, len(block))):
            block[:8] = number.to_bytes(8, "big")
            out.write(memoryview(block)[: min(len(block), size - start)])
    return [("images/server.img", path)]


# the floor ------------------------------------------------------------------


def hash_and_zip(files: list[tuple[str, Path]], target: Path) -> None:
    """One pass over the files: SHA-256 by hashlib, stored ZIP64 by zipfile; fsync at the end, as ours has it."""
    with target.open("wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, path in files:
                digest = hashlib.sha256()
                info = zipfile.ZipInfo(f"{NAME}/data/{name}")
                with path.open("rb", buffering=0) as source:
                    info.file_size = os.fstat(source.fileno()).st_size
                    with archive.open(info, "w") as member:
                        while piece := source.read(CHUNK):
                            digest.update(piece)
                            member.write(piece)
                digest.hexdigest()
        out.flush()
        os.fsync(out.fileno())


def bagit_and_zip(files: list[tuple[str, Path]], folder: Path, target: Path) -> Iterator[None]:
    """A generator of two steps, so that the copying before is not measured: set up, then ``bagit`` and ``zip -0``."""
    import bagit

    for name, path in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(path, folder / name)
    yield
    bagit.make_bag(str(folder), checksums=["sha256"])
    subprocess.run(["zip", "-0", "-q", "-r", str(target), folder.name], cwd=folder.parent, check=True)
    with target.open("rb") as written:
        os.fsync(written.fileno())
    yield
    shutil.rmtree(folder)


# ours -----------------------------------------------------------------------


def listed(files: list[tuple[str, Path]]) -> list[bag.BundleFile]:
    """Sizes and digests, by reading each file once."""
    return [bag.BundleFile.from_path(name, path) for name, path in files]


def write(files: list[bag.BundleFile], target: Path) -> None:
    """A whole bundle: log the manifest, prove, write, seal, fsync, rename."""
    signer, proofs = _log(files)
    info = {"Source-Organization": "Example MSP", "Bagging-Date": "2026-11-23"}
    with bag.atomic_output(target) as out:
        bag.write_bundle(out, files, name=NAME, bag_info=info, tag_files=TAGS, proofs=proofs, seal=signer)


def _log(files: list[bag.BundleFile]) -> tuple[note.Signer, bag.ProofSet]:
    """A log of three entries, of which the second logs the manifest."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    signer = note.Signer("log.example/0f3c9a", private.public_key().public_bytes_raw(), private.sign)
    manifest = hashlib.sha256(bag.plan_manifest(files)).hexdigest()
    nodes: dict[tuple[int, int], bytes] = {}
    entries = []
    contents: list[dict[str, Any]] = [{"reason": "switch"}, {"manifest_sha256": manifest}, {"x": 2}]
    for index, content in enumerate(contents):
        salt = hashlib.sha256(f"salt {index}".encode()).digest()
        leaf = entry.make_leaf(
            uid=hashlib.sha256(f"uid {index}".encode()).hexdigest()[:32], type=("notice.received", "bundle.planned", "other.client")[index],
            at=datetime(2026, 11, 23, 9, 0, 0, 0, UTC) + timedelta(minutes=index), subjects=[],
            commitments={"public": entry.commit(salt, content)},
        )  # fmt: skip
        for level, place, value in merkle.new_nodes(index, merkle.leaf_hash(leaf), lambda a, b: nodes[a, b]):
            nodes[level, place] = value
        entries.append(proof.Disclosed(index, leaf, {"public": (salt, dict(content))}, None))
    head = note.Checkpoint(signer.name, 3, merkle.root(3, lambda a, b: nodes[a, b]))
    proofs = bag.ProofSet.from_nodes(
        vkey=str(signer.vkey), checkpoint=note.sign_checkpoint(head, signer), entries=entries[:2], manifest_entry=1,
        get_node=lambda a, b: nodes[a, b],
    )  # fmt: skip
    return signer, proofs
