# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings with a client, and promises of calls. The client is on every invitation (R2)."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.correspondence.log_call import settle_promise
from partwell.actions.correspondence.meetings import Invited, cancel_meeting, change_meeting, plan_meeting
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.messages import Addressee, CallShown
from partwell.entrypoints.api.endpoints.releases import business_key
from partwell.entrypoints.api.fields import Flag, Given, Line, Moment, PathId, Ref, Shown, Text, Title, Whole
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.correspondence.queries import meeting_seen, meetings_visible_to
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal

router = Router()


class MeetingShown(Shown):
    id: UUID
    client_id: UUID
    recipient_id: UUID | None
    uid: str = Field(description="Of the invitation (RFC 5545).")
    sequence: int
    title: str
    agenda: str
    place: str
    starts_at: datetime
    ends_at: datetime
    attendees: list[Addressee]
    state: str = Field(description="planned, cancelled or held")
    call_id: UUID | None = Field(description="What was said, once it was logged.")
    called_by_name: str


class When(Given):
    title: Annotated[Line, Field(min_length=1, max_length=200)]
    starts_at: Moment
    minutes: Annotated[Whole, Field(ge=5, le=1440)] = 60
    place: Annotated[Line, Field(max_length=300)] = ""
    agenda: Text = ""

    def appointment(self) -> Appointment:
        """The body as the rule reads it."""
        ends = self.starts_at + timedelta(minutes=self.minutes)
        return Appointment(self.title, self.starts_at, ends, self.place, self.agenda)


class NewMeeting(When):
    contact_ids: Annotated[list[Ref], Field(max_length=50)] = Field(
        default_factory=list, description="None: the client's first contact with a working address."
    )
    recipient_id: Ref | None = Field(None, description="A new provider; only while its authorisation stands.")
    person_ids: Annotated[list[Ref], Field(max_length=50)] = Field(
        default_factory=list, description="None: everybody whom the authorisation names."
    )
    staff_ids: Annotated[list[Ref], Field(max_length=50)] = Field(
        default_factory=list, description="None: you."
    )


class Cancelling(Given):
    reason: Title = Field(description="Everybody who was invited reads it.")


class PromiseState(Given):
    kept: Flag = True


@operation(router, "GET", "/clients/{client_id}/meetings", scope="messages:read", verb="message.read", response=Page[MeetingShown])  # fmt: skip
def list_meetings(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[MeetingShown]:
    """A client's meetings, the latest first."""
    client_here(client_id)
    rows = meetings_visible_to(actor_of(request)).filter(client_id=client_id)
    by = ("starts_at", "id")
    return page_of(
        rows,
        MeetingShown.model_validate,
        of=f"meetings:{client_id}",
        cursor=cursor,
        limit=limit,
        by=by,
        newest_first=True,
    )


@operation(router, "POST", "/clients/{client_id}/meetings", scope="messages:write", verb="meeting.plan", response=MeetingShown, status=201)  # fmt: skip
def post_meeting(request: HttpRequest, client_id: PathId, body: NewMeeting) -> MeetingShown | Refusal:
    """Plan a meeting; the invitations go out with the client on them."""
    client_here(client_id)
    key = request.headers.get("Idempotency-Key")
    invited = Invited(body.contact_ids, body.recipient_id, body.person_ids, body.staff_ids)
    try:
        row = plan_meeting(
            actor=actor_of(request),
            client_id=client_id,
            what=body.appointment(),
            invited=invited,
            idempotency=business_key(request.token_id, key) if key else "",  # type: ignore[attr-defined]
        )
    except NotInTheLoop as stopped:
        return stopped.refusal
    return row if isinstance(row, Refusal) else MeetingShown.model_validate(row)


@operation(router, "GET", "/meetings/{meeting_id}", scope="messages:read", verb="message.read", response=MeetingShown)  # fmt: skip
def get_meeting(request: HttpRequest, meeting_id: PathId) -> MeetingShown:
    """One meeting."""
    return MeetingShown.model_validate(found(meeting_seen(actor_of(request), meeting_id)))


@operation(router, "POST", "/meetings/{meeting_id}/change", scope="messages:write", verb="meeting.plan", response=MeetingShown)  # fmt: skip
def post_meeting_change(request: HttpRequest, meeting_id: PathId, body: When) -> MeetingShown | Refusal:
    """Move or rename a meeting; everybody who was invited has the change."""
    try:
        row = change_meeting(actor=actor_of(request), meeting_id=meeting_id, what=body.appointment())
    except NotInTheLoop as stopped:
        return stopped.refusal
    return row if isinstance(row, Refusal) else MeetingShown.model_validate(row)


@operation(router, "POST", "/meetings/{meeting_id}/cancel", scope="messages:write", verb="meeting.plan", response=MeetingShown)  # fmt: skip
def post_meeting_cancel(request: HttpRequest, meeting_id: PathId, body: Cancelling) -> MeetingShown | Refusal:
    """Cancel a meeting; everybody who may still be written to is told."""
    try:
        row = cancel_meeting(actor=actor_of(request), meeting_id=meeting_id, reason=body.reason)
    except NotInTheLoop as stopped:
        return stopped.refusal
    return row if isinstance(row, Refusal) else MeetingShown.model_validate(row)


@operation(router, "POST", "/calls/{call_id}/promise", scope="messages:write", verb="promise.settle", response=CallShown)  # fmt: skip
def post_promise(request: HttpRequest, call_id: PathId, body: PromiseState) -> CallShown | Refusal:
    """Tick off what was promised in a call, or put it back."""
    row = settle_promise(actor=actor_of(request), call_id=call_id, kept=body.kept)
    return row if isinstance(row, Refusal) else CallShown.model_validate(row)
