# SPDX-License-Identifier: AGPL-3.0-or-later
"""A recording is kept only with everyone's recorded consent, and one no ends it: behind every door (R2)."""

import hashlib
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.meetings import Invited, plan_meeting
from partwell.actions.correspondence.recording_asks import (
    Asked,
    Heard,
    answer_recording,
    ask_recording,
    word_for,
)
from partwell.actions.correspondence.recordings import add_recording, destroy_stopped, hear
from partwell.actions.keys import blob_store, key_store
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.records.correspondence.models import Call, Envelope, Recording, RecordingAsk, RecordingVoice
from partwell.records.evidence.models import Entry, Tombstone
from partwell.records.guard import permit
from partwell.records.vault.models import StoredFile
from partwell.records.vault.queries import paper_of
from partwell.rules.meetings import Appointment
from partwell.rules.recordings import MOST
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import ledger_is_whole

pytestmark = pytest.mark.both_databases
WAV = b"RIFF\x24\x80\x00\x00WAVEfmt " + b"a voice " * 4096


def asked(c: Cast, **more: Any) -> RecordingAsk:
    """Dan asks Mara, and who else is named."""
    heard = Heard(contact_ids=[c.mara.id], **more)
    return done(ask_recording(actor=c.dan, client_id=c.northwick.id, what=Asked("The firewall", heard)))


def called(c: Cast) -> Call:
    return done(
        log_call(
            actor=c.dan,
            client_id=c.northwick.id,
            notes=CallNotes("Mara Ellery", "The firewall", timezone.now()),
        )
    )


def add(
    c: Cast, ask: RecordingAsk, call: Call, began: datetime | None = None, **more: Any
) -> Recording | Refusal:
    values: dict[str, Any] = {"nobody_else": True, "name": "call.wav", "stream": io.BytesIO(WAV), "started_at": began or timezone.now(), **more}  # fmt: skip
    return add_recording(actor=c.dan, call_id=call.id, ask_id=ask.id, **values)


def code(found: Any) -> str:
    return found.code if isinstance(found, Refusal) else ""


def agreed(c: Cast) -> tuple[RecordingAsk, Call, Recording]:
    """Everybody's own yes, then the call, then its recording."""
    ask = asked(c)
    for actor in (c.mara, c.dan):
        done(answer_recording(actor=actor, ask_id=ask.id, given=True))
    call = called(c)
    return ask, call, done(add(c, ask, call))


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer)


def test_nothing_is_kept_before_everybody_agreed_and_nothing_that_began_before() -> None:
    c = cast()
    ask, early = asked(c), timezone.now()
    call = called(c)
    no = add(c, ask, call)
    assert code(no) == "recording_unanswered" and isinstance(no, Refusal)
    assert "Mara Ellery" in no.sentence and "Dan Frey" in no.sentence
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=True))
    assert code(add(c, ask, call)) == "recording_unanswered", "whoever asks is heard too"
    done(answer_recording(actor=c.dan, ask_id=ask.id, given=True))
    assert code(add(c, ask, call, early)) == "recording_consent_late"
    assert code(add(c, ask, call, nobody_else=False)) == "recording_others_heard"
    assert code(add(c, ask, call, timezone.now() + timedelta(minutes=1))) == "invalid_input"
    assert not StoredFile.objects.filter(unit__purpose__startswith="recording:").exists(), (
        "what is refused is not stored"
    )
    row = done(add(c, ask, call))
    assert [one["name"] for one in row.consents] == ["Mara Ellery", "Dan Frey"]
    assert row.file.media_type == "audio/wav" and row.file.sha256 == hashlib.sha256(WAV).hexdigest()
    assert row.file.unit.purpose == f"recording:{row.id.hex}" and row.file.client_id == c.northwick.id
    assert done(add(c, ask, call)).id == row.id, "a double click is one"
    assert Entry.objects.filter(type="refusal.recorded").exists()
    ledger_is_whole()


