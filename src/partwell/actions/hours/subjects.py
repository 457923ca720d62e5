# SPDX-License-Identifier: AGPL-3.0-or-later
"""What time, a timer or a request is about: an item, a message or a request of this client, with its title."""

from typing import Any
from uuid import UUID

from partwell.records.correspondence.queries import message_seen
from partwell.records.estate.queries import item_of
from partwell.records.hours.lists import request_of
from partwell.rules.actor import Actor

KINDS = ("item", "message", "request")


def label_of(actor: Actor, client_id: UUID, kind: str, ref: UUID) -> str:
    """The title of what the time is about, or nothing for what is not this client's."""
    if kind == "item":
        item = item_of(client_id, ref)
        return str(item.title)[:300] if item is not None else ""
    if kind not in KINDS:
        return ""
    row: Any = message_seen(actor, ref) if kind == "message" else request_of(ref)
    if row is None or row.client_id != client_id:
        return ""
    return str(row.subject if kind == "message" else row.title)[:300]
