# SPDX-License-Identifier: Apache-2.0
"""Where a bundle lies: a strict ZIP or an unpacked folder. Each is read once, hashing every file.

A ZIP's bytes outside the files are written anew from names, sizes and CRCs and compared, so that
no bit of the container is free. Names are relative to the bag's folder afterwards.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

from . import container
from .beside import LARGE, digest_beside
from .container import CHUNK, Member
from .findings import Report
from .names import name_fault

Progress = Callable[[int, int], object]
MAX_TAG_FILE = 256 << 20


class Source(Protocol):
    """``digests`` (SHA-256 hex) and ``sizes`` by name, ``base`` = the bag's folder name or None if free."""

    base: str | None
    digests: dict[str, str]
    sizes: dict[str, int]

    def read(self, name: str) -> bytes: ...


class ReadError(Exception):
    """A tag file is too large to be read or changed while it was being checked."""


class _Meter:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def __call__(self, size: int) -> None:
        self._done += size
        if self._progress:
            self._progress(min(self._done, self._total), self._total)


def _hash(
    source: BinaryIO, size: int | None, meter: Callable[[int], object], expected: int
) -> tuple[str, int, int]:
    """(SHA-256 hex, CRC-32, bytes read) of up to ``size`` bytes, a MiB at a time; about ``expected`` are there."""
    digest, crc, left = hashlib.sha256(), 0, size
    done = 0
    readinto = getattr(source, "readinto", None)
    if readinto is not None and expected >= LARGE:
        crc, done = digest_beside(readinto, digest.update, lambda piece: meter(len(piece)), size)
        return digest.hexdigest(), crc, done
    while left is None or left > 0:
        piece = source.read(CHUNK if left is None else min(CHUNK, left))
        if not piece:
            break
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        done += len(piece)
        if left is not None:
            left -= len(piece)
        meter(len(piece))
    return digest.hexdigest(), crc, done


