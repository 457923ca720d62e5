# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole correspondence to take away: a PDF to read, every mail as it was, and for each the entry that proves it unchanged."""

import csv
import email
import email.policy
import hashlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from partwell.actions.correspondence.write_message import (
    ALL,
    CLIENT,
    INTERNAL,
    PRIVILEGED,
    Draft,
    write_message,
)
from partwell.actions.releases import said as said_of
from partwell.actions.releases.request_bundle import request_bundle
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


def test_a_client_takes_all_that_was_said_and_each_is_proved(told: Cast, tmp_path: Path) -> None:
    c = told
    job = built(c.mara, c.northwick.id, only="correspondence")
    data = bytes_of(c.mara, job)
    assert job.result["name"].startswith("correspondence-northwick")
    files = inside(data)
    assert "data/inventory/inventory.csv" not in files and SECRET.encode() not in b"".join(files.values())
    rows = json.loads(files["data/correspondence/index.json"])
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
    (root / "data/correspondence/messages" / f"{message['number']:06}.txt").write_bytes(
        b"To Mara alone\n\nWe begin on Tuesday."
    )
    code, report = verify(root)
    assert code and {"said-changed", "content-changed"} <= {one["code"] for one in report["findings"]}


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
