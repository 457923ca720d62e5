# SPDX-License-Identifier: AGPL-3.0-or-later
"""The estate as querysets, for whoever pages it by key; each a fixed number of queries."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet

from partwell.records.estate.models import Import, ImportLine, Item
from partwell.records.estate.queries import STANDINGS, standing


def items(client_id: UUID, filters: Mapping[str, str], words: str = "") -> "QuerySet[Item]":
    """Present items of a client, annotated with ``standing``; ``filters``: field → value, empty ones do not filter."""
    rows = standing(Item.objects.present().filter(client_id=client_id).select_related("document"))
    for name, value in filters.items():
        if value:
            rows = rows.filter(**{name: value})
    for word in words.split()[:12]:
        rows = rows.filter(title__icontains=word)
    return rows


def chosen(client_id: UUID, item_ids: list[UUID]) -> list[Item]:
    """These present items of the client, as the gate wants them; fewer if some are not there."""
    rows = Item.objects.present().filter(client_id=client_id, pk__in=item_ids).select_related("document")
    return list(rows.order_by("category", "title"))


def imports(client_id: UUID) -> "QuerySet[Import]":
    """A client's imports."""
    return Import.objects.filter(client_id=client_id)


def import_lines(import_id: UUID, outcome: str) -> "QuerySet[ImportLine]":
    """Staged lines, of one outcome or all; nothing sealed is read."""
    rows = ImportLine.objects.filter(batch_id=import_id).defer("sealed")
    return rows.filter(outcome=outcome) if outcome else rows


__all__ = ["STANDINGS", "chosen", "import_lines", "imports", "items"]
