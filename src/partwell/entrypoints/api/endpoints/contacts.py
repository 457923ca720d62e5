# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's contacts with their proofs of authority, and the agreement's terms as data."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Router, UploadedFile
from pydantic import Field, field_serializer

from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.entrypoints.api.endpoints.clients import given
from partwell.entrypoints.api.endpoints.common import (
    LETTER_MOST,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    found,
    json_part,
)
from partwell.entrypoints.api.fields import (
    Address,
    Currency,
    Day,
    Flag,
    Given,
    Hours,
    Language,
    Line,
    Money,
    Name,
    PathId,
    Rate,
    Short,
    Shown,
    Text,
    Whole,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.clients import lists
from partwell.rules.hours import Rounding, UnusedRule
from partwell.rules.money import TaxTreatment
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, ContactRole, Owner

router = Router()


class ProofShown(Shown):
    id: UUID
    kind: str
    checked_at: datetime
    valid_until: date | None
    revoked_at: datetime | None


class ContactShown(Shown):
    id: UUID
    client_id: UUID
    name: str
    title: str
    role: str
    email: str
    second_email: str
    phone: str
    phone_on_file_at: datetime | None
    outside_domain: bool
    email_state: str
    language: str
    added_at: datetime
    left_at: datetime | None
    proofs: list[ProofShown]
    row_version: int


class ContactGiven(Given):
    name: Name
    email: Address
    role: ContactRole = ContactRole.OBSERVER
    title: Annotated[Line, Field(max_length=120)] = ""
    second_email: Annotated[Line, Field(max_length=254)] = ""
    phone: Short = ""
    language: Language = "en"


class ContactChange(Given):
    name: Name | None = None
    email: Address | None = None
    role: ContactRole | None = None
    title: Annotated[Line, Field(max_length=120)] | None = None
    second_email: Annotated[Line, Field(max_length=254)] | None = None
    phone: Short | None = None
    language: Language | None = None


class Reason(Given):
    reason: Line = ""


class AuthorityForm(Given):
    kind: Annotated[Line, Field(min_length=1, max_length=120)]
    valid_until: Day | None = None


class AgreementShown(Shown):
    id: UUID
    version: int
    title: str
    signed_on: date
    runs_until: date | None
    renewal: str
    exit_clause: str
    notice_days: int
    included_hours: Decimal
    hourly_rate: Decimal
    block_hours: Decimal
    currency: str
    retention_months: int
    objection_days: int
    deemed_acceptance: bool
    ownership: dict[str, str]
    extra_entitlement: str
    rounding_minutes: int = Field(description="0: the usual 15.")
    rounding: str = Field(description="Empty: the usual way, up.")
    unused_time: str = Field(description="Empty: the usual rule, refund.")
    tax_rate: Decimal | None
    tax_treatment: str = Field(description="Empty: standard.")
    document_id: UUID | None
    recorded_at: datetime
    replaced_at: datetime | None

    @field_serializer("included_hours", "hourly_rate", "block_hours")
    def _two_places(self, value: Decimal) -> str:
        return f"{value:.2f}"

    @field_serializer("tax_rate")
    def _rate(self, value: Decimal | None) -> str | None:
        return None if value is None else f"{value:.3f}"


class TermsGiven(Given):
    signed_on: Day
    included_hours: Hours
    hourly_rate: Money
    block_hours: Hours
    currency: Currency
    title: Annotated[Line, Field(min_length=1, max_length=200)] = "Service agreement"
    runs_until: Day | None = None
    renewal: Line = ""
    exit_clause: Annotated[Line, Field(max_length=120)] = ""
    notice_days: Annotated[Whole, Field(ge=0, le=3650)] = 90
    retention_months: Annotated[Whole, Field(ge=0, le=1200)] = 6
    objection_days: Annotated[Whole, Field(ge=1, le=365)] = 14
    deemed_acceptance: Flag = False
    ownership: dict[Category, Owner] = {}
    extra_entitlement: Text = ""
    rounding_minutes: Literal[0, 1, 5, 6, 10, 15, 30, 60] = Field(0, description="0: the usual 15.")
    rounding: Rounding | None = None
    unused_time: UnusedRule | None = None
    tax_rate: Rate | None = None
    tax_treatment: TaxTreatment | None = None

    def terms(self) -> AgreementTerms:
        """As the action takes them."""
        values = self.model_dump()
        for name in ("included_hours", "hourly_rate", "block_hours"):
            values[name] = Decimal(values[name])
        if values["tax_rate"] is not None:
            values["tax_rate"] = Decimal(values["tax_rate"])
        for name in ("rounding", "unused_time", "tax_treatment"):
            values[name] = str(values[name] or "")
        return AgreementTerms(**values)


class TermsForm(Given):
    terms: Annotated[
        str, Field(max_length=100_000, description="The terms as JSON: what POST …/agreements takes.")
    ]


def show_contact(row: Any) -> ContactShown:
    """A contact with its proofs."""
    values = {name: getattr(row, name) for name in ContactShown.model_fields if name != "proofs"}
    return ContactShown.model_validate(
        {**values, "proofs": [ProofShown.model_validate(one) for one in row.proofs.all()]}
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/contacts",
    scope="clients:read",
    verb="client.read",
    response=Page[ContactShown],
)
def list_contacts(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[ContactShown]:
    """A client's contacts, those who left too."""
    client_here(client_id)
    return page_of(
        lists.contacts(client_id), show_contact, of=f"contacts:{client_id}", cursor=cursor, limit=limit
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/contacts",
    scope="clients:write",
    verb="contact.add",
    response=ContactShown,
    status=201,
)
def post_contact(request: HttpRequest, client_id: PathId, body: ContactGiven) -> ContactShown | Refusal:
    """Add a contact. A signatory signs only with a proof of authority on file (R1)."""
    row = add_contact(actor=actor_of(request), client_id=client_id, contact=NewContact(**body.model_dump()))
    return row if isinstance(row, Refusal) else show_contact(row)


@operation(
    router, "GET", "/contacts/{contact_id}", scope="clients:read", verb="client.read", response=ContactShown
)
def get_contact(request: HttpRequest, contact_id: PathId) -> ContactShown:
    """One contact."""
    return show_contact(found(lists.contact(contact_id)))


@operation(
    router,
    "PATCH",
    "/contacts/{contact_id}",
    scope="clients:write",
    verb="contact.change",
    response=ContactShown,
)
def patch_contact(request: HttpRequest, contact_id: PathId, body: ContactChange) -> ContactShown | Refusal:
    """Change some of a contact's fields. Another address ends the person's portal sessions."""
    row = change_contact(actor=actor_of(request), contact_id=contact_id, **given(body))
    return row if isinstance(row, Refusal) else show_contact(found(lists.contact(contact_id)))


@operation(
    router,
    "POST",
    "/contacts/{contact_id}/left",
    scope="clients:write",
    verb="contact.change",
    response=ContactShown,
)
def post_contact_left(request: HttpRequest, contact_id: PathId, body: Reason) -> ContactShown | Refusal:
    """A contact left: sessions and links end at once. The last one that mail reaches stays (R2)."""
    row = contact_left(actor=actor_of(request), contact_id=contact_id, reason=body.reason)
    return row if isinstance(row, Refusal) else show_contact(row)


@operation(
    router,
    "POST",
    "/contacts/{contact_id}/authority",
    scope="clients:write",
    verb="authority.record",
    response=ProofShown,
    status=201,
)
def post_authority(
    request: HttpRequest,
    contact_id: PathId,
    form: Form[AuthorityForm],
    file: Annotated[UploadedFile | None, File(None)] = None,
) -> ProofShown | Refusal:
    """Record a proof of authority, with its scan where there is one (form data)."""
    row = record_authority(
        actor=actor_of(request),
        contact_id=contact_id,
        kind=form.kind,
        valid_until=form.valid_until,
        file=content_of(file, LETTER_MOST) if file else None,
        file_name=(file.name or "") if file else "",
    )
    return row if isinstance(row, Refusal) else ProofShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/agreements",
    scope="clients:read",
    verb="agreement.read",
    response=Page[AgreementShown],
)
def list_agreements(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[AgreementShown]:
    """Every version of the agreement's terms; the one in force has no replaced_at."""
    client_here(client_id)
    rows = lists.agreements(client_id)
    return page_of(
        rows,
        AgreementShown.model_validate,
        of=f"agreements:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("recorded_at", "id"),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/agreements",
    scope="clients:write",
    verb="agreement.record",
    response=AgreementShown,
    status=201,
)
def post_agreement(request: HttpRequest, client_id: PathId, body: TermsGiven) -> AgreementShown | Refusal:
    """Record terms; a new version replaces the one in force and keeps its signed document."""
    row = record_agreement(actor=actor_of(request), client_id=client_id, terms=body.terms())
    return row if isinstance(row, Refusal) else AgreementShown.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/agreements/signed",
    scope="clients:write",
    verb="agreement.record",
    response=AgreementShown,
    status=201,
)
def post_signed_agreement(
    request: HttpRequest, client_id: PathId, form: Form[TermsForm], document: File[UploadedFile]
) -> AgreementShown | Refusal:
    """Record terms together with the signed document (form data)."""
    terms = json_part(TermsGiven, form.terms).terms()
    row = record_agreement(
        actor=actor_of(request),
        client_id=client_id,
        terms=terms,
        document=content_of(document, LETTER_MOST),
        document_name=document.name or "agreement.pdf",
    )
    return row if isinstance(row, Refusal) else AgreementShown.model_validate(row)
