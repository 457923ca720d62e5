# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets as querysets, for whoever pages them by key."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.retention.models import BackupSet


def backup_sets(client_id: UUID) -> "QuerySet[BackupSet]":
    """A client's known backup sets."""
    return BackupSet.objects.filter(client_id=client_id, removed_at=None)
