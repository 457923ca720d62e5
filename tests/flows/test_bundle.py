# SPDX-License-Identifier: AGPL-3.0-or-later
"""Handover bundles: what is in them for whom, that strangers can verify them, and that no half one ever looks whole."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from django.db import connections
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.estate.attach_document import attach_document
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.files import read_file
from partwell.actions.jobs import lease
from partwell.actions.keys import blob_store
from partwell.actions.releases import build_bundle
from partwell.actions.releases.download_bundle import download_bundle
from partwell.actions.releases.release_items import preview, release_items
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.reveal import make_reveal
from partwell.actions.releases.run_bundle import run_now
from partwell.records.evidence.models import Entry, LogState
from partwell.records.jobs.models import Job
from partwell.records.releases.models import ReleaseLine
from partwell.records.vault.models import StoredFile
from partwell.rules.handover import ReleaseWay
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party, Verdict
from partwell.workers import jobs
from tests.flows.cast import PASSWORD, Cast, cast, done
from tests.support import programs
from tests.support.worlds import ROOT, World

pytestmark = pytest.mark.usefixtures("db_world")
SECRET_WORDS = "counsel says the invoice is weak"


def built(actor: Any, client_id: Any, to: Party = Party.CLIENT, **more: Any) -> Job:
    """A bundle's job after it ran."""
    job = done(request_bundle(actor=actor, client_id=client_id, to=to, **more))
    return run_now(job.id, lambda *_: None)


def bytes_of(actor: Any, job: Job) -> bytes:
    """What this actor downloads."""
    assert job.state == "done", job.error
    return read_file(done(download_bundle(actor=actor, job_id=job.id)))


def verify(path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """``python -m sealed verify`` in a process that has nothing but the standard library."""
    done_ = subprocess.run([sys.executable, "-S", "-m", "sealed", "verify", str(path), "--json", *more], capture_output=True, text=True,
                           env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}, check=False)  # fmt: skip
    return done_.returncode, json.loads(done_.stdout)


