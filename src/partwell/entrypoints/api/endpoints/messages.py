# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages, calls and the mails that carry them. The client is on every message to a new provider (R2)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call
from partwell.actions.correspondence.preview import Preview, preview_message
from partwell.actions.correspondence.waiting import let_leave, stop_waiting
from partwell.actions.correspondence.write_message import Draft, NotInTheLoop, write_message
from partwell.actions.releases.release_items import AnnouncementRefused
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.mails import Addressee
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
    message_seen,
    messages_visible_to,
)
from partwell.rules.refusals import Refusal

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
    release_id: UUID | None = Field(description="The set that was released with it.")


class NewMessage(Given):
    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Words
    audience: Literal["all", "client", "internal", "privileged"] = "client"
    recipient_id: Ref | None = Field(None, description="The firm, for audience “all”.")
    answers: Ref | None = None
    items: list[Ref] = Field(
        default_factory=list,
        max_length=200,
        description="Released with it, as one set through the gate; the only way to attach.",
    )
    set_to: Ref | None = Field(None, description="The contact, or person of the firm, to whom that set goes.")
    safety: bool = Field(
        False, description="It is about safety: it leaves at once also in a dispute, and the record says so."
    )


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
            draft=_draft(body, idempotency),
        )
    except (NotInTheLoop, AnnouncementRefused) as error:
        return error.refusal
    return row if isinstance(row, Refusal) else MessageShown.model_validate(row)


def _draft(body: NewMessage, idempotency: str = "") -> Draft:
    given = body.model_dump()
    return Draft(**{**given, "items": tuple(given["items"])}, idempotency=idempotency)


class PreviewShown(Shown):
    subject: str
    text: str
    html: str
    recipients: list[Addressee] = Field(description="To whom it would go, the client first.")
    waits: str = Field(description="Why it would wait; empty when it would leave at once.")


def previewed(found: Preview | Refusal) -> PreviewShown | Refusal:
    """A preview as an answer."""
    if isinstance(found, Refusal):
        return found
    to = [Addressee(**one) for one in found.recipients]
    return PreviewShown(
        subject=found.mail.subject,
        text=found.mail.text,
        html=found.mail.html,
        recipients=to,
        waits=found.waits,
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/messages/preview",
    scope="messages:write",
    verb="message.write",
    response=PreviewShown,
    does=False,
)
def preview_message_mail(request: HttpRequest, client_id: PathId, body: NewMessage) -> PreviewShown | Refusal:
    """The message as the mail that would leave now: recipients, subject, plain text and HTML. Writes nothing."""
    client_here(client_id)
    return previewed(preview_message(actor=actor_of(request), client_id=client_id, draft=_draft(body)))


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
