# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is on file of a client changes; who counts as outside its domains is worked out again."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import clean_domains, manager_of, outside
from partwell.records.clients.models import Client
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

WORDS = {
    "name": "the name",
    "legal_name": "the legal name",
    "registration": "the registration",
    "address": "the address",
    "domains": "the domains",
    "account_manager_id": "the account manager",
    "served_since": "the start of service",
}


def change_client(*, actor: Actor, client_id: UUID, **changes: Any) -> Client | Refusal:
    """Set some of ``WORDS``' fields; what is the same already changes nothing. An inactive client is read only."""
    if (refusal := roles.may(actor.role, "client.change")) is not None:
        return refusal
    if unknown := changes.keys() - WORDS.keys():
        raise TypeError(f"A client has no {', '.join(sorted(unknown))} to change.")
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if "name" in changes and not str(changes["name"]).strip():
        return refuse("required", where="The client's name")
    manager = changes.get("account_manager_id")
    if manager is not None and manager_of(manager) is None:
        return refuse("not_found")
    if "domains" in changes:
        changes["domains"] = clean_domains(changes["domains"])
    with Deed(actor) as deed:
        row = deed.lock(client_id)
        if row.state == "inactive":
            return deed.refuse(
                refuse("client_inactive", client=row.name), subject=row.id, verb="client.change"
            )
        same = Client.objects.filter(name__iexact=str(changes.get("name", ""))).exclude(pk=row.pk).first()
        if same is not None:
            return deed.refuse(
                refuse("duplicate", what=f"The client {same.name}"), subject=row.id, verb="client.change"
            )
        before = {name: getattr(row, name) for name in changes}
        moved = {name: value for name, value in changes.items() if before[name] != value}
        if not moved:
            return row
        deed.save(row, **moved)
        if "domains" in moved:
            for contact in row.contacts.filter(left_at=None):
                if contact.outside_domain != outside(contact.email, row.domains):
                    deed.save(contact, outside_domain=not contact.outside_domain)
        deed.record(
            "client.changed",
            subjects=[row.id],
            public={"what": [WORDS[name] for name in moved]},
            to_client={
                "before": {n: str(before[n] or "") for n in moved},
                "after": {n: str(v or "") for n, v in moved.items()},
            },
        )
        return row