class ZipSource:
    """The strict ZIP in an open, seekable file of ``length`` bytes."""

    def __init__(self, file: BinaryIO, length: int, report: Report, progress: Progress | None = None) -> None:
        self._file, self._length, self._report = file, length, report
        self._meter = _Meter(length, progress)
        self._places: dict[str, tuple[int, int]] = {}
        self.base: str | None = None
        self.digests: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        listed = container.read_directory(file, length)
        if listed is None:
            listed = self._walk()
        folders = Counter(member.name.partition("/")[0] for member, _ in listed)
        self.base = folders.most_common(1)[0][0] if folders else None
        self._check(listed)

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def _walk(self) -> list[tuple[Member, int]]:
        """Follow the files' own headers, for a container whose directory cannot be followed."""
        members: list[tuple[Member, int]] = []
        offset = 0
        while offset < self._length:
            head = self._at(offset, 30 + container.MAX_NAME + 20)
            parsed = container.parse_local(head)
            if parsed is None:
                if members and head[:4] in (container.CENTRAL_MAGIC, container.END_MAGIC):
                    break
                if not members:
                    self._report.add(
                        "container-start", "container",
                        "The container does not begin with a file: something was put before it, or its beginning and"
                        " end were changed.", offset=0,
                    )  # fmt: skip
                break
            member, length = parsed
            members.append((member, offset))
            offset += length + member.size
        return members

    def _check(self, listed: list[tuple[Member, int]]) -> None:
        effective: list[tuple[Member, int]] = []
        position, previous = 0, ""
        for number, (member, offset) in enumerate(listed):
            following = listed[number + 1][1] if number + 1 < len(listed) else None
            position, member = self._place(member, offset, position, following)
            if member.name <= previous:
                twice = any(other.name == member.name for other, _ in effective)
                self._report.add(
                    "container-duplicate" if twice else "container-order", self._relative(member.name),
                    "The container holds two files of this name." if twice
                    else "The container's files are not in sorted order.", offset=position,
                )  # fmt: skip
            previous = member.name
            start = position
            position, member = self._member(member, position)
            effective.append((member, start))
            if position > self._length:
                break
        if effective:
            self._tail(effective, position)

    def _place(self, member: Member, offset: int, position: int, following: int | None) -> tuple[int, Member]:
        """Where the file really starts and how long it is, when directory and headers disagree."""
        if offset != position:
            here = container.parse_local(self._at(position, 30 + container.MAX_NAME + 20))
            if here is None or here[0].name != member.name:
                self._report.add(
                    "container-gap", self._relative(member.name),
                    "Before this file stand bytes that belong to no file.", offset=min(position, offset),
                )  # fmt: skip
                position = offset
        local = container.parse_local(self._at(position, 30 + container.MAX_NAME + 20))
        differs = local is not None and local[0].size != member.size
        if local and differs and position + local[1] + local[0].size == following:
            member = replace(member, size=local[0].size)
        return position, member

    def _relative(self, name: str) -> str:
        return name.removeprefix(f"{self.base}/") if self.base else name

    def _member(self, member: Member, position: int) -> tuple[int, Member]:
        report, name = self._report, self._relative(member.name)
        if fault := self._name_fault(member.name):
            expected = b""
            local = container.parse_local(self._at(position, 30 + container.MAX_NAME + 20))
            length = local[1] if local else 30 + len(member.name)
            if local and local[0].name != member.name:
                fault += f" Its own header calls it {self._relative(local[0].name)!r}."
            report.add("container-name", name, fault, offset=position)
        else:
            expected = container.local_header(member)
            length = len(expected)
        actual = self._at(position, length)
        if expected and actual != expected:
            place = next(
                (i for i, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b), len(actual)
            )
            other = container.parse_local(self._at(position, 30 + container.MAX_NAME + 20))
            called = self._relative(other[0].name) if other else ""
            report.add(
                "container-header", name,
                "The header before this file is not what its name, size and checksum demand"
                + (f"; there it is called {called!r}." if called not in ("", name) else "."),
                offset=position + place,
            )  # fmt: skip
        self._file.seek(position + length)
        digest, crc, done = _hash(self._file, member.size, self._meter, member.size)
        if done < member.size:
            report.add(
                "container-truncated", name,
                "The container ends in the middle of this file.", offset=self._length,
            )  # fmt: skip
        elif crc != member.crc32:
            local = container.parse_local(actual)
            if local and local[0].crc32 == crc:
                member = replace(member, crc32=crc)  # the directory is wrong: the tail's comparison says so
            else:
                report.add("content-checksum", name, "The content does not fit its checksum: it was changed.")
        if name not in self.digests:
            self.digests[name] = digest
            self.sizes[name] = done
            self._places[name] = (position + length, done)
        return position + length + member.size, member

    def _name_fault(self, full: str) -> str | None:
        first, _, rest = full.partition("/")
        if first != self.base or not rest:
            return "This file does not lie in the bundle's one folder."
        return name_fault(rest) or name_fault(first)

    def _tail(self, effective: list[tuple[Member, int]], position: int) -> None:
        report = self._report
        try:
            pieces = container.directory(effective, position)
        except (UnicodeEncodeError, struct.error):  # a name or size that no bundle can have
            report.add("container-directory", "container", "The container's directory cannot be followed.")
            return
        self._file.seek(min(position, self._length))
        start = position
        for name, expected in pieces:
            actual = self._file.read(len(expected))
            if actual != expected:
                place = next(
                    (i for i, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b), len(actual)
                )
                if start + place >= self._length:
                    report.add(
                        "container-truncated", self._relative(name) or "container",
                        "The container's end is missing.", offset=self._length,
                    )  # fmt: skip
                    return
                report.add(
                    "container-directory", self._relative(name) or "container",
                    "The directory at the container's end says something else of this file than its header and content."
                    if name else "The container's last record is not what its files demand.",
                    offset=start + place,
                )  # fmt: skip
            start += len(expected)
        if start < self._length:
            report.add(
                "container-trailing", "container",
                f"{self._length - start} bytes stand after the bundle's end.", offset=start,
            )  # fmt: skip

    def read(self, name: str) -> bytes:
        """The bytes of a tag file, again; ReadError if it is too large or changed meanwhile."""
        offset, size = self._places[name]
        if size > MAX_TAG_FILE:
            raise ReadError("The file is too large to be read.")
        data = self._at(offset, size)
        if hashlib.sha256(data).hexdigest() != self.digests[name]:
            raise ReadError("The file changed while it was being checked.")
        return data


class FolderSource:
    """An unpacked bundle. The folder's own name is free: a person may have renamed it."""

    base: str | None = None

    def __init__(self, path: Path, report: Report, progress: Progress | None = None) -> None:
        inside = list(path.iterdir())
        if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink():
            path = inside[0]  # unpacked into a folder of its own
        self._path, self._report = path, report
        self.digests: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        found = sorted(self._files())
        meter = _Meter(sum(size for _, size in found), progress)
        for name, expected in found:
            try:
                with (path / name).open("rb", buffering=0) as source:
                    self.digests[name], _, self.sizes[name] = _hash(source, None, meter, expected)
            except OSError as error:
                report.add("file-unreadable", name, f"The file cannot be read: {error.strerror}.")

    def _files(self) -> list[tuple[str, int]]:
        found, todo = [], [""]
        while todo:
            folder = todo.pop()
            with os.scandir(self._path / folder) as entries:
                for item in entries:
                    name = f"{folder}/{item.name}" if folder else item.name
                    info = item.stat(follow_symlinks=False)
                    if fault := name_fault(name):
                        self._report.add("file-name", name, fault)
                    if stat.S_ISDIR(info.st_mode):
                        todo.append(name)
                    elif stat.S_ISREG(info.st_mode):
                        found.append((name, info.st_size))
                    else:
                        self._report.add(
                            "file-link", name, "This is a link or device, not a file; it was not read."
                        )
        return found

    def read(self, name: str) -> bytes:
        """As ``ZipSource.read``."""
        if self.sizes[name] > MAX_TAG_FILE:
            raise ReadError("The file is too large to be read.")
        with (self._path / name).open("rb") as source:
            data = source.read(MAX_TAG_FILE + 1)
        if hashlib.sha256(data).hexdigest() != self.digests[name]:
            raise ReadError("The file changed while it was being checked.")
        return data
