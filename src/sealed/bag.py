# SPDX-License-Identifier: Apache-2.0
"""Writes a handover bundle: a BagIt 1.0 bag (RFC 8493) in the strict ZIP (docs/formats/bundle.md).

Two steps, because the ledger must know the manifest before the bundle holds the ledger's proof:
``plan_manifest`` gives the payload manifest, whose SHA-256 the caller logs; ``write_bundle`` then
writes everything in one pass and fails loudly if a file is not what was announced.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from . import merkle, note
from .beside import LARGE, digest_beside
from .container import CHUNK, ContainerWriter, Member, Writable
from .names import name_fault, safe_name
from .proof import ConsistencyProof, Disclosed, TlogProof

__all__ = [
    "BagError",
    "BundleFile",
    "BundleResult",
    "ProofSet",
    "atomic_output",
    "plan_manifest",
    "plan_tag_files",
    "safe_name",
    "seal_text",
    "write_bundle",
]

BAGIT_TXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, SEAL = "manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.note"
PROOF = "proof/"
VKEY, CHECKPOINT = PROOF + "log.vkey", PROOF + "checkpoint.note"
ENTRIES, MANIFEST_ENTRY = PROOF + "entries.jsonl", PROOF + "manifest-entry"
EARLIER = PROOF + "earlier-checkpoints/"
SEAL_HEADER = "partwell/bundle-seal@v1"
_OWN_TAGS = {"bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST, SEAL}
_OWN_INFO = ("External-Identifier", "Payload-Oxum")


class BagError(ValueError):
    """The bundle cannot be written as asked; the sentence names the file and the remedy."""


@dataclass(frozen=True)
class BundleFile:
    """A payload file, known beforehand: ``name`` below ``data/``, size in bytes, CRC-32, SHA-256 (hex).

    ``open`` returns a fresh binary stream of the content each time it is called.
    """

    name: str
    size: int
    crc32: int
    sha256: str
    open: Callable[[], BinaryIO] = field(repr=False)

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> BundleFile:
        """A file from memory, for small generated ones."""
        digest = hashlib.sha256(data).hexdigest()
        return cls(name, len(data), zlib.crc32(data), digest, lambda: io.BytesIO(data))

    @classmethod
    def from_path(cls, name: str, path: str | os.PathLike[str]) -> BundleFile:
        """A file from disk, read once here for its digests and once more when written."""
        digest, crc, size = hashlib.sha256(), 0, 0
        with open(path, "rb", buffering=0) as source:
            if os.fstat(source.fileno()).st_size >= LARGE:
                crc, size = digest_beside(source.readinto, digest.update, len)
            while piece := source.read(CHUNK):
                digest.update(piece)
                crc = zlib.crc32(piece, crc)
                size += len(piece)
        return cls(name, size, crc, digest.hexdigest(), lambda: open(path, "rb", buffering=0))


@dataclass(frozen=True)
class ProofSet:
    """What the bundle proves: the log's key, one checkpoint, entries with proofs under it.

    ``manifest_entry`` is the index of the entry whose disclosure holds ``manifest_sha256``.
    ``earlier`` proves that the checkpoint continues ones that the recipient already holds.
    """

    vkey: str
    checkpoint: bytes
    entries: Iterable[Disclosed]
    hashes: Mapping[int, Iterable[bytes]]
    manifest_entry: int
    earlier: Iterable[ConsistencyProof] = ()

    @classmethod
    def from_nodes(
        cls,
        *,
        vkey: str,
        checkpoint: bytes,
        entries: Iterable[Disclosed],
        manifest_entry: int,
        get_node: merkle.GetNode,
        earlier: Iterable[bytes] = (),
    ) -> ProofSet:
        """The same, with all hashes taken from the stored nodes; ``earlier`` are checkpoint notes.

        Earlier checkpoints of no entries or of the same size need no proof and are left out.
        """
        size = note.Checkpoint.parse(note.parse_note(checkpoint).text).size
        listed = list(entries)
        proofs = {}
        for old in earlier:
            before = note.Checkpoint.parse(note.parse_note(old).text).size
            if 0 < before != size:
                hashes = tuple(merkle.consistency_proof(before, size, get_node))
                proofs[before] = ConsistencyProof(before, size, hashes, old)
        return cls(
            vkey,
            checkpoint,
            listed,
            {item.index: merkle.inclusion_proof(item.index, size, get_node) for item in listed},
            manifest_entry,
            list(proofs.values()),
        )

    def tag_files(self, manifest_sha256: str) -> dict[str, bytes]:
        """The files below ``proof/`` in their exact bytes.

        BagError if they would not verify: what is handed over cannot be mended afterwards.
        """
        try:
            head = note.verify_checkpoint(self.checkpoint, [self.vkey])
        except note.NoteError as error:
            raise BagError(f"The checkpoint does not hold under the log's key: {error}") from None
        files = {
            VKEY: self.vkey.encode() + b"\n",
            CHECKPOINT: self.checkpoint,
            MANIFEST_ENTRY: f"{self.manifest_entry}\n".encode(),
        }
        lines, last, logged = [], -1, False
        for item in self.entries:
            if item.index <= last:
                raise BagError(f"Entry {item.index} stands twice or out of order; sort the entries by index.")
            last = item.index
            lines.append(item.encode())
            hashes = tuple(self.hashes[item.index])
            given = TlogProof(item.index, hashes, self.checkpoint, item.leaf)
            try:
                given.verify(item.leaf, head)
            except merkle.MerkleError as error:
                raise BagError(f"Entry {item.index} is not under the checkpoint: {error}") from None
            if broken := item.broken():
                raise BagError(f"Entry {item.index}: {broken[0]!r} is not what was committed to.")
            files[f"{PROOF}{item.index}.tlog-proof"] = given.encode()
            if item.index == self.manifest_entry:
                contents = [content for _, content in item.disclosures.values()]
                logged = any(
                    isinstance(c, dict) and c.get("manifest_sha256") == manifest_sha256 for c in contents
                )
        if f"{PROOF}{self.manifest_entry}.tlog-proof" not in files:
            raise BagError("The entry that logs the manifest is not among the bundle's entries; add it.")
        if not logged:
            raise BagError("The manifest's entry logged another manifest; log plan_manifest's SHA-256 first.")
        files[ENTRIES] = b"".join(lines)
        for proof in self.earlier:
            files[f"{EARLIER}{proof.old}.consistency"] = proof.encode()
        return files


@dataclass(frozen=True)
class BundleResult:
    """What was written: container size, and SHA-256 (hex) of the manifest, tag manifest and container."""

    size: int
    manifest_sha256: str
    tagmanifest_sha256: str
    sha256: str | None


def _manifest(digests: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests)).encode("ascii")


def plan_manifest(files: Iterable[BundleFile]) -> bytes:
    """The exact bytes of manifest-sha256.txt; log their SHA-256 before ``write_bundle``.

    BagError if a name breaks the rules, stands twice, or is also a folder, or a digest is malformed.
    """
    digests: dict[str, str] = {}
    folders: set[str] = set()
    for file in files:
        name = "data/" + file.name
        if fault := name_fault(name):
            raise BagError(f"{name!r}: {fault} Use safe_name().")
        if name in digests:
            raise BagError(f"{name!r} stands twice in the bundle; use safe_name() for different names.")
        if len(file.sha256) != 64 or file.sha256.strip("0123456789abcdef"):
            raise BagError(f"{name!r}: the SHA-256 is not 64 lower-case hex digits.")
        digests[name] = file.sha256
        while name := name.rpartition("/")[0]:
            folders.add(name)
    if clash := folders & digests.keys():
        raise BagError(f"{min(clash)!r} is both a file and a folder; rename one.")
    return _manifest(digests.items())


def _bag_info(name: str, info: Mapping[str, str], size: int, count: int) -> bytes:
    lines = []
    for label, value in info.items():
        if label in _OWN_INFO:
            raise BagError(f"bag-info {label!r} is written by the bundle itself; leave it out.")
        if not label or ":" in label or label != label.strip() or value != value.strip() or not value:
            raise BagError(
                f"bag-info {label!r}: a label has no colon, and neither it nor its value is blank."
            )
        if not (label + value).isprintable():
            raise BagError(f"bag-info {label!r}: no control characters, please.")
        lines.append(f"{label}: {value}\n")
    lines += [f"External-Identifier: {name}\n", f"Payload-Oxum: {size}.{count}\n"]
    return "".join(lines).encode()


def seal_text(name: str, tagmanifest_sha256: str) -> str:
    """The text that the log's key signs over the tag manifest (never a checkpoint: line two is no number)."""
    return f"{SEAL_HEADER}\nbundle {name}\nsha256 {tagmanifest_sha256}\n"


