# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading an encrypted file (format: blobstore.py) at any place; every byte given out is authenticated."""

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from partwell.connectors.errors import BlobDamaged

MAGIC = b"PWBLOB\x00\x01"
CHUNK = 1 << 20
TAG = 16
HEADER_BYTES = len(MAGIC) + 4 + 32 + 7


@dataclass(frozen=True)
class BlobFacts:
    """Of the plaintext: size in bytes, CRC-32 (for ZIP headers), SHA-256 in lower-case hex."""

    blob_id: str
    size: int
    crc32: int
    sha256: str


def chunk_nonce(prefix: bytes, number: int, last: bool) -> bytes:
    """7-byte prefix, chunk number, last-flag: 12 bytes, never twice under one file's key."""
    return prefix + struct.pack(">IB", number, 1 if last else 0)


class BlobReader(io.RawIOBase):
    """A read-only, seekable stream of plaintext; one decrypted chunk is kept.

    Raises :class:`BlobDamaged` where a chunk does not hold. Not for several threads at once.
    """

    def __init__(self, file: io.FileIO, blob_id: str, header: bytes, cipher: AESGCM) -> None:
        super().__init__()
        self._file, self._id, self._header, self._cipher = file, blob_id, header, cipher
        self._prefix = header[-7:]
        body = os.fstat(file.fileno()).st_size - HEADER_BYTES
        self._count, rest = divmod(body, CHUNK + TAG)
        self._last_bytes = CHUNK + TAG if rest == 0 else rest
        self._count += 1 if rest else 0
        # an empty last chunk is right only for an empty file
        if body < TAG or self._last_bytes < TAG or (self._last_bytes == TAG and self._count > 1):
            raise self._damaged("was cut off")
        self._held: tuple[int, bytes] = (-1, b"")
        self.size = (self._count - 1) * CHUNK + self._last_bytes - TAG
        self._position = 0
        self._chunk(self._count - 1)  # the last-flag makes the size authentic

    def _damaged(self, what: str) -> BlobDamaged:
        return BlobDamaged(f"Stored file {self._id} {what}, or its key is another; restore it from a backup.")

    def _chunk(self, number: int) -> bytes:
        if self._held[0] == number:
            return self._held[1]
        last = number == self._count - 1
        wanted = self._last_bytes if last else CHUNK + TAG
        self._file.seek(HEADER_BYTES + number * (CHUNK + TAG))
        parts = []
        while wanted and (part := self._file.read(wanted)):
            parts.append(part)
            wanted -= len(part)
        try:
            sealed = parts[0] if len(parts) == 1 else b"".join(parts)
            plain = self._cipher.decrypt(chunk_nonce(self._prefix, number, last), sealed, self._header)
        except InvalidTag:
            raise self._damaged(f"was altered in its MiB {number + 1} of {self._count}") from None
        self._held = (number, plain)
        return plain

    def chunks(self) -> Iterator[bytes]:
        """The whole plaintext from its start, a MiB at a time."""
        for number in range(self._count):
            yield self._chunk(number)

    def read_range(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` (fewer at the end); only the chunks touched are decrypted."""
        if start < 0 or length < 0:
            raise ValueError("A range starts at 0 or later and has a length of 0 or more.")
        if self.closed:
            raise ValueError("The stored file is closed.")
        end, parts = min(start + length, self.size), []
        while start < end:
            number, offset = divmod(start, CHUNK)
            part = self._chunk(number)[offset : offset + end - start]
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def readinto(self, buffer: Any) -> int:
        """Fill from the current position, whole where two chunks suffice: callers take ``read(10)`` for ten bytes."""
        view = memoryview(buffer).cast("B")
        data = self.read_range(self._position, min(len(view), 2 * CHUNK - self._position % CHUNK))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Like any file's."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("A place before the start of the file.")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The current position in bytes of plaintext."""
        return self._position

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Close the file and forget the decrypted chunk."""
        self._held = (-1, b"")
        self._file.close()
        super().close()
