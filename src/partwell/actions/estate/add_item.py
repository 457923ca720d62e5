# SPDX-License-Identifier: AGPL-3.0-or-later
"""Adds one item by hand (R3)."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.common import allowed, checked_changes, open_client
from partwell.records.clients.models import Site
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.handover import looks_critical
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind


def add_item(
    *, actor: Actor, client_id: UUID, title: str, category: str, kind: str, **more: Any
) -> Item | Refusal:
    """Add an item; ``more``: owner, custodian, sensitivity, critical, internal, endpoint, details, external_id, site_id.

    A credential whose title sounds critical counts as critical (R16) unless ``critical`` says otherwise.
    """
    if refusal := allowed(actor, "item.add"):
        return refusal
    values = checked_changes({"title": title, "category": category, "kind": kind, **more})
    if isinstance(values, Refusal):
        return values
    if values["kind"] == ItemKind.CREDENTIAL and "critical" not in values:
        values["critical"] = looks_critical(values["title"])
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        if values.get("site_id") and not Site.objects.filter(pk=values["site_id"], client=client).exists():
            return refuse("not_found")
        item = deed.add(Item(client=client, added_at=deed.now, **values))
        shown = {
            "kind": item.kind,
            "category": item.category,
            "owner": item.owner,
            "custodian": item.custodian,
            "sensitivity": item.sensitivity,
        }
        if item.internal:  # R4: not even its title leaves
            deed.record("item.added", subjects=[item.id], public={"item": "an internal item"})
        else:
            deed.record("item.added", subjects=[item.id], public={"item": item.title}, to_client=shown)
        return item
