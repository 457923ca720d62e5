# SPDX-License-Identifier: AGPL-3.0-or-later
"""R15: the second person agrees to a deletion; then the dry run is made, or the steps by hand are laid out."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.retention.deletion_common import (
    WHAT,
    about,
    asked,
    candidates,
    locked,
    moved,
    second_of,
    start_facts,
)
from partwell.actions.retention.hand_steps import lay_out
from partwell.actions.retention.list_things import queue_listing
from partwell.records.retention.models import Deletion
from partwell.rules.actor import Actor
from partwell.rules.deletion import may_propose, may_second
from partwell.rules.refusals import Refusal


def approve_deletion(*, actor: Actor, deletion_id: UUID) -> Deletion | Refusal:
    """Approve what another proposed: a colleague, one of the two an owner; in an MSP of one person the client's signatory.

    All that would have stopped the proposal is asked again. A set that the program empties is then listed by a job;
    for one that people empty the guided steps are made. Refuses one's own proposal and a second approval.
    """
    row = asked(actor, deletion_id, "deletion.approve")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.approve")
        state = moved(row, "approve")
        if problem is None:
            problem = state if isinstance(state, Refusal) else None
        if problem is None:
            problem = may_second(
                row.proposed_by_ref.hex,
                row.proposed_by_role,
                second_of(actor),
                staff_count=candidates([row.proposed_by_ref]),
                what=WHAT,
            ) or may_propose(start_facts(row.backup_set, deed.now))
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.approve")
        deed.save(
            row,
            state=state,
            approved_by_ref=actor.id,
            approved_by_name=actor.name[:160],
            approved_by_role=actor.role,
            approved_at=deed.now,
        )
        lay_out(deed, row)
        deed.record("deletion.approved", subjects=about(row), public={"set": row.backup_set.name})
        if not row.by_hand:
            queue_listing(deed, row)
        return row
