# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about clients: the lists, one client's page, and the five exit facts of many clients at once."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Q

from partwell.records.clients.models import Agreement, AuthorityProof, Client, Contact, Site
from partwell.rules.readiness import DOCUMENTED, ReadinessFacts
from partwell.rules.terms import Category, ClientState, ContactRole, Custodian, Owner

__all__ = ["Agreement", "AuthorityProof", "Client", "Contact", "Site"]


def _of(noun: str, model: str) -> Any:
    """Another noun's model; siblings know each other by name only (HOUSE.md)."""
    return apps.get_model(noun, model)


def client_of(client_id: UUID) -> Client | None:
    """One client with its account manager."""
    return Client.objects.select_related("account_manager").filter(pk=client_id).first()


def active_clients(search: str = "") -> "list[Client]":
    """Who is served or departing or coming back, by name."""
    rows = Client.objects.select_related("account_manager").exclude(state=ClientState.INACTIVE)
    return list(_found(rows, search))


def inactive_clients(search: str = "") -> Any:
    """Who has left, as a query to be paged."""
    return _found(Client.objects.filter(state=ClientState.INACTIVE), search)


def _found(rows: Any, search: str) -> Any:
    if search.strip():
        rows = rows.filter(Q(name__icontains=search.strip()) | Q(legal_name__icontains=search.strip()))
    return rows.order_by("name")


def counts_by_state() -> dict[str, int]:
    """How many clients are in each state."""
    return dict(Client.objects.values_list("state").annotate(n=Count("id")).order_by())


def readiness(client_ids: Collection[UUID], today: date) -> dict[UUID, ReadinessFacts]:
    """R10's facts of each client, in five queries however many clients there are. ``today``: in the MSP's zone."""
    ids = list(client_ids)
    proofs = AuthorityProof.objects.filter(revoked_at=None, contact__left_at=None, contact__client__in=ids)
    proofs = proofs.filter(contact__role=ContactRole.SIGNATORY).filter(
        Q(valid_until=None) | Q(valid_until__gte=today)
    )
    signed = set(proofs.values_list("contact__client_id", flat=True))
    items = _of("estate", "Item").objects.present().filter(client__in=ids, internal=False)
    held = set(
        items.filter(category=Category.ADMIN_ACCESS, owner=Owner.CLIENT)
        .filter(Q(custodian=Custodian.CLIENT) | Q(handover__clients_account=True))
        .values_list("client_id", flat=True)
        .distinct()
    )
    documented: dict[UUID, set[Category]] = {}
    for client_id, category in (
        items.filter(category__in=DOCUMENTED, document__isnull=False)
        .values_list("client_id", "category")
        .distinct()
    ):
        documented.setdefault(client_id, set()).add(Category(category))
    agreed = set(
        Agreement.objects.filter(client__in=ids, replaced_at=None).values_list("client_id", flat=True)
    )
    sets = _of("retention", "BackupSet").objects.filter(client__in=ids, removed_at=None)
    known = set(sets.values_list("client_id", flat=True))
    return {
        one: ReadinessFacts(
            signatory_with_proof=one in signed,
            client_held_admin=one in held,
            documented=frozenset(documented.get(one, ())),
            agreement_terms=one in agreed,
            backup_sets_known=one in known,
        )
        for one in ids
    }


def contacts_of(client_id: UUID) -> "list[Contact]":
    """The contacts who are there, signatories first, each with ``proofs`` read along."""
    rows = Contact.objects.filter(client_id=client_id, left_at=None).prefetch_related("proofs__file")
    return sorted(rows, key=lambda one: (one.role != ContactRole.SIGNATORY, one.name))


def contact_of(contact_id: UUID) -> Contact | None:
    """One contact who has not left, with the client."""
    return Contact.objects.select_related("client").filter(pk=contact_id, left_at=None).first()


def sites_of(client_id: UUID) -> "list[Site]":
    """The client's sites."""
    return list(Site.objects.filter(client_id=client_id, removed_at=None).order_by("name"))


def agreement_of(client_id: UUID) -> Agreement | None:
    """The agreement in force."""
    rows = Agreement.objects.select_related("document").filter(client_id=client_id, replaced_at=None)
    return rows.order_by("-version").first()


def older_agreements(client_id: UUID) -> "list[Agreement]":
    """Replaced versions, newest first."""
    return list(Agreement.objects.filter(client_id=client_id).exclude(replaced_at=None).order_by("-version"))


def backup_sets_of(client_id: UUID) -> Sequence[Any]:
    """Known backup sets."""
    return list(
        _of("retention", "BackupSet").objects.filter(client_id=client_id, removed_at=None).order_by("name")
    )


def pauses_of(client_id: UUID) -> Sequence[Any]:
    """Lawful pauses in force (R11), with who placed them."""
    rows = _of("offboardings", "LawfulPause").objects.select_related("placed_by")
    return list(rows.filter(client_id=client_id, lifted_at=None).order_by("placed_at"))


def offboardings_of(client_id: UUID) -> Sequence[Any]:
    """Every departure of a client, the newest first."""
    rows = _of("offboardings", "Offboarding").objects.select_related("owner")
    return list(rows.filter(client_id=client_id).order_by("-opened_at"))
