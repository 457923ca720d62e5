# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rules in bulk for the many items whose owner is unknown: a filter, what to set, a count first, one entry (R1, R3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from partwell.actions.base import Deed
from partwell.actions.estate.common import allowed, as_enum, open_client
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

SETTABLE = ("category", "owner", "custodian", "sensitivity")
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items: empty fields do not filter. ``words``: all of them stand in the title, in any order."""

    category: str = ""
    kind: str = ""
    owner: str = ""
    source: str = ""
    words: str = ""
    item_ids: tuple[UUID, ...] = ()

    def in_words(self) -> str:
        """The rule as people read it."""
        parts = [
            f"{name} {value.replace('_', ' ')}"
            for name, value in (
                ("category", self.category),
                ("kind", self.kind),
                ("owner", self.owner),
                ("source", self.source),
            )
            if value
        ]
        if self.words:
            parts.append(f"“{self.words}” in the title")
        if self.item_ids:
            parts.append(f"{len(self.item_ids)} chosen items")
        return ", ".join(parts) or "all items"

    def rows(self, client_id: UUID) -> "QuerySet[Item]":
        """The present items of this client that fit."""
        found: QuerySet[Item] = Item.objects.present().filter(client_id=client_id)
        for name in ("category", "kind", "owner"):
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        if self.source:
            found = found.filter(batch__source=self.source)
        for word in self.words.split()[:12]:
            found = found.filter(title__icontains=word)
        return found.filter(pk__in=self.item_ids) if self.item_ids else found


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do: ``matching`` items, of which ``changing`` would change, and some titles of those."""

    matching: int
    changing: int
    released: int
    titles: tuple[str, ...]


def _values(sets: Mapping[str, Any]) -> dict[str, Any] | Refusal:
    out: dict[str, Any] = {}
    for name, value in sets.items():
        if name == "critical":
            out[name] = bool(value)
        elif name in SETTABLE:
            found = as_enum(name, str(value))
            if isinstance(found, Refusal):
                return found
            out[name] = found
        else:
            raise TypeError(f"A rule in bulk cannot set {name!r}.")
    return out or refuse("required", where="What to set")


def _differs(values: Mapping[str, Any]) -> Q:
    differs = Q()
    for name, value in values.items():
        differs |= ~Q(**{name: value})
    return differs


def preview_classification(client_id: UUID, rule: ItemFilter, sets: Mapping[str, Any]) -> Preview | Refusal:
    """How many items the rule meets and changes. Appends nothing."""
    values = _values(sets)
    if isinstance(values, Refusal):
        return values
    rows = rule.rows(client_id)
    changing = rows.filter(_differs(values))
    released = changing.filter(release_lines__state__in=("sent", "asked")).distinct().count()
    count = rows.aggregate(n=Count("pk"))["n"]
    return Preview(
        count,
        changing.count(),
        released,
        tuple(changing.order_by("title").values_list("title", flat=True)[:12]),
    )


def classify_items(
    *, actor: Actor, client_id: UUID, rule: ItemFilter, sets: Mapping[str, Any], expected: int | None = None
) -> int | Refusal:
    """Set the same values on all items that fit; gives how many changed. One entry with the count.

    ``expected``: the number that the preview showed as changing; another is ``preview_stale``.
    """
    if refusal := allowed(actor, "item.classify"):
        return refusal
    values = _values(sets)
    if isinstance(values, Refusal):
        return values
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        rows: Sequence[Item] = list(rule.rows(client_id).filter(_differs(values)).order_by("pk"))
        if expected is not None and len(rows) != expected:
            return refuse("preview_stale")
        if not rows:
            return 0
        for row in rows:
            row.version += 1
            for name, value in values.items():
                setattr(row, name, value)
        for start in range(0, len(rows), CHUNK):
            deed.save_many(Item, rows[start : start + CHUNK], [*values, "version"])
        named = [row.title for row in rows if not row.internal][:20]
        shown = {name: value for name, value in values.items() if name != "critical"}
        rule_words = rule.in_words() + (
            "; set critical"
            if values.get("critical")
            else "; set not critical"
            if "critical" in values
            else ""
        )
        deed.record(
            "item.classified",
            subjects=[row.id for row in rows[:500]],
            public={"count": len(rows)},
            to_client={"items": named, "rule": rule_words, **shown},
        )
        return len(rows)
