# SPDX-License-Identifier: AGPL-3.0-or-later
"""R11: releases are paused on one of four lawful grounds, named and recorded; never for a debt."""

from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.records.clients.models import Client
from partwell.records.estate.models import Item
from partwell.records.offboardings.models import LawfulPause
from partwell.rules import lifecycle, pauses, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def set_pause(
    *,
    actor: Actor,
    client_id: UUID,
    ground: str,
    note: str,
    file: BinaryIO | bytes | None = None,
    file_name: str = "",
    file_type: str = "application/octet-stream",
    item_id: UUID | None = None,
) -> LawfulPause | Refusal:
    """Pause releases. A debt is refused with ``hostage`` to everybody, an owner too, and the attempt is recorded.

    ``item_id``: the item of this client that somebody would hold back: a refusal's entry is about it. A lawful pause
    is of all releases all the same.
    ``note``: the written ground; it stays inside. What is queued stays until the gate refuses it at transmission.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if item_id is not None and not Item.objects.present().filter(pk=item_id, client_id=client_id).exists():
        return refuse("not_found")
    problem = pauses.may_pause(ground, note)
    if problem is None and (refusal := roles.may(actor.role, "pause.set")) is not None:
        return refusal
    stored = None
    if file is not None and problem is None:
        stored = files.store(
            actor, file, client_id=client_id, name=file_name, media_type=file_type, internal=True
        )
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = problem or lifecycle.may_work_on(client.state, client.name, "pause.set")
        if problem is not None:
            return deed.refuse(problem, subject=item_id or client.id, verb="pause.set")
        if LawfulPause.objects.filter(client=client, ground=ground, lifted_at=None).exists():
            return deed.refuse(
                refuse("duplicate", what="A pause for this reason"),
                subject=item_id or client.id,
                verb="pause.set",
            )
        if stored is not None:
            deed.add(stored)
        row = deed.add(
            LawfulPause(
                client=client,
                ground=ground,
                note=note.strip(),
                file=stored,
                placed_by_id=actor.id,
                placed_at=deed.now,
            )
        )
        deed.record(
            "pause.set",
            subjects=[row.id],
            public={"reason": ground.replace("_", " ")},
            internal={"ground": row.note},
        )
        return row
