# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lawful pause ends, with the reason on record."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.offboardings.models import LawfulPause
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def lift_pause(*, actor: Actor, pause_id: UUID, reason: str) -> LawfulPause | Refusal:
    """Lift a pause (R11); ``reason`` says what settled it and stays inside."""
    if (refusal := roles.may(actor.role, "pause.lift")) is not None:
        return refusal
    peek = LawfulPause.objects.filter(pk=pause_id).first()
    if peek is None:
        return refuse("not_found")
    if not reason.strip():
        return refuse("required", where="What settled it")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "pause.lift")) is not None:
            return deed.refuse(gone, subject=peek.id, verb="pause.lift")
        row = LawfulPause.objects.get(pk=pause_id)
        if row.lifted_at is not None:
            return row
        deed.save(row, lifted_at=deed.now, lifted_by_id=actor.id)
        deed.record(
            "pause.lifted",
            subjects=[row.id],
            public={"reason": row.ground.replace("_", " ")},
            internal={"ground": reason.strip()},
        )
        return row
