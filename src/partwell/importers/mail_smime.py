# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words inside an S/MIME mail that is signed but not encrypted (RFC 8551, "opaque"): Outlook's way where it is told to sign.

Only the signed content is taken out, as parts beside the file, which stays whole; the signature is judged by nobody here.
Runs in the guarded process. Never raises for any bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from partwell.importers.mail_parts import PARTS, Apart, Part, take_apart

LARGEST = 48 * 1024 * 1024
SIGNED, ENVELOPED, SEALED = (bytes.fromhex(one) for one in ("2a864886f70d010702", "2a864886f70d010703", "2a864886f70d0109100117"))  # fmt: skip
_DATA = bytes.fromhex("2a864886f70d010701")
_DEEPEST, _MOST = 30, 300_000
TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


def kind_of(part: Part) -> bytes:
    """The object identifier of what an S/MIME part holds; b"" of what is none."""
    if part.media_type not in TYPES:
        return b""
    with part.path.open("rb") as stream:
        head = stream.read(40)
    return next((one for one in (SIGNED, ENVELOPED, SEALED) if one in head), b"")


def open_signed(apart: Apart, spool: Path) -> None:
    """Add what the first signed part of a mail holds to its parts; nothing where there is none, or it cannot be read."""
    part = next((one for one in apart.parts if kind_of(one) == SIGNED), None)
    if part is None or part.size > LARGEST:
        return
    content = signed_content(part.path.read_bytes())
    if not content:
        return
    folder = spool / "signed"
    folder.mkdir(mode=0o700)
    inner_file = folder / "content"
    inner_file.write_bytes(content)
    inner = take_apart(inner_file, folder)
    if inner.whole and len(apart.parts) + len(inner.parts) <= PARTS:
        apart.parts += inner.parts


def signed_content(data: bytes) -> bytes:
    """The content of a CMS SignedData (RFC 5652) in DER or BER; b"" where it has none (a signature beside its text) or is broken."""
    try:
        tree = _Tree(data)
        kind, signed = list(tree.children(tree.element(0, len(data))))[:2]
        if data[kind.start : kind.end] != SIGNED:
            return b""
        fields = list(tree.children(next(tree.children(signed))))
        inside = list(tree.children(fields[2]))
        if data[inside[0].start : inside[0].end] != _DATA:
            return b""
        return b"".join(tree.octets(next(tree.children(inside[1])), 0))
    except (IndexError, ValueError, StopIteration):
        return b""


class _Element(NamedTuple):
    """``start`` and ``end`` of its content; ``after``: where the next one begins."""

    tag: int
    start: int
    end: int
    after: int


class _Tree:
    """Elements of BER, as many as an honest mail has: a million empty ones would take minutes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST

    def element(self, at: int, end: int, depth: int = 0) -> _Element:
        """The element that begins at a byte. ValueError or IndexError where it is none."""
        data, self._left = self._data, self._left - 1
        tag, length, start = data[at], data[at + 1], at + 2
        if tag & 0x1F == 0x1F or depth > _DEEPEST or self._left < 0:
            raise ValueError("not of S/MIME")
        if length == 0x80:  # indefinite: its children up to two zero bytes
            place = start
            while data[place : place + 2] != b"\x00\x00":
                place = self.element(place, end, depth + 1).after
            return _Element(tag, start, place, place + 2)
        if length > 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > end:
            raise ValueError("cut off")
        return _Element(tag, start, start + length, start + length)

    def children(self, parent: _Element) -> Iterator[_Element]:
        """The elements within one."""
        at = parent.start
        while at < parent.end:
            found = self.element(at, parent.end)
            yield found
            at = found.after

    def octets(self, found: _Element, depth: int) -> Iterator[bytes]:
        """The pieces of an octet string, which may be made of others."""
        if depth > _DEEPEST:
            raise ValueError("nested")
        if not found.tag & 0x20:
            yield self._data[found.start : found.end]
            return
        for child in self.children(found):
            yield from self.octets(child, depth + 1)
