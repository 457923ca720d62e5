# SPDX-License-Identifier: AGPL-3.0-or-later
"""Encrypted files in 1 MiB chunks: streamed in, read at any place, no bit of them changeable.

Stored file, version 1 (mode 0600, at ``<first two of id>/<id>``)::

    header = "PWBLOB" 0x00 0x01 | chunk size (4 bytes, big-endian) | salt (32, random) | prefix (7, random)
    chunk  = AES-256-GCM ciphertext of up to 1 MiB | tag (16);   one after the other, at least one
    key    = HKDF-SHA256(data key, salt, "partwell-blob-1" | blob id | SHA-256(aad))
    nonce  = prefix | chunk number (4 bytes, big-endian) | 0x01 for the last chunk, else 0x00
    associated data of each chunk = header

This is the STREAM construction: a chunk dropped, repeated, reordered or cut off at a chunk's edge changes
a number or the last-flag and fails. The last chunk is checked on opening, so that the size is authentic
before anything is read. The blob id and ``aad`` are in the key: one file cannot be put in another's place.

Measured in tests/connectors/bench_blobs.py.
"""

import hashlib
import io
import os
import re
import secrets
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from partwell.connectors.blobreader import CHUNK, HEADER_BYTES, MAGIC, BlobFacts, BlobReader, chunk_nonce
from partwell.connectors.disk import fsync_folder, make_folder
from partwell.connectors.errors import AssociatedDataMisused, BlobDamaged, BlobMissing, BlobNotWritten

_ID = re.compile(r"[0-9a-f]{32}\Z")
ORPHAN_SECONDS = 24 * 3600
_R = TypeVar("_R")


class BlobStore(Protocol):
    """What a store of encrypted files can do."""

    def write(self, stream: BinaryIO, data_key: bytes, aad: bytes) -> BlobFacts:
        """Store all of the stream; facts are of the plaintext, found in the same pass."""

    def open(self, blob_id: str, data_key: bytes, aad: bytes) -> BlobReader:
        """A seekable reader of the plaintext."""

    def delete(self, blob_id: str) -> bool:
        """Remove; True if it was there."""

    def exists(self, blob_id: str) -> bool:
        """Whether it is stored."""

    def stored_size(self, blob_id: str) -> int | None:
        """Bytes of ciphertext in the store; None if it is not there."""

    def verify(self, blob_id: str, data_key: bytes, aad: bytes) -> BlobFacts:
        """Read everything again and give the facts found; BlobDamaged if any bit differs."""


def _file_key(data_key: bytes, aad: bytes, blob_id: str, salt: bytes) -> AESGCM:
    if len(data_key) != 32 or not aad:
        raise AssociatedDataMisused(
            "A file is sealed with a 32-byte data key and associated data that name its place."
        )
    info = b"partwell-blob-1" + blob_id.encode() + hashlib.sha256(aad).digest()
    return AESGCM(HKDF(SHA256(), 32, salt, info).derive(data_key))


