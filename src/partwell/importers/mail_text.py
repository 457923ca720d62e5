# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text of hostile mail: headers, charsets, addresses, dates, HTML made plain. Never raises."""

import contextlib
import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from html.parser import HTMLParser
from typing import Any

from partwell.importers.base import clean
from partwell.importers.mail_charset import decode

_MAX_HEADER = 20_000


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def _headers(message: "Message[Any, Any]") -> dict[str, list[str]]:
    """Raw header values by lower-case name, unfolded and bounded; the parsed ones may raise on access."""
    found: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:1000]:
        text = str(value).encode("utf-8", "surrogateescape")[:_MAX_HEADER]
        try:
            plain = text.decode("utf-8")
        except UnicodeDecodeError:
            plain = text.decode("cp1252", "replace")
        found.setdefault(name.strip().casefold(), []).append(re.sub(r"\r?\n[ \t]*", " ", plain))
    return found


def _decoded(raw: str) -> str:
    """RFC 2047 words as text, whatever their character set claims to be."""
    try:
        chunks = decode_header(raw)
    except Exception:  # noqa: BLE001  # broken base64 and more
        return raw
    return "".join(chunk if isinstance(chunk, str) else decode(chunk, charset) for chunk, charset in chunks)


# Signs that turn the order of what follows: in a stranger's name they rewrite our own sentence around it.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str, limit: int) -> str:
    """A stranger's name or subject as one line that leaves the words around it as they are."""
    return clean(" ".join(_TURNING.sub("", text).split()), limit)


def _addresses(values: list[str] | None) -> tuple[Address, ...]:
    found = []
    try:
        for name, address in email.utils.getaddresses((values or [])[:20])[:200]:
            if address or name:
                found.append(Address(one_line(_decoded(name), 200), one_line(address, 320)))
    except Exception:  # noqa: BLE001  # some malformed comments raise IndexError in the standard library
        return tuple(found)
    return tuple(found)


def _date(text: str) -> datetime | None:
    try:
        when = email.utils.parsedate_to_datetime(text.strip())
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class _Plain(HTMLParser):
    _SKIP = frozenset({"script", "style", "head", "title"})
    _BREAK = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "table", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._skipping += tag in self._SKIP
        if tag in self._BREAK:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._skipping = max(0, self._skipping - (tag in self._SKIP))
        if tag in self._BREAK:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.pieces.append(data)


def storable(value: Any) -> Any:
    """The same JSON value without what no database holds: NUL, and halves of surrogate pairs, which UTF-7 can spell."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [storable(one) for one in value]
    return {name: storable(one) for name, one in value.items()} if isinstance(value, dict) else value


def sound_date(text: str) -> datetime | None:
    """A time in ISO form, in UTC where it names a zone; None for "" and for what lies outside of any mail's days."""
    when = datetime.fromisoformat(text) if text else None
    with contextlib.suppress(OverflowError):
        when = when.astimezone(UTC) if when and when.tzinfo else when
        return when if when and 1970 <= when.year <= 2200 else None
    return None


def _without_comments(html: str) -> str:
    """HTML without its comments; one that never ends takes the rest, as in a browser. HTMLParser looks for the end of
    each anew to the end of the text: 1 MB of "<!--" took it minutes."""
    pieces, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        pieces.append(html[at:start])
        end = html.find("-->", start + 4)
        at = end + 3 if end >= 0 else len(html)
    return "".join([*pieces, html[at:]])


def html_to_text(html: str) -> str:
    """HTML as plain text: no tags, scripts or styles. It is text afterwards, not safe HTML."""
    parser = _Plain()
    with contextlib.suppress(Exception):  # HTMLParser raises AssertionError on some broken declarations
        parser.feed(_without_comments(html))
        parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
