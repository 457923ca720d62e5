# SPDX-License-Identifier: AGPL-3.0-or-later
"""The old estate against an import, read in a stream: five queries, however many things there are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from partwell.records.estate.models import Import, ImportLine, Item
from partwell.rules.difference import Change, Kind, Thing, compare

CHUNK = 2000
_SERIALS = ("serial", "serial number", "primary_serial", "serial_number")
_FIELDS = ("id", "title", "category", "kind", "handover", "details", "fingerprint")


def _serial(handover: dict[str, Any], details: dict[str, Any]) -> str:
    lower = {str(name).casefold(): value for name, value in details.items()}
    value = handover.get("serial") or next((lower[name] for name in _SERIALS if lower.get(name)), "")
    return "" if "not a usable" in str(value) else str(value)[:200]


def _facts(category: str, kind: str, details: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    told = [(str(name), str(value)) for name, value in details.items() if value not in ("", None)]
    skip = {name.casefold() for name in _SERIALS}
    return (("Category", category), ("Kind", kind), *(one for one in told if one[0].casefold() not in skip))


def _items(rows: Any) -> Iterator[Thing]:
    for key, title, category, kind, handover, details, print_ in rows.values_list(*_FIELDS).iterator(
        chunk_size=CHUNK
    ):
        yield Thing(key.hex, title, _serial(handover, details), print_, _facts(category, kind, details))


def _lines(batch: Import) -> Iterator[Thing]:
    rows = ImportLine.objects.filter(batch=batch, outcome="item").order_by("position")
    for position, title, data, print_ in rows.values_list(
        "position", "title", "data", "fingerprint"
    ).iterator(chunk_size=CHUNK):
        details = data.get("details", {})
        facts = _facts(data.get("category", ""), data.get("kind", ""), details)
        yield Thing(f"line {position}", title, _serial({}, details), print_, facts)


def differences(batch: Import) -> Iterator[Change]:
    """The client's present things from before ``batch`` (previewed or confirmed) against what it brings."""
    present = Item.objects.present().filter(client_id=batch.client_id)
    before = present.filter(added_at__lt=batch.started_at).exclude(batch=batch)
    same = ImportLine.objects.filter(batch=batch, outcome="duplicate").exclude(fingerprint="")
    known = dict(same.values_list("fingerprint", "title"))
    brought = present.filter(batch=batch).order_by("title", "id")
    confirmed = batch.state == "confirmed"
    yield from compare(_items(before), lambda: _items(brought) if confirmed else _lines(batch), known)


@dataclass(frozen=True)
class DifferencePage:
    """``counts`` over everything; ``rows`` of one kind from ``first`` on."""

    counts: dict[str, int]
    rows: list[Change]


def difference_page(batch: Import, kind: Kind, first: int, size: int) -> DifferencePage:
    """One page of one kind, with all counts; nothing but the page is kept."""
    counts: Counter[str] = Counter(dict.fromkeys(Kind, 0))
    rows: list[Change] = []
    for one in differences(batch):
        if one.kind is kind and first <= counts[kind] < first + size:
            rows.append(one)
        counts[one.kind] += 1
    return DifferencePage(dict(counts), rows)


def comparable(client_id: UUID, limit: int = 20) -> list[Import]:
    """A client's imports that can be compared: previewed or confirmed, the newest first."""
    rows = Import.objects.filter(client_id=client_id, state__in=("staged", "confirmed"))
    return list(rows.order_by("-started_at")[:limit])
