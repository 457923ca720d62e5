# SPDX-License-Identifier: AGPL-3.0-or-later
"""Known backup sets: where a client's backups lie (R10's fifth exit fact, R6, R13)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.retention.record_set import NONE_KEPT, SetFacts, recorded, write_set
from partwell.records.clients.models import Client
from partwell.records.retention.models import BackupSet
from partwell.records.retention.queries import NOWHERE
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def add_backup_set(
    *,
    actor: Actor,
    client_id: UUID,
    name: str = "",
    location: str = "",
    vendor: str = "",
    vendor_window_days: int | None = None,
    note: str = "",
    none_kept: bool = False,
) -> BackupSet | Refusal:
    """Record one set in a few words, or (``none_kept``) that there is none; ``record_set`` takes the whole description.

    ``vendor_window_days``: after cancellation (R13).
    """
    if (refusal := roles.may(actor.role, "client.change")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if none_kept:
        name, location, vendor, vendor_window_days = NONE_KEPT, NOWHERE, "", None
    if not name.strip():
        return refuse("required", where="The name of the backup set")
    if not location.strip():
        return refuse("required", where="Where the backup set lies")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "client.change")) is not None:
            return deed.refuse(gone, subject=client.id, verb="client.change")
        if none_kept:
            return _none(deed, note)
        facts = SetFacts(
            name=name, location=location, vendor=vendor, vendor_window_days=vendor_window_days, note=note
        )
        return write_set(deed, facts, verb="client.change")


def _none(deed: Deed, note: str) -> BackupSet | Refusal:
    """The row that says that no backup is kept: an exit fact too, but no set."""
    client = deed.client
    assert client is not None  # locked by the caller
    if BackupSet.objects.filter(client=client, removed_at=None).exists():
        return deed.refuse(refuse("duplicate", what="A backup set"), subject=client.id, verb="client.change")
    row = deed.add(
        BackupSet(
            client=client, name=NONE_KEPT, location=NOWHERE, note=note.strip()[:300], recorded_at=deed.now
        )
    )
    deed.record("backup_set.recorded", subjects=[row.id], public={"set": row.name}, to_client=recorded(row))
    return row
