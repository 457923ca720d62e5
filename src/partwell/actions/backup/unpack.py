# SPDX-License-Identifier: AGPL-3.0-or-later
"""Taking an archive apart, without Django and without trust: everything lands in a folder that nobody looks at, and is
compared with manifest and seal before anything of it is put in place.

``staged`` gives that folder: beside the place to fill, under one fixed name, locked, emptied of what a killed run left.
"""

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from partwell.actions.backup.archive import (
    CHECKPOINT,
    DATA,
    HEADER,
    KEYS,
    MANIFEST,
    SEAL,
    BackupBroken,
    BackupFailed,
    Member,
    Reader,
    Tell,
)
from partwell.actions.backup.seal import check_seal, read_header
from partwell.connectors.age import decrypt_stream
from partwell.connectors.disk import fsync_folder

DATABASE_COPY = "database.copy"
SPARE = 64 << 20


@dataclass
class Unpacked:
    """What an archive was. ``header``, ``seal``: their values; ``checkpoint``: the signed note, or empty."""

    folder: Path
    header: dict[str, Any]
    seal: dict[str, Any] = field(default_factory=dict)
    checkpoint: str = ""


def is_empty(folder: Path) -> bool:
    """Whether a home may be filled: not there, or nothing in it but the empty ``tmp`` that every start makes."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    inside = list(folder.iterdir())
    return not inside or (
        [one.name for one in inside] == ["tmp"] and inside[0].is_dir() and not any(inside[0].iterdir())
    )


@contextmanager
def staged(place: Path) -> Iterator[Path]:
    """The folder ``PLACE.restoring``, empty, ours alone; removed at the end with whatever is still in it.

    BackupFailed where ``place`` is not empty, or another restore works on it.
    """
    if not is_empty(place):
        raise BackupFailed(
            f"{place} is not empty; nothing was touched. Restore into a folder that does not exist yet."
        )
    if not place.parent.is_dir():
        raise BackupFailed(f"{place.parent} is no folder; make it first.")
    folder = place.with_name(place.name + ".restoring")
    if folder.is_symlink():
        raise BackupFailed(f"{folder} is a link; remove it.")
    lock = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupFailed(f"Another restore works in {place.parent}; wait until it ends.") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def put_in_place(folder: Path, place: Path) -> None:
    """Let the staged folder appear as ``place``, all at once; everything in it is on the disk before."""
    os.sync()
    if place.exists():
        with contextlib.suppress(FileNotFoundError):
            (place / "tmp").rmdir()
        place.rmdir()  # refuses if something came into it meanwhile
    folder.rename(place)
    fsync_folder(place.parent)


def unpack(
    file: Path, kind: str, folder: Path, identities: Sequence[Any], tell: Tell, skip_keys: frozenset[str] = frozenset()
) -> Unpacked:  # fmt: skip
    """Decrypt and unpack an archive of ``kind`` (DATA, KEYS) into ``folder``; everything is compared before this returns.

    ``skip_keys``: ids of keys that were destroyed; they are never written. Raises BackupBroken, AgeError or OSError.
    """
    try:
        size = file.stat().st_size
        source = file.open("rb")
    except OSError as error:
        raise BackupFailed(f"{file} cannot be read ({error.strerror}).") from None
    room = shutil.disk_usage(folder).free - SPARE
    with source, _decrypted(source, identities) as stream:
        reader = Reader(stream, kind, room)
        out = Unpacked(folder, {})
        for one in reader.members():
            _take(reader, one, out, kind, skip_keys)
            if reader.tally.members % 50 == 0:
                tell("unpacking (MiB)", reader.tally.bytes >> 20, size >> 20)
    if not out.seal:
        raise BackupBroken("The archive has no seal: it is not whole.")
    return out


@contextmanager
def _decrypted(source: BinaryIO, identities: Sequence[Any]) -> Iterator[BinaryIO]:
    """The plain stream. A thread decrypts into a pipe, because the library pushes and a parser wants to pull."""
    read_end, write_end = os.pipe()
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 1 << 20)
    problem: list[BaseException] = []

    def work() -> None:
        out = os.fdopen(write_end, "wb", buffering=1 << 18)
        try:
            decrypt_stream(source, out, identities)
            out.flush()
        except BaseException as error:  # noqa: BLE001 - told by whoever reads
            problem.append(error)  # before the pipe is closed: whoever sees its end looks here
        finally:
            with contextlib.suppress(OSError):
                out.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    reader = os.fdopen(read_end, "rb", buffering=1 << 18)
    try:
        try:
            yield reader
        except BackupBroken:
            # A stream that ends too early does so because decrypting failed: that is the true reason. What fails after
            # this is only that nobody reads any more.
            if problem:
                raise problem[0] from None
            raise
        thread.join()
        if problem:
            raise problem[0]
    finally:
        reader.close()
        thread.join()


def _take(reader: Reader, one: Member, out: Unpacked, kind: str, skip: frozenset[str]) -> None:
    if one.name == HEADER:
        out.header = read_header(reader.small(one))
        if out.header["kind"] != kind:
            words = "keys, not data" if out.header["kind"] == KEYS else "data, not keys"
            raise BackupBroken(f"This archive holds {words}.")
    elif one.name == CHECKPOINT:
        out.checkpoint = reader.small(one).decode("utf-8", "replace")
    elif one.name == MANIFEST:
        out.seal["manifest"] = reader.manifest(one)
    elif one.name == SEAL:
        tally = reader.tally
        out.seal = check_seal(reader.small(one), out.header["vkey"], out.seal["manifest"], tally.members, tally.bytes, kind)  # fmt: skip
    elif one.name.startswith("database/"):
        with (out.folder / DATABASE_COPY).open("ab") as target:
            for piece in reader.content(one):
                target.write(piece)
    else:
        _write(reader, one, out.folder, kind, skip)


def _write(reader: Reader, one: Member, folder: Path, kind: str, skip: frozenset[str]) -> None:
    name = one.name.rsplit("/", 1)[1]
    if kind == KEYS and name.removesuffix(".key") in skip:
        for _ in reader.content(one):
            pass
        return
    # The reader let nothing but names of the layout through: no "..", no absolute path, no link.
    target = folder / name if kind == KEYS else folder / one.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "wb", buffering=0) as file:
        for piece in reader.content(one):
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]


__all__ = ["DATA", "DATABASE_COPY", "KEYS", "Unpacked", "is_empty", "put_in_place", "staged", "unpack"]