def plan_tag_files(
    files: list[BundleFile],
    *,
    name: str,
    bag_info: Mapping[str, str],
    tag_files: Mapping[str, bytes],
    proofs: ProofSet | None,
    seal: note.Signer | None,
) -> dict[str, bytes]:
    """Every tag file of the bundle, name -> bytes, with manifests and seal; BagError as ``write_bundle``."""
    if (fault := name_fault(name)) or "/" in name or name == "README.txt":
        raise BagError(f"The bundle's name {name!r} cannot be a folder's name. {fault or ''}")
    tags: dict[str, bytes] = dict(tag_files)
    for tag in tags:
        if (
            (fault := name_fault(tag))
            or tag in _OWN_TAGS
            or tag.startswith(("data/", PROOF))
            or tag == "data"
        ):
            raise BagError(f"{tag!r} cannot be a tag file of the caller. {fault or 'The name is taken.'}")
    manifest = plan_manifest(files)
    if proofs is not None:
        if seal is not None and str(seal.vkey) != proofs.vkey:
            raise BagError("The seal's key is not the log's key.")
        tags |= proofs.tag_files(hashlib.sha256(manifest).hexdigest())
    tags["bagit.txt"] = BAGIT_TXT
    tags["bag-info.txt"] = _bag_info(name, bag_info, sum(file.size for file in files), len(files))
    tags[MANIFEST] = manifest
    tags[TAG_MANIFEST] = _manifest((tag, hashlib.sha256(data).hexdigest()) for tag, data in tags.items())
    if seal is not None:
        text = seal_text(name, hashlib.sha256(tags[TAG_MANIFEST]).hexdigest())
        tags[SEAL] = note.sign(text, seal.name, seal.sign, seal.public_key)
    return tags