def test_a_refusal_stops_it_and_only_sound_and_film_is_taken() -> None:
    c = cast()
    ask, call = asked(c), called(c)
    done(answer_recording(actor=c.dan, ask_id=ask.id, given=True))
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=False))
    assert code(add(c, ask, call)) == "recording_refused"
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=True))
    for stream, said in (
        (b"%PDF-1.7", "recording_not_media"),
        (b"", "file_unreadable"),
        (b"<html>", "recording_not_media"),
    ):
        assert code(add(c, ask, call, stream=io.BytesIO(stream), name="call.wav")) == said

    class Huge(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            return MOST + 1 if whence == 2 else super().seek(offset, whence)

    assert code(add(c, ask, call, stream=Huge(WAV))) == "file_too_large"
    assert not Recording.objects.exists()


def test_everybody_answers_for_themselves_and_is_asked_by_mail_with_the_client_on_it() -> None:
    c = cast(signed=True)
    begins = timezone.now() + timedelta(days=1)
    what = Appointment("Handover", begins, begins + timedelta(hours=1))
    meeting = done(
        plan_meeting(actor=c.ines, client_id=c.northwick.id, what=what, invited=Invited(recipient_id=c.recipient.id, person_ids=[c.theo.id]))
    )  # fmt: skip
    ines, mara, theo = browser_of(c.ines), browser_of(c.mara), browser_of(c.theo)
    assert "Ask everybody" in ines.get(f"/meetings/{meeting.id}/").content.decode()
    assert "/provider/recordings/" not in theo.get("/provider/").content.decode(), "nobody asked him yet"
    assert ines.post(f"/meetings/{meeting.id}/recording/").status_code == 302
    assert ines.post(f"/meetings/{meeting.id}/recording/").status_code == 302
    ask = RecordingAsk.objects.get()
    assert [one.name for one in ask.voices.order_by("place")] == ["Mara Ellery", "Theo Brandt", "Ines Duarte"]
    (mail,) = Envelope.objects.filter(kind="recording_asked")
    assert [one["role"] for one in mail.recipients] == ["client", "provider"]
    assert f"/client/recordings/{ask.id}/" in mail.text and "/provider/recordings/" in mail.text
    assert "May we record “Handover”?" in mara.get("/client/").content.decode()
    page = mara.get(f"/client/recordings/{ask.id}/").content.decode()
    assert "Yes, I may be recorded" in page and "no answer yet" in page
    assert mara.post(f"/client/recordings/{ask.id}/answer/", {"answer": "yes"}).status_code == 302
    assert "May we record" not in mara.get("/client/").content.decode()
    assert "/provider/recordings/" in theo.get("/provider/").content.decode()
    page = theo.get("/provider/recordings/").content.decode()
    assert "Handover" in page and "Mara" not in page, "he sees his own answer only"
    assert theo.post(f"/provider/recordings/{ask.id}/answer/", {"answer": "yes"}).status_code == 302
    assert ines.post(f"/recordings/{ask.id}/answer/", {"answer": "yes"}).status_code == 302
    assert "everybody agreed" in ines.get(f"/recordings/{ask.id}/").content.decode()
    assert Entry.objects.filter(type="recording.answered").count() == 3
    assert RecordingVoice.objects.filter(word_of="").count() == 3
    # After consent to the handover has ended his own voice is still his.
    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    assert theo.post(f"/provider/recordings/{ask.id}/answer/", {"answer": "no"}).status_code == 302
    assert RecordingVoice.objects.get(name="Theo Brandt").answer == "withdrawn"


def test_a_new_provider_is_asked_only_while_consent_stands() -> None:
    c = cast()
    heard = Heard([c.mara.id], c.recipient.id, [c.theo.id])
    no = ask_recording(actor=c.dan, client_id=c.northwick.id, what=Asked("A call", heard))
    assert isinstance(no, Refusal) and no.rule == "R1"
    assert not RecordingAsk.objects.exists() and not Envelope.objects.filter(kind="recording_asked").exists()


def test_staffs_word_is_marked_and_never_stands_over_somebodys_own_no() -> None:
    c = cast()
    ask = asked(c, others=["Greta Holm"], staff_ids=[c.priya.id])
    greta, mara, priya = (
        RecordingVoice.objects.get(name=name) for name in ("Greta Holm", "Mara Ellery", "Priya Nair")
    )
    assert (
        code(word_for(actor=c.dan, voice_id=priya.id, given=True, how="She nodded")) == "recording_own_word"
    )
    assert code(word_for(actor=c.dan, voice_id=greta.id, given=True, how=" ")) == "required"
    done(word_for(actor=c.dan, voice_id=greta.id, given=True, how="On the phone"))
    greta.refresh_from_db()
    assert (greta.answer, greta.word_of, greta.how) == ("given", "Dan Frey", "On the phone")
    page = browser_of(c.mara).get(f"/client/recordings/{ask.id}/").content.decode()
    assert "Dan Frey’s word: “On the phone”" in page
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=False))
    assert (
        code(word_for(actor=c.dan, voice_id=mara.id, given=True, how="She changed her mind"))
        == "recording_own_word"
    )
    for actor in (c.leo, c.theo, c.priya):
        row = answer_recording(actor=actor, ask_id=ask.id, given=True)
        assert code(row) == ("" if actor is c.priya else "not_found")
    for actor in (c.mara, c.kerstin, c.theo):
        assert isinstance(word_for(actor=actor, voice_id=greta.id, given=True, how="x"), Refusal)
    entry = Entry.objects.get(type="recording.worded")
    assert entry.client_ref == c.northwick.id


