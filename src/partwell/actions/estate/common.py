# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the verbs of the estate share: who may, which item, and an item's fields in words."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.clients.models import Client
from partwell.records.estate.models import Item
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Category, ClientState, Custodian, ItemKind, Owner, Sensitivity

ENUMS: Mapping[str, Any] = {
    "category": Category,
    "kind": ItemKind,
    "owner": Owner,
    "custodian": Custodian,
    "sensitivity": Sensitivity,
}
PLAIN = (
    "title",
    "category",
    "kind",
    "owner",
    "custodian",
    "sensitivity",
    "critical",
    "internal",
    "endpoint",
    "external_id",
)


def allowed(actor: Actor, verb: str) -> Refusal | None:
    """The role's floor, asked again behind the door. Nobody but staff writes the estate."""
    if not actor.is_staff and actor.kind != "system":
        return refuse("not_found")
    return roles.may(actor.role, verb)


def open_client(deed: Deed, client_id: UUID) -> Client | Refusal:
    """Lock the client of a change; an unknown one is not found, an inactive one is read and not changed."""
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    client = deed.lock(client_id)
    if client.state == ClientState.INACTIVE:
        return refuse("client_inactive", client=client.name)
    return client


def present_item(client_id: UUID, item_id: UUID) -> Item | None:
    """One present item of this client, else None."""
    return (
        Item.objects.present()
        .select_related("document", "document__unit")
        .filter(client_id=client_id, pk=item_id)
        .first()
    )


def as_enum(name: str, value: str) -> str | Refusal:
    """A value of one of the domain's enums, or why it is none."""
    try:
        return str(ENUMS[name](value).value)
    except ValueError:
        return refuse("invalid_input", where=name.capitalize(), problem=f"there is no {name} “{value[:40]}”")


def checked_changes(changes: Mapping[str, Any]) -> dict[str, Any] | Refusal:
    """Field values as the row holds them. Fields not in ``PLAIN``, details or site are a bug (TypeError)."""
    out: dict[str, Any] = {}
    for name, value in changes.items():
        if name in ENUMS:
            found = as_enum(name, str(value))
            if isinstance(found, Refusal):
                return found
            out[name] = found
        elif name == "title":
            title = " ".join(str(value).split())[:300]
            if not title:
                return refuse("required", where="The title")
            out[name] = title
        elif name == "details":
            out[name] = {str(k)[:120]: str(v)[:4000] for k, v in dict(value).items() if str(v).strip()}
        elif name in ("critical", "internal", "endpoint"):
            out[name] = bool(value)
        elif name == "external_id":
            out[name] = str(value)[:200]
        elif name == "site_id":
            out[name] = value
        else:
            raise TypeError(f"An item has no field {name!r} to be changed.")
    return out


def words(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as the evidence holds them."""
    return {
        name: ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        for name, value in values.items()
    }
