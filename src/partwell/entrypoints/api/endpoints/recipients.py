# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipient firms and their persons: on file, and nothing more (R1)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.authorisations.recipients import add_person, add_recipient, person_left
from partwell.entrypoints.api.endpoints.common import (
    After,
    Limit,
    actor_of,
    client_here,
)
from partwell.entrypoints.api.fields import (
    Address,
    Given,
    Line,
    Name,
    PathId,
    Short,
    Shown,
    Text,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.authorisations import lists
from partwell.rules.refusals import Refusal
from partwell.rules.terms import RecipientKind

router = Router()


class RecipientPersonShown(Shown):
    id: UUID
    name: str
    email: str
    phone: str
    added_at: datetime
    left_at: datetime | None


class RecipientShown(Shown):
    id: UUID
    client_id: UUID
    firm: str
    kind: str
    address: str
    added_at: datetime
    persons: list[RecipientPersonShown]


class NewRecipient(Given):
    firm: Annotated[Line, Field(min_length=1, max_length=200)]
    kind: RecipientKind
    address: Annotated[Text, Field(max_length=2000)] = ""


class NewPerson(Given):
    name: Name
    email: Address
    phone: Short = ""


def show_recipient(row: Any) -> RecipientShown:
    """A firm with its persons."""
    values = {name: getattr(row, name) for name in RecipientShown.model_fields if name != "persons"}
    return RecipientShown(
        **values, persons=[RecipientPersonShown.model_validate(one) for one in row.persons.all()]
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/recipients",
    scope="authorisations:read",
    verb="authorisation.read",
    response=Page[RecipientShown],
)
def list_recipients(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[RecipientShown]:
    """Firms on the client's file that may be authorised, with their people."""
    client_here(client_id)
    return page_of(
        lists.recipients(client_id), show_recipient, of=f"recipients:{client_id}", cursor=cursor, limit=limit
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/recipients",
    scope="authorisations:write",
    verb="recipient.add",
    response=RecipientShown,
    status=201,
)
def post_recipient(request: HttpRequest, client_id: PathId, body: NewRecipient) -> RecipientShown | Refusal:
    """Put a firm on the client's file; that alone allows nothing."""
    row = add_recipient(actor=actor_of(request), client_id=client_id, **body.model_dump())
    return row if isinstance(row, Refusal) else show_recipient(row)


@operation(
    router,
    "POST",
    "/recipients/{recipient_id}/persons",
    scope="authorisations:write",
    verb="recipient.change",
    response=RecipientPersonShown,
    status=201,
)
def post_person(
    request: HttpRequest, recipient_id: PathId, body: NewPerson
) -> RecipientPersonShown | Refusal:
    """Add a person of a recipient firm."""
    row = add_person(actor=actor_of(request), recipient_id=recipient_id, **body.model_dump())
    return row if isinstance(row, Refusal) else RecipientPersonShown.model_validate(row)


@operation(
    router,
    "POST",
    "/recipient-persons/{person_id}/left",
    scope="authorisations:write",
    verb="recipient.change",
    response=RecipientPersonShown,
)
def post_person_left(request: HttpRequest, person_id: PathId) -> RecipientPersonShown | Refusal:
    """A person of a recipient left: sessions and links end at once."""
    row = person_left(actor=actor_of(request), person_id=person_id)
    return row if isinstance(row, Refusal) else RecipientPersonShown.model_validate(row)
