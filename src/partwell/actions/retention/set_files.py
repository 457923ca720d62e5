# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of a set in our own vault: an archive put under the set's own key unit, taken out again by the client or by staff.

The unit is the set's alone (PROOF.md, "Secrets"), so that deleting the set destroys one key and nothing else.
"""

from collections.abc import Collection
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.retention.vault_place import purpose_of
from partwell.importers import mediatype
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet
from partwell.records.vault.models import StoredFile
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal, refuse

MOST = 64 * 1024**3
SHOWN = 200


def files_of(sets: Collection[BackupSet]) -> dict[UUID, list[StoredFile]]:
    """What lies in our vault for these sets, newest first; one query, at most ``SHOWN`` files in all.

    None once a set's key is destroyed.
    """
    purposes = {purpose_of(one): one.id for one in sets if one.place == Place.VAULT}
    if not purposes:
        return {}
    rows = StoredFile.objects.select_related("unit").filter(
        unit__purpose__in=purposes, unit__destroyed_at=None
    )
    found: dict[UUID, list[StoredFile]] = {}
    for file in rows.order_by("-stored_at", "id")[:SHOWN]:
        found.setdefault(purposes[file.unit.purpose], []).append(file)
    return found


def file_of(*, actor: Actor, set_id: UUID, file_id: UUID) -> StoredFile | None:
    """One file of a set, for staff and for the set's own client; None for anybody else."""
    row = queries.set_of(set_id)
    if row is None or (not actor.is_staff and (actor.kind != "client" or actor.client_id != row.client_id)):
        return None
    if roles.may(actor.role, "retention.read") is not None:
        return None
    rows = StoredFile.objects.select_related("unit").filter(unit__purpose=purpose_of(row))
    return rows.filter(pk=file_id, client_id=row.client_id, unit__destroyed_at=None).first()


def _problem(row: BackupSet) -> Refusal | None:
    if row.place != Place.VAULT:
        return refuse("not_in_vault", subject=row.name)
    if row.gone_at is not None:
        return refuse("set_gone", subject=row.name, day=row.gone_at.date())
    if row.id in queries.has_begun([row.id]):
        return refuse("choice_too_late", subject=row.name)
    return None


def store_in_set(*, actor: Actor, set_id: UUID, name: str, stream: BinaryIO) -> StoredFile | Refusal:
    """Put ``stream`` (seekable) into the set. Refused once its deletion has begun, or where the set lies elsewhere."""
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.record")) is not None:
        return refusal
    if (problem := _problem(peek)) is not None:
        return problem
    size = stream.seek(0, 2)
    stream.seek(0)
    if not size:
        return refuse("file_unreadable", file=name, problem="it is empty.")
    if size > MOST:
        return refuse("file_too_large", file=name, limit="64 GiB")
    media, _ = mediatype.of_stream(stream)
    stream.seek(0)
    file = files.store(
        actor, stream, client_id=peek.client_id, name=name, media_type=media, purpose=purpose_of(peek)
    )
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        gone = lifecycle.may_work_on(client.state, client.name, "set.record") or _problem(row)
        if gone is not None:
            return deed.refuse(gone, subject=row.id, verb="set.record")
        deed.add(file)
        deed.record(
            "file.stored",
            subjects=[row.id, file.id],
            public={"file": file.name, "subject": row.name},
            to_client={"digest": file.sha256, "size": file.size, "media_type": file.media_type},
        )
        return file
