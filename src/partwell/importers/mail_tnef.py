# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Outlook packed into a winmail.dat (TNEF, MS-OXTNEF): the names and bytes of its attachments. Runs in the guarded process."""

import mimetypes
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from partwell.importers.base import FileRef, ImportedItem, clean, safe_name
from partwell.rules.terms import Category, Custodian, ItemKind

SIGNATURE = b"\x78\x9f\x3e\x22"
BEGINS, TITLE, DATA = 0x00069002, 0x00018010, 0x0006800F  # attAttachRenddata, attAttachTitle, attAttachData
MOST = 50  # attachments; what is beyond stays in the file, which is kept whole
ATTRIBUTES = 20_000
_HEAD = struct.Struct("<BII")
_PIECE = 1024 * 1024


def is_tnef(media_type: str, name: str) -> bool:
    """Whether a part of a mail says that it is one."""
    named = media_type == "application/octet-stream" and name == "winmail.dat"
    return named or media_type in ("application/ms-tnef", "application/vnd.ms-tnef")


def unpack(source: Path, folder: Path) -> list[tuple[str, Path, int]]:
    """Name, file below ``folder`` and size of each attachment; none of what is no TNEF, and what was whole of one that breaks off.

    The bytes of all are no more than ``source`` has: nothing in it is compressed and no part lies in another.
    """
    found: list[tuple[str, Path, int]] = []
    name, path, length = "", None, 0
    left = source.stat().st_size - 6

    def keep() -> None:
        if path is not None and len(found) < MOST:
            found.append((safe_name(clean(name, 200), "") or f"packed {len(found) + 1}", path, length))

    with source.open("rb") as stream:
        if stream.read(6)[:4] != SIGNATURE:
            return []
        for number in range(ATTRIBUTES):
            head = stream.read(_HEAD.size)
            left -= len(head)
            if len(head) < _HEAD.size:
                break
            _, kind, size = _HEAD.unpack(head)
            if size + 2 > left:
                break  # it lies about its length, or was cut off
            if kind == BEGINS:
                keep()
                name, path, length = "", None, 0
            if kind == TITLE:
                name = stream.read(min(size, 1000)).split(b"\x00")[0].decode("cp1252", "replace")
                stream.seek(max(0, size - 1000), 1)
            elif kind == DATA and path is None and len(found) < MOST:
                path, length = folder / f"packed-{number}", size
                _copy(stream, path, size)
            else:
                stream.seek(size, 1)
            stream.seek(2, 1)  # a checksum, which proves nothing
            left -= size + 2
    keep()
    return found


def items(source: Path, folder: Path, after: int) -> Iterator[ImportedItem]:
    """The attachments as parts of the mail, numbered after the ``after`` first; ``folder`` is made and theirs alone."""
    folder.mkdir(mode=0o700)
    for number, (name, path, size) in enumerate(unpack(source, folder), 1 + after):
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        yield ImportedItem(
            title=name, category=Category.OTHER, kind=ItemKind.DOCUMENT, custodian=Custodian.MSP,
            details={"body": "", "inline": "", "cid": "", "original": "", "inner": ""},
            external_id=str(number), file=FileRef(name, kind, size, path=path),
        )  # fmt: skip


def _copy(stream: BinaryIO, path: Path, size: int) -> None:
    with path.open("xb") as out:
        while size > 0 and (piece := stream.read(min(_PIECE, size))):
            out.write(piece)
            size -= len(piece)
