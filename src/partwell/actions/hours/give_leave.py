# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: an owner may allow work on account, for a reason and so many minutes."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.hours.standing import standing
from partwell.records.clients.models import Client
from partwell.records.hours.models import Leave
from partwell.records.hours.queries import leave_of
from partwell.rules import charges, hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def give_leave(*, actor: Actor, client_id: UUID, minutes: int, reason: str) -> Leave | Refusal:
    """Allow ``minutes`` of work without prepayment; an earlier leave of this departure ends with it."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "leave.give")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        how = standing(client.id)
        problem = lifecycle.may_work_on(client.state, client.name, "leave.give") or charges.on_account(
            reason, minutes
        )
        if problem is None and how.offboarding is None:
            problem = refuse("no_open_departure")
        if problem is not None or how.offboarding is None:
            return deed.refuse(problem or refuse("no_open_departure"), subject=client.id, verb="leave.give")
        _end(deed, how.offboarding.id)
        row = deed.add(
            Leave(
                client=client,
                offboarding=how.offboarding,
                minutes=minutes,
                reason=reason.strip(),
                given_by_id=actor.id,
                given_at=deed.now,
            )
        )
        deed.record(
            "leave.given",
            subjects=[row.id],
            public={"duration": hours.as_hours(minutes)},
            to_client={"reason": row.reason},
        )
        return row


def end_leave(*, actor: Actor, client_id: UUID) -> Leave | Refusal:
    """End the leave in force before it is used up."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "leave.give")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        how = standing(client.id)
        ended = _end(deed, how.offboarding.id) if how.offboarding else None
        return ended or refuse("not_found")


def _end(deed: Deed, offboarding_id: UUID) -> Leave | None:
    found = leave_of(offboarding_id)
    if found is None:
        return None
    row, left = found
    deed.save(row, ended_at=deed.now)
    deed.record("leave.ended", subjects=[row.id], to_client={"unused": left.minutes_left})
    return row
