# SPDX-License-Identifier: AGPL-3.0-or-later
"""A folder or mounted share as a :class:`.places.Place`.

No name is ever followed out of it. The root's path holds no link; below it, each folder is opened by its name within the
folder above (``openat`` with ``O_NOFOLLOW``), and a name is removed within the opened folder (``unlinkat``): a link
planted at any moment is met as a link and removed as one, or stops the step. A link is a thing of its own, never its
target. The root itself stays.

A file's ``version`` is its time of change and size: one written anew since it was listed is not what was approved for
deletion, and is left with the code ``changed``. POSIX only: Windows has no ``openat``.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from partwell.connectors import folder_root
from partwell.connectors.errors import PathTrick, PlaceError, PlaceMissing, PlaceRefused, PlaceUnreachable
from partwell.connectors.folder_names import decode, encode
from partwell.connectors.folder_root import FOLDER
from partwell.connectors.places import Answer, Lock, Locks, Outcome, Outcomes, PlaceFacts, Thing, ThingKind

DEPTH = 200
"""Folders within each other at most: each holds a file descriptor while it is walked."""

_GONE = (errno.ENOENT,)
_WORDS = {
    errno.EACCES: (
        "no_permission",
        "Partwell's account may not remove it; give it the right to write in that folder.",
    ),
    errno.EPERM: (
        "no_permission",
        "The system forbids to remove it (owner, or marked as unchangeable); change that and retry.",
    ),
    errno.EROFS: ("read_only", "The file system is mounted read-only; mount it for writing and retry."),
    errno.ENOTEMPTY: ("not_empty", "The folder is not empty; list again and delete what came into it."),
    errno.EEXIST: ("not_empty", "The folder is not empty; list again and delete what came into it."),
    errno.EBUSY: ("busy", "It is in use or something is mounted on it; end that and retry."),
    errno.ELOOP: (
        "link_in_path",
        "A link stands where a folder was listed; it was not followed. List again.",
    ),
    errno.ENOTDIR: (
        "link_in_path",
        "A link or file stands where a folder was listed; it was not followed. List again.",
    ),
}


class FolderPlace:
    """See :class:`.places.Place`. ``root``: an absolute path without links. ``forbidden``: what must never be touched.

    ``forbidden`` is the installation's home, keys, log store and backups; the program itself is added. ``cross_devices``
    lets other file systems mounted below the root be part of it. ``expect``: the ``identity`` that ``facts`` gave when the
    deletion was approved; anything else at this path is then ``PlaceMissing``, so that a share that is not mounted never
    passes for an empty one. Raises :class:`PathTrick` for a root that may not be.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        forbidden: Sequence[str | Path] = (),
        cross_devices: bool = False,
        expect: str = "",
    ) -> None:
        if sys.platform == "win32":
            raise PlaceRefused(
                "Folders can be emptied by Partwell on Linux and macOS only; empty this one by hand."
            )
        self.root = folder_root.check(root, forbidden)
        self.cross_devices, self.expect = cross_devices, expect

    def __repr__(self) -> str:
        return f"<FolderPlace {self.describe()}>"

    def describe(self) -> str:
        """The path."""
        return f"folder {self.root}"

    def overlaps(self, other: object) -> bool:
        """One within the other, by name or (links, bind mounts, another spelling) by what the file system says."""
        return isinstance(other, FolderPlace) and folder_root.overlap(self.root, other.root)

    # asking ---------------------------------------------------------------

    def facts(self) -> PlaceFacts:
        """Whether it is there, and which file system it is: a share that is not mounted is another one."""
        now = datetime.now(UTC)
        try:
            root = self._open_root()
        except PlaceUnreachable as error:
            return PlaceFacts(False, "n/a", False, "", (), (), (Answer(now, "open", str(error)),))
        try:
            found = os.fstat(root)
            device = os.statvfs(root)
        finally:
            os.close(root)
        mount = folder_root.mount_of(self.root)
        below = folder_root.mounts_below(self.root)
        text = (
            f"device {found.st_dev}, inode {found.st_ino}, {mount}, mounted below: {', '.join(map(str, below)) or 'nothing'}, "
            f"read-only: {'yes' if device.f_flag & os.ST_RDONLY else 'no'}"
        )
        unknown = ("snapshots and copies of the file system",)
        identity = folder_root.identity(self.root, found)
        return PlaceFacts(True, "n/a", False, "", (), (), (Answer(now, "stat", text),), unknown, identity)

    def marker_of(self, thing: Thing) -> str:
        """Its key."""
        return thing.key

    def locks(self, things: Sequence[Thing]) -> Locks:
        """None: a file system's own protection shows when a name is removed, as ``no_permission``."""
        del things
        return list[Lock]()

    def list(self, after: str = "") -> Iterator[Thing]:
        """Files, links and folders in an order that stays the same, a folder behind its contents."""
        behind = self._parts(after) if after else []
        self._no_mounts()
        with ExitStack() as opened:
            root = self._open_root()
            opened.callback(os.close, root)
            yield from self._walk(root, os.fstat(root).st_dev, behind)

    def _no_mounts(self) -> None:
        if not self.cross_devices and (below := folder_root.mounts_below(self.root)):
            raise PathTrick(
                f"Another file system is mounted at {below[0]}, inside of {self.describe()}; unmount it, or say that it belongs "
                "to this set."
            )

    def _walk(self, root: int, device: int, behind: "Parts") -> Iterator[Thing]:
        # a stack and no recursion: each level holds (descriptor, path, names to come, its own thing)
        levels: list[tuple[int, Parts, Iterator[str], Thing | None]] = []
        try:
            levels.append((os.dup(root), [], self._names(root, behind, 0), None))
            while levels:
                handle, path, names, itself = levels[-1]
                name = next(names, None)
                if name is None:
                    levels.pop()
                    os.close(handle)
                    if itself is not None:
                        yield itself
                    continue
                here = [*path, name]
                try:
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                    thing = _thing(here, found)
                    below = os.open(name, FOLDER, dir_fd=handle) if thing.kind == "folder" else -1
                except OSError as error:
                    if error.errno in _GONE:
                        continue  # it went between the listing and the look
                    raise self._broken(error, self.root.joinpath(*here)) from None
                if thing.kind != "folder":
                    yield thing
                    continue
                rest = behind if behind[: len(here)] == here else []
                levels.append((below, here, self._names(below, rest, len(here)), thing))
                if os.fstat(below).st_dev != device and not self.cross_devices:
                    raise PathTrick(
                        f"{self.root.joinpath(*here)} is another file system than {self.describe()}; unmount it."
                    )
                if len(levels) > DEPTH:
                    raise PathTrick(
                        f"{self.describe()} has more than {DEPTH} folders within each other; empty it by hand."
                    )
        finally:
            for handle, *_ in levels:
                os.close(handle)

    def _names(self, handle: int, behind: "Parts", depth: int) -> Iterator[str]:
        """Sorted names of a folder; only those not before the one to go on from, nor that one if it is what came last."""
        try:
            with os.scandir(handle) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError as error:
            raise self._broken(error, self.root) from None
        if len(behind) <= depth:
            yield from names
            return
        last = len(behind) == depth + 1
        yield from (name for name in names if name > behind[depth] or (name == behind[depth] and not last))

    def _broken(self, error: OSError, where: Path) -> PlaceError:
        reason = os.strerror(error.errno or 0)
        if error.errno in (errno.EACCES, errno.EPERM):
            return PlaceRefused(
                f"{encode(str(where))} may not be read by Partwell's account ({reason}); give it that right."
            )
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return PathTrick(
                f"{encode(str(where))} became a link while it was read; it was not followed. List again."
            )
        return PlaceUnreachable(
            f"{encode(str(where))} could not be read ({reason}); check that the share answers."
        )

    def _open_root(self) -> int:
        """A descriptor of the root, each part of its path opened without following a link."""
        try:
            handle = folder_root.open_path(self.root)
        except FileNotFoundError:
            raise PlaceMissing(
                f"{self.describe()} is not there; check that the share is mounted before taking it as empty."
            ) from None
        except OSError as error:
            raise self._broken(error, self.root) from None
        if self.expect and folder_root.identity(self.root, os.fstat(handle)) != self.expect:
            os.close(handle)
            raise PlaceMissing(
                f"Another folder or file system lies at {self.root} than was approved; check that the right share is mounted, "
                "or approve the deletion anew."
            )
        return handle

    def _parts(self, key: str) -> "Parts":
        parts = [decode(part) for part in key.split("/")]
        if any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            raise PathTrick(f"{key[:80]!a} is no path inside of {self.describe()}; list it again.")
        return parts

    # deleting -------------------------------------------------------------

    def delete(self, things: Sequence[Thing]) -> Outcomes:
        """Exactly these names: what is in folders first, then folders from the deepest; each folder is made durable."""
        self._no_mounts()
        done: dict[int, Outcome] = {}
        folders = [number for number, thing in enumerate(things) if thing.kind == "folder"]
        rest = [number for number, thing in enumerate(things) if thing.kind != "folder"]
        rest.sort(key=lambda number: things[number].key.rpartition("/")[0])
        folders.sort(key=lambda number: -things[number].key.count("/"))
        with ExitStack() as opened:
            root = self._open_root()
            opened.callback(os.close, root)
            device = os.fstat(root).st_dev
            parent = _Parent(root, device, self.cross_devices)
            opened.callback(parent.close)
            for number in [*rest, *folders]:
                done[number] = self._remove(parent, things[number])
        return [done[number] for number in range(len(things))]

    def _remove(self, parent: "_Parent", thing: Thing) -> Outcome:
        try:
            *above, name = self._parts(thing.key)
            if thing.kind not in ("file", "link", "folder"):
                raise PathTrick("A folder holds no such thing.")
            handle = parent.open(above)
            found = _thing([*above, name], os.stat(name, dir_fd=handle, follow_symlinks=False))
            if (found.kind, found.version) != (thing.kind, thing.version):
                words = "Something else has this name since it was listed; it was left. List again and decide anew."
                return Outcome(thing.key, thing.version, thing.kind, "failed", "changed", words)
            if thing.kind == "folder":
                os.rmdir(name, dir_fd=handle)
            else:
                os.unlink(name, dir_fd=handle)
            parent.touched = True
        except PathTrick:
            words = f"It does not lie in {self.describe()}; nothing was done to it."
            return Outcome(thing.key, thing.version, thing.kind, "failed", "outside", words)
        except _OtherDevice:
            words = "Another file system is mounted above it; unmount it, or say that it belongs to this set."
            return Outcome(thing.key, thing.version, thing.kind, "failed", "other_device", words)
        except OSError as error:
            if error.errno in _GONE:
                return Outcome(thing.key, thing.version, thing.kind, "gone", "", "It was not there any more.")
            usual = (
                errno.errorcode.get(error.errno or 0, "error"),
                f"The system says: {os.strerror(error.errno or 0)}.",
            )
            code, words = _WORDS.get(error.errno or 0, usual)
            return Outcome(thing.key, thing.version, thing.kind, "failed", code, words)
        more = (
            f" {thing.links - 1} other names of the same bytes were counted when it was listed."
            if thing.links > 1
            else ""
        )
        return Outcome(thing.key, thing.version, thing.kind, "deleted", "", f"Its name was removed.{more}")


