# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words and dates as people read them.

``_("…")`` marks a text for ``makemessages`` and translates it with whatever ``speaking`` has put in force;
without it, the English stands. Letters know no Django, so an entry point hands the translator in::

    with speaking("de", django.utils.translation.gettext):
        compose("closing", data)
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Translate = Callable[[str], str]


class DocumentError(ValueError):
    """What was handed in cannot become a letter. The message names the place and the remedy, never a value."""


_translate: ContextVar[Translate] = ContextVar("partwell_documents_translate", default=str)
_language: ContextVar[str] = ContextVar("partwell_documents_language", default="en")


def _(message: str) -> str:
    """The message in the language in force; the message itself where there is no translation."""
    return _translate.get()(message)


def language() -> str:
    """The language in force, as a BCP 47 primary tag ("en")."""
    return _language.get()


@contextmanager
def speaking(code: str, translate: Translate) -> Iterator[None]:
    """Put a language and its gettext function in force for the block; other threads are not touched."""
    first, second = _translate.set(translate), _language.set(code)
    try:
        yield
    finally:
        _translate.reset(first)
        _language.reset(second)


def N_(message: str) -> str:  # gettext's own name for "mark, translate later"
    return message


@dataclass(frozen=True)
class Phrase:
    """Words of ours that stand among facts (a state, a reason): said in the language of whoever reads them, when it is known.

    ``places`` fill its {places}: facts, days, or phrases again. As a string it is English.
    """

    words: str
    places: Mapping[str, Any]

    def __str__(self) -> str:
        filled = {key: str(value) for key, value in self.places.items()}
        return self.words.format_map(filled) if filled else self.words

    def said(self, zone: str) -> str:
        """In the language in force."""
        filled = {key: one_line(str(plain(value, zone))) for key, value in self.places.items()}
        return _(self.words).format_map(filled) if filled else _(self.words)


def phrase(message: str, /, **places: Any) -> Phrase:
    """Mark words of ours and fill them later; a test holds the German to what is marked so."""
    return Phrase(message, places)


MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"),
    N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip


def day_text(value: date, *, weekday: bool = False) -> str:
    """A calendar day in words, "23 November 2026", on demand with its weekday."""
    words = _("{day} {month} {year}").format(day=value.day, month=_(MONTHS[value.month - 1]), year=value.year)
    return f"{_(WEEKDAYS[value.weekday()])} {words}" if weekday else words


def moment_text(value: datetime, zone: str) -> str:
    """A moment in ``zone`` (an IANA name) with the zone shown, "Monday 23 November 2026, 16:20 CET".

    A moment without an offset is refused: nobody could say later when it was.
    """
    if value.utcoffset() is None:
        raise DocumentError("A time without a zone was handed to a document; pass an aware datetime.")
    try:
        local = value.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise DocumentError(
            "The document's time zone is unknown; pass an IANA name such as Europe/Berlin."
        ) from None
    name = local.strftime("%Z").replace("GMT", "UTC")  # one name for one zone, as on the pages
    shown = name if not name.startswith(("+", "-")) else "UTC" + local.strftime("%z")
    return f"{day_text(local.date(), weekday=True)}, {local:%H:%M} {shown}"


def clean(text: str, *, keep: str = "\n") -> str:
    """``text`` without control characters, lone surrogates and direction overrides, line ends as LF.

    Direction overrides are dropped because they let a name on a signed page read as another one.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\t", " ").replace("\x0b", "\n").replace("\x0c", "\n").replace("\x85", "\n")
    bad_direction = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF}
    return "".join(
        char
        for char in text
        if char in keep or (unicodedata.category(char) not in ("Cc", "Cs") and ord(char) not in bad_direction)
    ).strip("\n")


def one_line(text: str) -> str:
    """``text`` as a single line: every run of white space becomes one space."""
    return " ".join(clean(text).split())


def plain(value: Any, zone: str) -> Any:
    """A value of a document's data as JSON can hold it: dates and moments in words, enums by label.

    Knows None, bool, int, str, date, datetime, enum, list, tuple and dict with string keys; anything else
    (an object of a database, a float, bytes) is refused, so that nothing is printed by accident.
    """
    if isinstance(value, Enum):
        return str(getattr(value, "label", value.value))
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Phrase):
        return value.said(zone)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, datetime):
        return moment_text(value, zone)
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, list | tuple):
        return [plain(each, zone) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(each, zone) for key, each in value.items()}
    raise DocumentError(
        f"A document was handed a {type(value).__name__}; pass text, numbers, dates, lists or dicts."
    )
