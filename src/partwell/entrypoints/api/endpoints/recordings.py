# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings of calls, and the consents they stand on. One's own consent is given on one's own page, by no token."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.correspondence.recording_asks import Asked, Heard, ask_recording, word_for
from partwell.actions.correspondence.recordings import add_recording, hear
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Flag, Given, Line, Moment, PathId, Ref, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import continues, file_response
from partwell.records.correspondence import recording_queries as queries
from partwell.rules.refusals import Refusal

router = Router()


class VoiceShown(Shown):
    id: UUID
    role: str = Field(description="client, provider, staff or other")
    name: str
    firm: str
    answer: str = Field(description="given, refused, withdrawn, or empty: no answer yet")
    answered_at: datetime | None
    word_of: str = Field(description="Whose word it is; empty: the person's own.")
    how: str
    said_at: datetime | None


class ConsentShown(Shown):
    name: str
    party: str
    words: str
    at: datetime


class RecordingShown(Shown):
    id: UUID
    call_id: UUID
    started_at: datetime | None
    consents: list[ConsentShown]
    added_by_name: str
    added_at: datetime
    stopped_at: datetime | None = Field(description="From then on nobody plays it: a consent was taken back.")
    destroyed_at: datetime | None


class AskShown(Shown):
    id: UUID
    client_id: UUID
    meeting_id: UUID | None
    title: str
    asked_by_name: str
    asked_at: datetime
    voices: list[VoiceShown]
    recordings: list[RecordingShown]


class NewAsk(Given):
    title: Annotated[Line, Field(max_length=200)] = Field(
        "", description="Empty with a meeting: the meeting's."
    )
    meeting_id: Ref | None = Field(None, description="Its guests are heard, beside those named here.")
    contact_ids: Annotated[list[Ref], Field(max_length=40)] = Field(default_factory=list)
    recipient_id: Ref | None = Field(None, description="A new provider; only while its authorisation stands.")
    person_ids: Annotated[list[Ref], Field(max_length=40)] = Field(default_factory=list)
    staff_ids: Annotated[list[Ref], Field(max_length=40)] = Field(default_factory=list)
    others: Annotated[list[Line], Field(max_length=40)] = Field(
        default_factory=list, description="Names of people who have no page here."
    )


class Word(Given):
    given: Flag
    how: Annotated[Line, Field(min_length=1, max_length=300)] = Field(description="How they said it.")
    said_at: Moment | None = Field(None, description="None: now.")


class RecordingForm(Given):
    ask_id: Ref
    started_at: Moment
    nobody_else: bool = Field(description="Nobody is heard who was not asked.")


def _shown(request: HttpRequest, ask_id: UUID) -> AskShown:
    return _row(found(queries.ask_seen(actor_of(request), ask_id)))


def _row(ask: queries.RecordingAsk) -> AskShown:
    return AskShown(
        id=ask.id, client_id=ask.client_id, meeting_id=ask.meeting_id, title=ask.title, asked_by_name=ask.asked_by_name, asked_at=ask.asked_at,
        voices=[VoiceShown.model_validate(one) for one in ask.voices.all()],
        recordings=[RecordingShown.model_validate(one) for one in ask.recordings.all()],
    )  # fmt: skip


@operation(router, "GET", "/clients/{client_id}/recordings", scope="messages:read", verb="message.read", response=Page[AskShown])  # fmt: skip
def list_recordings(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[AskShown]:
    """Every question whether something may be recorded, with its voices and recordings, the newest first."""
    client_here(client_id)
    rows = queries.asks_visible_to(actor_of(request)).filter(client_id=client_id)
    return page_of(
        queries.whole(rows), _row, of=f"recordings:{client_id}", cursor=cursor, limit=limit, by=("asked_at", "id"), newest_first=True
    )  # fmt: skip


@operation(router, "POST", "/clients/{client_id}/recordings", scope="messages:write", verb="recording.ask", response=AskShown, status=201)  # fmt: skip
def post_recording_ask(request: HttpRequest, client_id: PathId, body: NewAsk) -> AskShown | Refusal:
    """Ask everybody who will be heard; each answers on their own page."""
    client_here(client_id)
    heard = Heard(body.contact_ids, body.recipient_id, body.person_ids, body.staff_ids, body.others)
    try:
        row = ask_recording(
            actor=actor_of(request), client_id=client_id, what=Asked(body.title, heard, body.meeting_id)
        )
    except NotInTheLoop as stopped:
        return stopped.refusal
    return row if isinstance(row, Refusal) else _shown(request, row.id)


@operation(router, "GET", "/recordings/{ask_id}", scope="messages:read", verb="message.read", response=AskShown)  # fmt: skip
def get_recording_ask(request: HttpRequest, ask_id: PathId) -> AskShown:
    """One question with its voices and recordings."""
    return _shown(request, ask_id)


@operation(router, "POST", "/recordings/voices/{voice_id}", scope="messages:write", verb="recording.ask", response=VoiceShown)  # fmt: skip
def post_recording_word(request: HttpRequest, voice_id: PathId, body: Word) -> VoiceShown | Refusal:
    """Write down what somebody said who has no page here; it is marked as your word."""
    row = word_for(actor=actor_of(request), voice_id=voice_id, given=body.given, how=body.how, said_at=body.said_at)  # fmt: skip
    return row if isinstance(row, Refusal) else VoiceShown.model_validate(row)


@operation(router, "POST", "/calls/{call_id}/recordings", scope="messages:write", verb="recording.ask", response=RecordingShown, status=201)  # fmt: skip
def post_recording(
    request: HttpRequest, call_id: PathId, form: Form[RecordingForm], file: File[UploadedFile]
) -> RecordingShown | Refusal:
    """Keep a recording of a logged call (form data); only with everybody's consent from before it began."""
    row = add_recording(
        actor=actor_of(request),
        call_id=call_id,
        ask_id=form.ask_id,
        started_at=form.started_at,
        nobody_else=form.nobody_else,
        name=file.name or "recording",
        stream=file.file,  # type: ignore[arg-type]
    )
    return row if isinstance(row, Refusal) else RecordingShown.model_validate(row)


@operation(router, "GET", "/recordings/files/{recording_id}", scope="messages:read", verb="recording.hear", file=True)  # fmt: skip
def get_recording_file(request: HttpRequest, recording_id: PathId) -> HttpResponseBase | Refusal:
    """A recording; Range is honoured, and opening it is on record. 409 once a consent was taken back."""
    file = hear(actor=actor_of(request), recording_id=recording_id, again=continues(request))
    return file if isinstance(file, Refusal) else file_response(request, file)
