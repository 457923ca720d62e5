# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person wrote in a mail: its text, out of all parts that hold some, in the order in which a mail program shows them.

Of alternatives one is read. Everything else counts: Apple's program writes on after a picture in a part of its own, and
a list puts its footer below an HTML mail as plain text. Never raises for any bytes.
"""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from partwell.importers.mail_charset import charset_in_html, decode
from partwell.importers.mail_invite import in_words
from partwell.importers.mail_parts import Part
from partwell.importers.mail_text import html_to_text

LONGEST = 200_000
_SHOWN = ("text/plain", "text/html")
_NO_WORDS = ("text/calendar", "text/rfc822-headers", "text/csv", "text/vcard", "text/x-vcard")


@dataclass(frozen=True, slots=True)
class Body:
    """``text``; whether it was ``cut``; the ``parts`` it is from."""

    text: str = ""
    cut: bool = False
    parts: tuple[Part, ...] = ()


def body_of(parts: list[Part]) -> Body:
    """The text of a mail's parts; of a mail that marks its only text as a file, that; of a bare invitation what it says; else no words."""
    budget = [4 * LONGEST]
    shown = [part for part in parts if part.media_type in _SHOWN and not attached(part)]
    found = _joined(_choices(shown, budget))
    if not found.text:
        others = [part for part in parts if not any(part is one for one in shown) and _readable(part)]
        found = _joined([(part, _words(part, budget)) for part in others[:1]])
    calendar = next((part for part in parts if part.media_type in ("text/calendar", "application/ics")), None)
    if not found.text and calendar is not None:
        with calendar.path.open("rb") as stream:
            found = Body(
                in_words(stream.read(4 * LONGEST), _parameter(calendar, "charset")), False, found.parts
            )
    return found


def attached(part: Part) -> bool:
    """Whether a part is meant as a file: it says so, or has a name."""
    with contextlib.suppress(Exception):
        named = part.head.get_filename() or ""
        return _filed(part) or bool(named)
    return False


def _filed(part: Part) -> bool:
    with contextlib.suppress(Exception):
        return str(part.head.get("Content-Disposition", "")).casefold().startswith("attachment")
    return False


def _readable(part: Part) -> bool:
    """Text of another kind, text with a name that is shown in place, or a multipart that names no boundary."""
    kind = part.media_type
    return not _filed(part) and (
        kind.startswith("multipart/") or (kind.startswith("text/") and kind not in _NO_WORDS)
    )


def _choices(parts: list[Part], budget: list[int]) -> list[tuple[Part, str | None]]:
    """The parts that are read, in order, with their words: of each alternative those of one kind, plain before HTML."""
    groups: dict[tuple[str, int], list[Part]] = {}
    for number, part in enumerate(parts):
        outer = next((one for one in part.within if one.subtype == "alternative"), None)
        groups.setdefault(("alternative", outer.number) if outer else ("alone", number), []).append(part)
    found: list[tuple[Part, str | None]] = []
    for group in groups.values():
        plain = [(part, _words(part, budget)) for part in group if part.media_type == "text/plain"]
        if not any(words for _, words in plain):
            plain += [(part, _words(part, budget)) for part in group if part.media_type == "text/html"]
        found += plain
    return found


def _joined(read: Iterable[tuple[Part, str | None]]) -> Body:
    texts: list[str] = []
    used: list[Part] = []
    cut = False
    for part, words in read:
        cut = cut or words is None or part.size > 4 * LONGEST
        if words and not (part.media_type == "text/html" and _said(words, texts)):
            texts.append(words)
        if words is not None:
            used.append(part)
    text = "\n\n".join(texts)
    return Body(text[:LONGEST].strip(), cut or len(text) > LONGEST, tuple(used))


def _said(html: str, texts: list[str]) -> bool:
    """Whether what an HTML part says was said by a plain one before it: some programs forget to call them alternatives."""
    letters = ["".join(filter(str.isalnum, one)) for one in (html[:2000], "".join(texts)[:4000])]
    return bool(letters[0]) and letters[1].startswith(letters[0][:500])


def _words(part: Part, budget: list[int]) -> str | None:
    """A part's words; None where others before it were so long that it is not read. ``budget``: bytes that may still be read."""
    if budget[0] <= 0:
        return None
    with part.path.open("rb") as stream:
        data = stream.read(budget[0])
    budget[0] -= max(len(data), 1000)
    html = part.media_type == "text/html"
    text = (
        decode(data, _parameter(part, "charset") or (charset_in_html(data) if html else None))
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\x00", "")
    )
    if html:
        return html_to_text(text)
    flowed = _parameter(part, "format") == "flowed"
    return (unflowed(text, _parameter(part, "delsp") == "yes") if flowed else text).strip()


def _parameter(part: Part, name: str) -> str:
    with contextlib.suppress(Exception):
        if name == "charset":
            return part.head.get_content_charset() or ""
        return str(part.head.get_param(name, "")).casefold()
    return ""


def unflowed(text: str, deleted: bool = False) -> str:
    """``format=flowed`` (RFC 3676) as paragraphs: soft line ends joined, stuffed spaces gone. ``deleted``: DelSp=yes."""
    lines: list[str] = []
    open_depth = -1  # of the line above, where it goes on; else -1
    for raw in text.split("\n"):
        quote = re.match(r">*", raw)
        depth = len(quote[0]) if quote else 0
        line = raw[depth:].removeprefix(" ")
        goes_on = line.endswith(" ") and line != "-- "
        kept = line[:-1] if goes_on and deleted else line
        if depth == open_depth and line != "-- ":
            lines[-1] += kept
        else:
            lines.append(f"{'>' * depth} {kept}" if depth else kept)
        open_depth = depth if goes_on else -1
    return "\n".join(one.rstrip() if one != "-- " else one for one in lines)
