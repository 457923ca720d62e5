# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far the work of a deletion has come, for the pages that show it."""

from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion

JOBS = ("deletion.list", "deletion.run", "deletion.verify")


def newest_job(row: Deletion) -> Job | None:
    """The newest job of a deletion: its progress (done, total, stage), or the sentence with which it failed. One query."""
    rows = Job.objects.filter(kind__in=JOBS, client_ref=row.client_id, payload__deletion=row.id.hex)
    return rows.order_by("-created_at", "-due_at").first()
