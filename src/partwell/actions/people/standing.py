# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a staff member or contact is now, as an actor, when no session is there to say so (feeds, digests)."""

from uuid import UUID

from partwell.actions.people.enter import person_actor
from partwell.actions.people.set_up import actor_of
from partwell.actions.people.tokens import auditor_over
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.terms import StaffRole


def actor_now(staff_id: UUID | None, contact_id: UUID | None) -> Actor | None:
    """The actor, or None once the person left, was switched off, or an auditor's time is over."""
    if contact_id is not None:
        return person_actor("client", contact_id, strength="none")
    row = StaffMember.objects.select_related("user").filter(pk=staff_id or UUID(int=0), left_at=None).first()
    if row is None or not row.user.is_active:
        return None
    if row.role == StaffRole.AUDITOR and auditor_over(row):
        return None
    return actor_of(row, strength="none")
