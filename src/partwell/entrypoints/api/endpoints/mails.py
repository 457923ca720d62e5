# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mails that carry what is said: their states as facts, what servers answered, and who settles what nobody knows."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.actions.correspondence.deliver import settle_unknown
from partwell.actions.correspondence.delivery import came_back, delivery_facts, other_ways
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, PathId, Shown, Title
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.correspondence.queries import envelope_seen, envelopes_visible_to
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState

router = Router()


class Addressee(Shown):
    role: str
    name: str
    address: str


class EnvelopeShown(Shown):
    id: UUID
    kind: str
    state: str
    recipients: list[Addressee]
    subject: str
    to_provider: bool
    release_id: UUID | None
    message_id: UUID | None
    queued_at: datetime
    data_started_at: datetime | None
    settled_at: datetime | None
    settled_by_name: str
    attempts: int
    answer: str
    stop_code: str
    sent_sha256: str = Field(
        description="SHA-256 of the bytes handed to the server; empty before, and in older mails."
    )


class DeliveryFact(Shown):
    at: datetime
    type: str = Field(description="The entry's type: envelope.claimed, envelope.accepted, envelope.bounced …")
    sentence: str
    details: list[str] = Field(description="What the servers answered, where the reader may see it.")


class Delivery(Shown):
    envelope_id: UUID
    state: str = Field(description="queued, claimed, data_started, accepted, failed, unknown or stopped")
    bounced: list[str] = Field(description="Addresses of which a server reported that it did not arrive.")
    taken_over_by: UUID | None = Field(description="The envelope that went to another address instead.")
    instead_of: UUID | None
    facts: list[DeliveryFact]


class Settlement(Given):
    outcome: Literal["arrived", "send again", "left as it is"] = Field(
        description="Of an unknown mail: arrived, or send again. Of a failed one: send again, or left as it is."
    )
    ground: Title = Field(description="How you know.")


@operation(
    router,
    "GET",
    "/clients/{client_id}/envelopes",
    scope="messages:read",
    verb="message.read",
    response=Page[EnvelopeShown],
)
def list_envelopes(
    request: HttpRequest,
    client_id: PathId,
    state: Annotated[EnvelopeState | None, Query(None)] = None,
    message_id: Annotated[UUID | None, Query(None)] = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[EnvelopeShown]:
    """A client's mails on their way or gone, newest first."""
    client_here(client_id)
    rows: Any = envelopes_visible_to(actor_of(request)).filter(client_id=client_id).defer("text", "html")
    if state:
        rows = rows.filter(state=state.value)
    if message_id:
        rows = rows.filter(message_id=message_id)
    of = f"envelopes:{client_id}:{state.value if state else ''}:{message_id or ''}"
    return page_of(
        rows,
        EnvelopeShown.model_validate,
        of=of,
        cursor=cursor,
        limit=limit,
        by=("queued_at", "id"),
        newest_first=True,
    )


@operation(
    router,
    "GET",
    "/envelopes/{envelope_id}",
    scope="messages:read",
    verb="message.read",
    response=EnvelopeShown,
)
def get_envelope(request: HttpRequest, envelope_id: PathId) -> EnvelopeShown:
    """One mail's state and what the server answered."""
    return EnvelopeShown.model_validate(found(envelope_seen(actor_of(request), envelope_id)))


@operation(
    router,
    "GET",
    "/envelopes/{envelope_id}/delivery",
    scope="messages:read",
    verb="message.read",
    response=Delivery,
)
def get_delivery(request: HttpRequest, envelope_id: PathId) -> Delivery:
    """What became of one mail, step by step as the ledger has it, bounces included; the oldest first."""
    actor = actor_of(request)
    row: Any = found(envelope_seen(actor, envelope_id))
    ways = other_ways(row)
    return Delivery(
        envelope_id=row.id,
        state=row.state,
        bounced=came_back([row]).get(row.id, []),
        taken_over_by=ways["became"].id if ways["became"] else None,
        instead_of=ways["instead_of"].id if ways["instead_of"] else None,
        facts=[DeliveryFact.model_validate(one) for one in delivery_facts(actor, row)],
    )


@operation(
    router,
    "POST",
    "/envelopes/{envelope_id}/settle",
    scope="messages:write",
    verb="envelope.settle",
    response=EnvelopeShown,
)
def post_settle(request: HttpRequest, envelope_id: PathId, body: Settlement) -> EnvelopeShown | Refusal:
    """Say what became of a mail of which nobody knows whether it left, and how you know."""
    row = settle_unknown(
        actor=actor_of(request), envelope_id=envelope_id, outcome=body.outcome, ground=body.ground
    )
    return row if isinstance(row, Refusal) else EnvelopeShown.model_validate(row)
