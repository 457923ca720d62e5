# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets as querysets, for whoever pages them by key."""

from datetime import date
from uuid import UUID

from django.db.models import F, QuerySet

from partwell.records.retention.models import (
    BackupSet,
    DataChoice,
    Deletion,
    DeletionLine,
    Hold,
    OnlyCopy,
    SetNotice,
)
from partwell.records.retention.queries import NOWHERE


def backup_sets(client_id: UUID) -> "QuerySet[BackupSet]":
    """A client's known backup sets."""
    return BackupSet.objects.filter(client_id=client_id, removed_at=None)


def kept_and_gone(client_id: UUID) -> "QuerySet[BackupSet]":
    """A client's sets, those that are still there first, then by the day they are kept until."""
    rows = BackupSet.objects.filter(client_id=client_id, removed_at=None).exclude(location=NOWHERE)
    last = F("gone_at").desc(nulls_first=True)
    return rows.select_related("client", "key_item").order_by(
        last, F("keep_until").asc(nulls_first=True), "name", "id"
    )


def real_sets(client_id: UUID) -> "QuerySet[BackupSet]":
    """The same without an order: for whoever pages by key."""
    return kept_and_gone(client_id).order_by()


def passed(client_id: UUID, today: date) -> "QuerySet[BackupSet]":
    """A client's sets whose day has passed and that are still there, the oldest promise first."""
    rows = BackupSet.objects.filter(client_id=client_id, removed_at=None, gone_at=None, keep_until__lt=today)
    return rows.exclude(location=NOWHERE).select_related("client", "key_item").order_by("keep_until", "id")


def choices(client_id: UUID) -> "QuerySet[DataChoice]":
    """Every choice that was ever signed for a client."""
    return DataChoice.objects.filter(client_id=client_id)


def notices(client_id: UUID) -> "QuerySet[SetNotice]":
    """Every notice that was given to a client."""
    return SetNotice.objects.filter(backup_set__client_id=client_id)


def holds(client_id: UUID) -> "QuerySet[Hold]":
    """A client's holds, lifted ones too, with the sets that they name."""
    return Hold.objects.filter(client_id=client_id).prefetch_related("sets__backup_set")


def only_copies(set_id: UUID) -> "QuerySet[OnlyCopy]":
    """What client-owned items have their only copy in a set, settled ones too."""
    return OnlyCopy.objects.filter(backup_set_id=set_id, removed_at=None).select_related("item", "waived_by")


def deletions(client_id: UUID) -> "QuerySet[Deletion]":
    """A client's deletions with their sets."""
    return Deletion.objects.select_related("backup_set").filter(client_id=client_id)


def things(deletion_id: UUID) -> "QuerySet[DeletionLine]":
    """The working lines of a deletion; they go when it is validated."""
    return DeletionLine.objects.filter(deletion_id=deletion_id)
