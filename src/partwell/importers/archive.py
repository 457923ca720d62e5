# SPDX-License-Identifier: AGPL-3.0-or-later
"""ZIP archives and folders of strangers, walked safely.

Nothing is trusted that an archive says of itself: sizes are counted while unpacking, names
never become paths (files are unpacked under random ones), and what is left out is said.
"""

import hashlib
import io
import os
import re
import stat
import struct
import unicodedata
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Notice, Options, Read, clean
from partwell.importers.limits import MIB, Limits
from partwell.importers.zip_checks import _damaged, _overlapping, checked_directory
from partwell.rules.terms import ItemKind

_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$[^/]*$|\.git/)", re.I)
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.I)
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file that was found. ``place``: its path inside the source, with ``/``; ``path`` on disk, or
    ``data`` where it was small and nothing could be written. ``temporary``: ours to delete."""

    place: str
    size: int
    sha256: str
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)
    temporary: bool = False

    @property
    def name(self) -> str:
        return self.place.rpartition("/")[2]

    def open(self) -> BinaryIO:
        """The content, to be closed by whoever asked."""
        return self.path.open("rb") if self.path is not None else io.BytesIO(self.data or b"")

    def drop(self) -> None:
        """Delete what was unpacked; what lay there before stays."""
        if self.temporary and self.path is not None:
            self.path.unlink(missing_ok=True)


class Budget:
    """What one source may still take, over all archives inside it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members = limits.archive_members
        self.total = limits.archive_total_size

    def count(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise ImportRefused(
                "too_many_members",
                f"The source holds more than {self.limits.archive_members:,} files.",
                remedy="Split it and import the parts.",
            )

    def spend(self, amount: int) -> None:
        self.total -= amount
        if self.total < 0:
            raise ImportRefused(
                "archive_bomb",
                f"The archive unpacks to more than {self.limits.archive_total_size // MIB:,} MiB.",
                remedy="Split it and import the parts.",
            )


def checked_name(name: str) -> tuple[str, str]:
    """A member's name with ``/``, and why it is not taken, or ""."""
    plain = name.replace("\\", "/")
    if "\x00" in plain or any(unicodedata.category(ch) == "Cc" for ch in plain):
        return clean(plain, 200), "its name holds control characters"
    if plain.startswith("/") or re.match(r"^[A-Za-z]:", plain):
        return clean(plain, 200), "its name is an absolute path"
    parts = plain.rstrip("/").split("/")
    if ".." in parts:
        return clean(plain, 200), "its name points outside the archive (“..”)"
    if not plain.strip("/") or any(not part.strip() or part == "." for part in parts):
        return clean(plain, 200), "its name has empty parts"
    if len(plain) > 1000 or len(parts) > 50:
        return clean(plain, 200), "its name is too long or too deep"
    if any(_RESERVED.match(part) for part in parts):
        return clean(plain, 200), "its name is reserved by Windows"
    return plain, ""


def _member_problem(info: zipfile.ZipInfo, limits: Limits) -> tuple[str, str]:
    mode = info.external_attr >> 16
    if info.create_system == 3 and mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "a link" if stat.S_ISLNK(mode) else "a device or pipe"
        return "link", f"it is {kind}, not a file"
    if info.flag_bits & 0x41:
        return (
            "encrypted",
            "it is encrypted inside the archive; unpack it with its password and import it by itself",
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compression", "it is packed by a method that Partwell does not unpack"
    if info.file_size > limits.archive_member_size:
        return "too_large", f"it would unpack to {info.file_size // MIB:,} MiB"
    if info.file_size > MIB and info.file_size > info.compress_size * limits.archive_ratio:
        return "bomb", f"it would unpack to more than {limits.archive_ratio} times its packed size"
    return "", ""


def _copy(source: BinaryIO, info: zipfile.ZipInfo, sink: BinaryIO, budget: Budget) -> tuple[int, str]:
    """Unpack one member, counted. Raises ValueError with a sentence; zipfile's and zlib's errors pass."""
    digest, count = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        count += len(block)
        budget.spend(len(block))
        if count > info.file_size or count > budget.limits.archive_member_size:
            raise ValueError("it unpacks to more than it says")
        digest.update(block)
        sink.write(block)
    if count != info.file_size:
        raise ValueError("it unpacks to less than it says")
    return count, digest.hexdigest()


def extract(
    source: Path, *, into: Path | None, budget: Budget, prefix: str = "", depth: int = 0
) -> Iterator[Extracted | LeftOut]:
    """Every regular file of a ZIP, one after the other, and every member that is left out, with why.

    ``into``: a folder that takes files under random names; None: small files come as bytes, larger
    are left out. ZIPs inside are walked ``limits.archive_depth`` deep (Office files are files).
    Raises ImportRefused where the archive as a whole is not taken.
    """
    limits = budget.limits
    size = source.stat().st_size
    if size > limits.file_size:
        raise ImportRefused(
            "too_large",
            f"The archive is larger than {limits.file_size // MIB:,} MiB.",
            remedy="Split it and import the parts.",
        )
    with source.open("rb") as stream:
        checked_directory(stream, size, limits)
        try:
            archive = zipfile.ZipFile(stream)
        except (
            zipfile.BadZipFile,
            ValueError,
            NotImplementedError,
            struct.error,
            OSError,
            UnicodeError,
        ) as error:
            raise _damaged("The directory of this ZIP archive cannot be read.") from error
        infos = archive.infolist()
        overlapping = _overlapping(stream, infos, archive.start_dir)
        seen: set[str] = set()
        for info in infos:
            budget.count()
            name, problem = checked_name(info.orig_filename)
            place = prefix + name
            if problem:
                yield LeftOut(place, "unsafe_name", f"“{clean(place, 120)}” is left out: {problem}.")
                continue
            if _JUNK.search(name):
                yield LeftOut(
                    place,
                    "system_file",
                    f"“{clean(place, 120)}” is left out: it belongs to an operating system.",
                )
                continue
            code, problem = _member_problem(info, limits)
            if not code and info.header_offset in overlapping:
                code, problem = "overlap", "its bytes are shared with another member, as in an archive bomb"
            if code:
                yield LeftOut(place, code, f"“{clean(place, 120)}” is left out: {problem}.")
                continue
            if info.is_dir() or name.endswith("/"):
                continue
            key = unicodedata.normalize("NFC", name).casefold()
            if key in seen:
                yield LeftOut(
                    place,
                    "same_name",
                    f"“{clean(place, 120)}” is left out: the archive holds this name twice.",
                )
                continue
            seen.add(key)
            found = _one(archive, info, place, into, budget)
            if isinstance(found, Extracted) and _is_zip(found):
                yield from _nested(found, into, budget, depth)
            else:
                yield found


def _one(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str, into: Path | None, budget: Budget
) -> Extracted | LeftOut:
    if into is None and info.file_size > budget.limits.inline_file:
        return LeftOut(
            place,
            "no_spool",
            f"“{clean(place, 120)}” is left out: it is large and there is no place to unpack it.",
        )
    path = into / uuid.uuid4().hex if into is not None else None
    memory = io.BytesIO()
    done = False
    try:
        with archive.open(info) as member:
            if path is None:
                size, digest = _copy(member, info, memory, budget)  # type: ignore[arg-type]
            else:
                with path.open("xb") as sink:
                    size, digest = _copy(member, info, sink, budget)  # type: ignore[arg-type]
        done = True
    except ImportRefused:
        raise
    except ValueError as error:
        return LeftOut(place, "size_lie", f"“{clean(place, 120)}” is left out: {clean(error, 100)}.")
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
        struct.error,
        UnicodeError,
    ):
        return LeftOut(
            place,
            "damaged",
            f"“{clean(place, 120)}” is left out: it is damaged (its checksum or packing is wrong).",
        )
    finally:
        if not done and path is not None:
            path.unlink(missing_ok=True)
    if path is None:
        return Extracted(place, size, digest, data=memory.getvalue())
    return Extracted(place, size, digest, path=path, temporary=True)


def _is_zip(found: Extracted) -> bool:
    from partwell.importers.mediatype import ZIP, of_stream

    with found.open() as stream:
        return of_stream(stream)[0] == ZIP


def _nested(found: Extracted, into: Path | None, budget: Budget, depth: int) -> Iterator[Extracted | LeftOut]:
    place = found.place
    try:
        if depth >= budget.limits.archive_depth or found.path is None:
            yield LeftOut(
                place,
                "nested_archive",
                f"“{clean(place, 120)}” is left out: an archive inside an archive is "
                f"opened {budget.limits.archive_depth} deep; unpack it and import it by itself.",
            )
            return
        try:
            yield from extract(found.path, into=into, budget=budget, prefix=place + "/", depth=depth + 1)
        except ImportRefused as refusal:
            if refusal.code in ("archive_bomb", "too_many_members"):
                raise
            yield LeftOut(place, refusal.code, f"“{clean(place, 120)}” is left out: {refusal.sentence}")
    finally:
        found.drop()


def walk_folder(folder: Path, *, budget: Budget) -> Iterator[Extracted | LeftOut]:
    """Every regular file below a folder, in name order, where it lies; links are never followed."""
    waiting = [(folder, "", 0)]
    while waiting:
        here, prefix, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            yield LeftOut(
                prefix or ".",
                "unreadable",
                f"The folder “{clean(prefix or folder.name, 120)}” cannot be read.",
            )
            continue
        folders = []
        for entry in entries:
            budget.count()
            name = entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found = _entry(entry, prefix + name, depth, budget)
            if found is None:
                folders.append((Path(entry.path), prefix + name + "/", depth + 1))
            else:
                yield found
        waiting += reversed(folders)


def _entry(entry: "os.DirEntry[str]", place: str, depth: int, budget: Budget) -> Extracted | LeftOut | None:
    def leave(code: str, why: str) -> LeftOut:
        return LeftOut(place, code, f"“{clean(place, 120)}” is left out: {why}.")

    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return leave("link", "it is a link, not a file")
        if _JUNK.search(place + ("/" if stat.S_ISDIR(status.st_mode) else "")):
            return leave("system_file", "it belongs to an operating system")
        if stat.S_ISDIR(status.st_mode):
            return None if depth < 50 else leave("too_deep", "it lies too deep")
        if not stat.S_ISREG(status.st_mode):
            return leave("link", "it is a device or pipe, not a file")
        if status.st_size > budget.limits.archive_member_size:
            return leave("too_large", f"it is {status.st_size // MIB:,} MiB large")
        budget.spend(status.st_size)
        descriptor = os.open(entry.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Extracted(place, status.st_size, digest, path=Path(entry.path))
    except OSError:
        return leave("unreadable", "it cannot be read")


# ── As an importer of its own: a ZIP of mixed exports ───────────────────────────────────

KIND = "archive"
LABEL = "ZIP archive of exports and documents"
UNDERSTANDS = ("ZIP archives and folders whose files are read by what each is, the rest kept as documents",)
DOES_NOT_UNDERSTAND = (
    "encrypted ZIPs, 7z, RAR and tar",
    "credential stores inside, which need a password: import them alone",
)
_READ_INSIDE = (("glpi", 0.8), ("nmap", 0.9), ("snipeit", 0.9))  # kind and how sure it must be


def sniff(path: Path, head: bytes) -> float:
    """Below ``documents``: a person chooses it where an archive holds inventories."""
    return 0.3 if path.is_dir() or head.startswith(b"PK\x03\x04") else 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """Inventories and scans inside as their items, everything else as documents (``documents.read``)."""
    from partwell.importers import documents

    for item in documents.read(source, options=options):
        if isinstance(item, ImportedItem) and item.file is not None and item.file.path is not None:
            yield from _by_kind(item, item.file.path, options)
        yield item


def _by_kind(item: ImportedItem, path: Path, options: Options) -> Iterator[Read]:
    """What a special importer finds in one file; the file itself stays an item too."""
    from partwell.importers.detect import HEAD, importer

    with path.open("rb") as stream:
        head = stream.read(HEAD)
    for kind, sure in _READ_INSIDE:
        try:
            module = importer(kind)
            if module.sniff(Path(item.details.get("file_name", path.name)), head) < sure:
                continue
            for found in module.read(path, options=options):
                if isinstance(found, ImportedItem) and found.kind is not ItemKind.DOCUMENT:
                    yield replace(found, source_line=f"{item.source_line}:{found.source_line}")
                elif isinstance(found, LeftOut):
                    yield replace(found, line=f"{item.source_line}:{found.line}")
        except ImportRefused as refusal:
            yield Notice(
                str(item.source_line),
                refusal.code,
                f"“{clean(item.title, 80)}” is kept as a document only: {refusal.sentence}",
            )
        except ModuleNotFoundError:
            continue
        return
