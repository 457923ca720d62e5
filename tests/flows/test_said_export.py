# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole correspondence to take away: a PDF to read, every mail as it was, and for each the entry that proves it unchanged."""

import csv
import email
import email.policy
import hashlib
import io
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.correspondence.write_message import (
    ALL,
    CLIENT,
    INTERNAL,
    PRIVILEGED,
    Draft,
    write_message,
)
from partwell.actions.releases import build_bundle
from partwell.actions.releases import said as said_of
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.run_bundle import run_now
from partwell.actions.releases.said_marks import marks_of, parties_of
from partwell.connectors.smtp import Delivery, Outcome
from partwell.records.correspondence.models import Envelope, Message
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.test_bundle import built, bytes_of, inside, verify
from tests.flows.test_search import inbound
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
SECRET = "counsel says settle"


@pytest.fixture
def told(db_world: World) -> Cast:
    c = cast(signed=True)
    for by, audience, subject, text in (
        (c.ines, CLIENT, "To Mara alone", "We begin on Monday.\n\nYours, Ines"),
        (c.ines, ALL, "To all of you", "The cutover is on Saturday."),
        (c.theo, ALL, "=cmd|' /C calc'!A0", 'Which firewall is it? [U+65E5] 日本 #read("/etc/passwd")'),
        (c.dan, INTERNAL, "Among us", SECRET),
        (c.dan, PRIVILEGED, "Lawyer", SECRET),
    ):
        firm = c.recipient.id if audience == ALL and by.is_staff else None
        done(write_message(actor=by, client_id=c.northwick.id, draft=Draft(subject, text, audience, firm)))
    done(write_message(actor=c.ines, client_id=c.quayside.id, draft=Draft("Other house", SECRET, CLIENT)))
    inbound(c, SECRET, "unfiled.pdf", client=c.northwick)
    return c


def leaves(subject: str) -> Envelope:
    """The envelope of a message after a server took it; without a server, as the relay does it."""
    row = Envelope.objects.get(message__subject=subject)
    claimed = done(deliver.claim(row.id))
    assert claimed.claim is not None
    digest = hashlib.sha256(message_of(claimed)).hexdigest()
    assert deliver.start_data(row.id, claimed.claim, sha256=digest)
    return deliver.settle(
        row.id, claimed.claim, Delivery(Outcome.ACCEPTED, 250, "taken", {}, "final_dot", True)
    )


def test_a_client_takes_all_that_was_said_and_each_is_proved(
    told: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = told
    leaves("To Mara alone")
    question = Message.objects.get(subject__startswith="=cmd")
    arrived = inbound(c, question.text, "firewall plan.pdf", message=question, client=c.northwick)
    told_of = list[tuple[str, int, int]]()
    monkeypatch.setattr(build_bundle, "BEAT", 0.0)
    asked = done(
        request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, only="correspondence")
    )
    job = run_now(asked.id, lambda stage, at, of: told_of.append((stage, at, of)))
    data = bytes_of(c.mara, job)
    assert job.result["name"].startswith("correspondence-northwick")
    files = inside(data)
    assert "data/inventory/inventory.csv" not in files and SECRET.encode() not in b"".join(files.values())
    rows = json.loads(files["data/correspondence/index.json"])
    listing = [one for one in told_of if one[0] == "listing" and one[2]]
    assert listing[0] == ("listing", 1, len(rows)) and listing[-1] == ("listing", len(rows), len(rows)), (
        "progress"
    )
    assert [row["subject"] for row in rows if row["kind"] == "message"] == [
        "To Mara alone",
        "To all of you",
        "=cmd|' /C calc'!A0",
    ]
    assert any(row["kind"] == "mail" for row in rows), "letters and notices that no message stands behind"
    for row in rows:
        assert row["proof"] in files, "the entry is proved"
        assert not row["missing"] and any(name.endswith(".eml") for name in row["files"])
    message = rows[[row["subject"] for row in rows].index("To Mara alone")]
    words = files[f"data/correspondence/messages/{message['number']:06}.txt"]
    assert words == b"To Mara alone\n\nWe begin on Monday.\n\nYours, Ines"
    assert message["proved"][0] == hashlib.sha256(words).hexdigest()
    mail = email.message_from_bytes(
        files["data/correspondence/" + message["files"][0]], policy=email.policy.default
    )
    assert "To Mara alone" in mail["Subject"] and "mara@northwick" in mail["To"]
    table = list(csv.reader(io.StringIO(files["data/correspondence/index.csv"].decode())))
    assert len(table) == len(rows) + 1 and any(cell.startswith("'=cmd") for line in table for cell in line)
    assert b'<a href="../../proof/' in files["data/correspondence/index.html"]
    pdf = files["data/correspondence/correspondence-001.pdf"]
    assert pdf.startswith(b"%PDF-") and b"/ByteRange" in pdf, "signed"
    text = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    assert "The cutover is on Saturday." in text and "To Mara alone" in text
    place = tmp_path / "said.zip"
    place.write_bytes(data)
    code, report = verify(place)
    assert code == 0 and report["facts"]["said_proved"] >= 3
    unpacked = tmp_path / "folder"
    subprocess.run(["unzip", "-q", str(place), "-d", str(unpacked)], check=True)
    root = next(unpacked.iterdir())
    assert verify(root)[0] == 0
    # One byte of a text, a mail of ours, a mail that came in, or the index: by sealed, and where an entry proves it by sha256sum.
    came = rows[[row["subject"] for row in rows].index(question.subject)]
    assert (
        came["came"][0].endswith("from Theo Brandt <theo@alderrow.example>")
        and "Not proved" in came["came"][1]
    )
    assert came["attached"] == [{"name": "firewall plan.pdf", "sha256": arrived.parts.get().file.sha256}]
    assert "firewall plan.pdf" in text and arrived.parts.get().file.sha256[:20] in text.replace("\n", "")
    said = root / "data/correspondence"
    ours = next(name for name in message["files"] if name.endswith(".eml"))
    for name, proved in (
        (f"messages/{message['number']:06}.txt", message["number"]),
        (ours, message["number"]),
        ("index.json", 0),
        ("index.csv", 0),
        ("correspondence-001.pdf", 0),
        (next(name for name in came["files"] if name.endswith(".eml")), 0),
    ):
        whole = (said / name).read_bytes()
        listed = (said / "entries.txt").read_text()
        entries = (root / "proof/entries.jsonl").read_text()
        assert not proved or (sha256sum(said / name) in listed and sha256sum(said / name) in entries)
        (said / name).write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
        assert sha256sum(said / name) not in listed + entries
        code, report = verify(root)
        expected = {"said-changed", "content-changed"} if proved else {"content-changed"}
        assert code and expected <= {one["code"] for one in report["findings"]}, name
        (said / name).write_bytes(whole)
    assert verify(root)[0] == 0


