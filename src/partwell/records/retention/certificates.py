# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about certificates and destroyed media; a fixed number of queries however many there are."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.retention.models import Certificate, Deletion, MediaDestruction
from partwell.rules.deletion import DeletionState

__all__ = [
    "Certificate",
    "MediaDestruction",
    "certificate_of",
    "certificates_of",
    "destruction_of",
    "destructions_of",
    "waiting_for",
]


def certificates_of(client_id: UUID) -> "QuerySet[Certificate]":
    """A client's certificates, the newest first."""
    rows = Certificate.objects.select_related("client", "letter", "deletion", "destruction")
    return rows.filter(client_id=client_id).order_by("-issued_at", "id")


def certificate_of(certificate_id: UUID) -> Certificate | None:
    """One certificate with what its page shows."""
    rows = Certificate.objects.select_related(
        "client", "letter", "deletion__backup_set", "destruction__item", "destruction__report"
    )
    return rows.filter(pk=certificate_id).first()


def destructions_of(client_id: UUID) -> "QuerySet[MediaDestruction]":
    """A client's wiped and shredded media, the newest first, each with its certificate if it has one."""
    rows = MediaDestruction.objects.select_related("client", "item", "report", "certificate")
    return rows.filter(client_id=client_id).order_by("-recorded_at", "id")


def destruction_of(destruction_id: UUID) -> MediaDestruction | None:
    """One medium with its report, item and certificate."""
    rows = MediaDestruction.objects.select_related("client", "item", "report", "certificate")
    return rows.filter(pk=destruction_id).first()


def waiting_for(client_id: UUID) -> "QuerySet[Deletion]":
    """A client's validated deletions, whose certificate waits for the day on which they take effect."""
    rows = Deletion.objects.select_related("backup_set").filter(client_id=client_id)
    return rows.filter(state=DeletionState.VALIDATED).order_by("effective_on", "id")