Parts = list[str]


class _OtherDevice(Exception):
    """A folder on the way lies on another file system."""


class _Parent:
    """The folder that is worked in: opened part by part below the root, kept while the next thing lies in it too."""

    def __init__(self, root: int, device: int, cross_devices: bool) -> None:
        self._root, self._device, self._cross = root, device, cross_devices
        self._path: Parts | None = None
        self._handle = -1
        self.touched = False

    def open(self, path: Parts) -> int:
        """A descriptor of the folder at ``path`` below the root; raises OSError where a link or nothing stands."""
        if path != self._path:
            self.close()
            handle = os.dup(self._root)
            try:
                for part in path:
                    below = os.open(part, FOLDER, dir_fd=handle)
                    os.close(handle)
                    handle = below
                    if not self._cross and os.fstat(handle).st_dev != self._device:
                        raise _OtherDevice
            except BaseException:
                os.close(handle)
                raise
            self._path, self._handle = path, handle
        return self._handle

    def close(self) -> None:
        """Make what was removed durable, and let go of the folder."""
        if self._path is None:
            return
        try:
            if self.touched:
                os.fsync(self._handle)
        except OSError:
            pass  # some shares cannot; the listing afterwards is the proof
        finally:
            os.close(self._handle)
            self._path, self._handle, self.touched = None, -1, False


def _thing(path: Sequence[str], found: os.stat_result) -> Thing:
    kind: ThingKind = "file"
    if stat.S_ISDIR(found.st_mode):
        kind = "folder"
    elif stat.S_ISLNK(found.st_mode):
        kind = "link"
    version = "" if kind == "folder" else f"{found.st_mtime_ns}-{found.st_size}"
    modified = datetime.fromtimestamp(max(0, min(found.st_mtime, 253_000_000_000)), UTC)
    size, links = (0, 1) if kind == "folder" else (found.st_size, found.st_nlink)
    key = "/".join(encode(part) for part in path)
    return Thing(key, version, kind, size, modified, "", True, links)
