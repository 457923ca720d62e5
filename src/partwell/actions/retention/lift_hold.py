# SPDX-License-Identifier: AGPL-3.0-or-later
"""A hold is lifted by two: one asks with a reason, another lifts it or keeps it in force (R15).

In a one-person MSP the client's signatory is the second and hears of it by mail. What a hold stopped stays stopped
until somebody takes it up again.
"""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.keep_dates import PORTAL
from partwell.records.people.models import StaffMember
from partwell.records.retention import queries
from partwell.records.retention.models import Hold
from partwell.rules import deletion, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

WHAT = "lifting a hold"
LONGEST = 4000


def candidates(asker: UUID) -> int:
    """R15: how many people there are in all: whoever asked, and every colleague who may lift a hold.

    1 means that nobody but the client's signatory can be the second.
    """
    roles_of = [one for one in roles.who_may("hold.lift") if one != roles.SIGNATORY]
    return 1 + StaffMember.objects.filter(left_at=None, role__in=roles_of).exclude(pk=asker).count()


def _seen(actor: Actor, hold_id: UUID) -> Hold | None:
    row = queries.hold_of(hold_id)
    if row is None or actor.kind not in ("staff", "client"):
        return None
    return None if actor.kind == "client" and actor.client_id != row.client_id else row


def ask_lift(*, actor: Actor, hold_id: UUID, reason: str) -> Hold | Refusal:
    """Ask for a hold to be lifted, with a reason that the client reads. Asked anew, the latest asker counts."""
    row = _seen(actor, hold_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "hold.ask_lift")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        problem = lifecycle.may_work_on(client.state, client.name, "hold.ask_lift")
        if problem is None and row.lifted_at is not None:
            problem = refuse("hold_lifted", subject=row.title)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="hold.ask_lift")
        deed.save(
            row,
            lift_asked_by_ref=actor.id,
            lift_asked_by_name=actor.name,
            lift_asked_by_role=actor.role,
            lift_asked_at=deed.now,
            lift_reason=reason.strip()[:LONGEST],
        )
        if candidates(actor.id) <= 1:
            values = {
                "title": row.title,
                "asked_by": actor.name,
                "reason": row.lift_reason,
                "portal_url": link(PORTAL),
            }
            post(deed, Post("hold_lift_asked", f"lift:{row.id.hex}:{row.row_version}", values, second=True))
        deed.record(
            "hold.lift_asked",
            subjects=[row.id],
            public={"title": row.title},
            to_client={"reason": row.lift_reason},
        )
        return row


def lift_hold(*, actor: Actor, hold_id: UUID) -> Hold | Refusal:
    """The second person lifts it. Refused to whoever asked, without an owner among the two, and to the signatory
    while there is a colleague (``rules.deletion.may_second``)."""
    row = _seen(actor, hold_id)
    if row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "hold.lift")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        problem = _standing(row)
        if problem is None and actor.is_staff:
            problem = lifecycle.may_work_on(client.state, client.name, "hold.lift")
        if problem is None:
            problem = deletion.may_second(
                row.lift_asked_by_ref.hex if row.lift_asked_by_ref else "",
                row.lift_asked_by_role,
                deletion.Second(actor.id.hex, actor.name, actor.role),
                staff_count=candidates(row.lift_asked_by_ref) if row.lift_asked_by_ref else 0,
                what=WHAT,
            )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="hold.lift")
        deed.save(
            row,
            lifted_by_ref=actor.id,
            lifted_by_name=actor.name,
            lifted_by_role=actor.role,
            lifted_at=deed.now,
        )
        deed.record(
            "hold.lifted",
            subjects=[row.id],
            public={"title": row.title},
            to_client={"asked_by": row.lift_asked_by_name, "reason": row.lift_reason},
        )
        return row


def decline_lift(*, actor: Actor, hold_id: UUID, reason: str) -> Hold | Refusal:
    """The hold stays in force: said by a second person, or by whoever asked and thinks otherwise now."""
    row = _seen(actor, hold_id)
    if row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "hold.lift")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = _standing(row)
        asker = row.lift_asked_by_ref
        if problem is None and actor.kind == "client" and asker is not None and candidates(asker) > 1:
            problem = refuse("second_is_staff", what=WHAT)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="hold.lift")
        deed.save(
            row,
            lift_asked_by_ref=None,
            lift_asked_by_name="",
            lift_asked_by_role="",
            lift_asked_at=None,
            lift_reason="",
        )
        deed.record(
            "hold.lift_declined",
            subjects=[row.id],
            public={"title": row.title},
            to_client={"reason": reason.strip()[:LONGEST]},
        )
        return row


def _standing(row: Hold) -> Refusal | None:
    if row.lifted_at is not None:
        return refuse("hold_lifted", subject=row.title)
    return refuse("lift_not_asked", subject=row.title) if row.lift_asked_by_ref is None else None
