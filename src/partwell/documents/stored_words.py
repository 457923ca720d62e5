# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words that were fixed in English when a paper was made (a certificate, a statement), said again in its reader's language.

What is stored stays word for word; only what has the shape of words of ours is said, and whatever people typed stays as typed.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from partwell.documents.texts import Phrase, phrase

NOT_KNOWN = "not known"
# What a reader should know of a mail that came in, as ``rules.inbound.warnings`` words it.
CAUTIONS = (
    "It also names {who} as a reader: that copy went straight there, past us.",
    "The sender's domain {domain} looks like {known} and is another one.",
    "The sender goes by the name {name}, which is on record with another address.",
    "The sender's name shows the address {shown}; the mail comes from {address}.",
    "Answers would go to {address}, not to the sender.",
    "It names more than one sender.",
    "Its proof of coming from {domain} failed: it may be forged or was changed on its way.",
    "Nothing proves that it comes from {domain}.",
)
_PLACE = re.compile(r"\{([a-z]+)\}")


@lru_cache(maxsize=256)
def _shape(words: str) -> "re.Pattern[str]":
    parts = _PLACE.split(words)
    return re.compile("".join(f"(?P<{part}>.*)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)), re.S)  # fmt: skip


def again(text: str, shapes: Iterable[str]) -> Phrase:
    """``text`` as a phrase: the first of ``shapes`` that it has, with what stands in its {places}; else as it stands.

    A day in a place is a day again, "not known" is said, a place called {words} holds words of ours, and one called
    {several} more than one ("a, b and c").
    """
    for words in shapes:
        found = _shape(words).fullmatch(text)
        if found is not None:
            return phrase(words, **{name: _inside(name, value) for name, value in found.groupdict().items()})
    day = day_again(text)
    return phrase(text) if isinstance(day, str) else phrase("{day}", day=day)


def day_again(text: str) -> date | str:
    """A day that was written out in English ("24 November 2026"), else the text."""
    try:
        return datetime.strptime(text, "%d %B %Y").date()  # noqa: DTZ007 - a calendar day
    except ValueError:
        return text


def _inside(name: str, value: str) -> Any:
    if name == "several":
        return _several(value)
    if name == "words":
        return phrase(value)
    return phrase(value) if value == NOT_KNOWN else day_again(value)


def _several(value: str) -> Phrase:
    first, found, last = value.rpartition(" and ")
    if found:
        return phrase("{first} and {last}", first=_several(first), last=phrase(last))
    first, found, last = value.rpartition(", ")
    return phrase("{first}, {last}", first=_several(first), last=phrase(last)) if found else phrase(value)
