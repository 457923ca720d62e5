# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client objects to a coming deletion (R6): nothing of it goes until two people have settled it.

An objection is a hold that the client itself asks for. It stops what is running at once, shows wherever holds show,
and is lifted as any other: one asks, another lifts (R15). Its signatory may be the one who asks.
"""

from datetime import timedelta
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.retention.office import client_path, tell_office
from partwell.actions.retention.stop import stop_covered
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, HeldSet, Hold
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse

LONGEST = 4000
# The office looks at an objection again after this long.
REVIEW_AFTER = timedelta(days=14)


def object_to_deletion(*, actor: Actor, client_id: UUID, set_id: UUID, words: str) -> Hold | Refusal:
    """The signatory objects to the deletion of one set, in words. Every deletion of it is stopped in the same deed.

    Refused for what is gone, for a set without a day, while an objection of this person to it stands, and to others.
    """
    if actor.kind != "client" or actor.client_id != client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.object")) is not None:
        return refusal
    words = words.strip()[:LONGEST]
    if not words:
        return refuse("required", where="Why it is not to be deleted")
    with Deed(actor) as deed:
        deed.lock(client_id)
        row = BackupSet.objects.filter(pk=set_id, client_id=client_id, removed_at=None).first()
        if row is None:
            return refuse("not_found")
        problem = _problem(actor, row)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.object")
        hold = deed.add(
            Hold(
                client_id=client_id,
                title=f"Objection: {row.name}"[:200],
                description=words,
                asked_by=f"{actor.name}, for the client"[:200],
                review_on=day_in(deed.now, zone()) + REVIEW_AFTER,
                placed_by_ref=actor.id,
                placed_by_name=actor.name,
                placed_by_role=actor.role,
                placed_at=deed.now,
            )
        )
        deed.add(HeldSet(hold=hold, backup_set=row))
        tell_office(
            deed,
            f"objection:{hold.id.hex}",
            title=f"{actor.name} objects to deleting “{row.name}”",
            what=words,
            next_step="Speak with the client. Agree to a later day, hand over a copy, or ask for the hold to be lifted.",
            path=client_path(client_id),
        )
        deed.record(
            "hold.placed",
            subjects=[hold.id, row.id],
            public={"title": hold.title},
            to_client={
                "asked_by": hold.asked_by,
                "scope": row.name,
                "review_on": hold.review_on.isoformat(),
                "description": words,
            },
        )
        stop_covered(deed, set_ids=[row.id], why=f"{actor.name} objects: {words}")
        return hold


def _problem(actor: Actor, row: BackupSet) -> Refusal | None:
    if row.gone_at is not None:
        return refuse("set_gone", subject=row.name, day=day_in(row.gone_at, zone()))
    if row.keep_until is None:
        return refuse("no_keep_date", subject=row.name)
    mine = Hold.objects.filter(sets__backup_set=row, lifted_at=None, placed_by_ref=actor.id)
    return refuse("duplicate", what="This objection") if mine.exists() else None


def take_back_objection(*, actor: Actor, hold_id: UUID, words: str) -> Hold | Refusal:
    """The client no longer objects: its signatory asks for its own hold to be lifted, an owner lifts it (R15)."""
    peek = queries.hold_of(hold_id)
    if peek is None or actor.kind != "client" or actor.client_id != peek.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.object")) is not None:
        return refusal
    words = words.strip()[:LONGEST]
    if not words:
        return refuse("required", where="What has changed")
    if peek.placed_by_role != roles.SIGNATORY:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        hold = Hold.objects.get(pk=hold_id)
        if hold.lifted_at is not None:
            return deed.refuse(
                refuse("hold_lifted", subject=hold.title), subject=hold.id, verb="deletion.object"
            )
        deed.save(
            hold,
            lift_asked_by_ref=actor.id,
            lift_asked_by_name=actor.name,
            lift_asked_by_role=actor.role,
            lift_asked_at=deed.now,
            lift_reason=words,
        )
        tell_office(
            deed,
            f"objection:{hold.id.hex}:{hold.row_version}",
            title=f"{actor.name} no longer objects",
            what=f"“{hold.title}”: {words}",
            next_step="An owner lifts the hold; then the deletion can be taken up again.",
            path=client_path(hold.client_id),
        )
        deed.record(
            "hold.lift_asked", subjects=[hold.id], public={"title": hold.title}, to_client={"reason": words}
        )
        return hold
