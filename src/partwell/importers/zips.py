# SPDX-License-Identifier: AGPL-3.0-or-later
"""ZIP archives of strangers: looked over before opening, counted while unpacking."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from partwell.importers.base import FileRef, ImportRefused, Options, safe_name
from partwell.importers.limits import MIB, Limits

_CHUNK = 1 << 18
TAIL = 512 * 1024


def names_in_tail(path: Path, names: tuple[bytes, ...]) -> int:
    """How many of ``names`` stand in the archive's directory; for sniffing, nothing is parsed."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - TAIL))
        tail = stream.read(TAIL)
    return sum(name in tail for name in names)


def plain_path(name: str) -> str:
    """A member's path with forward slashes, "" where it would lead outside (.., absolute, a drive)."""
    path = name.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")) or "\x00" in path:
        return ""
    return "/".join(part for part in parts if part not in ("", "."))


def open_zip(path: Path, limits: Limits) -> zipfile.ZipFile:
    """The archive, after its directory was found sound by what it declares.

    Raises ImportRefused: no ZIP, encrypted, a way outside, overlapping members, too many,
    too large, or too good a ratio to be anything but a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ImportRefused(
            "not_a_zip", "This is not a readable ZIP archive.", path.name, "Export it again."
        ) from error
    try:
        _look_over(archive, path, limits)
    except ImportRefused:
        archive.close()
        raise
    return archive


def _look_over(archive: zipfile.ZipFile, path: Path, limits: Limits) -> None:
    members = archive.infolist()
    if len(members) > limits.archive_members:
        raise ImportRefused(
            "too_many_files",
            f"This archive holds more than {limits.archive_members} files.",
            path.name,
            "Split it.",
        )
    total = 0
    packed = 0
    for info in members:
        if not plain_path(info.filename) and info.filename.strip("/\\. "):
            raise ImportRefused(
                "path_outside",
                "This archive holds a path that leads outside of it.",
                path.name,
                "Do not unpack it anywhere; ask where it comes from.",
            )
        if info.flag_bits & 0x1:
            raise ImportRefused(
                "zip_encrypted",
                "This archive is protected by a password.",
                path.name,
                "Unpack it first, or export it without a password.",
            )
        if (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise ImportRefused(
                "zip_link",
                "This archive holds a link to another file.",
                path.name,
                "Pack the files themselves.",
            )
        if info.file_size > limits.archive_member_size:
            raise ImportRefused(
                "too_large", "A file in this archive is too large when unpacked.", path.name, "Split it."
            )
        if info.file_size > MIB and info.file_size > limits.archive_ratio * max(info.compress_size, 1):
            raise ImportRefused(
                "zip_bomb",
                "This archive unpacks to far more than it can honestly hold.",
                path.name,
                "Do not unpack it; ask where it comes from.",
            )
        total += info.file_size
        packed += info.compress_size
    if total > limits.archive_total_size:
        raise ImportRefused("too_large", "This archive is too large when unpacked.", path.name, "Split it.")
    if packed > path.stat().st_size:
        raise ImportRefused(
            "zip_bomb",
            "The files in this archive overlap each other.",
            path.name,
            "Do not unpack it; ask where it comes from.",
        )


def chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, where: str) -> Iterator[bytes]:
    """A member's bytes, counted as they really come. ImportRefused where damaged or larger than it may be."""
    seen = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                seen += len(chunk)
                if seen > limit or seen > info.file_size:
                    raise ImportRefused(
                        "zip_bomb",
                        "A file in this archive is larger than it says.",
                        where,
                        "Do not unpack it; ask where it comes from.",
                    )
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ImportRefused(
            "zip_damaged", "A file in this archive is damaged.", where, "Export it again."
        ) from error


def extracted(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, media_type: str, options: Options, number: int
) -> FileRef | None:
    """A member as a file: in the spool where there is one, else as bytes if small, else None.

    The name in the spool is our own (``member-<number>``): a member's name chooses no path.
    """
    limits = options.limits
    name = safe_name(info.filename)
    if options.spool is not None:
        target = options.spool / f"member-{number}"
        size = 0
        with target.open("xb") as out:
            for chunk in chunks(archive, info, limits.archive_member_size, name):
                out.write(chunk)
                size += len(chunk)
        return FileRef(name, media_type, size, path=target)
    if info.file_size <= limits.inline_file:
        data = b"".join(chunks(archive, info, limits.inline_file, name))
        return FileRef(name, media_type, len(data), data=data)
    return None
