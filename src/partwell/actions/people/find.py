# SPDX-License-Identifier: AGPL-3.0-or-later
"""Find anything: clients, offboardings and items by their title, what was said by its words, within what the seeker may see."""

from dataclasses import dataclass, field

from django.db.models import Q

from partwell.records.clients.models import Client
from partwell.records.correspondence.search import found
from partwell.records.estate.models import Item
from partwell.records.offboardings.models import Offboarding
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import show

LONGEST = 120


@dataclass(frozen=True)
class Found:
    """One thing found; ``kind``: client, offboarding, item, message, call or mail, whose page the door knows."""

    kind: str
    id: str
    client_id: str
    title: str
    note: str = ""
    icon: str = "arrow"


@dataclass(frozen=True)
class Group:
    """The things of one kind."""

    label: str
    results: list[Found] = field(default_factory=list)


def find(*, actor: Actor, text: str, each: int = 6) -> list[Group]:
    """Up to ``each`` of a kind whose title or words hold ``text``; staff only, a secret is in none of them.

    Without a text: the newest offboardings and the clients by name, so that the palette is never empty.
    """
    if not actor.is_staff or roles.may(actor.role, "search.read") is not None:
        return []
    part = " ".join(text.split())[:LONGEST]
    clients = Client.objects.order_by("name")
    offboardings = Offboarding.objects.select_related("client").order_by("-noticed_at")
    if part:
        by_name = Q(name__icontains=part) | Q(legal_name__icontains=part)
        clients = clients.filter(by_name)
        offboardings = offboardings.filter(
            Q(client__name__icontains=part) | Q(client__legal_name__icontains=part)
        )
    groups = [
        Group(
            "Clients",
            [
                Found("client", row.id.hex, row.id.hex, row.name, row.state.capitalize(), "person")
                for row in clients[:each]
            ],
        ),
        Group(
            "Departures",
            [
                Found(
                    "offboarding",
                    row.id.hex,
                    row.client_id.hex,
                    f"{row.client.name}: departure",
                    f"{row.state.capitalize()}, service ends {show(row.end_of_service)}",
                    "arrow",
                )
                for row in offboardings[:each]
            ],
        ),
    ]
    if part:
        groups += [_items(part, each), _messages(part, each, actor)]
    return [group for group in groups if group.results]


def _items(part: str, each: int) -> Group:
    rows = Item.objects.select_related("client").filter(title__icontains=part, removed_at=None)
    return Group(
        "Items",
        [
            Found("item", row.id.hex, row.client_id.hex, row.title, row.client.name, "hardware")
            for row in rows.order_by("title")[:each]
        ],
    )


def _messages(part: str, each: int, actor: Actor) -> Group:
    # The last word may be half typed.
    words = part if part.endswith(('"', "*")) else f"{part}*"
    hits = [hit for hit in found(actor, words, size=each).hits if hit.client_id is not None]
    return Group(
        "What was said",
        [
            Found(hit.kind, hit.id.hex, hit.client_id.hex, hit.name[:200], hit.client_name, "mail")
            for hit in hits
            if hit.client_id
        ],
    )
