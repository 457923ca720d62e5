# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person may see of recipients and consents, with a fixed number of queries. Strangers find nothing."""

from dataclasses import dataclass
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet

from partwell.records.authorisations.models import Authorisation, CallBack, Recipient, RecipientPerson
from partwell.rules.actor import Actor
from partwell.rules.terms import AuthorisationState

__all__ = ["Authorisation", "CallBack", "Recipient", "RecipientPerson"]

_PARTS = (
    "client",
    "recipient",
    "signatory",
    "prepared_by",
    "replaces",
    "offboarding",
    "document",
    "change_document",
    "scan",
)


def visible_to(actor: Actor) -> "QuerySet[Authorisation]":
    """The consents an actor may know of: staff all; the client its own that were ever put before it; a person of a
    recipient those that were granted to its firm and name that person."""
    rows = Authorisation.objects.select_related(*_PARTS)
    if actor.is_staff:
        return rows
    if actor.kind == "client" and actor.client_id:
        # Neither a draft nor one that was replaced or discarded as a draft was ever put before it.
        asked = rows.filter(client_id=actor.client_id, proposed_at__isnull=False)
        return asked.exclude(state=AuthorisationState.DRAFT)
    if actor.kind == "provider" and actor.recipient_id and actor.client_id:
        mine = rows.filter(
            client_id=actor.client_id, recipient_id=actor.recipient_id, granted_at__isnull=False
        )
        return mine.filter(pk__in=[row.pk for row in mine if actor.id.hex in row.person_ids])
    return rows.none()


def authorisation_seen(actor: Actor, authorisation_id: UUID) -> Authorisation | None:
    """One consent of those the actor may know of."""
    return visible_to(actor).filter(pk=authorisation_id).first()


def versions_of(actor: Actor, recipient_id: UUID) -> "list[Authorisation]":
    """Every version for one recipient, newest first."""
    return list(visible_to(actor).filter(recipient_id=recipient_id).order_by("-version"))


def versions_for_client(actor: Actor, client_id: UUID) -> "list[Authorisation]":
    """Every version of a client's consents, by recipient, newest first."""
    return list(
        visible_to(actor).filter(client_id=client_id).order_by("recipient__firm", "recipient_id", "-version")
    )


def authorisations_page(
    actor: Actor,
    number: object,
    *,
    client_id: UUID | None = None,
    offboarding_id: UUID | None = None,
    state: str = "",
    size: int = 50,
) -> "Page[Authorisation]":
    """A page of the consents of a client or of one departure, in all states or one, newest first; two queries."""
    rows = visible_to(actor)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    if offboarding_id is not None:
        rows = rows.filter(offboarding_id=offboarding_id)
    if state:
        rows = rows.filter(state=state)
    ordered = rows.order_by("recipient__firm", "recipient_id", "-version")
    return Paginator(ordered, size).get_page(number)  # type: ignore[arg-type]  # anything a stranger typed


def to_sign(actor: Actor) -> "list[Authorisation]":
    """What waits for the client's signatories, oldest first; signed ones that wait for a call are among them."""
    rows = visible_to(actor).filter(state=AuthorisationState.PROPOSED)
    return list(rows.order_by("proposed_at")) if actor.kind == "client" else []


def to_call(actor: Actor, offboarding_id: UUID) -> "list[Authorisation]":
    """Signed consents of a departure that a second employee must still confirm by a call (R1), oldest first."""
    rows = visible_to(actor).filter(offboarding_id=offboarding_id, state=AuthorisationState.PROPOSED)
    return [one for one in rows.order_by("proposed_at") if one.signed_at or one.channel != "portal"]


def call_backs_of(authorisation_id: UUID) -> "list[CallBack]":
    """Calls about one consent, newest first."""
    rows = CallBack.objects.select_related("called_by", "contact").filter(authorisation_id=authorisation_id)
    return list(rows.order_by("-called_at"))


def persons_named(row: Authorisation) -> "list[RecipientPerson]":
    """The persons a consent names, by name; those who left their firm too."""
    return list(
        RecipientPerson.objects.filter(pk__in=[UUID(hex=one) for one in row.person_ids]).order_by("name")
    )


@dataclass(frozen=True)
class Firm:
    """A recipient on a client's file, its people who are there, and its newest consent."""

    row: Recipient
    people: "list[RecipientPerson]"
    newest: Authorisation | None
    granted: Authorisation | None


def firms_of(client_id: UUID) -> list[Firm]:
    """The client's recipients; three queries."""
    here = RecipientPerson.objects.filter(left_at=None).order_by("name").prefetch_related("terms")
    rows = (
        Recipient.objects.filter(client_id=client_id)
        .order_by("firm")
        .prefetch_related(
            Prefetch("persons", here, to_attr="here"),
            Prefetch(
                "authorisations",
                Authorisation.objects.select_related("signatory").order_by("-version"),
                to_attr="versions",
            ),
        )
    )
    return [
        Firm(
            row,
            row.here,  # type: ignore[arg-type]  # prefetched above
            next(iter(row.versions), None),  # type: ignore[arg-type]
            next((one for one in row.versions if one.state == AuthorisationState.GRANTED), None),  # type: ignore[arg-type, attr-defined]
        )
        for row in rows
    ]


def recipient_of(client_id: UUID, recipient_id: UUID) -> Recipient | None:
    """A recipient of this client."""
    return Recipient.objects.select_related("client").filter(pk=recipient_id, client_id=client_id).first()


def people_of(recipient_id: UUID) -> "list[RecipientPerson]":
    """A recipient's people who are there."""
    return list(RecipientPerson.objects.filter(recipient_id=recipient_id, left_at=None).order_by("name"))
