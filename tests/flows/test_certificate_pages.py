# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates and destroyed media on the pages of staff and of the client, and through the API."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.retention.certify import certify
from partwell.actions.retention.media import record_destruction, validate_destruction
from partwell.records.retention.models import Certificate, Deletion, MediaDestruction
from partwell.workers.jobs import run_one
from tests.api.caller import caller
from tests.flows.browser_of import browser_of
from tests.flows.deleted import backup_set, deleted, drive, wiped
from tests.flows.test_certificates import leave_alone
from tests.world import Cast, cast, done


@pytest.fixture
def c(db_world: Any) -> Cast:
    return cast(items=False)


def issued(c: Cast, **more: Any) -> Certificate:
    row = done(certify(actor=c.jonah, deletion_id=deleted(c, backup_set(c), **more).id))
    while run_one():
        pass
    return Certificate.objects.get(pk=row.id)


def given(**more: Any) -> dict[str, Any]:
    return {
        "item_id": "", "manufacturer": "Western Digital", "model": "Red Plus", "serial": "WX-1", "media_type": "magnetic disk",
        "source": "NAS-2", "confidentiality": "confidential", "method": "clear", "technique": "zeros", "tool": "nwipe",
        "verification_method": "read back", "done_by_name": "Dan Frey", "done_by_title": "Technician", "done_by_contact": "the desk",
        "done_on": timezone.now().date().isoformat(), "done_where": "Workshop", **more,
    }  # fmt: skip


def report() -> SimpleUploadedFile:
    return SimpleUploadedFile("nwipe.html", b"<script>alert(1)</script>", content_type="text/html")


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return str(answer.content.decode())


def test_staff_read_a_certificate_and_its_pdf(c: Cast) -> None:
    named = [{"key": f"northwick/{n}.vbk", "version": "", "why": "locked"} for n in range(230)]
    row = issued(c, exceptions=named, left_count=230)
    for actor in (c.jonah, c.dan, c.kerstin):
        browser = browser_of(actor)
        assert "CD-1" in page(browser, f"/clients/{c.northwick.id}/certificates/")
        text = page(browser, f"/certificates/{row.id}/")
        assert "230 things were not deleted" in text and "not known" in text and "northwick/99.vbk" in text
        assert "northwick/120.vbk" in page(browser, f"/certificates/{row.id}/?page=2")
    answer = browser.get(f"/certificates/{row.id}/letter/?show")
    assert (
        b"".join(answer.streaming_content).startswith(b"%PDF")
        and "sandbox" in answer["Content-Security-Policy"]
    )  # type: ignore[attr-defined]


def test_the_client_reads_the_same_and_a_stranger_nothing(c: Cast) -> None:
    row = issued(c)
    for actor in (c.mara, c.tom):
        browser = browser_of(actor)
        assert "CD-1" in page(browser, "/client/certificates/")
        text = page(browser, f"/client/certificates/{row.id}/")
        for label, lines in row.fields["sections"][0]["rows"]:
            assert label in text and all(line in text for line in lines)
        assert "Certificate of destruction: Nightly set" in page(browser, "/client/letters/")
        assert browser.get(f"/client/certificates/{row.id}/letter/").status_code == 200
    medium = wiped(c)
    for path in (f"certificates/{row.id}/", f"certificates/{row.id}/letter/", f"destructions/{medium.id}/", f"destructions/{medium.id}/report/"):  # fmt: skip
        page(browser_of(c.leo), f"/client/{path}", 404)
        assert browser_of(c.theo).get(f"/client/{path}").status_code in (302, 404)
        assert browser_of(c.mara).get(f"/{path}").status_code in (302, 404)
    page(browser_of(c.mara), "/client/certificates/nonsense/", 404)


def test_issuing_by_a_person(c: Cast) -> None:
    row = deleted(c, backup_set(c))
    browser = browser_of(c.ines)
    assert "Issue it now" in page(browser, f"/clients/{c.northwick.id}/certificates/")
    assert "Issue it now" not in page(browser_of(c.dan), f"/clients/{c.northwick.id}/certificates/")
    partial = deleted(c, backup_set(c, "other"), state="partial")
    assert browser.post(f"/deletions/{partial.id}/certify/").status_code == 409
    answer = browser.post(f"/deletions/{row.id}/certify/")
    assert answer.status_code == 302 and Deletion.objects.get(pk=row.id).state == "certified"
    assert browser.post(f"/deletions/{row.id}/certify/").status_code == 409


