# SPDX-License-Identifier: AGPL-3.0-or-later
"""Acceptance, and closing: what still stops it and on whom."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router

from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.sign_acceptance import confirm_acceptance_by_call
from partwell.entrypoints.api.endpoints.common import (
    After,
    Limit,
    actor_of,
    found,
    offboarding_here,
)
from partwell.entrypoints.api.endpoints.offboardings import CallBackGiven, OffboardingShown, shown
from partwell.entrypoints.api.fields import Day, Given, PathId, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.offboardings import lists
from partwell.records.vault.queries import stored_file
from partwell.rules.refusals import Refusal, refuse

router = Router()

GoOn = Annotated[
    Literal["yes"] | None,
    Query(None, description="“yes”: copies of backups that are under way go on after closing."),
]


class BlockerShown(Shown):
    code: str
    sentence: str
    on_whom: str
    next_step: str


class Blockers(Shown):
    items: list[BlockerShown]


class AcceptanceShown(Shown):
    id: UUID
    version: int
    state: str
    list_digest: str
    deadline: date
    requested_at: datetime
    signed_at: datetime | None
    words: str


class AcceptanceLineShown(Shown):
    id: UUID
    item_id: UUID
    title: str
    standing: str
    answer: str
    words: str


def _line(row: Any) -> AcceptanceLineShown:
    return AcceptanceLineShown(
        id=row.id,
        item_id=row.item_id,
        title=row.item.title,
        standing=row.standing,
        answer=row.answer,
        words=row.words,
    )


class Deadline(Given):
    deadline: Day | None = None


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/blockers",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Blockers,
)
def list_blockers(request: HttpRequest, offboarding_id: PathId) -> Blockers | Refusal:
    """What still stops closing, and on whom it is."""
    offboarding_here(offboarding_id)
    rows = still_stops(offboarding_id)
    return (
        rows
        if isinstance(rows, Refusal)
        else Blockers(items=[BlockerShown.model_validate(one) for one in rows])
    )


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/acceptances",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[AcceptanceShown],
)
def list_acceptances(
    request: HttpRequest, offboarding_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[AcceptanceShown]:
    """Every version of the acceptance; the signatory signs in the portal."""
    offboarding_here(offboarding_id)
    rows = lists.acceptances(offboarding_id)
    return page_of(
        rows,
        AcceptanceShown.model_validate,
        of=f"acceptances:{offboarding_id}",
        cursor=cursor,
        limit=limit,
        by=("requested_at", "id"),
    )


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/acceptances",
    scope="offboardings:write",
    verb="acceptance.prepare",
    response=AcceptanceShown,
    status=201,
)
def post_acceptance(
    request: HttpRequest, offboarding_id: PathId, body: Deadline
) -> AcceptanceShown | Refusal:
    """Fix the list of what was handed over as it is now and ask the signatory to go through it."""
    row = prepare_acceptance(actor=actor_of(request), offboarding_id=offboarding_id, deadline=body.deadline)
    return row if isinstance(row, Refusal) else AcceptanceShown.model_validate(row)


@operation(
    router,
    "GET",
    "/acceptances/{acceptance_id}/lines",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[AcceptanceLineShown],
)
def list_acceptance_lines(
    request: HttpRequest, acceptance_id: PathId, cursor: After = None, limit: Limit = 200
) -> Page[AcceptanceLineShown]:
    """The list itself: each item's standing when it was made, and the client's word (accepted, rejected, waived)."""
    found(lists.acceptance(acceptance_id))
    return page_of(
        lists.acceptance_lines(acceptance_id),
        _line,
        of=f"acceptance:{acceptance_id}",
        cursor=cursor,
        limit=limit,
        by=("id",),
    )


@operation(
    router,
    "GET",
    "/acceptances/{acceptance_id}/letter",
    scope="offboardings:read",
    verb="offboarding.read",
    file=True,
)
def get_acceptance_letter(request: HttpRequest, acceptance_id: PathId) -> HttpResponseBase | Refusal:
    """The signed acceptance (PDF); 404 until it stands and the job has made it."""
    row = found(lists.acceptance(acceptance_id))
    return file_response(request, stored_file(row.document_id)) if row.document_id else refuse("not_found")


@operation(
    router,
    "POST",
    "/acceptances/{acceptance_id}/call-back",
    scope="offboardings:write",
    verb="authorisation.call_back",
    response=AcceptanceShown,
)
def post_acceptance_call(
    request: HttpRequest, acceptance_id: PathId, body: CallBackGiven
) -> AcceptanceShown | Refusal:
    """Log the call-back of a second employee that a signature without passkey waits for (R1)."""
    row = confirm_acceptance_by_call(
        actor=actor_of(request), acceptance_id=acceptance_id, confirmed=body.confirmed, note=body.note
    )
    return row if isinstance(row, Refusal) else AcceptanceShown.model_validate(row)


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/close",
    scope="offboardings:write",
    verb="offboarding.close",
    response=OffboardingShown,
)
def post_close(
    request: HttpRequest, offboarding_id: PathId, copies_go_on: GoOn = None
) -> OffboardingShown | Refusal:
    """Close the offboarding; the client is inactive from now on. Refused with every reason, and on whom it is."""
    done = close_offboarding(
        actor=actor_of(request), offboarding_id=offboarding_id, copies_go_on=copies_go_on == "yes"
    )
    return shown(done)
