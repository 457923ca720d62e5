# SPDX-License-Identifier: Apache-2.0
"""The strict ZIP: for a list of (name, size, CRC-32) there is exactly one container (docs/formats/bundle.md).

STORED only, dated 1980-01-01 00:00:00, fixed versions, flags and attributes, no comments, no data
descriptors, ZIP64 exactly when a field overflows, sorted and contiguous members, nothing around.
So a verifier can write every byte of it again and compare.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from .beside import LARGE, digest_beside

MAX32 = 0xFFFFFFFF
MAX16 = 0xFFFF
CHUNK = 1 << 20
MAX_NAME = 300

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")

LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_DATE = 0x0021  # 1980-01-01
_MADE_BY = 3 << 8 | 45  # Unix, so that the attributes below count
_ATTRIBUTES = 0o100644 << 16


class ContainerError(ValueError):
    """A member differs from what was announced, or cannot be held by the container."""


class Writable(Protocol):
    def write(self, data: bytes | memoryview, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A member's full name in the container, its size in bytes, and the CRC-32 of its content."""

    name: str
    size: int
    crc32: int


def local_header(member: Member) -> bytes:
    """All bytes that stand before the member's content."""
    name = member.name.encode("ascii")
    large = member.size >= MAX32
    size = MAX32 if large else member.size
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if large else b""
    return (
        _LOCAL.pack(
            LOCAL_MAGIC, 45 if large else 20, 0, 0, 0, _DATE, member.crc32, size, size, len(name), len(extra)
        )
        + name
        + extra
    )


def central_header(member: Member, offset: int) -> bytes:
    """The member's record in the directory; ``offset`` is where its local header starts."""
    name = member.name.encode("ascii")
    values = []
    size, start = member.size, offset
    if member.size >= MAX32:
        values += [member.size, member.size]
        size = MAX32
    if offset >= MAX32:
        values.append(offset)
        start = MAX32
    extra = struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    return (
        _CENTRAL.pack(
            CENTRAL_MAGIC,
            _MADE_BY,
            45 if values else 20,
            0,
            0,
            0,
            _DATE,
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _ATTRIBUTES,
            start,
        )
        + name
        + extra
    )


def end_records(count: int, directory_size: int, directory_offset: int) -> bytes:
    """What follows the directory: the end record, and ZIP64's two before it exactly when needed."""
    records = b""
    if count >= MAX16 or directory_size >= MAX32 or directory_offset >= MAX32:
        records = _END64.pack(
            b"PK\x06\x06", 44, _MADE_BY, 45, 0, 0, count, count, directory_size, directory_offset
        ) + _LOCATOR.pack(b"PK\x06\x07", 0, directory_offset + directory_size, 1)
    short = min(count, MAX16)
    return records + _END.pack(
        END_MAGIC, 0, 0, short, short, min(directory_size, MAX32), min(directory_offset, MAX32), 0
    )