def test_everybody_agreed_on_the_phone_just_now_in_one_form() -> None:
    c = cast()
    dan = browser_of(c.dan)
    url = f"/clients/{c.northwick.id}/recordings/ask/"
    form = dan.get(url).content.decode()
    assert "Mara Ellery" in form
    sent = dan.post(url, {"title": "A call", "contacts": [str(c.mara.id)], "others": "Greta Holm\n", "agreed_how": "On the phone, before I pressed record"})  # fmt: skip
    ask = RecordingAsk.objects.get()
    assert sent.status_code == 302 and sent["Location"] == f"/recordings/{ask.id}/"
    assert {one.answer for one in ask.voices.all()} == {"given"} and not Envelope.objects.filter(
        kind="recording_asked"
    )
    assert "everybody agreed" in dan.get(f"/recordings/{ask.id}/").content.decode()
    call = called(c)
    url = f"/calls/{call.id}/recording/"
    assert "A call: Mara Ellery" in dan.get(url).content.decode()
    with permit("deed"):  # the field knows seconds: the yes was an hour ago
        ask.voices.update(answered_at=timezone.now() - timedelta(hours=1))
    berlin = timezone.now().astimezone(ZoneInfo("Europe/Berlin"))
    given = {
        "ask": str(ask.id),
        "started_at": f"{berlin - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}",
        "nobody_else": "on",
    }
    page = dan.post(url, {**given, "file": SimpleUploadedFile("c.wav", b"no sound")})
    assert page.status_code == 422 and "neither a sound nor a film" in page.content.decode()
    early = f"{berlin - timedelta(hours=2):%Y-%m-%dT%H:%M:%S}"
    page = dan.post(url, {**given, "started_at": early, "file": SimpleUploadedFile("c.wav", WAV)})
    assert page.status_code == 422 and "had begun" in page.content.decode()
    assert dan.post(url, {**given, "file": SimpleUploadedFile("c.wav", WAV)}).status_code == 302
    assert Recording.objects.get().consents[2]["words"] == "On the phone, before I pressed record"


def test_the_client_and_staff_play_it_with_range_and_are_on_record_and_nobody_else_does() -> None:
    c = cast(signed=True)
    ask, call, row = agreed(c)
    mara, dan, theo, leo, kerstin = (browser_of(one) for one in (c.mara, c.dan, c.theo, c.leo, c.kerstin))
    for browser, url in ((mara, f"/client/recordings/files/{row.id}/"), (dan, f"/recordings/files/{row.id}/"), (kerstin, f"/recordings/files/{row.id}/")):  # fmt: skip
        answer = browser.get(url)
        assert bytes_of(answer) == WAV and "attachment" in answer["Content-Disposition"]
        assert (
            "sandbox" in answer["Content-Security-Policy"]
            and answer["Content-Type"] == "application/octet-stream"
        )
        part = browser.get(url, headers={"Range": "bytes=8-11"})
        assert part.status_code == 206 and bytes_of(part) == b"WAVE"
    assert mara.get(f"/client/recordings/files/{row.id}/?play=1")["Content-Type"] == "audio/wav"
    assert Entry.objects.filter(type="recording.heard").count() == 3, "once a person and hour"
    assert leo.get(f"/client/recordings/files/{row.id}/").status_code == 404
    assert leo.get(f"/client/recordings/{ask.id}/").status_code == 404
    assert code(hear(actor=c.theo, recording_id=row.id)) == "not_found"
    assert theo.get(f"/recordings/files/{row.id}/").status_code in (302, 404)
    assert code(hear(actor=c.leo, recording_id=row.id)) == "not_found"
    assert paper_of(c.northwick.id, row.file_id) is None, "no other door gives the file"
    for browser, url in ((mara, f"/client/calls/{call.id}/"), (dan, f"/calls/{call.id}/")):
        page = browser.get(url).content.decode()
        assert "<audio" in page and "their own answer" in page