def _pieces(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Full chunks and whether each is the last; streams may give less than asked for."""

    def fill() -> bytes:
        parts, missing = [], CHUNK
        while missing and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    current = fill()
    while True:
        following = fill() if len(current) == CHUNK else b""
        yield current, not following
        if not following:
            return
        current = following


class LocalBlobStore:
    """Encrypted files below a local folder; half-written ones live in ``root/tmp`` only."""

    def __init__(self, root: Path) -> None:
        self._root = Path(root)
        self._tmp = self._root / "tmp"
        make_folder(self._tmp)
        self.clean_orphans()

    def __repr__(self) -> str:
        return f"LocalBlobStore({str(self._root)!r})"

    def write(self, stream: BinaryIO, data_key: bytes, aad: bytes) -> BlobFacts:
        """Encrypt the stream to disk and return id, size (bytes), CRC-32 and SHA-256 of the plaintext.

        One pass. The file appears by rename after fsync; on any error nothing is left. Errors of the
        stream itself pass through; the disk's become :class:`BlobNotWritten`.
        """
        blob_id = secrets.token_hex(16)
        header = MAGIC + struct.pack(">I", CHUNK) + os.urandom(32) + os.urandom(7)
        cipher = _file_key(data_key, aad, blob_id, header[12:44])
        prefix = header[44:]
        size, crc, digest = 0, 0, hashlib.sha256()
        temporary = self._tmp / f"{blob_id}.part"
        try:
            handle = _not_written(os.open, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb", buffering=0) as out:
                _write_all(out, header)
                for number, (piece, last) in enumerate(_pieces(stream)):
                    if number > 0xFFFFFFFF:
                        raise BlobNotWritten("The file is larger than 4 PiB; split it.")
                    size += len(piece)
                    crc = zlib.crc32(piece, crc)
                    digest.update(piece)
                    _write_all(out, cipher.encrypt(chunk_nonce(prefix, number, last), piece, header))
                _not_written(os.fsync, out.fileno())
            target = self._file(blob_id)
            _not_written(make_folder, target.parent)
            _not_written(os.replace, temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        fsync_folder(target.parent)
        return BlobFacts(blob_id, size, crc, digest.hexdigest())

    def open(self, blob_id: str, data_key: bytes, aad: bytes) -> BlobReader:
        """A seekable, read-only stream of the plaintext, its size already authentic; close it."""
        try:
            file = open(self._file(blob_id), "rb", buffering=0)  # noqa: SIM115  (the reader owns it)
        except FileNotFoundError:
            raise BlobMissing(
                f"Stored file {blob_id} is not in {self._root}; restore it from a backup."
            ) from None
        try:
            header = file.read(HEADER_BYTES)
            if len(header) != HEADER_BYTES or header[:12] != MAGIC + struct.pack(">I", CHUNK):
                raise BlobDamaged(f"Stored file {blob_id} has a damaged header; restore it from a backup.")
            return BlobReader(file, blob_id, header, _file_key(data_key, aad, blob_id, header[12:44]))
        except BaseException:
            file.close()
            raise

    def delete(self, blob_id: str) -> bool:
        """Unlink and fsync the folder; True if it was there. Safe to repeat."""
        file = self._file(blob_id)
        try:
            file.unlink()
        except FileNotFoundError:
            return False
        fsync_folder(file.parent)
        return True

    def exists(self, blob_id: str) -> bool:
        """Whether a file of this id is stored."""
        return self._file(blob_id).is_file()

    def stored_size(self, blob_id: str) -> int | None:
        """Bytes of ciphertext on the disk; None if the file is not there."""
        try:
            return self._file(blob_id).stat().st_size
        except FileNotFoundError:
            return None

    def written_at(self, blob_id: str) -> float | None:
        """When the file was last written (seconds since 1970); None if it is not there."""
        try:
            return self._file(blob_id).stat().st_mtime
        except FileNotFoundError:
            return None

    def verify(self, blob_id: str, data_key: bytes, aad: bytes) -> BlobFacts:
        """Decrypt everything and recompute the facts; the caller compares them with its row."""
        size, crc, digest = 0, 0, hashlib.sha256()
        with self.open(blob_id, data_key, aad) as reader:
            for piece in reader.chunks():
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                digest.update(piece)
        return BlobFacts(blob_id, size, crc, digest.hexdigest())

    def ids(self) -> Iterator[str]:
        """Every stored id, in no order: to find files that no row knows."""
        for folder in self._root.iterdir():
            if folder.is_dir() and len(folder.name) == 2:
                yield from (entry.name for entry in folder.iterdir() if _ID.match(entry.name))

    def ids_below(self, prefix: str) -> list[str]:
        """The stored ids that begin with these two hexadecimal digits, in no order."""
        folder = self._root / prefix
        return [entry.name for entry in folder.iterdir() if _ID.match(entry.name)] if folder.is_dir() else []

    def raw(self, blob_id: str) -> "AbstractContextManager[tuple[BinaryIO, int]] | None":
        """The stored bytes as they are, encrypted, and their number, for a backup; None if the file is gone."""
        try:
            file = self._file(blob_id).open("rb", buffering=0)
        except FileNotFoundError:
            return None
        return _opened(file)

    def clean_orphans(self, older_than: float = ORPHAN_SECONDS) -> int:
        """Remove half-written files untouched for ``older_than`` seconds; how many.

        Called on construction too. The age keeps clear of uploads that another process is writing.
        """
        limit, removed = time.time() - older_than, 0
        for part in self._tmp.glob("*.part"):
            try:
                if part.stat().st_mtime <= limit:
                    part.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    def _file(self, blob_id: str) -> Path:
        # an id comes from outside; it must never be able to name a path
        if not isinstance(blob_id, str) or not _ID.match(blob_id):
            raise BlobMissing("That is not the id of a stored file (32 hexadecimal digits).")
        return self._root / blob_id[:2] / blob_id


@contextmanager
def _opened(file: Any) -> "Iterator[tuple[BinaryIO, int]]":
    with file:
        yield file, os.fstat(file.fileno()).st_size


def _not_written(step: Callable[..., _R], *args: Any) -> _R:
    """Do a step on the disk; its failure becomes a sentence (a reading error of the stream does not)."""
    try:
        return step(*args)
    except OSError as error:
        raise BlobNotWritten(
            f"The file could not be stored ({error.strerror}); check free space and owner."
        ) from None


def _write_all(out: io.RawIOBase | io.FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[_not_written(out.write, view) or 0 :]