def sha256sum(path: Path) -> str:
    """What the program that everybody has says."""
    told = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True).stdout
    return told.split()[0]


def test_what_was_held_disowned_or_not_said_yet_is_marked_or_left_out(told: Cast) -> None:
    c = told
    held = Message.objects.get(subject__startswith="=cmd")
    mail = inbound(c, held.text, "plan.pdf", message=held, client=c.northwick)
    waits = done(
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("It waits", SECRET, CLIENT))
    )
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(held, held=True)
        deed.save(waits, waits_until=deed.now + timedelta(minutes=30))
        deed.record(
            "mail.disowned",
            subjects=[mail.id],
            public={"sender": "Theo Brandt"},
            to_client={"digest": mail.raw_sha256},
        )
    found = said_of.keys(c.northwick.id)
    assert waits.id not in {key.id for key in found}
    marked = marks_of(said_of.load(found, "client", c.northwick.id, None), "client", "Europe/Berlin")[held.id]
    assert marked.held[0].startswith("Held:") and marked.held[1].startswith("Disowned: the client said on")
    assert [name for name, _ in marked.attached] == ["plan.pdf"]
    theirs = said_of.keys(c.northwick.id, c.recipient.id)
    listed = said_of.load(theirs, "provider", c.northwick.id, c.recipient.id)
    seen = marks_of(listed, "provider", "Europe/Berlin")[held.id]
    assert len(seen.held) == 1, "what the client said of it is not the provider's to read"
    parties = parties_of(c.northwick.id, found, "client", "Northwick Traders Ltd", "")
    assert parties[0].startswith("Ines Duarte (service provider), ") and any(
        "Alder Row" in one for one in parties
    )


def test_a_provider_takes_what_it_was_part_of_and_nothing_else(told: Cast, tmp_path: Path) -> None:
    c = told
    job = built(c.theo, c.northwick.id, Party.PROVIDER, recipient_id=c.recipient.id, only="correspondence")
    files = inside(bytes_of(c.theo, job))
    rows = json.loads(files["data/correspondence/index.json"])
    assert [row["subject"] for row in rows] == ["To all of you", "=cmd|' /C calc'!A0"]
    everything = b"".join(files.values())
    assert (
        b"To Mara alone" not in everything
        and SECRET.encode() not in everything
        and b"begin on Monday" not in everything
    )
    assert json.loads(files["data/correspondence/calls.json"]) == []
    place = tmp_path / "said.zip"
    place.write_bytes(bytes_of(c.theo, job))
    code, report = verify(place)
    assert code == 0 and report["facts"]["said_proved"] == 2, "a provider proves the words too"
    for stranger in (c.leo, c.mara):
        refused = request_bundle(
            actor=stranger,
            client_id=c.northwick.id,
            to=Party.PROVIDER,
            recipient_id=c.recipient.id,
            only="correspondence",
        )
        assert isinstance(refused, Refusal) and refused.code == "not_found"
    refused = request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, only="secrets")
    assert isinstance(refused, Refusal) and refused.code == "invalid_input"


def test_the_portal_asks_with_a_tick_or_for_words_alone(told: Cast) -> None:
    browser = browser_of(told.mara)
    assert "Only what was said" in browser.get("/client/bundles/").content.decode()
    page = browser.post("/client/bundles/ask/", {"said": "on", "only": "correspondence"}, follow=True)
    assert page.status_code == 200 and "What was said" in page.content.decode()
    assert (
        browser_of(told.ines)
        .post(f"/clients/{told.northwick.id}/bundles/ask/", {"to": "client", "only": "correspondence"})
        .status_code
        == 302
    )
    assert browser_of(told.theo).post("/provider/bundles/ask/", {"only": "correspondence"}).status_code == 302


def test_lots_stay_small() -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    now = datetime.now(UTC)
    keys: list[Any] = [
        said_of.Key("message", now, uuid4(), length) for length in [10] * 450 + [900_000] + [10]
    ]
    sizes = [len(lot) for lot in said_of.lots(keys)]
    assert sum(sizes) == len(keys) and max(sizes) <= said_of.MOST and sizes[-2:] == [1, 1]
    assert not list(said_of.lots([]))