def test_a_drive_from_form_to_certificate(c: Cast) -> None:
    dan, priya = browser_of(c.dan), browser_of(c.priya)
    add = f"/clients/{c.northwick.id}/destructions/add/"
    assert "Purge is claimed only with one" in page(dan, add)
    answer = dan.post(add, {**given(method="purge"), "report": report()})
    assert answer.status_code == 422 and "no validated module" in answer.content.decode()
    assert dan.post(add, given()).status_code == 422  # no report
    answer = dan.post(add, {**given(), "report": report()})
    assert answer.status_code == 302
    row = MediaDestruction.objects.get()
    shown = page(dan, f"/destructions/{row.id}/")
    assert "Somebody else looks at it" in shown and "/validate/" not in shown
    # A file of a stranger: never as a page of ours.
    answer = dan.get(f"/destructions/{row.id}/report/?show")
    assert (
        answer["Content-Type"] == "application/octet-stream" and "attachment" in answer["Content-Disposition"]
    )
    validate = f"/destructions/{row.id}/validate/"
    assert dan.post(validate, {"accept": "yes", "where": "Workshop"}).status_code == 409
    assert "Look at it as the second person" in page(priya, f"/destructions/{row.id}/")
    assert priya.post(validate, {"accept": "yes"}).status_code == 422
    answer = priya.post(validate, {"accept": "yes", "where": "Workshop"})
    assert answer.status_code == 302 and answer["Location"].startswith("/certificates/")
    assert "Certificate CD-1" in page(dan, f"/destructions/{row.id}/")
    assert browser_of(c.kerstin).post(validate, {"accept": "yes"}).status_code in (403, 404, 409)


def test_alone_the_signatory_is_asked_in_the_portal(c: Cast) -> None:
    what = drive(done_by_name="Shred & Sons", method="destroy")
    row = done(record_destruction(actor=c.jonah, client_id=c.northwick.id, what=what, report=b"slip"))
    assert "as the second person" not in page(browser_of(c.mara), f"/client/destructions/{row.id}/")
    leave_alone(c)
    path = f"/client/destructions/{row.id}/"
    assert "as the second person" in page(browser_of(c.mara), path)
    assert "It is as recorded" not in page(browser_of(c.tom), path)
    browser = browser_of(c.mara)
    assert browser.post(f"{path}validate/", {"do": "reject"}).status_code == 422
    answer = browser.post(f"{path}validate/", {"do": "accept", "where": "Their yard"})
    assert answer.status_code == 302 and answer["Location"].startswith("/client/certificates/")


def test_the_api_lists_shows_records_and_validates(c: Cast) -> None:
    row = issued(c)
    reader = caller(c.jonah, c.jonah, ["retention:read"])
    dan, priya = caller(c.jonah, c.dan), caller(c.jonah, c.priya)
    listed = reader.ok("GET", f"/clients/{c.northwick.id}/certificates")
    assert [one["label"] for one in listed["items"]] == ["CD-1"]
    whole = reader.ok("GET", f"/certificates/{row.id}")
    assert whole["attested"] == row.fields["attested"] and whole["limits"] == row.limits
    assert all(one["lines"] for section in whole["sections"] for one in section["fields"])
    assert reader.get(f"/certificates/{row.id}/letter").status_code == 200
    assert reader.form(f"/clients/{c.northwick.id}/destructions", given_for_api()).status_code in (
        401,
        403,
        404,
        409,
    )
    answer = dan.form(f"/clients/{c.northwick.id}/destructions", given_for_api())
    assert answer.status_code == 201, answer.content
    made = answer.json()  # type: ignore[attr-defined]
    assert made["recorded_by_name"] == "Dan Frey" and "internal" not in str(made)
    path = f"/destructions/{made['id']}"
    body = {"accept": True, "where": "Workshop"}
    assert dan.post(f"{path}/validation", body).json()["code"] == "second_person_needed"  # type: ignore[attr-defined]
    said = priya.ok("POST", f"{path}/validation", body)
    assert said["certificate"]["label"] == "CD-2" and said["destruction"]["validated_by_name"] == "Priya Nair"
    assert reader.get(f"{path}/report").status_code == 200
    partial = deleted(c, backup_set(c, "other"), state="partial")
    assert priya.post(f"/deletions/{partial.id}/certificate").json()["code"] == "not_your_role"  # type: ignore[attr-defined]
    ines = caller(c.jonah, c.ines)
    assert ines.post(f"/deletions/{partial.id}/certificate").json()["code"] == "deletion_state"  # type: ignore[attr-defined]
    ready = deleted(c, backup_set(c, "ready"))
    assert ines.made(f"/deletions/{ready.id}/certificate")["label"] == "CD-3"


def given_for_api() -> dict[str, Any]:
    body = {name: value for name, value in given().items() if name != "item_id"}
    return {"destruction": json.dumps(body), "report": report()}


def test_validation_by_two_at_once_issues_one(c: Cast) -> None:
    row = wiped(c)
    done(validate_destruction(actor=c.priya, destruction_id=row.id, accept=True, where="x"))
    again = validate_destruction(actor=c.jonah, destruction_id=row.id, accept=True, where="x")
    assert getattr(again, "code", "") == "destruction_settled" and Certificate.objects.count() == 1