def write_bundle(
    out: Writable,
    files: Iterable[BundleFile],
    *,
    name: str,
    bag_info: Mapping[str, str],
    tag_files: Mapping[str, bytes],
    proofs: ProofSet | None = None,
    seal: note.Signer | None = None,
    progress: Callable[[int, int], object] | None = None,
    digest_container: bool = False,
) -> BundleResult:
    """Write the bundle to ``out`` in one pass, hashing while writing.

    ``name`` is the folder inside the container. ``progress(bytes done, bytes in all)`` is called
    about once a MiB. Raises BagError or container.ContainerError, and then ``out`` is no bundle: write
    into ``atomic_output``. ``proofs`` and ``seal`` may be None only for tests of the container.
    """
    listed = list(files)
    tags = plan_tag_files(listed, name=name, bag_info=bag_info, tag_files=tag_files, proofs=proofs, seal=seal)
    whole = hashlib.sha256() if digest_container else None
    writer = ContainerWriter(_Tee(out, whole.update) if whole else out)
    work: list[tuple[str, BundleFile | bytes]] = [(tag, data) for tag, data in tags.items()]
    work += [("data/" + file.name, file) for file in listed]
    work.sort(key=lambda item: item[0])
    total = sum(file.size for file in listed) + sum(len(data) for data in tags.values())
    done = reported = 0

    def count(size: int) -> None:
        nonlocal done, reported
        done += size
        if progress and (done - reported >= CHUNK or done == total):
            reported = done
            progress(done, total)

    for path, item in work:
        if isinstance(item, bytes):
            writer.add(Member(f"{name}/{path}", len(item), zlib.crc32(item)), item)
            count(len(item))
            continue
        digest = hashlib.sha256()
        with item.open() as source:
            writer.add(Member(f"{name}/{path}", item.size, item.crc32), source, digest.update, count)
        if digest.hexdigest() != item.sha256:
            raise BagError(f"{path}: the content changed since it was listed; list it anew.")
    size = writer.close()
    return BundleResult(
        size,
        hashlib.sha256(tags[MANIFEST]).hexdigest(),
        hashlib.sha256(tags[TAG_MANIFEST]).hexdigest(),
        whole.hexdigest() if whole else None,
    )


class _Tee:
    def __init__(self, out: Writable, update: Callable[[bytes | memoryview], object]) -> None:
        self._out, self._update = out, update

    def write(self, data: bytes | memoryview, /) -> None:
        self._update(data)
        self._out.write(data)


@contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file that becomes ``path`` only if the block ends well (fsync, rename, fsync of the folder).

    On any error nothing is left; after a kill at most a ``*.part`` that no one takes for whole.
    """
    target = Path(path)
    handle, part = tempfile.mkstemp(prefix=target.name + ".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 16) as out:  # less than a chunk, which is not copied then
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(part).replace(target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
