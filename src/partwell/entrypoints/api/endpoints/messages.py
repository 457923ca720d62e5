# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages, calls and the mails that carry them. The client is on every message to a new provider (R2)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.actions.correspondence.deliver import settle_unknown
from partwell.actions.correspondence.delivery import came_back, delivery_facts, other_ways
from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call
from partwell.actions.correspondence.waiting import let_leave, stop_waiting
from partwell.actions.correspondence.write_message import Draft, NotInTheLoop, write_message
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.releases import business_key
from partwell.entrypoints.api.fields import (
    Day,
    Flag,
    Given,
    Line,
    Moment,
    PathId,
    Ref,
    Shown,
    Text,
    Title,
    Whole,
    Words,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.correspondence.queries import (
    call_seen,
    calls_visible_to,
    envelope_seen,
    envelopes_visible_to,
    message_seen,
    messages_visible_to,
)
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState

router = Router()


class MessageShown(Shown):
    id: UUID
    client_id: UUID
    recipient_id: UUID | None
    author_kind: str
    author_name: str
    audience: str = Field(description="all, client, internal or privileged")
    subject: str
    text: str
    held: bool
    answers_id: UUID | None
    written_at: datetime
    waits_until: datetime | None = Field(
        description="It leaves at this moment, or when a colleague has read it."
    )
    waits_why: str
    read_by_name: str


class NewMessage(Given):
    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Words
    audience: Literal["all", "client", "internal", "privileged"] = "client"
    recipient_id: Ref | None = Field(None, description="The firm, for audience “all”.")
    answers: Ref | None = None


class CallShown(Shown):
    id: UUID
    client_id: UUID
    recipient_id: UUID | None
    kind: str
    with_whom: str
    happened_at: datetime
    minutes: int
    summary: str
    promised: str
    promised_by: str
    promised_for: date | None
    correction: str
    logged_by_name: str
    logged_at: datetime


class NewCall(Given):
    with_whom: Title
    summary: Words
    happened_at: Moment
    minutes: Annotated[Whole, Field(ge=0, le=10_000)] = 0
    kind: Literal["call", "meeting"] = "call"
    recipient_id: Ref | None = None
    to_provider: Flag = False
    promised: Line = ""
    promised_by: Annotated[Line, Field(max_length=160)] = ""
    promised_for: Day | None = None
    internal_note: Text = Field("", description="Stays inside (R4): in no answer, mail or bundle.")


class Correction(Given):
    correction: Words


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
    "/clients/{client_id}/messages",
    scope="messages:read",
    verb="message.read",
    response=Page[MessageShown],
)
def list_messages(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[MessageShown]:
    """A client's messages and notes, newest first. Internal and privileged ones are for staff only (R4)."""
    client_here(client_id)
    rows = messages_visible_to(actor_of(request)).filter(client_id=client_id)
    return page_of(
        rows,
        MessageShown.model_validate,
        of=f"messages:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("written_at", "id"),
        newest_first=True,
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/messages",
    scope="messages:write",
    verb="message.write",
    response=MessageShown,
    status=201,
)
def post_message(request: HttpRequest, client_id: PathId, body: NewMessage) -> MessageShown | Refusal:
    """Write a message or note; it is mailed to everybody concerned, the client always among them (R2)."""
    client_here(client_id)
    key = request.headers.get("Idempotency-Key")
    idempotency = business_key(request.token_id, key) if key else ""  # type: ignore[attr-defined]
    try:
        row = write_message(
            actor=actor_of(request),
            client_id=client_id,
            draft=Draft(**body.model_dump(), idempotency=idempotency),
        )
    except NotInTheLoop as error:
        return error.refusal
    return row if isinstance(row, Refusal) else MessageShown.model_validate(row)


@operation(
    router, "GET", "/messages/{message_id}", scope="messages:read", verb="message.read", response=MessageShown
)
def get_message(request: HttpRequest, message_id: PathId) -> MessageShown:
    """One message."""
    return MessageShown.model_validate(found(message_seen(actor_of(request), message_id)))


@operation(
    router,
    "POST",
    "/messages/{message_id}/send-now",
    scope="messages:write",
    verb="message.write",
    response=MessageShown,
)
def post_send_now(request: HttpRequest, message_id: PathId) -> MessageShown | Refusal:
    """A colleague has read a message that waits: it leaves now. Never its author."""
    row = let_leave(actor=actor_of(request), message_id=message_id)
    return row if isinstance(row, Refusal) else MessageShown.model_validate(row)


@operation(
    router,
    "POST",
    "/messages/{message_id}/stop",
    scope="messages:write",
    verb="message.write",
    response=MessageShown,
)
def post_stop_message(request: HttpRequest, message_id: PathId) -> MessageShown | Refusal:
    """Stop a message that waits; nobody outside learns of it."""
    row = stop_waiting(actor=actor_of(request), message_id=message_id)
    return row if isinstance(row, Refusal) else MessageShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/calls",
    scope="messages:read",
    verb="message.read",
    response=Page[CallShown],
)
def list_calls(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[CallShown]:
    """A client's calls and meetings, newest first."""
    client_here(client_id)
    rows = calls_visible_to(actor_of(request)).filter(client_id=client_id)
    return page_of(
        rows,
        CallShown.model_validate,
        of=f"calls:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("logged_at", "id"),
        newest_first=True,
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/calls",
    scope="messages:write",
    verb="call.log",
    response=CallShown,
    status=201,
)
def post_call(request: HttpRequest, client_id: PathId, body: NewCall) -> CallShown | Refusal:
    """Log a call or meeting; its summary goes to the client."""
    row = log_call(actor=actor_of(request), client_id=client_id, notes=CallNotes(**body.model_dump()))
    return row if isinstance(row, Refusal) else CallShown.model_validate(row)


@operation(router, "GET", "/calls/{call_id}", scope="messages:read", verb="message.read", response=CallShown)
def get_call(request: HttpRequest, call_id: PathId) -> CallShown:
    """One call."""
    return CallShown.model_validate(found(call_seen(actor_of(request), call_id)))


@operation(
    router, "POST", "/calls/{call_id}/correction", scope="messages:write", verb="call.log", response=CallShown
)
def post_correction(request: HttpRequest, call_id: PathId, body: Correction) -> CallShown | Refusal:
    """Correct a logged call; what was written stays, and the client has the correction by mail."""
    row = correct_call(actor=actor_of(request), call_id=call_id, correction=body.correction)
    return row if isinstance(row, Refusal) else CallShown.model_validate(row)


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
    cursor: After = None,
    limit: Limit = 50,
) -> Page[EnvelopeShown]:
    """A client's mails on their way or gone, newest first."""
    client_here(client_id)
    rows: Any = envelopes_visible_to(actor_of(request)).filter(client_id=client_id).defer("text", "html")
    if state:
        rows = rows.filter(state=state.value)
    of = f"envelopes:{client_id}:{state.value if state else ''}"
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
