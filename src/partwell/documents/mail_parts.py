# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small parts that every kind of mail uses."""

import re
from collections.abc import Callable
from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.stored_words import CAUTIONS, again
from partwell.documents.texts import _, one_line

Kind = tuple[Callable[[dict[str, Any]], Body], frozenset[str], frozenset[str]]
Rows = tuple[tuple[str, str], ...]

# How people begin in the languages that they write in here; a letter of the office's own begins in one of these as well.
_GREETS = re.compile(
    r"(?:dear|hello|hi|hey|greetings|good (?:day|morning|afternoon|evening)|to whom it may concern"
    r"|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?|werte[rs]?|moin|servus|grüezi|grüß|gruezi"
    r"|bonjour|cher|chère|chers|chères|madame|monsieur|buongiorno|hola|estimad[oa]s?|beste|geachte)\b[^\n]{0,120}",
    re.IGNORECASE,
)


def greets(words: str, names: str = "") -> bool:
    """Whether a text's first line greets: with a word of greeting, or with one of the readers' ``names`` and a comma."""
    first = words.strip().partition("\n")[0].strip()
    if _GREETS.fullmatch(first) and first[-1:] not in ".?":
        return True
    named = {
        part.casefold()
        for name in names.split(",")
        for part in (name.strip(), name.strip().partition(" ")[0])
    }
    return first[-1:] in (",", "!") and first[:-1].strip().casefold() in named - {""}


def fill(words: str, values: dict[str, Any]) -> str:
    """``words`` with its {places} filled. Values are not read for places again, and stay on one line."""
    return words.format_map(
        {key: one_line(str(value)) for key, value in values.items() if not isinstance(value, list | dict)}
    )


def facts(values: dict[str, Any], *pairs: tuple[str, str]) -> Rows:
    """Label and value for each field that is there; lists become one line with commas."""
    out = []
    for label, key in pairs:
        value = values.get(key)
        if value not in (None, "", []):
            words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            out.append((label, one_line(words)))
    return tuple(out)


def rows(value: Any) -> Rows:
    """Texts, or rows with title and note, as pairs of title and note."""
    return tuple(
        (one_line(str(each["title"])), one_line(str(each.get("note") or "")))
        if isinstance(each, dict)
        else (one_line(str(each)), "")
        for each in value or ()
    )


def spoken_exception(words: str) -> str:
    """A quote's exception in the language in force: its kind is of a closed list of ours, its reason is somebody's own words."""
    kind, colon, reason = words.partition(": ")
    return _(kind) + colon + reason


def spoken(value: Any, *, titles: bool = True) -> list[Any]:
    """Rows whose words come from closed lists of ours, in the language in force; without ``titles`` only their notes.

    What people typed (an item's title) is a fact and is never translated.
    """
    out: list[Any] = []
    for each in value or ():
        if isinstance(each, dict):
            notes = ", ".join(_(part) for part in str(each.get("note") or "").split(", "))
            out.append({"title": _(str(each["title"])) if titles else each["title"], "note": notes})
        else:
            out.append(_(str(each)) if titles else each)
    return out


def cautions(value: Any) -> list[Any]:
    """What to know of a mail that came in, in the language in force; addresses in it stay as they are."""
    return [again(one, CAUTIONS).said("UTC") if isinstance(one, str) else one for one in value or ()]


def sets(value: Any) -> list[Any]:
    """The sets that go with a message, "3 (2)" each (number, items in it), as people read them; other rows as they are."""
    return [
        _("release {number}").replace("{number}", each) if isinstance(each, str) else each
        for each in value or ()
    ]


def some(*lists: tuple[str, Rows]) -> tuple[tuple[str, Rows], ...]:
    """Only the lists that have rows: an empty heading says nothing."""
    return tuple(each for each in lists if each[1])
