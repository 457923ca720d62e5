# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changes or removes one item; what it was before stays in the evidence."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.common import allowed, checked_changes, open_client, present_item, words
from partwell.records.clients.models import Site
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def name_of(item: Item) -> str:
    """How evidence for all parties calls an item: an internal one is not named (R4)."""
    return "an internal item" if item.internal else item.title


def change_item(
    *, actor: Actor, client_id: UUID, item_id: UUID, row_version: int | None = None, **changes: Any
) -> Item | Refusal:
    """Set fields of an item; its version grows by one, so that what was approved of the old one no longer fits.

    ``row_version``: what the person looked at; another is ``version_conflict``. Nothing changed: nothing recorded.
    """
    if refusal := allowed(actor, "item.change"):
        return refusal
    values = checked_changes(changes)
    if isinstance(values, Refusal):
        return values
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        if row_version is not None and item.row_version != row_version:
            return refuse("version_conflict")
        if values.get("site_id") and not Site.objects.filter(pk=values["site_id"], client=client).exists():
            return refuse("not_found")
        changed = {name: value for name, value in values.items() if getattr(item, name) != value}
        if not changed:
            return item
        before = {name: getattr(item, name) for name in changed}
        hidden = item.internal or changed.get("internal", False)
        title = name_of(item) if not hidden else "an internal item"
        deed.save(item, version=item.version + 1, **changed)
        shown = (
            {"what": sorted(changed)}
            if hidden
            else {"what": sorted(changed), "before": words(before), "after": words(changed)}
        )
        deed.record("item.changed", subjects=[item.id], public={"item": title}, to_client=shown)
        return item


def remove_item(*, actor: Actor, client_id: UUID, item_id: UUID, reason: str) -> Item | Refusal:
    """Take an item off the estate, with a reason. One that was released stays: the record is kept (R4)."""
    if refusal := allowed(actor, "item.change"):
        return refusal
    reason = " ".join(reason.split())[:300]
    if not reason:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        line = (
            item.release_lines.filter(state__in=("sent", "asked"))
            .select_related("release__recipient")
            .first()
        )
        if line is not None:
            to = line.release.recipient.firm if line.release.recipient else client.name
            return deed.refuse(
                refuse("already_released", item=item.title, recipient=to), subject=item.id, verb="item.change"
            )
        deed.save(item, removed_at=deed.now)
        deed.record(
            "item.removed", subjects=[item.id], public={"item": name_of(item)}, to_client={"reason": reason}
        )
        return item
