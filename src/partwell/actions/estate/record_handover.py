# SPDX-License-Identifier: AGPL-3.0-or-later
"""What R3 and R16 ask of an item before it is handed over, each kind in its own way."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.change_item import name_of
from partwell.actions.estate.common import allowed, open_client, present_item
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind

# kind -> field -> type; the same names stand in item.handover and are read by actions.facts.
FIELDS: dict[str, dict[str, type]] = {
    ItemKind.HARDWARE: {"serial": str, "condition": str, "title": str, "location": str},
    ItemKind.LICENCE: {
        "licence_key": bool,
        "has_no_key": bool,
        "transfer_confirmed": bool,
        "confirmation": str,
    },
    ItemKind.DATA: {"location": str, "manifest": str, "in_place_confirmed": bool, "confirmation": str},
    ItemKind.CREDENTIAL: {
        "account": str,
        "privilege": str,
        "system": str,
        "mfa": str,
        "named_role": str,
        "clients_account": bool,
    },
    ItemKind.DOCUMENT: {"location": str},
    ItemKind.OTHER: {"location": str, "confirmation": str},
}
TITLES = ("", "passed", "retained")


def record_handover(*, actor: Actor, client_id: UUID, item_id: UUID, **fields: Any) -> Item | Refusal:
    """Set the handover fields of an item; which there are depends on its kind (``FIELDS``). Never a secret.

    ``title`` of hardware: "passed" or "retained" (R11: goods under retention of title are not yet the client's).
    """
    if refusal := allowed(actor, "item.change"):
        return refusal
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        known = FIELDS[item.kind]
        note = dict(item.handover)
        for name, value in fields.items():
            if name not in known:
                return refuse(
                    "invalid_input",
                    where=name.replace("_", " ").capitalize(),
                    problem=f"a {item.kind} has no such field",
                )
            if name == "title" and value not in TITLES:
                return refuse("invalid_input", where="Title", problem="it is passed or retained")
            clean = bool(value) if known[name] is bool else " ".join(str(value).split())[:500]
            if clean:
                note[name] = clean
            else:
                note.pop(name, None)
        if note == item.handover:
            return item
        changed = {
            name: str(note.get(name, "")) for name in known if note.get(name) != item.handover.get(name)
        }
        deed.save(item, handover=note, version=item.version + 1)
        shown = {
            name: value
            for name, value in changed.items()
            if name in ("serial", "condition", "location", "manifest")
        }
        rest = "; ".join(
            f"{name.replace('_', ' ')}: {value or 'no longer'}"
            for name, value in changed.items()
            if name not in shown
        )
        deed.record(
            "item.evidence_recorded",
            subjects=[item.id],
            public={"item": name_of(item)},
            to_client={} if item.internal else {**shown, **({"confirmation": rest} if rest else {})},
        )
        return item
