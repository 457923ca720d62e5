# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes a mail apart as a stream: a line and a header block in memory, each part on the disk as it is decoded.

The standard library's parser holds several copies of a mail in memory and recurses; a mail of 150 MB, of 100,000
parts or nested 5,000 deep must cost neither. A mail inside the mail is one part and is not opened.
"""

import binascii
import contextlib
import re
from dataclasses import dataclass, field
from email.message import Message
from email.policy import compat32
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

LINE = 64 * 1024
HEADERS, HEADER_LINES = 512 * 1024, 2000
PARTS, DEPTH = 200, 20


class Multipart(NamedTuple):
    """A multipart that is open: what ends its parts, its subtype, and its number in the mail."""

    boundary: bytes
    subtype: str
    number: int


@dataclass
class Part:
    """A leaf. ``head``: its headers (bytes kept as surrogates). ``path``: its bytes, transfer encoding undone; ``size`` of them.

    ``within``: the multiparts around it, the outermost first.
    """

    head: "Message[Any, Any]"
    path: Path
    depth: int
    size: int = 0
    within: tuple["Multipart", ...] = ()

    @property
    def media_type(self) -> str:
        """Type and subtype in lower case, text/plain where it says none or nonsense."""
        with contextlib.suppress(Exception):
            return self.head.get_content_type()[:100]
        return "application/octet-stream"


@dataclass
class Apart:
    """``headers``: the mail's own. ``parts`` in order. ``problems``: sentences; ``whole``: False where it was not taken apart to its end."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    head: "Message[Any, Any]" = field(default_factory=lambda: Message(policy=compat32))
    parts: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    whole: bool = True


class _Base64:
    _OTHER = re.compile(rb"[^A-Za-z0-9+/=]+")

    def __init__(self) -> None:
        self._rest = b""
        self._padded = False

    def feed(self, line: bytes) -> bytes:
        text = line.strip()
        if self._padded and text and self._OTHER.search(text):
            return b""  # after its end: what a list or a virus scanner wrote below it
        self._padded = self._padded or text.endswith(b"=")
        data = self._rest + self._OTHER.sub(b"", line)
        cut = len(data) - len(data) % 4
        self._rest = data[cut:]
        return self._decode(data[:cut])

    def _decode(self, data: bytes) -> bytes:
        if b"=" in data.rstrip(b"="):  # padding in the middle: several encoded pieces after one another
            out = b""
            for found in re.finditer(rb"[^=]+={0,2}", data):
                piece = found[0].rstrip(b"=")
                with contextlib.suppress(binascii.Error):
                    out += binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))
            return out
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            return b""

    def end(self) -> bytes:
        rest, self._rest = self._rest.rstrip(b"="), b""
        with contextlib.suppress(binascii.Error):
            return binascii.a2b_base64(rest + b"=" * (-len(rest) % 4)) if len(rest) > 1 else b""
        return b""


class _Quoted:
    def feed(self, line: bytes) -> bytes:
        return binascii.a2b_qp(line)

    def end(self) -> bytes:
        return b""


class _Plain:
    def feed(self, line: bytes) -> bytes:
        return line

    def end(self) -> bytes:
        return b""


_DECODERS: dict[str, type[_Base64] | type[_Quoted]] = {"base64": _Base64, "quoted-printable": _Quoted}