class ContainerWriter:
    """Writes members in sorted order to ``out`` (which need not be seekable), in one pass."""

    def __init__(self, out: Writable) -> None:
        self._out = out
        self._members: list[tuple[Member, int]] = []
        self._buffer = memoryview(bytearray(CHUNK))
        self.offset = 0

    def add(
        self,
        member: Member,
        source: BinaryIO | bytes,
        update: Callable[[bytes | memoryview], object] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> None:
        """Write one member. ``update`` sees its content (a hash; a large one's in a thread), ``progress`` each
        number of bytes.

        ContainerError if the name is not after the last one, or size or CRC are not as announced.
        """
        if self._members and self._members[-1][0].name >= member.name:
            raise ContainerError(f"{member.name}: members must be added once and in sorted order.")
        if len(member.name) > MAX_NAME:
            raise ContainerError(f"{member.name}: the name is too long.")
        header = local_header(member)
        self._out.write(header)
        self._members.append((member, self.offset))
        if isinstance(source, bytes):
            crc, done = zlib.crc32(source), len(source)
            if update:
                update(source)
            self._out.write(source)
        else:
            crc, done = self._copy(member, source, update, progress)
        if crc != member.crc32 or done != member.size:
            raise ContainerError(f"{member.name}: the content changed since it was listed; list it anew.")
        self.offset += len(header) + done

    def _copy(
        self,
        member: Member,
        source: BinaryIO,
        update: Callable[[bytes | memoryview], object] | None,
        progress: Callable[[int], object] | None,
    ) -> tuple[int, int]:
        crc = done = 0
        readinto = getattr(source, "readinto", None)
        if update and readinto is not None and member.size >= LARGE:
            return self._copy_large(member, readinto, update, progress)
        while True:
            if readinto is not None:
                piece: bytes | memoryview = self._buffer[: readinto(self._buffer) or 0]
            else:
                piece = source.read(CHUNK)
            if not piece:
                return crc, done
            done += len(piece)
            if done > member.size:
                raise ContainerError(f"{member.name}: the content grew since it was listed; list it anew.")
            crc = zlib.crc32(piece, crc)
            if update:
                update(piece)
            self._out.write(piece)
            if progress:
                progress(len(piece))

    def _copy_large(
        self,
        member: Member,
        readinto: Callable[[memoryview], int | None],
        update: Callable[[bytes | memoryview], object],
        progress: Callable[[int], object] | None,
    ) -> tuple[int, int]:
        left = member.size

        def pass_on(piece: memoryview) -> None:
            nonlocal left
            left -= len(piece)
            if left < 0:
                raise ContainerError(f"{member.name}: the content grew since it was listed; list it anew.")
            self._out.write(piece)
            if progress:
                progress(len(piece))

        return digest_beside(readinto, update, pass_on)

    def close(self) -> int:
        """Write the directory and the end; return the container's size in bytes."""
        start, size = self.offset, 0
        for member, offset in self._members:
            record = central_header(member, offset)
            self._out.write(record)
            size += len(record)
        end = end_records(len(self._members), size, start)
        self._out.write(end)
        self.offset = start + size + len(end)
        return self.offset


def directory(members: Iterable[tuple[Member, int]], start: int) -> list[tuple[str, bytes]]:
    """The tail that belongs to (member, offset) pairs, in pieces: (member's name, record) …, ("", end)."""
    pieces = [(member.name, central_header(member, offset)) for member, offset in members]
    size = sum(len(record) for _, record in pieces)
    pieces.append(("", end_records(len(pieces), size, start)))
    return pieces


# --- reading, without believing ------------------------------------------------------------------


def parse_local(data: bytes) -> tuple[Member, int] | None:
    """(member, header length) of bytes that start with a local header; None if they do not.

    Lenient: the caller compares with ``local_header``.
    """
    if len(data) < _LOCAL.size or data[:4] != LOCAL_MAGIC:
        return None
    *_, crc, _, size, name_length, extra_length = _LOCAL.unpack_from(data)
    length = _LOCAL.size + name_length + extra_length
    if len(data) < length or name_length > MAX_NAME:
        return None
    extra = data[_LOCAL.size + name_length : length]
    if size == MAX32 and extra[:4] == b"\x01\x00\x10\x00" and len(extra) == 20:
        size = struct.unpack_from("<Q", extra, 4)[0]
    return Member(data[_LOCAL.size : _LOCAL.size + name_length].decode("latin-1"), size, crc), length


def read_directory(file: BinaryIO, length: int, limit: int = 128 << 20) -> list[tuple[Member, int]] | None:
    """(member, offset) pairs as the directory at the end claims; None if it cannot be followed.

    Lenient about fixed fields, since the caller writes the directory again and compares.
    """
    if length < _END.size:
        return None
    file.seek(length - _END.size)
    magic, _, _, _, count, size, start, _ = _END.unpack(file.read(_END.size))
    tail = _END.size
    if magic != END_MAGIC:
        return None
    if count == MAX16 or MAX32 in (size, start):
        tail += _END64.size + _LOCATOR.size
        if length < tail:
            return None
        file.seek(length - tail)
        magic, *_, count, size, start = _END64.unpack(file.read(_END64.size))
        if magic != b"PK\x06\x06":
            return None
    if start + size + tail != length or size > limit or count * _CENTRAL.size > size:
        return None
    file.seek(start)
    data = file.read(size)
    members, place = [], 0
    for _ in range(count):
        if len(data) - place < _CENTRAL.size or data[place : place + 4] != CENTRAL_MAGIC:
            return None
        fields = _CENTRAL.unpack_from(data, place)
        crc, size32, name_length, extra_length, comment, offset = (
            fields[7], fields[9], fields[10], fields[11], fields[12], fields[16],
        )  # fmt: skip
        place += _CENTRAL.size
        name = data[place : place + name_length].decode("latin-1")
        extra = data[place + name_length + 4 : place + name_length + extra_length]
        place += name_length + extra_length + comment
        if place > len(data) or name_length > MAX_NAME or len(extra) % 8:
            return None
        wide = list(struct.unpack(f"<{len(extra) // 8}Q", extra))
        if size32 == MAX32 and len(wide) >= 2:
            size32, wide = wide[0], wide[2:]
        if offset == MAX32 and wide:
            offset = wide[0]
        members.append((Member(name, size32, crc), offset))
    return members if place == len(data) else None