def inside(data: bytes) -> dict[str, bytes]:
    """Path below the bundle's folder → content."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def story() -> Cast:
    """A signed departure with a release to each side, an internal note and internal words."""
    c = cast(signed=True)
    c.release("diagram", "router", "switch", key="to provider")
    c.release("diagram", "router", key="to client", target=c.to_client())
    done(
        attach_document(
            actor=c.dan,
            client_id=c.northwick.id,
            item_id=c.items["note"].id,
            name="note.txt",
            stream=io.BytesIO(SECRET_WORDS.encode()),
        )
    )
    done(
        write_message(
            actor=c.ines,
            client_id=c.northwick.id,
            draft=Draft(subject="Timetable", text="We hand over on Monday.", audience="client"),
        )
    )
    done(
        write_message(
            actor=c.ines,
            client_id=c.northwick.id,
            draft=Draft(subject="Inside", text=SECRET_WORDS, audience="internal"),
        )
    )
    return c


@pytest.mark.both_databases
def test_the_clients_bundle_verifies_with_tools_that_are_not_ours(db_world: World, tmp_path: Path) -> None:
    c = story()
    make_checkpoint()
    data = bytes_of(c.mara, built(c.mara, c.northwick.id))
    path = tmp_path / "bundle.zip"
    path.write_bytes(data)
    key = LogState.objects.get().vkey
    code, report = verify(path, "--vkey", key)
    assert (code, report["findings"]) == (0, [])
    assert report["facts"]["entries"] == report["facts"]["entries_proved"] > 20
    assert report["facts"]["manifest_entry"] == Entry.objects.get(type="bundle.planned").index
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "open")
    folder = next((tmp_path / "open").iterdir())
    assert verify(folder, "--vkey", key)[0] == 0
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(
            [programs.need("sha256sum"), "--quiet", "--strict", "-c", manifest], cwd=folder, check=True
        )
    checked = subprocess.run(
        [sys.executable, "-m", "bagit", "--validate", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    shell = _commands("openssl")
    said = subprocess.run(["sh", "-e", "-c", shell], cwd=folder, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and said.stdout.count("Signature Verified Successfully") == 2, said.stderr
    assert check_ledger().ok


def _commands(kind: str) -> str:
    text = (ROOT / "docs/formats/bundle.md").read_text()
    return text.split(f"<!-- commands: {kind} -->")[1].split("```sh\n")[1].split("```")[0]


def test_the_client_gets_everything_of_theirs_and_nothing_internal(tmp_path: Path) -> None:
    c = story()
    job = built(c.ines, c.northwick.id)
    files = inside(bytes_of(c.mara, job))
    everything = b"".join(files.values())
    assert files["data/documents/diagrams/diagram.txt"].startswith(b"What diagram says.")
    assert b"What runbook says." in everything  # theirs, though not released to anybody
    assert b"What unknown says." not in everything and "Old camera plan" in " ".join(job.result["left_out"])
    for never in (
        SECRET_WORDS.encode(),
        b"Call with counsel",
        PASSWORD.encode(),
        b"Quayside",
        b"What foreign says.",
    ):
        assert never not in everything, never
    assert b"We hand over on Monday." in files["data/correspondence/messages.json"]
    rows = {row["title"]: row for row in json.loads(files["data/inventory/inventory.json"])["items"]}
    assert set(rows) == {
        "Network diagram",
        "Month-end runbook",
        "Edge router login",
        "Core switch",
        "Old camera plan",
        "Monitoring scripts",
    }
    assert (
        rows["Monitoring scripts"]["owner"] == "msp"
        and rows["Monitoring scripts"]["status"] == "not the client's"
    )
    assert (
        rows["Network diagram"]["digest"]
        == hashlib.sha256(files["data/documents/diagrams/diagram.txt"]).hexdigest()
    )
    assert {
        "index.html",
        "README.txt",
        "timeline.html",
        "data/inventory/inventory.xlsx",
        "data/inventory/inventory.csv",
    } <= set(files)
    receipts = json.loads(files["data/receipts/receipts.json"])
    assert {one["recipient"] for one in receipts} == {"Alder Row IT", "Mara Ellery"}
    assert any("internal notes" in one for one in job.result["left_out"])


def test_a_providers_bundle_contains_nothing_else() -> None:
    c = story()
    job = built(c.theo, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id, correspondence=False)
    files = inside(bytes_of(c.theo, job))
    documents = [
        name
        for name in files
        if name.startswith("data/") and not name.startswith(("data/inventory/", "data/receipts/"))
    ]
    assert documents == ["data/documents/diagrams/diagram.txt"]
    rows = json.loads(files["data/inventory/inventory.json"])["items"]
    assert {row["title"] for row in rows} == {"Network diagram", "Edge router login", "Core switch"}
    everything = b"".join(files.values())
    for never in (b"Month-end runbook", b"Old camera plan", b"Monitoring scripts", SECRET_WORDS.encode(), PASSWORD.encode(), b"We hand over", b"Timetable",
                  b"Quayside", b"mara.ellery@post", b"+44 20 5550 123"):  # fmt: skip
        assert never not in everything, never
    for line in files["proof/entries.jsonl"].splitlines():
        assert set(json.loads(line)["disclosures"]) == {"public"}
    # Somebody else's bundle, and somebody else's client.
    assert isinstance(download_bundle(actor=c.leo, job_id=job.id), Refusal)
    assert isinstance(download_bundle(actor=c.mara, job_id=job.id), Refusal)
    assert isinstance(request_bundle(actor=c.theo, client_id=c.northwick.id, to=Party.CLIENT), Refusal)
    assert isinstance(request_bundle(actor=c.leo, client_id=c.northwick.id, to=Party.CLIENT), Refusal)
    assert isinstance(
        request_bundle(actor=c.tom, client_id=c.northwick.id, to=Party.CLIENT), Refusal
    )  # an observer


def test_consent_is_asked_when_it_is_requested_built_and_fetched() -> None:
    c = story()
    asked = {
        "actor": c.theo,
        "client_id": c.northwick.id,
        "to": Party.PROVIDER,
        "recipient_id": c.recipient.id,
    }
    ready = built(c.theo, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id)
    waiting = done(request_bundle(**asked))
    assert done(request_bundle(**asked)).id == waiting.id  # a double click is one bundle
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    refused = download_bundle(actor=c.theo, job_id=ready.id)
    assert isinstance(refused, Refusal) and refused.code == "withdrawn"
    ended = run_now(waiting.id, lambda *_: None)
    assert ended.state == "failed" and "withdr" in ended.error
    again = request_bundle(**asked)
    assert isinstance(again, Refusal) and again.code == "withdrawn"
    assert Entry.objects.filter(type="bundle.failed").count() == 1
    assert not Entry.objects.filter(type="bundle.downloaded").exists()


def test_consent_withdrawn_while_it_is_written_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    c = story()
    before = set(blob_store().ids())
    write = build_bundle.write_bundle

    def slow(*arguments: Any, **more: Any) -> Any:
        result = write(*arguments, **more)
        done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
        connections.close_all()
        return result

    monkeypatch.setattr(build_bundle, "write_bundle", slow)
    job = built(c.ines, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id)
    assert job.state == "failed"
    assert not StoredFile.objects.filter(name__startswith="handover-").exists()
    assert not [
        one for one in set(blob_store().ids()) - before if not StoredFile.objects.filter(blob_id=one).exists()
    ]


def test_credentials_lie_in_an_encrypted_bundle_only(tmp_path: Path) -> None:
    c = story()
    c.release("router", key="in a bundle", target=c.to_provider())
    ReleaseLine.objects.filter(
        release__idempotency="in a bundle"
    )  # released for the portal: not for a bundle
    refused = request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, credentials=True)
    assert isinstance(refused, Refusal) and refused.code == "bundle_with_secrets_needs_key"
    wrong = request_bundle(
        actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, credentials=True, age=["age1nonsense"]
    )
    assert isinstance(wrong, Refusal) and wrong.status == 422
    identity = pyrage.x25519.Identity.generate()
    job = built(c.mara, c.northwick.id, credentials=True, age=[str(identity.to_public())])
    sealed = bytes_of(c.mara, job)
    assert sealed.startswith(b"age-encryption.org/v1") and PASSWORD.encode() not in sealed
    plain = pyrage.decrypt(sealed, [identity])
    path = tmp_path / "bundle.zip"
    path.write_bytes(plain)
    assert verify(path)[0] == 0
    assert PASSWORD.encode() in inside(plain)["data/credentials/credentials.csv"]
    assert job.result["sha256"] == hashlib.sha256(sealed).hexdigest()
    provider = built(
        c.theo,
        c.northwick.id,
        Party.PROVIDER,
        recipient_id=c.recipient.id,
        credentials=True,
        age=[str(identity.to_public())],
    )
    assert "data/credentials/credentials.csv" not in inside(
        pyrage.decrypt(bytes_of(c.theo, provider), [identity])
    )


def test_a_credential_released_for_a_bundle_reaches_the_provider_encrypted_and_is_not_shown() -> None:
    c = cast(signed=True)
    ids = c.ids("router", "diagram", "switch")
    shown = {
        one.item.title: one.decision.verdict
        for one in preview(
            c.northwick,
            c.to_provider(),
            [c.items[name] for name in ("router", "diagram")],
            way=ReleaseWay.BUNDLE,
        )
    }
    assert set(shown.values()) == {Verdict.SEND}
    found = done(
        release_items(
            actor=c.dan,
            client_id=c.northwick.id,
            target=c.to_provider(),
            item_ids=ids,
            idempotency="by bundle",
            way=ReleaseWay.BUNDLE,
        )
    )
    methods = dict(found.release.lines.values_list("item__title", "method"))
    assert methods == {
        "Edge router login": "bundle",
        "Network diagram": "download",
        "Core switch": "on_site",
    }
    line = found.release.lines.get(method="bundle")
    shown_once = make_reveal(actor=c.theo, line_id=line.id, session_key="theo's")
    assert isinstance(shown_once, Refusal) and shown_once.code == "not_found"
    identity = pyrage.x25519.Identity.generate()
    asked = {"to": Party.PROVIDER, "recipient_id": c.recipient.id}
    sealed = built(c.theo, c.northwick.id, credentials=True, age=[str(identity.to_public())], **asked)
    files = inside(pyrage.decrypt(bytes_of(c.theo, sealed), [identity]))
    assert PASSWORD.encode() in files["data/credentials/credentials.csv"]
    plain = inside(bytes_of(c.theo, built(c.theo, c.northwick.id, **asked)))
    assert not any(PASSWORD.encode() in data for data in plain.values())


def test_any_flipped_byte_is_found(tmp_path: Path) -> None:
    c = story()
    data = bytearray(bytes_of(c.mara, built(c.mara, c.northwick.id)))
    path = tmp_path / "bundle.zip"
    chance = random.Random(7)
    for _ in range(6):
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        code, report = verify(path)
        assert code == 1 and [one for one in report["findings"] if one["severity"] == "problem"], at
        path.unlink()
        data = bytearray(bytes_of(c.mara, Job.objects.get(kind="bundle.build")))


@pytest.mark.both_databases
def test_a_build_that_is_killed_leaves_nothing_complete_and_starts_over(db_world: World) -> None:
    c = story()
    # Without what was said: its PDF is typeset by threads, which do not live on in a forked child.
    ask = request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, correspondence=False)
    job = done(ask)
    before = set(blob_store().ids())
    connections.close_all()
    child = os.fork()
    if child == 0:  # pragma: no cover - it dies
        write = build_bundle.write_bundle

        def dies(out: Any, *arguments: Any, **more: Any) -> Any:
            write(out, *arguments, **more)
            out.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        build_bundle.write_bundle = dies  # type: ignore[assignment]
        run_now(job.id, lambda *_: None)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert set(blob_store().ids()) == before
    assert not StoredFile.objects.filter(name__startswith="handover-").exists()
    half = Job.objects.get(pk=job.id)
    assert half.state == "running" and half.result == {}
    assert isinstance(download_bundle(actor=c.mara, job_id=job.id), Refusal)
    Job.objects.filter(pk=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    while jobs.run_one():
        pass
    assert bytes_of(c.mara, Job.objects.get(pk=job.id))
    assert check_ledger().ok


def test_a_build_whose_lease_was_taken_over_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    c = story()
    job = done(request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT))
    taken = lease.claim(["bundle.build"])
    assert taken is not None and taken.id == job.id
    Job.objects.filter(pk=job.id).update(lease=None)
    with pytest.raises(lease.LeaseLost):
        build_bundle.run(taken)
    assert not StoredFile.objects.filter(name__startswith="handover-").exists()
