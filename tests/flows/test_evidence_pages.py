# SPDX-License-Identifier: AGPL-3.0-or-later
"""Timelines, proofs and bundles behind all three doors: who sees what, and that a stranger learns nothing."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.evidence.log import make_checkpoint
from partwell.entrypoints.door.entry_facts import facts_of
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, LogState
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.jobs.models import Job
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from sealed.verify import verify
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, sign
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def story() -> Cast:
    c = cast(signed=True)
    c.release("diagram", "switch")
    done(
        write_message(
            actor=c.ines,
            client_id=c.northwick.id,
            draft=Draft(subject="Inside", text="not for them", audience="internal"),
        )
    )
    make_checkpoint()
    return c


def ok(response, status: int = 200) -> str:
    assert response.status_code == status, (response.status_code, response.content[:2000])
    return response.content.decode()


def test_the_staff_timeline_pages_and_filters_with_a_fixed_number_of_queries() -> None:
    c = story()
    dan = browser_of(c.dan)
    assert "What happened" in ok(dan.get("/evidence/"))
    with CaptureQueriesContext(connection) as few:
        ok(dan.get("/evidence/?noun=staff"))
    with CaptureQueriesContext(connection) as many:
        words = ok(dan.get("/evidence/"))
    assert abs(len(few) - len(many)) <= 1
    assert "Dan Frey" in words and "Northwick Traders" in words
    assert "internal note" in ok(dan.get("/evidence/?noun=note"))
    ok(dan.get("/evidence/?page=99999&first=2020-01-01&last=2020-01-02"))
    assert "Enter a valid date" in ok(dan.get("/evidence/?first=nonsense"))
    words = ok(dan.get(f"/clients/{c.northwick.id}/evidence/"))
    assert "Network diagram" in words and "Quayside" not in words
    for item in (c.items["diagram"].id,):
        assert dan.get(f"/evidence/of/{item}/").status_code == 302


def test_an_entry_and_its_files_check_without_us(tmp_path: Path) -> None:
    c = story()
    sent = Entry.objects.get(type="release.sent")
    key = LogState.objects.get().vkey
    for actor, prefix in ((c.dan, ""), (c.mara, "/client"), (c.theo, "/provider")):
        browser = browser_of(actor)
        words = ok(browser.get(f"{prefix}/proof/{sent.uid.hex}/"))
        assert "stands in the log" in words and "Network diagram" in words and key in words
        assert ok(browser.get(f"{prefix}/evidence/{sent.index}/"))
        path = tmp_path / "one.tlog-proof"
        path.write_bytes(browser.get(f"{prefix}/evidence/{sent.index}/proof/").content)
        report = verify(path, key)
        assert report.ok and report.facts["entry"] == sent.index
        path.write_bytes(browser.get(f"{prefix}/evidence/{sent.index}/disclosed/").content)
        assert verify(path).ok
        path.write_bytes(browser.get(f"{prefix}/evidence/log/checkpoint/").content)
        assert verify(path, key).ok
        assert browser.get(f"{prefix}/evidence/log/key/").content.decode().strip() == key
        assert "bagit" in ok(browser.get(f"{prefix}/evidence/check/"))
        assert browser.get(f"{prefix}/evidence/{sent.index}/nonsense/").status_code == 404


def test_each_door_shows_its_own_and_strangers_learn_nothing() -> None:
    c = story()
    leo, mara, theo, nobody = browser_of(c.leo), browser_of(c.mara), browser_of(c.theo), Client()
    note = (
        Entry.objects.get(type="note.written") if Entry.objects.filter(type="note.written").exists() else None
    )
    sent, consent = (
        Entry.objects.get(type="release.sent"),
        Entry.objects.filter(client_ref=c.northwick.id, recipient_ref=None).first(),
    )
    assert consent is not None
    for entry in filter(None, (sent, consent, note)):
        assert leo.get(f"/client/proof/{entry.uid.hex}/").status_code == 404
        assert leo.get(f"/client/evidence/{entry.index}/").status_code == 404
    assert theo.get(f"/provider/evidence/{consent.index}/").status_code == 404
    assert "Northwick" not in ok(leo.get("/client/evidence/"))
    words = ok(mara.get("/client/evidence/"))
    assert "Network diagram" in words and "internal note" not in words
    assert "Network diagram" in ok(theo.get("/provider/evidence/"))
    # Not signed in: the same page whether the entry exists or not, and a sign-in behind the portals' doors.
    there, absent = (nobody.get(f"/proof/{uid.hex}/") for uid in (sent.uid, uuid4()))
    same = [
        re.sub(r"[0-9a-f]{32}|[A-Za-z0-9]{64}", "", ok(page)) for page in (there, absent)
    ]  # address and CSRF token
    assert same[0] == same[1]
    assert "Sign in to see" in ok(there) and LogState.objects.get().vkey not in ok(there)
    assert nobody.get(f"/client/proof/{sent.uid.hex}/").status_code == 302
    assert LogState.objects.get().vkey not in ok(nobody.get("/evidence/check/"))
    assert nobody.get("/evidence/").status_code == 302
    for odd in ("x", "-1", "99999999999999999999", "1e3", "٣"):
        assert mara.get(f"/client/evidence/{odd}/").status_code == 404


def test_a_providers_evidence_ends_with_the_consent() -> None:
    c = story()
    theo, sent = browser_of(c.theo), Entry.objects.get(type="release.sent")
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    for address in (
        "/provider/evidence/",
        f"/provider/proof/{sent.uid.hex}/",
        "/provider/bundles/",
        "/provider/evidence/log/checkpoint/",
    ):
        assert "Network diagram" not in ok(theo.get(address), 409)


def test_a_bundle_is_asked_for_watched_and_downloaded_at_each_door() -> None:
    c = story()
    plan = ((c.dan, f"/clients/{c.northwick.id}/bundles/", {"to": "client", "correspondence": "on"}), (c.mara, "/client/bundles/", {}),
            (c.theo, "/provider/bundles/", {}))  # fmt: skip
    for actor, address, form in plan:
        browser = browser_of(actor)
        ok(browser.get(address))
        asked = browser.post(f"{address}ask/", form)
        assert asked.status_code == 302, asked.content[:500]
        page = asked.url
        assert "data-poll" in ok(browser.get(page)) and "Waits for its turn" in ok(
            browser.get(f"{page}part/")
        )
        assert browser.get(f"{page}file/").status_code == 404
        while jobs.run_one():
            pass
        words = ok(browser.get(page))
        assert "Download" in words and "data-poll" not in ok(browser.get(f"{page}part/"))
        whole = b"".join(browser.get(f"{page}file/").streaming_content)
        part = browser.get(f"{page}file/", headers={"Range": "bytes=100-199"})
        assert part.status_code == 206 and b"".join(part.streaming_content) == whole[100:200]
        ok(browser.get(address))
    assert Entry.objects.filter(type="bundle.downloaded").count() == 3
    theirs = Job.objects.filter(kind="bundle.build", recipient_ref=None).first()
    assert theirs is not None
    assert browser_of(c.theo).get(f"/provider/bundles/{theirs.id}/").status_code == 404
    assert browser_of(c.leo).get(f"/client/bundles/{theirs.id}/file/").status_code == 404
    assert browser_of(c.tom).get("/client/bundles/").status_code == 200
    assert browser_of(c.tom).post("/client/bundles/ask/", {}).status_code == 409
    assert browser_of(c.kerstin).get(f"/bundles/{theirs.id}/file/").status_code == 409


def test_a_mail_is_one_line_with_its_last_state_and_its_entries_stay_in_reach() -> None:
    c = story()
    mails = len(delivered(c))
    assert mails >= 2
    all_of_them = Entry.objects.filter(type__startswith="envelope.").count()
    assert all_of_them == 3 * mails  # about to leave, began to leave, left and accepted
    for actor, address in ((c.dan, "/evidence/?noun=envelope"), (c.mara, "/client/evidence/")):
        browser = browser_of(actor)
        words = ok(browser.get(address))
        assert words.count("left and was accepted") == mails, address
        assert "about to leave" not in words and "began to leave" not in words
        assert words.count("and 2 entries before it") == mails
        more = re.search(r'href="([^"]+\?subject=[0-9a-f]{32})"', words)
        assert more is not None
        way = ok(browser.get(more[1]))
        assert all(
            way.count(part) == 1 for part in ("about to leave", "began to leave", "left and was accepted")
        )
    with CaptureQueriesContext(connection) as many:
        ok(browser_of(c.mara).get("/client/evidence/"))
    timeline_for(c.mara, size=1)  # one line or all: the same queries
    with CaptureQueriesContext(connection) as one:
        timeline_for(c.mara, Filters(noun="envelope"), size=1)
    with CaptureQueriesContext(connection) as all_lines:
        timeline_for(c.mara, Filters(noun="envelope"), size=50)
    assert len(one) == len(all_lines) < len(many)
    subject = Envelope.objects.filter(client=c.northwick).first()
    assert subject is not None
    assert "leave" not in ok(browser_of(c.leo).get(f"/client/evidence/?subject={subject.pk.hex}"))


def test_a_mails_line_tells_the_last_state_that_its_reader_may_see() -> None:
    c = story()
    mail = Envelope.objects.filter(client=c.northwick, state="queued", recipient__isnull=False).first()
    assert mail is not None
    assert not isinstance(deliver.claim(mail.pk), Refusal)
    line = timeline_for(c.dan, Filters(noun="envelope")).lines[0]
    assert (line.type, line.earlier, line.mail) == ("envelope.claimed", 0, mail.pk)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    mine = [one for one in timeline_for(c.dan, Filters(noun="envelope")).lines if one.mail == mail.pk]
    assert [(one.type, one.earlier) for one in mine] == [("envelope.stopped", 1)]
    # That it was stopped is the client's business: the recipient's line stays what it was.
    theirs = [one for one in timeline_for(c.theo, Filters(noun="envelope")).lines if one.mail == mail.pk]
    assert [(one.type, one.earlier) for one in theirs] == [("envelope.claimed", 0)]


def test_an_entry_tells_its_facts_in_words() -> None:
    c = cast(signed=False)
    item = c.items["switch"]
    sign(c, excluded_item_ids=(item.id,))
    signed = Entry.objects.get(type="authorisation.signed")
    line = timeline_for(c.mara, Filters(noun="authorisation", only=frozenset({signed.index}))).lines[0]
    facts = {one.label: one for one in facts_of(line)}
    assert facts["Agreed to sign electronically"].lines == ["yes"]
    assert facts["Said that this is their signature"].lines == ["yes"]
    assert facts["Items excluded by name"].lines == [item.title]
    digest = facts["Digest of the authorisation's text"]
    assert digest.digest and re.fullmatch(
        r"([0-9a-f]{4} ?){16}", digest.lines[0].replace("\N{NO-BREAK SPACE}", " ")
    )
    for actor, prefix in ((c.dan, ""), (c.mara, "/client")):
        words = ok(browser_of(actor).get(f"{prefix}/evidence/{signed.index}/"))
        assert item.title in words and item.id.hex not in words and ">True<" not in words
        assert 'class="pw-digest"' in words
