# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about deletions, each in a fixed number of queries."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db.models import Count, QuerySet

from partwell.records.retention.models import Deletion, DeletionLine, HandStep
from partwell.rules.deletion import OVER, DeletionState

__all__ = ["Deletion", "DeletionLine", "HandStep"]


def deletion_of(deletion_id: UUID) -> Deletion | None:
    """One deletion with everything that its page names."""
    rows = Deletion.objects.select_related("client", "backup_set", "listing", "outcome", "verification")
    return rows.filter(pk=deletion_id).first()


def deletions_of(client_id: UUID) -> "QuerySet[Deletion]":
    """A client's deletions, the newest first."""
    return (
        Deletion.objects.select_related("backup_set")
        .filter(client_id=client_id)
        .order_by("-proposed_at", "id")
    )


def under_way(client_ids: Collection[UUID] | None = None) -> "QuerySet[Deletion]":
    """Deletions that are neither certified nor cancelled, of these clients or of all; those that wait longest first."""
    rows = Deletion.objects.select_related("client", "backup_set").exclude(
        state__in=[one.value for one in OVER]
    )
    if client_ids is not None:
        rows = rows.filter(client_id__in=client_ids)
    return rows.order_by("proposed_at", "id")


def certifiable(today: date) -> "QuerySet[Deletion]":
    """Validated deletions whose effective day (of the MSP's zone) has come: what a certificate may be issued for."""
    rows = Deletion.objects.select_related("client", "backup_set")
    return rows.filter(state=DeletionState.VALIDATED, effective_on__lte=today).order_by("effective_on", "id")


def lines_of(
    deletion_id: UUID, *, state: str = "", verdict: str = "", after: int = 0, limit: int = 100
) -> "list[DeletionLine]":
    """Lines behind position ``after``, in order; of one state or verdict if asked for. They go at validation."""
    rows = DeletionLine.objects.filter(deletion_id=deletion_id, position__gt=after)
    if state:
        rows = rows.filter(state=state)
    if verdict:
        rows = rows.filter(verdict=verdict)
    return list(rows.order_by("position")[:limit])


def line_counts(deletion_id: UUID) -> dict[str, int]:
    """How many lines are in which state; one query."""
    rows = (
        DeletionLine.objects.filter(deletion_id=deletion_id).values_list("state").annotate(number=Count("id"))
    )
    return dict(rows.order_by())


def steps_of(deletion_id: UUID) -> "list[HandStep]":
    """The steps by hand in their order, each with its proof."""
    return list(HandStep.objects.select_related("proof").filter(deletion_id=deletion_id).order_by("position"))
