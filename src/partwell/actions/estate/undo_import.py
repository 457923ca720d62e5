# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes back a confirmed import as a whole, as long as nobody built on it."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from partwell.actions.base import Deed
from partwell.actions.estate.common import allowed
from partwell.actions.estate.secrets import purge_values
from partwell.importers.detect import name_of
from partwell.records.clients.models import Client
from partwell.records.estate.models import Import, Item
from partwell.records.releases.models import ReleaseLine
from partwell.records.vault.models import Picture
from partwell.rules import lifecycle
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def undo_import(*, actor: Actor, client_id: UUID, import_id: UUID, reason: str = "") -> Import | Refusal:
    """Undo: its items are no longer present, the secrets it brought are purged, one entry says so.

    Refused if an item was released or asked for, or changed, tried or photographed since.
    """
    if refusal := allowed(actor, "estate.undo"):
        return refusal
    with Deed(actor) as deed:
        if not Client.objects.filter(pk=client_id).exists():
            return refuse("not_found")
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "estate.undo")) is not None:
            return deed.refuse(gone, subject=client.id, verb="estate.undo")
        batch = Import.objects.filter(pk=import_id, client=client).first()
        if batch is None:
            return refuse("not_found")
        if batch.state == "undone":
            return refuse("import_undone")
        if batch.state != "confirmed":
            return refuse("import_not_staged", state=batch.state)
        items = Item.objects.filter(batch=batch)
        released = items.filter(
            Exists(ReleaseLine.objects.filter(item=OuterRef("pk"), state__in=("sent", "asked")))
        ).count()
        if released:
            return deed.refuse(
                refuse("import_items_released", count=released), subject=batch.id, verb="estate.undo"
            )
        touched = items.filter(
            Q(row_version__gt=1)
            | Q(trials__isnull=False)
            | Exists(Picture.objects.filter(subject_id=OuterRef("pk")))
        )
        changed = touched.distinct().count()
        if changed:
            return deed.refuse(
                refuse("import_items_changed", count=changed), subject=batch.id, verb="estate.undo"
            )
        purge_values(deed, list(items.exclude(secret_fields=[]).values_list("pk", flat=True)))
        deed.save(batch, state="undone", undone_at=deed.now)
        deed.record(
            "import.undone",
            client=client.id,
            subjects=[batch.id],
            public={"count": batch.item_count},
            to_client={"source": name_of(batch.source), **({"reason": reason[:300]} if reason else {})},
        )
        return batch
