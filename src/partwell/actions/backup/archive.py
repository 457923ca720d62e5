# SPDX-License-Identifier: AGPL-3.0-or-later
"""The container of a backup: a tar of plain files in one fixed order, written in one pass and read without trust.

docs/formats/backup.md has the bytes. Every header is regenerated from its name and size and compared, so links,
devices, other owners, extended headers and "huge" tricks of tar cannot even be said; names must match the layout, and
their order is strict, so none comes twice. The manifest comes after the files: both sides hash while they stream.
"""

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from partwell.connectors.errors import ConnectorError

BLOCK = 512
CHUNK = 1 << 20
PIECE = (
    8 << 20
)  # of the database: one tar member each, so that a dump needs no temporary file to learn its size
SMALL = 1 << 16
MANIFEST, SEAL, HEADER, CHECKPOINT = "manifest-sha256.txt", "seal.note", "backup.json", "checkpoint"
DATA, KEYS = "data", "keys"


class BackupBroken(ConnectorError):
    """The archive is not whole, not ours, or not what its manifest says; nothing of it was put in place."""

    code = "backup_broken"


class BackupFailed(ConnectorError):
    """No backup was made; nothing that looks like one is left."""

    code = "backup_failed"


@dataclass(frozen=True)
class Place:
    """One kind of member: its names, the most bytes of one, whether it must be there."""

    pattern: re.Pattern[str]
    most: int
    needed: bool = False
    many: bool = False


def _place(pattern: str, most: int, **more: bool) -> Place:
    return Place(re.compile(pattern + r"\Z"), most, **more)


# In the order of the archive; within a kind, names ascend.
LAYOUTS = {
    DATA: (
        _place(re.escape(HEADER), SMALL, needed=True),
        _place(CHECKPOINT, SMALL, needed=True),
        _place(r"database/[0-9]{8}", PIECE, needed=True, many=True),
        _place(r"vault/([0-9a-f]{2})/\1[0-9a-f]{30}", 1 << 52, many=True),
        _place(re.escape(MANIFEST), 1 << 40, needed=True),
        _place(re.escape(SEAL), SMALL, needed=True),
    ),
    KEYS: (
        _place(re.escape(HEADER), SMALL, needed=True),
        _place(r"keys/(?:[0-9a-f]{32}\.key|cookie-secret)", 4096, needed=True, many=True),
        _place(re.escape(MANIFEST), 1 << 40, needed=True),
        _place(re.escape(SEAL), SMALL, needed=True),
    ),
}


def tar_header(name: str, size: int) -> bytes:
    """The one header that a member of this name and size may have."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, 0
    return info.tobuf(tarfile.GNU_FORMAT, "ascii", "strict")


def padding(size: int) -> int:
    """How many zero bytes follow a member."""
    return -size % BLOCK


class Source(Protocol):
    """What members are read from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass
class Tally:
    """What has passed: members and bytes, and the manifest's lines in a temporary file that has no name."""

    members: int = 0
    bytes: int = 0
    lines: BinaryIO = field(default_factory=lambda: tempfile.TemporaryFile())  # noqa: SIM115  lives as long as we do

    def note(self, name: str, size: int, digest: str) -> None:
        """Add a member, as ``sha256sum`` writes it."""
        self.members += 1
        self.bytes += size
        self.lines.write(f"{digest}  {name}\n".encode())


def member(name: str, size: int, source: Source, tally: Tally | None) -> Iterator[bytes]:
    """The bytes of one member, read from ``source``; BackupFailed if it gives other than ``size`` bytes."""
    yield tar_header(name, size)
    digest, left = hashlib.sha256(), size
    while left:
        piece = source.read(min(left, CHUNK))
        if not piece:
            raise BackupFailed(f"{name} became shorter while it was read; run the backup again.")
        digest.update(piece)
        left -= len(piece)
        yield piece
    if tally is not None:
        tally.note(name, size, digest.hexdigest())
    if size % BLOCK:
        yield b"\0" * padding(size)


def trailer() -> bytes:
    """What ends the archive: two empty blocks, and nothing after them."""
    return b"\0" * (2 * BLOCK)


@dataclass(frozen=True)
class Member:
    """One member met on reading; ``read`` gives its bytes in order."""

    name: str
    size: int
    kind: int


