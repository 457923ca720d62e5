# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients and what belongs to them as querysets, for whoever pages them by key; each a fixed number of queries."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.clients.models import Agreement, AuthorityProof, Client, Contact, Site


def clients(state: str = "") -> "QuerySet[Client]":
    """All clients, or those in one state."""
    rows = Client.objects.select_related("account_manager")
    return rows.filter(state=state) if state else rows


def client(client_id: UUID) -> Client | None:
    """One client."""
    return clients().filter(pk=client_id).first()


def sites(client_id: UUID) -> "QuerySet[Site]":
    """A client's sites that were not removed."""
    return Site.objects.filter(client_id=client_id, removed_at=None)


def contacts(client_id: UUID) -> "QuerySet[Contact]":
    """A client's contacts, those who left too, with their proofs of authority."""
    return Contact.objects.filter(client_id=client_id).prefetch_related("proofs")


def contact(contact_id: UUID) -> Contact | None:
    """One contact, left or not."""
    return Contact.objects.filter(pk=contact_id).prefetch_related("proofs").first()


def proofs(contact_id: UUID) -> "QuerySet[AuthorityProof]":
    """A contact's proofs of authority."""
    return AuthorityProof.objects.filter(contact_id=contact_id).select_related("file", "checked_by")


def agreements(client_id: UUID) -> "QuerySet[Agreement]":
    """Every version of a client's agreement."""
    return Agreement.objects.filter(client_id=client_id).select_related("document")
