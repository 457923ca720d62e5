# SPDX-License-Identifier: AGPL-3.0-or-later
"""Header lines: RFC 5322 folding, RFC 2047 words, RFC 2231 file names; no value can begin a new header."""

import base64
import re
from collections.abc import Sequence
from unicodedata import category

from partwell.connectors.addresses import Mailbox, check_address
from partwell.connectors.errors import MailInvalid

_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_DIRECTION = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # they let a text look like another
_WORD_BYTES = 45  # base64 of 45 bytes is 60 characters: with =?utf-8?b?…?= 72, below RFC 2047's 75
_SAFE_NAME = re.compile(rb"[A-Za-z0-9._-]")


def check_line(what: str, value: str) -> None:
    """Raise :class:`MailInvalid` if the value has a line break, a control or direction character, or half a character."""
    # What else is invisible (the joiner in an emoji of two persons, a soft hyphen) stands in an encoded word and breaks
    # nothing: refusing it kept a new provider's words from the client.
    if any(category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _DIRECTION for char in value):
        raise MailInvalid(f"The {what} holds a line break or an invisible character; remove it.")
    if len(value) > 900:
        raise MailInvalid(f"The {what} is longer than 900 characters; shorten it.")


def encoded_words(text: str) -> str:
    """UTF-8 as RFC 2047 base64 words, split between characters, folded."""
    words, piece = [], b""
    for char in text:
        raw = char.encode()
        if len(piece) + len(raw) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def unstructured(name: str, value: str) -> bytes:
    """A header of free text. Runs of spaces or long words are encoded, so that folding changes nothing."""
    check_line(name, value)
    words = value.split(" ")
    plain = value.isascii() and "=?" not in value and all(words) and max(map(len, words)) < 60
    if not value:
        return f"{name}:".encode()
    if not plain:
        return f"{name}: ".encode() + encoded_words(value).encode()
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > 76 and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]).encode()


def mailboxes(name: str, boxes: Sequence[Mailbox]) -> bytes:
    """An address header, one mailbox a line; names as atoms, quoted string or encoded words."""
    return f"{name}: ".encode() + b",\r\n ".join(_mailbox(name, box) for box in boxes)


def _mailbox(header: str, box: Mailbox) -> bytes:
    address = check_address(box.address)
    if not box.name:
        return address.encode()
    check_line(f"name in {header}", box.name)
    if len(box.name) > 200:
        raise MailInvalid(f"The name in {header} is longer than 200 characters; shorten it.")
    if _PLAIN_PHRASE.match(box.name) and "=?" not in box.name and len(box.name) <= 60:
        phrase = box.name
    elif box.name.isascii() and "=?" not in box.name and len(box.name) <= 60 and box.name == box.name.strip():
        phrase = '"' + box.name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        phrase = encoded_words(box.name)
    return f"{phrase}\r\n <{address}>".encode() if len(phrase) > 40 else f"{phrase} <{address}>".encode()


def fold_ids(name: str, ids: Sequence[str]) -> bytes:
    """Message-IDs, one a line."""
    return f"{name}: ".encode() + "\r\n ".join(ids).encode()


def file_name_parameter(name: str) -> bytes:
    """``filename=`` (or RFC 2231 pieces of it) with path separators made harmless."""
    name = name.replace("/", "_").replace("\\", "_")[:200].strip() or "file"
    raw = name.encode()
    if len(raw) <= 60 and all(_SAFE_NAME.match(bytes([byte])) or byte == 32 for byte in raw):
        return b';\r\n filename="' + raw + b'"'
    quoted = [bytes([b]) if _SAFE_NAME.match(bytes([b])) else b"%%%02X" % b for b in raw]
    pieces: list[bytes] = [b""]
    for one in quoted:
        if len(pieces[-1]) + len(one) > 54:
            pieces.append(b"")
        pieces[-1] += one
    if len(pieces) == 1:
        return b";\r\n filename*=utf-8''" + pieces[0]
    return b"".join(
        b";\r\n filename*%d*=" % index + (b"utf-8''" if index == 0 else b"") + piece
        for index, piece in enumerate(pieces)
    )
