# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings of calls: kept with everyone's consent from before they began, played by the client and by staff, ended by one no.

Each lies under a key unit of its own. When a consent is taken back nobody plays it from that deed on; key and file are
destroyed right after, or once a legal hold is lifted. Its row, its digest and its entries stay: it existed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID, uuid4

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.erasure.holds import held
from partwell.actions.releases.bundle_recordings import units_with
from partwell.actions.vault.destroy_unit import destroy_unit
from partwell.records.correspondence.models import Call, Recording, RecordingAsk, RecordingVoice
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.vault.models import StoredFile
from partwell.rules import lifecycle, recordings, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.recordings import Answer, Voice
from partwell.rules.refusals import Refusal, refuse

HEAD = 4096
PURPOSE = "recording:"
ONCE = timedelta(hours=1)


def _voices(ask: RecordingAsk) -> list[RecordingVoice]:
    return list(ask.voices.order_by("place", "id"))


def _as_rule(rows: Sequence[RecordingVoice]) -> list[Voice]:
    return [Voice(one.name, Answer(one.answer), one.answered_at, own=not one.word_of, staff=one.role == "staff") for one in rows]  # fmt: skip


def _problem(
    ask: RecordingAsk, call: Call, started_at: datetime, now: datetime, nobody_else: bool
) -> Refusal | None:
    if ask.meeting is not None and ask.meeting.call_id != call.id:
        return refuse("invalid_input", where="The consents", problem="they are about another meeting")
    if Recording.objects.filter(ask=ask).exclude(call=call).exists():
        return refuse("invalid_input", where="The consents", problem="they were given for another call")
    return recordings.may_keep(
        _as_rule(_voices(ask)), started_at, now, nobody_else=nobody_else, call_at=call.happened_at
    )


def add_recording(
    *,
    actor: Actor,
    call_id: UUID,
    ask_id: UUID,
    started_at: datetime,
    nobody_else: bool,
    name: str,
    stream: BinaryIO,
) -> Recording | Refusal:
    """Keep ``stream`` (seekable, sound or film by its bytes, 2 GiB at most) as a recording of a logged call.

    Refused unless every voice of the question agreed on record before ``started_at`` (aware), which a refusal names; what
    is refused is not stored. The same bytes of the same call twice are one recording.
    """
    call = Call.objects.select_related("client").filter(pk=call_id).first()
    ask = RecordingAsk.objects.select_related("meeting").filter(pk=ask_id).first()
    if not actor.is_staff or call is None or ask is None or ask.client_id != call.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "recording.ask")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(call.client_id)
        no = lifecycle.may_work_on(client.state, client.name, "recording.ask") or _problem(
            ask, call, started_at, deed.now, nobody_else
        )
        if no is not None:
            return deed.refuse(no, subject=ask.id, verb="recording.ask") if no.status == 409 else no
    size = stream.seek(0, 2)
    stream.seek(0)
    media = recordings.media_of(stream.read(HEAD))
    stream.seek(0)
    if not size:
        return refuse("file_unreadable", file=name, problem="it is empty.")
    if size > recordings.MOST:
        return refuse("file_too_large", file=name, limit=recordings.MOST_WORDS)
    if not media:
        return refuse("recording_not_media", file=name)
    row_id = uuid4()
    file = files.store(
        actor, stream, client_id=call.client_id, name=name, media_type=media, purpose=f"{PURPOSE}{row_id.hex}"
    )
    with Deed(actor) as deed:
        deed.lock(call.client_id)
        no = _problem(ask, call, started_at, deed.now, nobody_else)  # somebody may have said no meanwhile
        if no is not None:
            return deed.refuse(no, subject=ask.id, verb="recording.ask")
        same = Recording.objects.filter(call=call, file__sha256=file.sha256, stopped_at=None).first()
        if same is not None:
            return same  # a double click; its file is swept with other strays
        deed.add(file)
        consents = [
            {"name": one.name, "party": one.role, "words": one.how or "their own answer", "at": one.answered_at.isoformat()}
            for one in _voices(ask) if one.answered_at is not None
        ]  # fmt: skip
        row = deed.add(
            Recording(id=row_id, call=call, ask=ask, file=file, consents=consents, started_at=started_at,
                      added_by_name=actor.name, added_at=deed.now)
        )  # fmt: skip
        deed.record(
            "recording.added",
            subjects=[call.id, row.id, ask.id],
            public={"what": ask.title},
            to_client={
                "digest": file.sha256,
                "size": file.size,
                "media_type": file.media_type,
                "began": started_at.isoformat(),
                "consents": [f"{one['name']}: {one['words']}" for one in consents],
            },
        )
        return row


