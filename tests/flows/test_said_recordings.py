# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings in an exported correspondence: each with the entry that proves it, none after a consent was taken back."""

import csv
import hashlib
import io
import json
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call, settle_promise
from partwell.actions.correspondence.meetings import Invited, plan_meeting
from partwell.actions.correspondence.recording_asks import (
    Asked,
    Heard,
    answer_recording,
    ask_recording,
    word_for,
)
from partwell.actions.correspondence.recordings import add_recording, destroy_stopped
from partwell.actions.files import read_file
from partwell.actions.keys import blob_store, key_store
from partwell.actions.releases import build_bundle
from partwell.actions.releases.bundle_recordings import Outdated
from partwell.actions.releases.download_bundle import download_bundle
from partwell.connectors.blobreader import BlobReader
from partwell.records.correspondence.models import Call, Recording, RecordingAsk
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.vault.models import KeyUnit, StoredFile
from partwell.records.vault.queries import paper_of
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from tests.api.caller import caller
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import ledger_is_whole
from tests.flows.test_bundle import built, bytes_of, inside, verify
from tests.flows.test_said_export import sha256sum

pytestmark = pytest.mark.usefixtures("db_world")
VOICES = b"RIFF\x24\x80\x00\x00WAVEfmt " + b"her own voice " * 300_000  # 4 MiB: several chunks of the vault
KEPT, ENDED = VOICES, VOICES[:-4000]
NOTE = "between us: she is angry"
SAID = "data/correspondence/"


def recorded(c: Cast, title: str, data: bytes, **more: Any) -> tuple[RecordingAsk, Call, Recording]:
    """Everybody agrees, talks, and the recording is kept."""
    ask = done(ask_recording(actor=c.dan, client_id=c.northwick.id, what=Asked(title, Heard([c.mara.id]))))
    for actor in (c.mara, c.dan):
        done(answer_recording(actor=actor, ask_id=ask.id, given=True))
    notes = CallNotes("Mara Ellery", title, timezone.now(), 25, internal_note=NOTE, **more)
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    row = add_recording(actor=c.dan, call_id=call.id, ask_id=ask.id, started_at=timezone.now(), nobody_else=True, name="Call 7.wav", stream=io.BytesIO(data))  # fmt: skip
    return ask, call, done(row)


def told(c: Cast) -> dict[str, Any]:
    """A kept recording with a promise, and one that Mara ended."""
    kept = recorded(c, "How the alarm is armed", KEPT, promised="the code of the alarm", promised_by="Dan Frey", promised_for=date(2026, 12, 3))  # fmt: skip
    done(settle_promise(actor=c.dan, call_id=kept[1].id))
    done(correct_call(actor=c.ines, call_id=kept[1].id, correction="It is armed at eight."))
    ended = recorded(c, "Where the keys lie", ENDED)
    done(answer_recording(actor=c.mara, ask_id=ended[0].id, given=False))
    return {"kept": kept, "ended": ended}


def unpacked(data: bytes, folder: Path) -> Path:
    (folder / "b.zip").write_bytes(data)
    subprocess.run(["unzip", "-q", str(folder / "b.zip"), "-d", str(folder / "b")], check=True)
    return next((folder / "b").iterdir())


def calls_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [row for row in json.loads(files[SAID + "index.json"]) if row["kind"] == "call"]


