# SPDX-License-Identifier: AGPL-3.0-or-later
"""Jobs as querysets, for whoever pages them by key. Their payload stays here: it may hold what is sealed."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.jobs.models import Job


def jobs(client_id: UUID) -> "QuerySet[Job]":
    """A client's jobs without their payload."""
    return Job.objects.filter(client_ref=client_id).defer("payload")


def bundles(client_id: UUID) -> "QuerySet[Job]":
    """A client's jobs that build bundles; their payload is the order."""
    return Job.objects.filter(client_ref=client_id, kind="bundle.build")