def hear(*, actor: Actor, recording_id: UUID, again: bool = False) -> StoredFile | Refusal:
    """The file, for staff and for people of its own client; nobody else, a new provider neither. Who opened it is an entry.

    One entry a person and hour; ``again``: a download that goes on (no entry). Refused from the moment a consent is taken back.
    """
    row = Recording.objects.select_related("call", "ask", "file__unit").filter(pk=recording_id).first()
    if row is None or not (
        actor.is_staff or (actor.kind == "client" and actor.client_id == row.call.client_id)
    ):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "recording.hear")) is not None:
        return refusal
    if row.stopped_at is not None:
        return refuse("recording_stopped", who=row.stopped_by_name, day=row.stopped_at.date())
    if again:
        return row.file
    with Deed(actor) as deed:
        deed.lock(row.call.client_id)
        about = EntrySubject.objects.filter(subject_ref=row.id).values("entry_index")
        if not Entry.objects.filter(
            index__in=about, type="recording.heard", actor_ref=actor.id, recorded_at__gt=deed.now - ONCE
        ).exists():
            deed.record("recording.heard", subjects=[row.id], public={"what": _called(row)})
    return row.file


def _called(row: Recording) -> str:
    return row.ask.title if row.ask else row.call.with_whom


def stop(deed: Deed, voice: RecordingVoice) -> list[UUID]:
    """In the deed of a consent taken back: nobody plays the recordings any more, and the client is told. Gives their ids."""
    rows = list(
        Recording.objects.select_related("call", "ask", "file").filter(ask_id=voice.ask_id, stopped_at=None)
    )
    for row in rows:
        deed.save(
            row,
            stopped_at=deed.now,
            stopped_by_name=voice.name,
            stopped_why=voice.how or "took the consent back",
        )
        post(
            deed,
            Post(
                kind="recording_ended",
                dedupe=f"recording-ended:{row.id.hex}",
                house=True,
                values={
                    "what": _called(row),
                    "who": voice.name,
                    "at": row.call.happened_at,
                    "portal_url": link(f"/client/calls/{row.call_id}/"),
                },
            ),
        )
        deed.record(
            "recording.stopped",
            subjects=[row.call_id, row.id],
            public={"what": _called(row), "person": voice.name},
            to_client={"digest": row.file.sha256},
        )
    return [row.id for row in rows]


def destroy(ids: Sequence[UUID]) -> int:
    """Destroy key and file of stopped recordings, and of bundles that hold them; call it outside deeds.

    What a hold covers waits. Gives how many recordings went.
    """
    gone = 0
    rows = Recording.objects.select_related("call", "ask", "file__unit").filter(pk__in=ids, destroyed_at=None)
    for row in rows.exclude(stopped_at=None):
        if not row.file.unit.purpose.startswith(PURPOSE) or held(row.call.client_id):
            continue
        # Copies in bundles first: while one is there, the recording is not gone.
        for unit_id in (*units_with(row.id), row.file.unit_id):
            found = destroy_unit(
                actor=SYSTEM, unit_id=unit_id, held=False, basis="consent to the recording was taken back"
            )
            if isinstance(found, Refusal):
                break
        if isinstance(found, Refusal):
            continue  # a hold came in between; the calendar tries again
        with Deed(SYSTEM) as deed:
            deed.lock(row.call.client_id)
            fresh = Recording.objects.get(pk=row.pk)
            if fresh.destroyed_at is not None:
                continue
            deed.save(fresh, destroyed_at=deed.now)
            deed.record(
                "recording.destroyed",
                subjects=[row.call_id, row.id],
                public={"what": _called(row)},
                to_client={"digest": row.file.sha256, "copies_expire": found.effective_on.isoformat()},
            )
        gone += 1
    return gone


def destroy_stopped() -> int:
    """What a crash or a hold left of stopped recordings (the calendar's task)."""
    waiting = Recording.objects.exclude(stopped_at=None).filter(destroyed_at=None)
    return destroy(list(waiting.values_list("pk", flat=True)[:200]))