class Reader:
    """Reads an archive from a stream, member by member, refusing whatever the writer would not write.

    ``room``: bytes that the members may take together; more is refused before it is read.
    """

    def __init__(self, stream: BinaryIO, layout: str, room: int) -> None:
        self._stream, self._layout, self._room = stream, LAYOUTS[layout], room
        self._kind, self._last = 0, ""
        self.tally = Tally()
        self._open: tuple[Member, int] | None = None
        self._digest = hashlib.sha256()

    def _exact(self, size: int) -> bytes:
        parts, left = [], size
        while left and (part := self._stream.read(left)):
            parts.append(part)
            left -= len(part)
        if left:
            raise BackupBroken("The archive ends too early: it was cut off. Take another copy of it.")
        return b"".join(parts)

    def members(self) -> Iterator[Member]:
        """Each member in order; its content must be taken with ``content`` before the next."""
        while True:
            block = self._exact(BLOCK)
            if block == b"\0" * BLOCK:
                if self._exact(BLOCK) != block or self._stream.read(1):
                    raise BackupBroken("Something stands after the archive's end: it was altered.")
                if missing := [
                    one for one in self._layout[self._kind :] if one.needed and not self._met(one)
                ]:
                    raise BackupBroken(
                        f"The archive has no {missing[0].pattern.pattern[:-2]}: it is not whole."
                    )
                return
            one = self._parse(block)
            self._open = (one, one.size)
            yield one
            if self._open is not None:
                raise RuntimeError("A member was not read.")

    def _met(self, place: Place) -> bool:
        return bool(self._last and place.pattern.match(self._last))

    def _parse(self, block: bytes) -> Member:
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            name, size = info.name, info.size
            same = size >= 0 and tar_header(name, size) == block
        except (tarfile.TarError, ValueError, UnicodeError, OverflowError):
            same = False
        if not same:
            raise BackupBroken(
                "The archive holds something that is no plain file of a backup; nothing was taken from it."
            )
        kind = next((at for at, place in enumerate(self._layout) if place.pattern.match(name)), -1)
        if kind < 0:
            raise BackupBroken(f"The archive names a file that no backup has: {name[:80]!r}.")
        place = self._layout[kind]
        skipped = [one for one in self._layout[self._kind : kind] if one.needed and not self._met(one)]
        if (
            kind < self._kind
            or skipped
            or (kind == self._kind and self._last and (not place.many or name <= self._last))
        ):
            raise BackupBroken(f"{name} stands in a wrong place of the archive, or twice.")
        if size > place.most:
            raise BackupBroken(f"{name} would have {size:,} bytes, more than it may.")
        self._room -= size
        if self._room < 0:
            raise BackupBroken("There is not room enough on the disk for what the archive holds.")
        self._kind, self._last = kind, name
        return Member(name, size, kind)

    def content(self, one: Member) -> Iterator[bytes]:
        """The member's bytes; at their end it is in the tally (the manifest and the seal are not)."""
        digest, left = hashlib.sha256(), one.size
        while left:
            piece = self._stream.read(min(left, CHUNK))
            if not piece:
                raise BackupBroken("The archive ends too early: it was cut off. Take another copy of it.")
            digest.update(piece)
            left -= len(piece)
            yield piece
        if (rest := padding(one.size)) and self._exact(rest) != b"\0" * rest:
            raise BackupBroken(
                f"After {one.name} stands something else than padding: the archive was altered."
            )
        if one.name not in (MANIFEST, SEAL):
            self.tally.note(one.name, one.size, digest.hexdigest())
        self._open = None

    def small(self, one: Member) -> bytes:
        """The whole content of a member that is small by its place."""
        return b"".join(self.content(one))

    def manifest(self, one: Member) -> str:
        """Compare the manifest with what was read, line by line; its SHA-256. Raises BackupBroken where they differ."""
        mine, digest, rest = self.tally.lines, hashlib.sha256(), b""
        mine.seek(0)
        for piece in self.content(one):
            digest.update(piece)
            rest += piece
            *whole, rest = rest.split(b"\n")
            for line in whole:
                if (expected := mine.readline()) != line + b"\n":
                    name = (expected or line)[66:].decode("ascii", "replace").strip()[:80]
                    raise BackupBroken(f"{name} is not what the manifest says: the archive was altered.")
        if rest or mine.readline():
            raise BackupBroken("The manifest does not name all files of the archive: it was altered.")
        return digest.hexdigest()


Tell = Callable[[str, int, int], object]


class Pull:
    """A readable stream of what an iterator gives; the first error in there is kept in ``error``.

    The encryption library turns every error of its source into one of its own, without the sentence.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; empty at the end."""
        try:
            while not self._held:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._held = memoryview(piece)
        except BaseException as error:
            self.error = error
            raise
        size = len(self._held) if size < 0 else size
        out, self._held = self._held[:size], self._held[size:]
        return bytes(out)
