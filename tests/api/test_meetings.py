# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings, promises and recordings through the API: the client on every invitation, consents before any recording (R1, R2)."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.actions.correspondence.recording_asks import answer_recording
from partwell.records.correspondence.models import Call, Envelope, Meeting, Recording
from tests.api.caller import caller, problem
from tests.flows.cast import Cast, cast, done
from tests.flows.test_recordings import WAV
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


def soon(**more: Any) -> dict[str, Any]:
    begins = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    return {"title": "Handover", "starts_at": begins.isoformat(), "minutes": 45, "place": "Room 4", **more}


def mails(kind: str) -> list[Envelope]:
    return list(Envelope.objects.filter(kind=kind).order_by("queued_at"))


def call_of(c: Cast, **more: Any) -> dict[str, Any]:
    return {
        "with_whom": "Mara Ellery",
        "summary": "The keys",
        "happened_at": timezone.now().isoformat(),
        **more,
    }


def test_a_meeting_is_planned_with_the_client_changed_and_cancelled(db_world: World) -> None:
    c = cast(signed=True)
    ines, kerstin = caller(c.jonah, c.ines), caller(c.jonah, c.kerstin)
    at, key = f"/clients/{c.northwick.id}/meetings", uuid4().hex
    body = soon(recipient_id=str(c.recipient.id), person_ids=[str(c.theo.id)])
    made, again = (ines.ok("POST", at, body, key=key) for _ in range(2))
    assert made == again and Meeting.objects.count() == 1, "the same key is one meeting"
    assert [one["role"] for one in made["attendees"]] == ["client", "provider", "staff"]
    assert (made["sequence"], made["state"], made["call_id"]) == (0, "planned", None)
    (mail,) = mails("meeting_invitation")
    assert [one["role"] for one in mail.recipients] == ["client", "provider", "msp"]
    one = f"/meetings/{made['id']}"
    changed = ines.made(f"{one}/change", {**soon(), "title": "Handover, part 2"})
    assert (changed["title"], changed["sequence"]) == ("Handover, part 2", 1)
    gone = ines.made(f"{one}/cancel", {"reason": "Snow"})
    assert (gone["state"], gone["sequence"]) == ("cancelled", 2)
    problem(ines.post(f"{one}/cancel", {"reason": "Again"}, key=uuid4().hex), 409, "meeting_not_planned")
    assert [row["id"] for row in kerstin.ok("GET", at)["items"]] == [made["id"]]
    assert kerstin.ok("GET", one)["state"] == "cancelled"
    problem(kerstin.post(at, soon(), key=uuid4().hex), 409, "not_your_role")
    problem(ines.get(f"/meetings/{uuid4()}"), 404, "not_found")
    problem(ines.post(at, soon(title="a\r\nATTENDEE:x"), key=uuid4().hex), 422, "invalid_input")
    past = soon(starts_at=(timezone.now() - timedelta(hours=1)).isoformat())
    problem(ines.post(at, past, key=uuid4().hex), 422, "invalid_input")
    foreign = soon(contact_ids=[str(c.leo.id)])
    problem(ines.post(at, foreign, key=uuid4().hex), 404, "not_found")


def test_no_meeting_with_a_new_provider_before_consent(db_world: World) -> None:
    c = cast()
    ines = caller(c.jonah, c.ines)
    body = soon(recipient_id=str(c.recipient.id))
    said = ines.post(f"/clients/{c.northwick.id}/meetings", body, key=uuid4().hex)
    assert said.status_code == 409 and said.json()["rule"] == "R1"  # type: ignore[attr-defined]
    assert not Meeting.objects.exists() and not mails("meeting_invitation")


