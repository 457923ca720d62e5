# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipients and consents as querysets, for whoever pages them by key."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson


def recipients(client_id: UUID) -> "QuerySet[Recipient]":
    """A client's recipient firms with their persons."""
    return Recipient.objects.filter(client_id=client_id).prefetch_related("persons")


def recipient(recipient_id: UUID) -> Recipient | None:
    """One recipient firm with its persons."""
    return Recipient.objects.filter(pk=recipient_id).prefetch_related("persons").first()


def person(client_id: UUID, person_id: UUID) -> RecipientPerson | None:
    """A person of one of the client's recipients who has not left."""
    rows = RecipientPerson.objects.select_related("recipient")
    return rows.filter(pk=person_id, recipient__client_id=client_id, left_at=None).first()


def authorisations(
    client_id: UUID | None = None, offboarding_id: UUID | None = None, state: str = ""
) -> "QuerySet[Authorisation]":
    """Every version of the authorisations of a client or of one departure, drafts included; ``state`` narrows it."""
    rows = Authorisation.objects.select_related("recipient", "signatory", "document")
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    if offboarding_id is not None:
        rows = rows.filter(offboarding_id=offboarding_id)
    return rows.filter(state=state) if state else rows


def authorisation(authorisation_id: UUID) -> Authorisation | None:
    """One version of an authorisation."""
    rows = Authorisation.objects.select_related("client", "recipient", "signatory", "document__unit")
    return rows.filter(pk=authorisation_id).first()
