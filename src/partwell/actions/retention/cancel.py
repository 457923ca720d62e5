# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls off a deletion that has not begun. What has begun is stopped, retried or excepted instead (stop.py, run_deletion.py)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.retention.deletion_common import about, asked, locked
from partwell.records.retention.models import Deletion
from partwell.rules.actor import Actor
from partwell.rules.deletion import DeletionState, may_cancel
from partwell.rules.refusals import Refusal, refuse


def cancel_deletion(*, actor: Actor, deletion_id: UUID, reason: str) -> Deletion | Refusal:
    """Cancel it with a reason; its set may be proposed again. Refuses once anything may have gone."""
    row = asked(actor, deletion_id, "deletion.cancel")
    if isinstance(row, Refusal):
        return row
    reason = " ".join(reason.split())[:300]
    if not reason:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.cancel") or may_cancel(
            DeletionState(row.state), row.backup_set.name, begun=row.started_at is not None
        )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.cancel")
        row.lines.all().delete()  # working rows: the listing itself lies in the vault
        deed.save(row, state=DeletionState.CANCELLED, cancelled_at=deed.now, cancelled_why=reason)
        deed.record(
            "deletion.cancelled",
            subjects=about(row),
            public={"set": row.backup_set.name},
            to_client={"reason": reason},
        )
        return row