def test_a_consent_taken_back_ends_it_at_once_and_what_stays_are_words() -> None:
    c = cast()
    ask, call, row = agreed(c)
    kek, blob = row.file.unit.kek_id, row.file.blob_id
    assert blob_store().exists(blob)
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=False))
    row.refresh_from_db()
    assert row.stopped_by_name == "Mara Ellery" and row.destroyed_at is not None
    assert not key_store().exists(kek) and not blob_store().exists(blob)
    assert Tombstone.objects.filter(what__unit=row.file.unit_id.hex).exists(), (
        "a restored backup forgets it too"
    )
    assert code(hear(actor=c.mara, recording_id=row.id)) == "recording_stopped"
    assert browser_of(c.mara).get(f"/client/recordings/files/{row.id}/").status_code == 409
    assert code(add(c, ask, call)) == "recording_refused"
    (mail,) = Envelope.objects.filter(kind="recording_ended")
    assert [one["role"] for one in mail.recipients] == [
        "client",
        "msp",
    ] and "Mara Ellery took the consent back" in mail.text
    types = list(
        Entry.objects.filter(type__startswith="recording.").order_by("index").values_list("type", flat=True)
    )
    assert types[-3:] == ["recording.answered", "recording.stopped", "recording.destroyed"]
    for browser, url in (
        (browser_of(c.mara), f"/client/calls/{call.id}/"),
        (browser_of(c.dan), f"/recordings/{ask.id}/"),
    ):
        page = browser.get(url).content.decode()
        assert "took the consent back" in page and "<audio" not in page and "Destroyed with its key" in page
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=True))
    assert code(add(c, ask, call, row.started_at)) == "recording_consent_late", (
        "a new yes is for a new recording"
    )
    assert destroy_stopped() == 0
    ledger_is_whole()


def test_staffs_word_that_somebody_took_it_back_ends_it_too_and_a_hold_only_delays_destroying() -> None:
    c = cast()
    ask, _call, row = agreed(c)
    wish = HoldWish(
        "A claim", "What was said", "Counsel", timezone.localdate() + timedelta(days=90), whole_client=True
    )
    done(place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish))
    mara = RecordingVoice.objects.get(name="Mara Ellery")
    done(word_for(actor=c.dan, voice_id=mara.id, given=False, how="She rang and took it back"))
    row.refresh_from_db()
    assert row.stopped_at is not None and row.destroyed_at is None
    assert code(hear(actor=c.dan, recording_id=row.id)) == "recording_stopped"
    assert destroy_stopped() == 0 and blob_store().exists(row.file.blob_id)
    assert "no legal hold keeps it" in browser_of(c.dan).get(f"/recordings/{ask.id}/").content.decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("partwell.actions.correspondence.recordings.held", lambda client: False)
        patch.setattr("partwell.actions.vault.destroy_unit.hold_covers", lambda client, one: False)
        assert destroy_stopped() == 1
    row.refresh_from_db()
    assert row.destroyed_at is not None and not blob_store().exists(row.file.blob_id)


def test_consents_of_one_call_are_not_used_for_another_and_another_client_sees_nothing() -> None:
    c = cast()
    ask, _call, _row = agreed(c)
    assert code(add(c, ask, called(c))) == "invalid_input"
    foreign = done(
        log_call(actor=c.dan, client_id=c.quayside.id, notes=CallNotes("Leo Marsh", "Else", timezone.now()))
    )
    assert code(add(c, ask, foreign)) == "not_found"
    assert isinstance(add_recording(actor=c.kerstin, call_id=foreign.id, ask_id=ask.id, started_at=timezone.now(), nobody_else=True,
                                    name="x", stream=io.BytesIO(WAV)), Refusal)  # fmt: skip
    assert "The firewall" not in browser_of(c.leo).get("/client/recordings/").content.decode()
    assert code(ask_recording(actor=c.mara, client_id=c.northwick.id, what=Asked("x"))) == "not_found"
