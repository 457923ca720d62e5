# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits for the client's signatory as the second person of a provider of one person (R15). Reads only."""

from dataclasses import dataclass
from uuid import UUID

from partwell.actions.retention import deletion_common, lift_hold
from partwell.records.retention.deletions import steps_of, under_way
from partwell.records.retention.models import Deletion, Hold
from partwell.records.retention.queries import holds_of
from partwell.rules import deletion_steps, roles
from partwell.rules.deletion import DeletionState


@dataclass(frozen=True)
class Waiting:
    """Deletions to approve, outcomes to look at, and holds of which somebody asked that they be lifted."""

    approvals: tuple[Deletion, ...] = ()
    outcomes: tuple[Deletion, ...] = ()
    lifts: tuple[Hold, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.approvals or self.outcomes or self.lifts)


def waits_for_approval(row: Deletion) -> bool:
    """Whether this proposal waits for the signatory because the provider has nobody else."""
    return (
        row.state == DeletionState.PROPOSED
        and row.approved_at is None
        and deletion_common.candidates([row.proposed_by_ref]) == 1
    )


def waits_for_validation(row: Deletion) -> bool:
    """Whether the outcome of this deletion waits for the signatory: everybody else carried it out."""
    if row.state != DeletionState.VERIFIED or row.executed_by_ref is None:
        return False
    did = {
        one.done_by_ref
        for one in steps_of(row.id)
        if one.done_by_ref is not None and deletion_steps.kind_of(one.key) in deletion_steps.TAKES_AWAY
    }
    return deletion_common.candidates({row.executed_by_ref, *did}) == 1


def waits_for_lift(row: Hold) -> bool:
    """Whether lifting this hold waits for the signatory."""
    asker = row.lift_asked_by_ref
    return (
        row.lifted_at is None
        and asker is not None
        and row.lift_asked_by_role != roles.SIGNATORY
        and lift_hold.candidates(asker) <= 1
    )


def waiting_for(client_id: UUID) -> Waiting:
    """Everything of this client that waits for its signatory; three queries where nothing does."""
    rows = list(under_way([client_id]))
    return Waiting(
        tuple(row for row in rows if waits_for_approval(row)),
        tuple(row for row in rows if waits_for_validation(row)),
        tuple(row for row in holds_of(client_id) if waits_for_lift(row)),
    )
