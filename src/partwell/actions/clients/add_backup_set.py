# SPDX-License-Identifier: AGPL-3.0-or-later
"""Known backup sets: where a client's backups lie (R10's fifth exit fact, R6, R13)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.clients.models import Client
from partwell.records.retention.models import BackupSet
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

NONE_KEPT = "No backups are kept for this client"


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
    """Record one set, or (``none_kept``) that there is none. ``vendor_window_days``: after cancellation (R13)."""
    if (refusal := roles.may(actor.role, "client.change")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if none_kept:
        name, location, vendor, vendor_window_days = NONE_KEPT, "nowhere", "", None
    if not name.strip():
        return refuse("required", where="The name of the backup set")
    if not location.strip():
        return refuse("required", where="Where the backup set lies")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "client.change")) is not None:
            return deed.refuse(gone, subject=client.id, verb="client.change")
        here = BackupSet.objects.filter(client=client, removed_at=None)
        if here.filter(name__iexact=name.strip()).exists() or (none_kept and here.exists()):
            return deed.refuse(
                refuse("duplicate", what="A backup set"), subject=client.id, verb="client.change"
            )
        for empty in here.filter(name=NONE_KEPT):
            deed.save(empty, removed_at=deed.now)
        row = deed.add(
            BackupSet(
                client=client,
                name=name.strip()[:200],
                location=location.strip()[:300],
                vendor=vendor.strip()[:160],
                vendor_window_days=vendor_window_days,
                note=note.strip()[:300],
                recorded_at=deed.now,
            )
        )
        deed.record(
            "backup_set.recorded",
            subjects=[row.id],
            public={"set": row.name},
            to_client={
                "location": row.location,
                "vendor": row.vendor,
                "vendor_window_days": row.vendor_window_days,
            },
        )
        return row
