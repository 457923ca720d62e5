# SPDX-License-Identifier: AGPL-3.0-or-later
"""A new client: the organisation that the MSP serves."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.clients.models import Client
from partwell.records.people.models import StaffMember
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState


def clean_domains(domains: Iterable[str]) -> list[str]:
    """Domains as they are compared: lower case, no leading @ or dot, each once, in order."""
    return list(dict.fromkeys(one.strip().lower().lstrip("@.") for one in domains if one.strip(" @.\t")))


def outside(email: str, domains: Iterable[str]) -> bool:
    """R2: whether an address lies outside the client's own domains; True only when domains are known."""
    known = clean_domains(domains)
    host = email.rpartition("@")[2].strip().lower()
    return bool(known and host) and not any(host == one or host.endswith(f".{one}") for one in known)


def manager_of(staff_id: UUID | None) -> StaffMember | None:
    """The staff member who may look after a client: here, and no auditor."""
    if staff_id is None:
        return None
    return StaffMember.objects.filter(pk=staff_id, left_at=None).exclude(role=roles.AUDITOR).first()


def add_client(
    *,
    actor: Actor,
    name: str,
    legal_name: str = "",
    registration: str = "",
    address: str = "",
    domains: Iterable[str] = (),
    account_manager_id: UUID | None = None,
    served_since: date | None = None,
) -> Client | Refusal:
    """Add an active client. Refused without a name, for a name that exists, or an unknown account manager."""
    if (refusal := roles.may(actor.role, "client.add")) is not None:
        return refusal
    if not name.strip():
        return refuse("required", where="The client's name")
    if account_manager_id is not None and manager_of(account_manager_id) is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        same = Client.objects.filter(name__iexact=name.strip()).first()
        if same is not None:
            return deed.refuse(
                refuse("duplicate", what=f"The client {same.name}"), subject=same.id, verb="client.add"
            )
        row = deed.add(
            Client(
                name=name.strip()[:160],
                legal_name=(legal_name.strip() or name.strip())[:200],
                registration=registration.strip()[:120],
                address=address.strip(),
                domains=clean_domains(domains),
                state=ClientState.ACTIVE,
                account_manager_id=account_manager_id,
                served_since=served_since,
                added_at=deed.now,
            )
        )
        deed.record(
            "client.added",
            client=row.id,
            subjects=[row.id],
            public={"client": row.name},
            to_client={"details": {"legal_name": row.legal_name, "domains": row.domains}},
        )
        return row
