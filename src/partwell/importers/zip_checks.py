# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is checked of a ZIP before anything in it is read: its directory, and members that overlap."""

import struct
import zipfile
from typing import BinaryIO

from partwell.importers.base import ImportRefused
from partwell.importers.limits import MIB, Limits

_EOCD = b"PK\x05\x06"

_MAX_DIRECTORY = 64 * MIB


def _damaged(sentence: str) -> ImportRefused:
    return ImportRefused("archive_damaged", sentence, remedy="Make or fetch the archive again.")


def checked_directory(stream: BinaryIO, size: int, limits: Limits | None = None) -> None:
    """Refuse a ZIP whose directory alone would fill the memory: ``zipfile`` reads it whole, unasked."""
    limits = limits or Limits()
    stream.seek(max(0, size - 65557))
    tail = stream.read()
    at = tail.rfind(_EOCD)
    if at < 0 or len(tail) - at < 22:
        raise _damaged("This is not a whole ZIP archive: its end is missing.")
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    if count == 0xFFFF or length == 0xFFFFFFFF:
        locator = tail.rfind(b"PK\x06\x07", 0, at)
        if locator >= 0:
            (offset,) = struct.unpack("<Q", tail[locator + 8 : locator + 16])
            if offset < size:
                stream.seek(offset)
                record = stream.read(56)
                if record[:4] == b"PK\x06\x06" and len(record) == 56:
                    count, length = struct.unpack("<QQ", record[32:48])
    if count > limits.archive_members:
        raise ImportRefused(
            "too_many_members",
            f"The archive holds {count:,} files; at most {limits.archive_members:,} are taken.",
            remedy="Split it and import the parts.",
        )
    if length > min(_MAX_DIRECTORY, size):
        raise _damaged("The directory of this ZIP archive claims a size that cannot be.")


def _overlapping(stream: BinaryIO, infos: list[zipfile.ZipInfo], directory: int) -> set[int]:
    """Offsets of members whose bytes overlap another's or the directory (a bomb by quotation)."""
    spans = []
    bad = set()
    for info in infos:
        if info.header_offset < 0:  # a directory that was moved: zipfile computes offsets before the file
            bad.add(info.header_offset)
            continue
        stream.seek(info.header_offset)
        head = stream.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            bad.add(info.header_offset)
            continue
        name, extra = struct.unpack("<HH", head[26:30])
        spans.append((info.header_offset, info.header_offset + 30 + name + extra + info.compress_size))
    spans.sort()
    latest = -1
    last_start = -1
    for start, end in spans:
        if start < latest:
            bad |= {start, last_start}
        if end > directory:
            bad.add(start)
        if end > latest:
            latest, last_start = end, start
    return bad