def test_a_promise_is_ticked_off_and_put_back(db_world: World) -> None:
    c = cast()
    dan, kerstin = caller(c.jonah, c.dan), caller(c.jonah, c.kerstin)
    day = timezone.localdate().isoformat()
    calls = f"/clients/{c.northwick.id}/calls"
    made = dan.made(calls, call_of(c, promised="The door keys", promised_by="Dan Frey", promised_for=day))
    at = f"/calls/{made['id']}/promise"
    assert dan.made(at)["id"] == made["id"] and Call.objects.get().promise_kept_by_name == "Dan Frey"
    dan.made(at, {"kept": False})
    assert Call.objects.get().promise_kept_at is None
    problem(kerstin.post(at, {}, key=uuid4().hex), 409, "not_your_role")
    bare = dan.made(calls, call_of(c))
    problem(dan.post(f"/calls/{bare['id']}/promise", {}, key=uuid4().hex), 422, "invalid_input")
    problem(dan.post(f"/calls/{uuid4()}/promise", {}, key=uuid4().hex), 404, "not_found")


def test_a_recording_only_with_everybodys_consent_and_no_consent_by_a_token(db_world: World) -> None:
    c = cast()
    dan, kerstin = caller(c.jonah, c.dan), caller(c.jonah, c.kerstin)
    at = f"/clients/{c.northwick.id}/recordings"
    ask = dan.made(at, {"title": "The alarm", "contact_ids": [str(c.mara.id)], "others": ["Greta Holm"]})
    assert [one["answer"] for one in ask["voices"]] == ["", "", ""]
    voices = {one["name"]: one["id"] for one in ask["voices"]}
    own = dan.post(
        f"/recordings/voices/{voices['Dan Frey']}", {"given": True, "how": "I say so"}, key=uuid4().hex
    )
    problem(own, 409, "recording_own_word")
    for name in ("Mara Ellery", "Greta Holm"):
        said = dan.made(f"/recordings/voices/{voices[name]}", {"given": True, "how": "On the phone"})
        assert (said["answer"], said["word_of"]) == ("given", "Dan Frey")
    call = dan.made(f"/clients/{c.northwick.id}/calls", call_of(c))

    def send() -> Any:
        fields = {"ask_id": ask["id"], "started_at": timezone.now().isoformat(), "nobody_else": "true"}
        file = SimpleUploadedFile("c.wav", WAV)
        return dan.form(f"/calls/{call['id']}/recordings", {**fields, "file": file}, key=uuid4().hex)

    problem(send(), 409, "recording_unanswered")
    done(answer_recording(actor=c.dan, ask_id=ask["id"], given=True))
    made = send()
    assert made.status_code == 201, made.content
    file = f"/recordings/files/{made.json()['id']}"
    assert b"".join(dan.get(file)) == WAV  # type: ignore[arg-type]
    part = kerstin.get(file, Range="bytes=0-3")
    assert part.status_code == 206 and b"".join(part) == b"RIFF"  # type: ignore[arg-type]
    shown = kerstin.ok("GET", at)["items"]
    assert shown[0]["recordings"][0]["consents"][0]["name"] == "Mara Ellery"
    problem(kerstin.post(at, {"title": "x", "others": ["y"]}, key=uuid4().hex), 409, "not_your_role")
    dan.made(f"/recordings/voices/{voices['Greta Holm']}", {"given": False, "how": "She rang"})
    problem(dan.get(file), 409, "recording_stopped")
    row = dan.ok("GET", f"/recordings/{ask['id']}")["recordings"][0]
    assert row["stopped_at"] and row["destroyed_at"] and Recording.objects.get().destroyed_at
    problem(dan.get(f"/recordings/{uuid4()}"), 404, "not_found")


def test_the_bytes_of_a_recording_are_sniffed_here_too(db_world: World) -> None:
    c = cast()
    dan = caller(c.jonah, c.dan)
    ask = dan.made(
        f"/clients/{c.northwick.id}/recordings", {"title": "The alarm", "contact_ids": [str(c.mara.id)]}
    )
    for actor in (c.dan, c.mara):
        done(answer_recording(actor=actor, ask_id=ask["id"], given=True))
    call = dan.made(f"/clients/{c.northwick.id}/calls", call_of(c))
    fields = {"ask_id": ask["id"], "started_at": timezone.now().isoformat(), "nobody_else": "true"}
    sent = dan.form(
        f"/calls/{call['id']}/recordings",
        {**fields, "file": io.BytesIO(b"<script>alert(1)</script>")},
        key=uuid4().hex,
    )
    problem(sent, 422, "recording_not_media")
