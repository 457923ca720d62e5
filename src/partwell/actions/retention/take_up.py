# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the calendar does for deletions: one whose work was given up is shown as partial instead of running for ever."""

from datetime import datetime
from typing import Any

from partwell.actions.base import Deed
from partwell.actions.retention.deletion_common import about, counts
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion
from partwell.rules.actor import SYSTEM
from partwell.rules.deletion import DeletionState


def settle_broken(*, now: datetime) -> int:
    """Running deletions whose job has failed for good become *partial* with its reason; gives how many. Repeatable."""
    settled = 0
    rows = Deletion.objects.filter(state=DeletionState.RUNNING, by_hand=False)
    for pk, client_id, runs in rows.values_list("pk", "client_id", "runs"):
        job = Job.objects.filter(key=f"deletion.run:{pk.hex}:{runs}").first()
        if job is not None and job.state in ("queued", "running"):
            continue
        with Deed(SYSTEM, now=now) as deed:
            deed.lock(client_id)
            row = Deletion.objects.select_related("backup_set").get(pk=pk)
            if row.state != DeletionState.RUNNING or row.runs != runs:
                continue
            found = counts(row)
            left = found["failed"] + found["waits"] + found["going"]
            done = int(row.findings.get("deleted_before", 0)) + found["deleted"] + found["gone"]
            why = (job.error if job else "") or "Its work ended without a word."
            findings: dict[str, Any] = {**row.findings, "why": why[:300]}
            deed.save(
                row, state=DeletionState.PARTIAL, failed_count=left, deleted_count=done, findings=findings
            )
            deed.record(
                "deletion.partial",
                subjects=about(row),
                public={"set": row.backup_set.name, "left": left},
                to_client={"deleted": done, "failed": found["failed"], "why": why[:300]},
            )
            settled += 1
    return settled