@pytest.mark.both_databases
def test_a_stranger_checks_each_recording_and_finds_one_flipped_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = cast(signed=True)
    rows = told(c)
    asked_for: list[int] = []
    real = BlobReader.readinto

    def readinto(self: BlobReader, buffer: Any) -> int:
        asked_for.append(len(buffer))
        return real(self, buffer)

    monkeypatch.setattr(BlobReader, "readinto", readinto)
    job = built(c.mara, c.northwick.id, only="correspondence")
    assert asked_for and max(asked_for) <= 1 << 20, "a recording is streamed, never held whole"
    monkeypatch.undo()
    data = bytes_of(c.mara, job)
    files = inside(data)
    alarm, keys = calls_of(files)
    (kept,), (ended,) = alarm["recordings"], keys["recordings"]
    path = f"recordings/{alarm['number']:06}-1.wav"
    assert (kept["state"], kept["file"], kept["name"]) == ("kept", path, "Call 7.wav") and path in alarm[
        "files"
    ]
    assert files[SAID + path] == KEPT and kept["sha256"] == hashlib.sha256(KEPT).hexdigest()
    assert kept["consents"] == ["Mara Ellery: their own answer", "Dan Frey: their own answer"]
    assert kept["proof"] in files and Entry.objects.get(index=kept["entry"]).type == "recording.added"
    assert kept["sha256"] in alarm["proved"]
    # What a consent taken back has ended is named with its entries, and is nowhere.
    assert (ended["state"], ended["file"], ended["ended_by"]) == ("destroyed", None, "Mara Ellery")
    assert [Entry.objects.get(index=ended[name]).type for name in ("ended_entry", "destroyed_entry")] == ["recording.stopped", "recording.destroyed"]  # fmt: skip
    assert not [name for name in files if "recordings/" in name and name != SAID + path]
    assert "took the consent back" in ended["words"] and ended["sha256"] == hashlib.sha256(ENDED).hexdigest()
    # Who, when, what, promises: in the PDF, the list and as JSON; never the internal note.
    pdf = files[SAID + "correspondence-001.pdf"]
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()  # fmt: skip
    flat = " ".join(text.split())
    for words in ("Call with Mara Ellery, 25 minutes", "Promised by Dan Frey, until 3 December 2026: the code of the alarm (kept, ",
                  "Correction: It is armed at eight.", "Call 7.wav", "took the consent back", path, "Agreed before it began: Mara Ellery"):  # fmt: skip
        assert words in flat, words
    assert NOTE.encode() not in b"".join(files.values()) and NOTE not in flat
    assert len(alarm["mails"]) == 2, "the summary and its correction as they were mailed"
    (line,) = [
        one for one in csv.DictReader(io.StringIO(files[SAID + "index.csv"].decode())) if path in one["files"]
    ]
    assert kept["sha256"] in line["recordings"] and path in line["recordings"]
    assert path in files[SAID + "index.html"].decode()
    assert json.loads(files[SAID + "calls.json"])[0]["recordings"][0]["file"] == path
    # With sha256sum and by sealed; one flipped byte is found.
    root = unpacked(data, tmp_path)
    code, report = verify(root)
    assert code == 0 and report["facts"]["said_proved"] == 1, "no mail has left yet"
    place, proved = root / SAID / path, f"{kept['sha256']} {kept['entry']} {SAID}{path}"
    assert (
        proved in (root / SAID / "entries.txt").read_text().splitlines()
        and sha256sum(place) == kept["sha256"]
    )
    entries = (root / "proof/entries.jsonl").read_text().splitlines()
    assert any(sha256sum(place) in one and f'"index":{kept["entry"]}' in one for one in entries)
    with place.open("r+b") as file:
        file.seek(2_000_000)
        byte = file.read(1)
        file.seek(2_000_000)
        file.write(bytes([byte[0] ^ 1]))
    assert sha256sum(place) != kept["sha256"]
    code, report = verify(root)
    wrong = [(one["code"], one["where"]) for one in report["findings"] if one["code"] != "key-from-bundle"]
    assert code == 1 and sorted(wrong) == [("content-changed", SAID + path), ("said-changed", SAID + path)]
    assert rows["kept"][2].file.sha256 == kept["sha256"]


def test_nobody_but_the_client_takes_them_and_the_whole_bundle_holds_them_when_asked() -> None:
    c = cast(signed=True)
    begins = timezone.now() + timedelta(days=1)
    what = Appointment("The handover", begins, begins + timedelta(hours=1), place="Room 4")
    meeting = done(plan_meeting(actor=c.ines, client_id=c.northwick.id, what=what, invited=Invited(recipient_id=c.recipient.id, person_ids=[c.theo.id])))  # fmt: skip
    notes = CallNotes("Mara Ellery, Theo Brandt", "The keys change hands", timezone.now(), meeting_id=meeting.id, recipient_id=c.recipient.id, to_provider=True)  # fmt: skip
    done(log_call(actor=c.ines, client_id=c.northwick.id, notes=notes))
    told(c)
    theirs = inside(bytes_of(c.theo, built(c.theo, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id, only="correspondence")))  # fmt: skip
    assert not [name for name in theirs if "recordings/" in name] and not calls_of(theirs)
    whole = b"".join(theirs.values())
    for sign in (VOICES[:2000], hashlib.sha256(KEPT).hexdigest().encode(), b"Call 7.wav", NOTE.encode()):
        assert sign not in whole
    whole_bundle = inside(bytes_of(c.mara, built(c.mara, c.northwick.id)))
    met = next(row for row in calls_of(whole_bundle) if row["subject"].startswith("Meeting"))
    assert met["subject"] == "Meeting “The handover” with Mara Ellery, Theo Brandt"
    assert "Room 4: Mara Ellery, Theo Brandt" in whole_bundle[SAID + "correspondence.txt"].decode()
    assert [name for name in whole_bundle if name.startswith(SAID + "recordings/")]
    silent = inside(bytes_of(c.mara, built(c.mara, c.northwick.id, correspondence=False)))
    assert not [name for name in silent if "correspondence" in name]
    assert not Job.objects.filter(state="failed").exists()


