# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about the estate, each with a fixed number of queries however many items there are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, QuerySet, Value, When

from partwell.records.estate.models import Import, ImportLine, Item, Trial
from partwell.rules.terms import Category, ItemKind, Owner

__all__ = [
    "CategoryRow",
    "Import",
    "ImportLine",
    "Item",
    "ItemQuery",
    "Trial",
    "by_category",
    "import_of",
    "imports_of",
    "item_counts",
    "item_of",
    "items_page",
    "lines_page",
    "recent_imports",
    "releases_of",
    "sources_of",
    "standing",
    "trials_of",
]

SORTS = {
    "title": ("title",),
    "category": ("category", "title"),
    "owner": ("owner", "title"),
    "custodian": ("custodian", "title"),
    "kind": ("kind", "title"),
    "added": ("added_at", "title"),
    "standing": ("standing", "title"),
}
STANDINGS = ("here", "asked", "released", "confirmed", "objected")


@dataclass(frozen=True)
class CategoryRow:
    """One of the eight categories (and what lies outside) with its counts; ``here`` were not released yet."""

    category: Category
    counts: dict[str, int]
    unknown: int

    @property
    def total(self) -> int:
        """All present items of the category."""
        return self.counts["total"]

    @property
    def here(self) -> int:
        """Not released to anybody yet."""
        return self.counts["here"] + self.counts["asked"]


