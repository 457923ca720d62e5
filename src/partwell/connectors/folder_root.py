# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which folder may be a place at all: what it may not be, what is mounted in it, and whether two are in truth one."""

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from partwell.connectors.errors import PathTrick

FOLDER = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/System", "/Library", "/Applications")  # fmt: skip
_ALLOWED = ("/dev/shm",)  # noqa: S108  memory that is a folder like any other
_PROGRAM = (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).resolve().parents[1])
_OCTAL = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


def check(root: str | Path, forbidden: Sequence[str | Path]) -> Path:
    """The root's path, if it may be emptied. Raises :class:`PathTrick` with what is wrong and what to do.

    It need not exist now. Where it does, no part of it may be a link: what is approved must be what is emptied.
    """
    text = os.fspath(root)
    shown = ascii(text[:200])
    if not text.startswith("/") or text.startswith("//") or "\0" in text:
        raise PathTrick(f"{shown} is no absolute path; write the whole path, like /srv/backups/client.")
    parts = text.split("/")[1:]
    if parts[-1] == "":
        parts.pop()
    if any(part in ("", ".", "..") for part in parts):
        raise PathTrick(f"The path {shown} has an empty part, . or .. in it; write it without.")
    if len(parts) < 2:
        raise PathTrick(
            f"{shown} is too much to empty: name a folder at least two levels deep, like /srv/backups/client."
        )
    path = Path("/", *parts)
    real = Path(os.path.realpath(path))
    if real != path:
        raise PathTrick(
            f"{shown} leads over a link to {str(real)!a}; enter that path, if it is what you mean."
        )
    for one in _SYSTEM:
        if _within(path, Path(one)) and not any(_below(path, Path(open_)) for open_ in _ALLOWED):
            raise PathTrick(f"{shown} belongs to the system ({one}); it is not emptied.")
    for kept in (*map(Path, forbidden), *_PROGRAM):
        if overlap(path, Path(os.path.realpath(kept))):
            raise PathTrick(
                f"{shown} holds, or lies in, what Partwell needs itself; a set of a client cannot lie there."
            )
    # a backup may lie in the account's home folder; it may not be that folder, nor hold it
    home = os.environ.get("HOME", "")
    if home.startswith("/") and _within(Path(os.path.realpath(home)), path):
        raise PathTrick(
            f"{shown} holds the home folder of Partwell's own account; name a folder inside of it."
        )
    if path.exists() and not path.is_dir():
        raise PathTrick(f"{shown} is no folder; name the folder that it lies in, or empty it by hand.")
    return path


def overlap(one: Path, other: Path) -> bool:
    """Whether one lies within the other: by name, or by device and inode of either and all folders above the other."""
    if _within(one, other) or _within(other, one):
        return True
    first, second = _identity(one), _identity(other)
    return (second is not None and second in _line(one)) or (first is not None and first in _line(other))


def identity(path: Path, found: os.stat_result) -> str:
    """What a folder is: its path, file system and inode. Where a share is not mounted, this is another."""
    return f"folder {path} on {mount_of(path) or f'device {found.st_dev}'}, inode {found.st_ino}"


def open_path(path: Path) -> int:
    """A descriptor of an absolute folder path, opened part by part so that no part can be a link. Raises OSError."""
    handle = os.open("/", FOLDER)
    for part in path.parts[1:]:
        try:
            below = os.open(part, FOLDER, dir_fd=handle)
        finally:
            os.close(handle)
        handle = below
    return handle


def mounts_below(path: Path) -> list[Path]:
    """What is mounted inside of a folder (Linux tells; elsewhere the device number of each folder must do)."""
    return sorted({place for place, _ in _mounts() if place != path and _within(place, path)})


def mount_of(path: Path) -> str:
    """Kind and source of the file system that a folder lies on, like "nfs4 files.example:/export"; empty if unknown."""
    found = ""
    longest = -1
    for place, what in _mounts():
        if _within(path, place) and len(place.parts) >= longest:
            found, longest = what, len(place.parts)
    return found


def _mounts() -> list[tuple[Path, str]]:
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().decode(errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, _, behind = line.partition(" - ")
        fields, source = before.split(" "), behind.split(" ")
        if len(fields) > 4 and len(source) > 1:
            found.append((Path(_plain(fields[4])), f"{source[0]} {_plain(source[1])} {_plain(fields[3])}"))
    return found


def _plain(text: str) -> str:
    for escaped, char in _OCTAL.items():
        text = text.replace(escaped, char)
    return text


def _within(path: Path, above: Path) -> bool:
    return path.parts[: len(above.parts)] == above.parts


def _below(path: Path, above: Path) -> bool:
    return path != above and _within(path, above)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def _line(path: Path) -> set[tuple[int, int]]:
    """Device and inode of a folder and of every folder above it but the root of all."""
    real = Path(os.path.realpath(path))
    return {found for one in (real, *real.parents) if one != Path("/") and (found := _identity(one))}