@pytest.mark.both_databases
def test_a_consent_taken_back_reaches_the_bundles_that_hold_the_recording() -> None:
    c = cast(signed=True)
    ask, _call, row = recorded(c, "How the alarm is armed", KEPT)
    job = built(c.mara, c.northwick.id, only="correspondence")
    other = built(c.theo, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id, only="correspondence")
    file = StoredFile.objects.select_related("unit").get(pk=job.result["file"])
    assert file.unit.purpose == f"bundle:{job.id.hex}" and read_file(file)
    assert paper_of(c.northwick.id, file.id) is None
    Job.objects.filter(pk=job.pk).update(
        result={}
    )  # between its last transaction and its end the job says nothing yet
    assert paper_of(c.northwick.id, file.id) is None, "no other door gives it even then"
    Job.objects.filter(pk=job.pk).update(result=job.result)
    done(answer_recording(actor=c.mara, ask_id=ask.id, given=False))
    row.refresh_from_db()
    assert row.destroyed_at is not None
    assert not blob_store().exists(file.blob_id) and not key_store().exists(file.unit.kek_id)
    for actor in (c.mara, c.ines):
        refused = download_bundle(actor=actor, job_id=job.id)
        assert isinstance(refused, Refusal) and refused.code == "bundle_recording_ended"
        assert "Mara Ellery" in refused.sentence
    for who, ask_again, every, one in (
        (c.mara, "/client/bundles/ask/", "/client/bundles/", f"/client/bundles/{job.id}/"),
        (c.ines, f"/clients/{c.northwick.id}/bundles/ask/", f"/clients/{c.northwick.id}/bundles/", f"/bundles/{job.id}/"),
    ):  # fmt: skip
        for where in (every, one):
            said = browser_of(who).get(where).content.decode()
            assert f"{job.id}/file/" not in said and "Mara Ellery took the consent back" in said, where
            assert f'action="{ask_again}"' in said and 'name="only" value="correspondence"' in said, where
    assert f"{job.id}/file/" not in browser_of(c.tom).get("/client/bundles/").content.decode()
    assert "Put it together anew" not in browser_of(c.tom).get(f"/client/bundles/{job.id}/").content.decode()
    api = caller(c.jonah, c.ines, ["bundles:read"])
    for told_of in (
        api.ok("GET", f"/bundles/{job.id}"),
        api.ok("GET", f"/clients/{c.northwick.id}/bundles")["items"][-1],
    ):
        assert "Mara Ellery took" in told_of["ended"] and told_of["state"] == "done"
    page = browser_of(c.mara).get(f"/client/bundles/{job.id}/file/")
    assert page.status_code == 409 and "Ask for a new bundle" in page.content.decode()
    assert bytes_of(c.theo, other), "a bundle without it is as it was"
    (again,) = calls_of(inside(bytes_of(c.mara, built(c.mara, c.northwick.id, only="correspondence"))))
    assert again["recordings"][0]["state"] == "destroyed" and again["missing"] == []
    assert destroy_stopped() == 0
    ledger_is_whole()


def test_a_consent_taken_back_while_a_bundle_is_built_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    c = cast(signed=True)
    ask, _call, row = recorded(c, "How the alarm is armed", KEPT)
    second, _, stays = recorded(c, "The dog’s name", ENDED)
    real, voices = build_bundle.pages, [one for one in ask.voices.all() if one.name == "Mara Ellery"]

    def pages(*args: Any, **more: Any) -> Any:
        if voices:  # after the list was fixed, before a byte is written
            done(word_for(actor=c.dan, voice_id=voices.pop().id, given=False, how="She rang"))
        return real(*args, **more)

    monkeypatch.setattr(build_bundle, "pages", pages)
    job = built(c.mara, c.northwick.id, only="correspondence")
    files = inside(bytes_of(c.mara, job))
    assert [one["recordings"][0]["state"] for one in calls_of(files)] == ["destroyed", "kept"]
    assert job.result["recordings"] == [stays.id.hex]
    assert Entry.objects.filter(type="bundle.planned").count() == 2
    assert Entry.objects.filter(type="bundle.built").count() == 1
    vault = set(StoredFile.objects.values_list("blob_id", flat=True)) - {row.file.blob_id}
    assert set(blob_store().ids()) == vault, "nothing of the first try is left"
    units = KeyUnit.objects.filter(purpose__startswith="bundle:")
    assert [one.purpose for one in units] == [f"bundle:{job.id.hex}"]
    # One that goes on ending is given up with an entry, not built for ever.
    monkeypatch.setattr(build_bundle, "still_agreed", lambda _ids: (_ for _ in ()).throw(Outdated("again")))
    with pytest.raises(Outdated):
        built(c.mara, c.northwick.id, only="correspondence")
    assert second.voices.count() == 2
    ledger_is_whole()
