# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipients and the client's authorisations (R1). Signing needs the signatory, a session and a second factor: not here."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.drafts import change_draft, discard_draft, propose_draft
from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.authorisations.paper import record_paper
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.authorisations.text import resolved_items
from partwell.entrypoints.api.endpoints.common import (
    LETTER_MOST,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    found,
    hexes,
    json_part,
)
from partwell.entrypoints.api.endpoints.offboardings import CallBackGiven, Said
from partwell.entrypoints.api.fields import (
    Day,
    Flag,
    Given,
    Language,
    Line,
    PathId,
    Ref,
    Shown,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.authorisations import lists
from partwell.records.offboardings.queries import offboarding_of
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Access, AuthorisationState, Category, Channel, ScopePreset

router = Router()


Ids = Annotated[list[Ref], Field(max_length=5000)]
Categories = Annotated[list[Category], Field(max_length=9)]


class ScopeGiven(Given):
    """Presets and categories are dynamic, single items static; exclusions win; both days inclusive, in the MSP's zone."""

    starts_on: Day
    ends_on: Day
    presets: Annotated[list[ScopePreset], Field(max_length=3)] = []
    categories: Categories = []
    item_ids: Ids = []
    excluded_categories: Categories = []
    excluded_item_ids: Ids = []
    person_ids: Annotated[list[Ref], Field(max_length=200)] = []
    access: Access = Access.FULL
    purpose: Line = ""

    def scope(self) -> Scope:
        """As the action takes it."""
        return Scope(**{name: getattr(self, name) for name in ScopeGiven.model_fields})


class Proposal(Given):
    signatory_id: Ref
    scope: ScopeGiven
    draft: Flag = False
    language: Language = "en"


class PaperForm(Given):
    signatory_id: Ref
    channel: Channel
    signed_on: Day | None = None
    scope: Annotated[
        str,
        Field(
            max_length=400_000, description="The scope as JSON: what POST …/authorisations takes as scope."
        ),
    ]


class AuthorisationShown(Shown):
    id: UUID
    client_id: UUID
    recipient_id: UUID
    firm: str
    offboarding_id: UUID | None
    version: int
    state: str
    presets: list[str]
    categories: list[str]
    item_ids: list[UUID]
    excluded_categories: list[str]
    excluded_item_ids: list[UUID]
    person_ids: list[UUID]
    access: str
    purpose: str
    starts_on: date
    ends_on: date
    signatory_id: UUID
    signatory_name: str
    channel: str
    factor: str
    text_digest: str
    proposed_at: datetime | None
    signed_at: datetime | None
    granted_at: datetime | None
    declined_at: datetime | None
    withdrawn_at: datetime | None
    ended_by_name: str
    ended_reason: str
    letter: bool = Field(description="Whether the signed letter is on file.")


class ResolvedItem(Shown):
    id: UUID
    title: str
    category: str
    kind: str


class Resolved(Shown):
    items: list[ResolvedItem]


_HEX = ("item_ids", "excluded_item_ids", "person_ids")


def show(row: Any) -> AuthorisationShown:
    """One version of an authorisation."""
    other = ("firm", "signatory_name", "letter", *_HEX)
    values: dict[str, Any] = {
        name: getattr(row, name) for name in AuthorisationShown.model_fields if name not in other
    }
    lists_: dict[str, Any] = {name: hexes(getattr(row, name)) for name in _HEX}
    return AuthorisationShown(
        **values,
        **lists_,
        firm=row.recipient.firm,
        signatory_name=row.signatory.name,
        letter=row.document_id is not None,
    )


def _shown(row: Any) -> AuthorisationShown | Refusal:
    return row if isinstance(row, Refusal) else show(found(lists.authorisation(row.id)))


@operation(
    router,
    "GET",
    "/clients/{client_id}/authorisations",
    scope="authorisations:read",
    verb="authorisation.read",
    response=Page[AuthorisationShown],
)
def list_authorisations(
    request: HttpRequest,
    client_id: PathId,
    state: AuthorisationState | None = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[AuthorisationShown]:
    """Every version of every authorisation of a client, in all states or in one; drafts are among them."""
    client_here(client_id)
    return page_of(
        lists.authorisations(client_id, state=state or ""),
        show,
        of=f"authorisations:{client_id}:{state or ''}",
        cursor=cursor,
        limit=limit,
        by=("id",),
    )


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/authorisations",
    scope="authorisations:read",
    verb="authorisation.read",
    response=Page[AuthorisationShown],
)
def list_offboarding_authorisations(
    request: HttpRequest,
    offboarding_id: PathId,
    state: AuthorisationState | None = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[AuthorisationShown]:
    """Every authorisation that was prepared within a departure, in all states or in one; drafts are among them."""
    found(offboarding_of(offboarding_id))
    return page_of(
        lists.authorisations(offboarding_id=offboarding_id, state=state or ""),
        show,
        of=f"authorisations:o:{offboarding_id}:{state or ''}",
        cursor=cursor,
        limit=limit,
        by=("id",),
    )


@operation(
    router,
    "POST",
    "/recipients/{recipient_id}/authorisations",
    scope="authorisations:write",
    verb="authorisation.propose",
    response=AuthorisationShown,
    status=201,
)
def post_authorisation(
    request: HttpRequest, recipient_id: PathId, body: Proposal
) -> AuthorisationShown | Refusal:
    """Prepare an authorisation and put it before the signatory, who alone can sign it."""
    row = propose_authorisation(
        actor=actor_of(request),
        recipient_id=recipient_id,
        signatory_id=body.signatory_id,
        scope=body.scope.scope(),
        draft=body.draft,
        language=body.language,
    )
    return _shown(row)


@operation(
    router,
    "POST",
    "/recipients/{recipient_id}/authorisations/paper",
    scope="authorisations:write",
    verb="authorisation.record_paper",
    response=AuthorisationShown,
    status=201,
)
def post_paper(
    request: HttpRequest, recipient_id: PathId, form: Form[PaperForm], scan: File[UploadedFile]
) -> AuthorisationShown | Refusal:
    """Record a consent that came by letter or mail, with its scan (form data). It acts after the call-back."""
    row = record_paper(
        actor=actor_of(request),
        recipient_id=recipient_id,
        signatory_id=form.signatory_id,
        scope=json_part(ScopeGiven, form.scope).scope(),
        channel=form.channel,
        scan=content_of(scan, LETTER_MOST),
        scan_name=scan.name or "consent.pdf",
        scan_type=(scan.content_type or "application/octet-stream")[:120],
        signed_on=form.signed_on,
    )
    return _shown(row)


@operation(
    router,
    "GET",
    "/authorisations/{authorisation_id}",
    scope="authorisations:read",
    verb="authorisation.read",
    response=AuthorisationShown,
)
def get_authorisation(request: HttpRequest, authorisation_id: PathId) -> AuthorisationShown:
    """One version of an authorisation."""
    return show(found(lists.authorisation(authorisation_id)))


@operation(
    router,
    "PUT",
    "/authorisations/{authorisation_id}/draft",
    scope="authorisations:write",
    verb="authorisation.propose",
    response=AuthorisationShown,
    does=True,
)
def put_draft(request: HttpRequest, authorisation_id: PathId, body: Proposal) -> AuthorisationShown | Refusal:
    """Change a draft: signatory and scope are replaced. With ``draft`` false (the default) it is put before the signatory."""
    return _shown(
        change_draft(
            actor=actor_of(request),
            authorisation_id=authorisation_id,
            signatory_id=body.signatory_id,
            scope=body.scope.scope(),
            propose=not body.draft,
            language=body.language,
        )
    )


@operation(
    router,
    "POST",
    "/authorisations/{authorisation_id}/proposal",
    scope="authorisations:write",
    verb="authorisation.propose",
    response=AuthorisationShown,
)
def post_proposal(request: HttpRequest, authorisation_id: PathId) -> AuthorisationShown | Refusal:
    """Put a draft before its signatory as it stands."""
    return _shown(propose_draft(actor=actor_of(request), authorisation_id=authorisation_id))


@operation(
    router,
    "POST",
    "/authorisations/{authorisation_id}/discard",
    scope="authorisations:write",
    verb="authorisation.propose",
    response=AuthorisationShown,
)
def post_draft_discard(request: HttpRequest, authorisation_id: PathId) -> AuthorisationShown | Refusal:
    """Discard a draft. It stays on record (withdrawn, never proposed) and the client is not shown it."""
    return _shown(discard_draft(actor=actor_of(request), authorisation_id=authorisation_id))


@operation(
    router,
    "GET",
    "/authorisations/{authorisation_id}/items",
    scope="authorisations:read",
    verb="authorisation.read",
    response=Resolved,
)
def list_resolved_items(request: HttpRequest, authorisation_id: PathId) -> Resolved:
    """The items that the scope means now."""
    row = found(lists.authorisation(authorisation_id))
    return Resolved(items=[ResolvedItem.model_validate(one) for one in resolved_items(row)])


@operation(
    router,
    "GET",
    "/authorisations/{authorisation_id}/letter",
    scope="authorisations:read",
    verb="authorisation.read",
    file=True,
)
def get_letter(request: HttpRequest, authorisation_id: PathId) -> HttpResponseBase | Refusal:
    """The signed authorisation's letter (PDF); 404 until it is signed and made."""
    row = found(lists.authorisation(authorisation_id))
    return file_response(request, row.document) if row.document else refuse("not_found")


@operation(
    router,
    "POST",
    "/authorisations/{authorisation_id}/call-back",
    scope="authorisations:write",
    verb="authorisation.call_back",
    response=AuthorisationShown,
)
def post_call_back(
    request: HttpRequest, authorisation_id: PathId, body: CallBackGiven
) -> AuthorisationShown | Refusal:
    """Log a call-back to the signatory's number on file, by a second employee (R1)."""
    return _shown(
        log_call_back(
            actor=actor_of(request),
            authorisation_id=authorisation_id,
            confirmed=body.confirmed,
            note=body.note,
        )
    )


@operation(
    router,
    "POST",
    "/authorisations/{authorisation_id}/withdrawal",
    scope="authorisations:write",
    verb="authorisation.record_withdrawal",
    response=AuthorisationShown,
)
def post_record_withdrawal(
    request: HttpRequest, authorisation_id: PathId, body: Said
) -> AuthorisationShown | Refusal:
    """Record that the client withdrew its consent otherwise; it acts at once, on what is queued too."""
    return _shown(
        withdraw_authorisation(actor=actor_of(request), authorisation_id=authorisation_id, words=body.words)
    )