def standing(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Annotate where each item stands: here, asked, released, confirmed or objected (an open objection goes first)."""
    lines = Item._meta.get_field("release_lines").related_model._default_manager.filter(item=OuterRef("pk"))
    return rows.annotate(
        standing=Case(
            When(
                Exists(lines.filter(state="sent", answer="objected", objection_answered_at=None)),
                then=Value("objected"),
            ),
            When(Exists(lines.filter(state="sent", answer="confirmed")), then=Value("confirmed")),
            When(Exists(lines.filter(state="sent")), then=Value("released")),
            When(Exists(lines.filter(state="asked")), then=Value("asked")),
            default=Value("here"),
            output_field=CharField(),
        )
    )


def by_category(client_id: UUID) -> list[CategoryRow]:
    """The eight categories in R3's order and what lies outside them; two queries."""
    counts = {category: dict.fromkeys((*STANDINGS, "total"), 0) for category in Category}
    present = Item.objects.present().filter(client_id=client_id)
    for row in standing(present).values("category", "standing").annotate(n=Count("pk")).order_by():
        counts[Category(row["category"])][row["standing"]] += row["n"]
        counts[Category(row["category"])]["total"] += row["n"]
    unknown = dict(present.filter(owner="unknown").values_list("category").annotate(n=Count("pk")).order_by())
    return [CategoryRow(category, counts[category], unknown.get(category.value, 0)) for category in Category]


@dataclass(frozen=True)
class ItemQuery:
    """What a table of items is filtered and sorted by; unknown values filter nothing out but sort by title."""

    category: str = ""
    kind: str = ""
    owner: str = ""
    custodian: str = ""
    sensitivity: str = ""
    standing: str = ""
    batch: str = ""
    words: str = ""
    sort: str = ""
    fields: Sequence[str] = field(
        default=("category", "kind", "owner", "custodian", "sensitivity"), repr=False
    )

    def rows(self, client_id: UUID) -> "QuerySet[Any]":
        """The matching present items in their order."""
        found: QuerySet[Any] = standing(
            Item.objects.present().filter(client_id=client_id).select_related("document", "site")
        )
        for name in self.fields:
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        if self.standing in STANDINGS:
            found = found.filter(standing=self.standing)
        if self.batch:
            found = found.filter(batch_id=UUID(hex=self.batch))
        for word in self.words.split()[:12]:
            found = found.filter(title__icontains=word)
        order = SORTS.get(self.sort.lstrip("-"), SORTS["title"])
        back = self.sort.startswith("-")
        return found.order_by(
            *(F(name).desc() if back and place == 0 else F(name).asc() for place, name in enumerate(order)),
            "pk",
        )


def items_page(client_id: UUID, query: ItemQuery, number: Any, size: int = 50) -> "Page[Item]":
    """One page of items; two queries."""
    return Paginator(query.rows(client_id), size).get_page(number)


def item_of(client_id: UUID, item_id: UUID) -> Item | None:
    """One present item of this client."""
    return (
        standing(Item.objects.present())
        .select_related("client", "document__unit", "site", "batch")
        .filter(client_id=client_id, pk=item_id)
        .first()
    )


def credentials_of(client_id: UUID) -> "QuerySet[Item]":
    """A client's credentials, one of which may open a backup set; at most 500, by title."""
    rows = Item.objects.present().filter(client_id=client_id, kind=ItemKind.CREDENTIAL)
    return rows.order_by("title", "id")[:500]


def own_items(client_id: UUID, words: str = "", without: Collection[UUID] = ()) -> "QuerySet[Item]":
    """Items that are the client's, or of which nobody knows whose they are; at most 200, by title.

    ``words``: part of the title; ``without``: items that are left out.
    """
    rows = Item.objects.present().filter(
        client_id=client_id, owner__in=(Owner.CLIENT, Owner.UNKNOWN), internal=False
    )
    if words:
        rows = rows.filter(title__icontains=words)
    return rows.exclude(pk__in=list(without)).order_by("title", "id")[:200]


def hardware_of(client_id: UUID) -> "QuerySet[Item]":
    """A client's hardware, which a destroyed medium may be or have been part of; at most 500, by title."""
    rows = Item.objects.present().filter(client_id=client_id, kind=ItemKind.HARDWARE, internal=False)
    return rows.order_by("title", "id")[:500]


def trials_of(item_id: UUID) -> list[Trial]:
    """All tries of a credential, the newest first."""
    return list(Trial.objects.select_related("proof").filter(item_id=item_id).order_by("-tried_at"))


def titles_of(client_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The titles of those of these items that are the client's; one query."""
    return dict(Item.objects.filter(client_id=client_id, pk__in=list(ids)).values_list("pk", "title"))


def sources_of(client_id: UUID) -> list[str]:
    """The kinds of imports whose items are present."""
    return list(
        Import.objects.filter(client_id=client_id, state="confirmed")
        .values_list("source", flat=True)
        .distinct()
        .order_by("source")
    )


def imports_of(client_id: UUID, limit: int = 30) -> list[Import]:
    """A client's imports, the newest first."""
    return list(Import.objects.filter(client_id=client_id).order_by("-started_at")[:limit])


def recent_imports(limit: int = 20) -> list[Import]:
    """Everybody's newest imports."""
    return list(Import.objects.select_related("client").order_by("-started_at")[:limit])


def import_of(client_id: UUID, import_id: UUID) -> Import | None:
    """One import of this client."""
    return Import.objects.select_related("client", "file").filter(client_id=client_id, pk=import_id).first()


def lines_page(import_id: UUID, outcome: str, number: Any, size: int = 50) -> "Page[ImportLine]":
    """Staged lines of one outcome in the order of the file; nothing sealed is read."""
    rows = ImportLine.objects.filter(batch_id=import_id, outcome=outcome).defer("sealed").order_by("position")
    return Paginator(rows, size).get_page(number)


def releases_of(item_id: UUID) -> "list[Any]":
    """Releases of an item with their answers, the newest first."""
    item = Item(pk=item_id)
    return list(
        item.release_lines.select_related("release__recipient", "release__contact", "document").order_by(
            "-release__released_at"
        )
    )


def item_counts() -> dict[UUID, dict[str, int]]:
    """Present items per client: total and of unknown owner; one query."""
    out: dict[UUID, dict[str, int]] = {}
    rows = Item.objects.present().values("client_id", "owner").annotate(n=Count("pk")).order_by()
    for row in rows:
        counts = out.setdefault(row["client_id"], {"total": 0, "unknown": 0})
        counts["total"] += row["n"]
        counts["unknown"] += row["n"] if row["owner"] == "unknown" else 0
    return out
