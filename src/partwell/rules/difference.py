# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: what a returning client's old estate has against a new import: added, gone, changed, the same.

Two things are one by their serial, else by their title; a serial on both sides that differs makes them two.
What was told of a thing by one side only is no change: another tool has other columns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How a thing of one side stands to the other."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Thing:
    """``key``: whatever the caller finds it by. ``facts``: name → value; an empty value is not told."""

    key: str
    title: str
    serial: str = ""
    fingerprint: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """``fields``: (name, before, after) of what changed; a side without the thing has no key and no title."""

    kind: Kind
    title: str
    old: str = ""
    new: str = ""
    serial: str = ""
    fields: tuple[tuple[str, str, str], ...] = field(default=())


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _fields(old: Thing, new: Thing) -> tuple[tuple[str, str, str], ...]:
    found = [("Title", old.title, new.title)] if _fold(old.title) != _fold(new.title) else []
    if old.serial and new.serial and _fold(old.serial) != _fold(new.serial):
        found.append(("Serial", old.serial, new.serial))
    before = {_fold(name): value for name, value in old.facts}
    for name, after in new.facts:
        was = before.get(_fold(name), "")
        if was and after and _fold(was) != _fold(after):
            found.append((name, was, after))
    return tuple(found)


def compare(
    old: Iterable[Thing], new: Callable[[], Iterable[Thing]], known: Mapping[str, str] | None = None
) -> Iterator[Change]:
    """Every thing of both sides once, the new ones in their order, then what is gone by title.

    ``new`` is asked twice, so that a thing without a serial does not take the place of one that has it; only the old
    side is held in memory. ``known``: fingerprint → title of what the import left out because it is there already.
    """
    told = known or {}
    left: dict[str, Thing] = {}
    by_serial: dict[str, list[str]] = defaultdict(list)
    by_title: dict[str, list[str]] = defaultdict(list)
    for one in old:
        if one.fingerprint and one.fingerprint in told:
            now = told[one.fingerprint] or one.title
            fields = _fields(one, Thing("", now))
            yield Change(Kind.CHANGED if fields else Kind.SAME, now, one.key, "", one.serial, fields)
            continue
        left[one.key] = one
        if one.serial:
            by_serial[_fold(one.serial)].append(one.key)
        by_title[_fold(one.title)].append(one.key)
    wanted = {_fold(one.serial) for one in new() if one.serial}
    for one in new():
        match = _match(one, left, by_serial, by_title, wanted)
        if match is None:
            yield Change(Kind.ADDED, one.title, "", one.key, one.serial)
            continue
        del left[match.key]
        fields = _fields(match, one)
        kind = Kind.CHANGED if fields else Kind.SAME
        yield Change(kind, one.title, match.key, one.key, one.serial or match.serial, fields)
    for one in sorted(left.values(), key=lambda thing: (_fold(thing.title), thing.key)):
        yield Change(Kind.GONE, one.title, one.key, "", one.serial)


def _match(
    one: Thing,
    left: dict[str, Thing],
    by_serial: dict[str, list[str]],
    by_title: dict[str, list[str]],
    wanted: set[str],
) -> Thing | None:
    if one.serial:
        found = next((key for key in by_serial.get(_fold(one.serial), ()) if key in left), None)
        if found is not None:
            return left[found]
    for key in by_title.get(_fold(one.title), ()):
        other = left.get(key)
        if other is None or (one.serial and other.serial) or (other.serial and _fold(other.serial) in wanted):
            continue
        return other
    return None
