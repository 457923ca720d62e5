# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stops deletions: at a hold, at once, by whoever places it; or by hand. Taking one up again begins with a new dry run."""

from collections.abc import Collection
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.retention.deletion_common import about, asked, counts, locked, moved, start_facts
from partwell.actions.retention.list_things import queue_listing
from partwell.records.retention.models import Deletion
from partwell.rules.actor import Actor
from partwell.rules.deletion import STOPPABLE, DeletionState, may_propose
from partwell.rules.refusals import Refusal, refuse


def stop_covered(deed: Deed, *, set_ids: Collection[UUID] | None, why: str) -> int:
    """Within the deed that places a hold, after its own record: stop every deletion it covers; gives how many.

    ``set_ids``: the sets the hold names; None for the whole client. The deed has locked the client. A batch that had
    left for the storage by then (at most one, of a thousand things) is settled and counted; nothing follows it.
    """
    if deed.client is None:
        raise RuntimeError("Lock the client before stopping its deletions.")
    rows = Deletion.objects.select_related("backup_set").filter(client=deed.client, state__in=STOPPABLE)
    if set_ids is not None:
        rows = rows.filter(backup_set_id__in=set_ids)
    stopped = list(rows)
    for row in stopped:
        stop_row(deed, row, why)
    return len(stopped)


def stop_row(deed: Deed, row: Deletion, why: str) -> None:
    """Within a deed that has locked the client: stop this one, whose state allows it, and record how far it had come."""
    found = counts(row)
    deed.save(row, state=DeletionState.STOPPED, stopped_at=deed.now, stopped_why=why[:300])
    deed.record(
        "deletion.stopped",
        subjects=about(row),
        public={"set": row.backup_set.name},
        to_client={
            "why": why[:300],
            "deleted": found["deleted"] + found["gone"],
            "left": found["waits"] + found["going"] + found["failed"],
        },
    )


def stop_deletion(*, actor: Actor, deletion_id: UUID, why: str) -> Deletion | Refusal:
    """Stop a deletion for a reason; a running one ends before its next batch."""
    row = asked(actor, deletion_id, "deletion.stop")
    if isinstance(row, Refusal):
        return row
    why = " ".join(why.split())[:300]
    if not why:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.stop")
        state = moved(row, "stop")
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.stop")
        stop_row(deed, row, why)
        return row


def resume_deletion(*, actor: Actor, deletion_id: UUID) -> Deletion | Refusal:
    """Take a stopped deletion up again once nothing stands against it. It is listed anew before anything more goes;

    one that nobody had approved comes back as a proposal.
    """
    row = asked(actor, deletion_id, "deletion.stop")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.stop")
        state = moved(row, "resume" if row.approved_at is not None else "repropose")
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is None:
            problem = may_propose(start_facts(row.backup_set, deed.now))
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.stop")
        deed.save(row, state=state, stopped_at=None, stopped_why="")
        deed.record("deletion.resumed", subjects=about(row), public={"set": row.backup_set.name})
        if state is DeletionState.APPROVED and not row.by_hand:
            queue_listing(deed, row)
        return row