class _Reader:
    """Lines and the boundaries among them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.boundaries: list[Multipart] = []
        self.multiparts = 0
        self._at_start = True
        self._given_back: bytes | None = None

    def line(self) -> bytes:
        """A line or a piece of a very long one, b"" at the end."""
        if self._given_back is not None:
            found, self._given_back = self._given_back, None
            return found
        return self._stream.readline(LINE)

    def give_back(self, line: bytes) -> None:
        self._given_back = line

    def find(self, line: bytes) -> tuple[int, bool] | None:
        """Which boundary (its place, whether it closes) this line, at the start of a line, is."""
        if not line.startswith(b"--") or not self.boundaries:
            return None
        text = line.rstrip(b" \t\r\n")
        for place in range(len(self.boundaries) - 1, -1, -1):
            mark = b"--" + self.boundaries[place].boundary
            if text == mark or text == mark + b"--":
                return place, text != mark
        return None

    def boundary(self, line: bytes) -> bool:
        """Whether this line ends the part; closes the boundaries that it ends, and notes in ``closed`` whether none opens."""
        found = self.find(line)
        if found is None:
            return False
        place, self.closed = found
        del self.boundaries[place if self.closed else place + 1 :]
        return True

    closed = False


def take_apart(source: Path, spool: Path) -> Apart:
    """The mail in ``source``, its parts as files below ``spool`` (which must exist). Never raises for any bytes; OSError of the disk."""
    apart = Apart()
    with source.open("rb") as stream:
        reader = _Reader(stream)
        raw = _header_block(reader, apart, first=True)
        apart.headers, apart.head = raw, _message(raw)
        _entity(reader, apart, apart.head, spool)
        while apart.whole:
            # In a multipart: look for the next boundary that opens a part.
            if not _skip(reader):
                break
            head = _message(_header_block(reader, apart, first=False))
            if reader.boundaries and reader.boundaries[-1].subtype == "digest" and "Content-Type" not in head:
                head["Content-Type"] = "message/rfc822"  # RFC 2046, 5.1.5
            _entity(reader, apart, head, spool)
        if apart.whole and not apart.parts:
            apart.problems.append("It announces parts and holds none; its text is shown as it stands there.")
            _as_one_text(stream, apart, spool)
    return apart


def _as_one_text(stream: BinaryIO, apart: Apart, spool: Path) -> None:
    """What stands below the headers of a multipart without parts, as its text: nobody else shows it."""
    stream.seek(0)
    reader = _Reader(stream)
    _header_block(reader, Apart(), first=True)
    part = Part(_message([("Content-Type", "text/plain")]), spool / "part-001", 0)
    apart.parts.append(part)
    with part.path.open("wb") as out:
        part.size = _body(reader, part.head, out)


def _entity(reader: _Reader, apart: Apart, head: "Message[Any, Any]", spool: Path) -> None:
    boundary = _boundary(head)
    if boundary:
        if len(reader.boundaries) >= DEPTH:
            apart.problems.append(f"It nests deeper than {DEPTH}; it is kept whole and was not taken apart.")
            apart.whole = False
            return
        reader.multiparts += 1
        reader.boundaries.append(Multipart(boundary, head.get_content_subtype(), reader.multiparts))
        reader.closed = True  # what stands before the first boundary is for nobody
        return
    if len(apart.parts) >= PARTS:
        apart.problems.append(f"It has more than {PARTS} parts; it is kept whole and was not taken apart.")
        apart.whole = False
        return
    part = Part(
        head,
        spool / f"part-{len(apart.parts) + 1:03}",
        len(reader.boundaries),
        within=tuple(reader.boundaries),
    )
    apart.parts.append(part)
    with part.path.open("wb") as out:
        part.size = _body(reader, head, out)


def _skip(reader: _Reader) -> bool:
    """Go on to the beginning of the next part; False at the end of the mail."""
    if not reader.boundaries:
        return False
    if not reader.closed:
        return True  # the boundary that ended the last part begins this one
    fresh = True
    while line := reader.line():
        if fresh and reader.boundary(line):
            if not reader.closed:
                return True
            if not reader.boundaries:
                return False
        fresh = line.endswith(b"\n")
    return False


def _body(reader: _Reader, head: "Message[Any, Any]", out: BinaryIO) -> int:
    """Write the decoded body up to its boundary; its size. The line end before a boundary belongs to the boundary."""
    # Some programs quote it, or put a comment or a semicolon after it.
    named = re.search(r"[a-z0-9-]+", str(head.get("Content-Transfer-Encoding", "")).casefold())
    encoding = named[0] if named else ""
    decoder: _Base64 | _Quoted | _Plain = _DECODERS.get(encoding, _Plain)()
    size, held, fresh = 0, b"", True
    reader.closed = True  # the mail may end without its boundary
    ended = False
    while line := reader.line():
        if fresh and reader.boundary(line):
            ended = True
            break
        fresh = line.endswith(b"\n")
        # Held back until the next line comes: the last line end is the boundary's.
        data = held + decoder.feed(line)
        keep = 2 if data.endswith(b"\r\n") else 1 if data.endswith(b"\n") else 0
        if isinstance(decoder, _Base64):
            keep = 0
        held = data[len(data) - keep :]
        size += out.write(data[: len(data) - keep])
    if not ended:
        reader.boundaries.clear()
        size += out.write(held)
    return size + out.write(decoder.end())


def _header_block(reader: _Reader, apart: Apart, *, first: bool) -> list[tuple[str, str]]:
    """Headers up to an empty line, unfolded, at most 512 KiB; more of them are left out, and said."""
    found: list[tuple[str, str]] = []
    size = count = 0
    fresh = True
    while line := reader.line():
        text = line.rstrip(b"\r\n")
        if fresh and not text:
            break
        if fresh and not first and reader.find(line):
            # A part of headers alone: the boundary is for whoever reads on.
            reader.give_back(line)
            break
        size, count = size + len(line), count + 1
        plain = _plain(text)
        name, colon, value = plain.partition(":")
        if size > HEADERS or count > HEADER_LINES:
            if not any("headers are too long" in one for one in apart.problems):
                apart.problems.append("Its headers are too long; only the first were read.")
        elif (not fresh or plain[:1] in (" ", "\t")) and found:
            found[-1] = (found[-1][0], found[-1][1] + (" " + plain.strip() if fresh else plain))
        elif colon and re.fullmatch(r"[!-9;-~]+[ \t]*", name):
            found.append((name.strip(), value.strip()))
        elif not (first and not found and text.startswith((b"From ", b">From "))):
            reader.give_back(line)  # neither header nor separator: the body begins here
            break
        fresh = line.endswith(b"\n")
    return found


def _plain(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def _message(headers: list[tuple[str, str]]) -> "Message[Any, Any]":
    message: Message[Any, Any] = Message(policy=compat32)
    for name, value in headers:
        if name.casefold().startswith("content-"):
            with contextlib.suppress(Exception):
                message[name] = value[:20_000]
    return message


def _boundary(head: "Message[Any, Any]") -> bytes:
    with contextlib.suppress(Exception):
        found = head.get_boundary()
        if head.get_content_maintype() == "multipart" and found and len(found) <= 200:
            return found.encode("utf-8", "surrogateescape").rstrip()
    return b""
