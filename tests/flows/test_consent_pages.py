# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff prepare consent: firms, people, a scope that shows what it comes to first, calls, paper, a recorded withdrawal."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from partwell.records.authorisations.models import Authorisation, CallBack, Recipient, RecipientPerson
from partwell.records.evidence.models import Entry
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, propose
from tests.flows.consent_cast import letters

pytestmark = pytest.mark.usefixtures("db_world")


def page(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def scope(made: Cast, **more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "signatory": made.mara.id.hex, "persons": [made.theo.id.hex], "presets": ["documentation"], "access": "full",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=30)).isoformat(), **more,
    }  # fmt: skip


def test_a_contractor_and_its_people_are_put_on_file() -> None:
    made = cast()
    ines = browser_of(made.ines)
    here = f"/clients/{made.northwick.id}/consent/"
    page(ines, here)
    assert ines.post(f"{here}firms/", {"firm": ""}).status_code == 422
    assert ines.post(f"{here}firms/", {"firm": "Cable & Sons", "kind": "contractor"}).status_code == 302
    assert ines.post(f"{here}firms/", {"firm": "cable & sons", "kind": "contractor"}).status_code == 409
    firm = Recipient.objects.get(firm="Cable & Sons")
    people = f"{here}firms/{firm.id}/people/"
    assert ines.post(people, {"name": "Pat", "email": "nonsense"}).status_code == 422
    assert ines.post(people, {"name": "Pat Low", "email": "mara@northwick.example"}).status_code == 409
    assert ines.post(people, {"name": "Pat Low", "email": "pat@cable.example"}).status_code == 302
    assert ines.post(people, {"name": "Pat Low", "email": "PAT@cable.example"}).status_code == 409
    person = RecipientPerson.objects.get(name="Pat Low")
    assert ines.post(f"/clients/{made.quayside.id}/consent/people/{person.id}/left/").status_code == 404
    assert ines.post(f"{here}people/{person.id}/left/").status_code == 302
    assert "Nobody yet" in page(ines, here)


def test_what_a_scope_comes_to_is_shown_before_anybody_is_asked() -> None:
    made = cast()
    ines = browser_of(made.ines)
    form = f"/clients/{made.northwick.id}/consent/firms/{made.recipient.id}/authorise/"
    page(ines, form)
    before = Entry.objects.count()
    answer = ines.post(form, scope(made, do="look"))
    seen = " ".join(answer.content.decode().split())
    assert "2 items are in now" in seen  # the diagram and the sensitive runbook
    assert "One of them is sensitive" in seen
    for words in (
        "Nobody has settled who owns it: 1",
        "Ours; it is withdrawn, not handed over: 1",
        "Not named by this scope: 2",
    ):
        assert words in seen
    assert Entry.objects.count() == before
    assert not Authorisation.objects.exists()
    none = ines.post(form, scope(made, do="look", presets=[]))
    assert "names no preset, category or item" in none.content.decode()
    done = ines.post(form, scope(made, do="propose", excluded_items=[made.items["runbook"].id.hex]))
    row = Authorisation.objects.get()
    assert done.status_code == 302
    assert row.shown_items == [made.items["diagram"].id.hex]
    seen = page(ines, f"/authorisations/{row.id}/")
    assert "You prepared it, so somebody else must call" in seen
    assert "Log the call" not in seen
    assert ines.post(form, scope(made, persons=["0" * 32])).status_code == 422
    assert (
        ines.get(f"/clients/{made.quayside.id}/consent/firms/{made.recipient.id}/authorise/").status_code
        == 404
    )


def test_roles_at_the_staff_door() -> None:
    made = cast()
    row = propose(made)
    form = f"/clients/{made.northwick.id}/consent/firms/{made.recipient.id}/authorise/"
    dan, kerstin = browser_of(made.dan), browser_of(made.kerstin)
    for browser in (dan, kerstin):
        page(browser, f"/clients/{made.northwick.id}/consent/")
        page(browser, f"/authorisations/{row.id}/")
        assert browser.get(form).status_code in (403, 409)
        assert browser.post(f"/authorisations/{row.id}/withdrawal/", {"words": "x"}).status_code in (403, 409)
    assert kerstin.post(f"/authorisations/{row.id}/call/", {"outcome": "yes"}).status_code in (403, 409)
    assert Client().get(f"/authorisations/{row.id}/").status_code == 302
    assert Client().post(f"/authorisations/{row.id}/call/").status_code == 404


def test_paper_with_its_scan_waits_for_the_call_of_somebody_else() -> None:
    made = cast()
    ines, dan = browser_of(made.ines), browser_of(made.dan)
    form = f"/clients/{made.northwick.id}/consent/firms/{made.recipient.id}/paper/"
    page(ines, form)
    assert ines.post(form, scope(made, do="look", channel="letter")).status_code == 200
    assert ines.post(form, scope(made, do="propose", channel="letter")).status_code == 422
    bad = SimpleUploadedFile("consent.exe", b"MZ")
    assert ines.post(form, scope(made, do="propose", channel="letter", scan=bad)).status_code == 422
    scan = SimpleUploadedFile("consent.pdf", b"%PDF-1.4 scan")
    assert ines.post(form, scope(made, do="propose", channel="letter", scan=scan)).status_code == 302
    row = Authorisation.objects.get()
    assert (row.state, row.channel) == ("proposed", "letter")
    here = f"/authorisations/{row.id}/"
    assert b"".join(ines.get(f"{here}file/scan/").streaming_content) == b"%PDF-1.4 scan"  # type: ignore[attr-defined]
    assert ines.post(f"{here}call/", {"outcome": "yes"}).status_code == 409
    assert dan.post(f"{here}call/", {}).status_code == 422
    assert dan.post(f"{here}call/", {"outcome": "no", "note": "voice mail"}).status_code == 302
    assert dan.post(f"{here}call/", {"outcome": "yes"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, CallBack.objects.count()) == ("granted", 2)
    letters()
    page(dan, here)
    shown = dan.get(f"{here}file/letter/?show")
    assert shown["Content-Type"] == "application/pdf"
    assert dan.get(f"{here}file/other/").status_code == 404


def test_a_withdrawal_that_reached_us_is_recorded_and_acts() -> None:
    made = cast(signed=True)
    made.release("diagram")
    row = made.authorisation
    assert row is not None
    ines = browser_of(made.ines)
    assert "It stops" in page(ines, f"/authorisations/{row.id}/")
    assert (
        ines.post(f"/authorisations/{row.id}/withdrawal/", {"words": "By letter of today"}).status_code == 302
    )
    row.refresh_from_db()
    assert row.state == "withdrawn"
    letters()
    assert "By letter of today" in page(ines, f"/authorisations/{row.id}/")
    page(ines, f"/clients/{made.northwick.id}/consent/")
