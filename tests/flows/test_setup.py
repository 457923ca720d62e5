# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first visitor: every page leads to set-up, it happens once, and two at the same moment are no two owners."""

import io
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from PIL import Image

from partwell.actions.people.set_up import MspPolicy, set_up
from partwell.records.evidence.models import Entry
from partwell.records.people.models import Msp, StaffMember, User
from partwell.rules.refusals import Refusal
from tests.flows.signing_in import PASSWORD

pytestmark = pytest.mark.both_databases


def form(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "Harbourline IT", "email": "desk@harbourline.example", "colour": "#0f4f63", "time_zone": "Europe/Berlin",
        "currency": "eur", "included_hours": "4", "hourly_rate": "140", "block_hours": "2", "retention_months": "6",
        "onboarding_fee": "900", "objection_days": "14", "person": "Jonah Reyes", "person_email": "jonah@harbourline.example",
        "password": PASSWORD, "again": PASSWORD,
    }  # fmt: skip
    return {**values, **changes}


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(out, "PNG")
    out.seek(0)
    out.name = "logo.png"
    return out


def test_before_set_up_every_page_leads_there_and_afterwards_it_is_gone() -> None:
    browser = Client()
    for path in ("/", "/clients/", "/account/login/", "/client/", "/provider/sign-in/", "/nowhere/"):
        assert browser.get(path).headers.get("Location") == "/setup/", path
    assert browser.post("/account/login/", {}).status_code == 409
    page = browser.get("/setup/")
    assert page.status_code == 200 and b'value="14"' in page.content

    done = browser.post("/setup/", form(logo=picture()))
    assert done.status_code == 302
    msp = Msp.objects.get()
    assert (msp.currency, msp.onboarding_fee, msp.automatic_acknowledgement) == ("EUR", 900, False)
    assert msp.logo is not None
    assert StaffMember.objects.get().role == "owner"

    # The owner is signed in with a password only: nothing but the second factor can be reached.
    assert browser.get("/settings/").headers["Location"] == "/account/2fa/"
    assert browser.get("/account/2fa/").status_code == 200
    assert browser.get("/setup/").status_code == 404
    assert Client().post("/setup/", form(name="Another")).status_code == 404
    logo = Client().get(f"/brand/logo/{msp.logo.sha256[:16]}/")
    assert logo.headers["Content-Type"] == "image/png" and logo.content.startswith(b"\x89PNG")
    assert f"/brand/logo/{msp.logo.sha256[:16]}/".encode() in Client().get("/account/login/").content


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"password": "short", "again": "short"}, "password"),
        ({"again": "another one entirely"}, "again"),
        ({"colour": "javascript"}, "colour"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"currency": "euro"}, "currency"),
        ({"included_hours": "-1"}, "included_hours"),
        ({"logo": io.BytesIO(b"<svg onload=alert(1)>")}, "logo"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_written(change: dict[str, Any], where: str) -> None:
    answer = Client().post("/setup/", form(**change))
    assert answer.status_code == 422 and where in answer.context["form"].errors
    assert not Msp.objects.exists() and not Entry.objects.exists()


def test_two_first_visitors_make_one_owner() -> None:
    results: list[Any] = []
    start = threading.Barrier(2)

    def visit(n: int) -> None:
        try:
            start.wait(10)
            results.append(
                set_up(
                    MspPolicy(name=f"Firm {n}", email="a@firm.example"),
                    owner_name=f"Owner {n}",
                    owner_email=f"owner{n}@firm.example",
                    owner_password=None,
                )
            )
        except Exception as problem:
            results.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert sorted(type(one).__name__ for one in results) == ["Refusal", "StaffMember"], results
    assert next(one.code for one in results if isinstance(one, Refusal)) == "setup_done"
    assert Msp.objects.count() == StaffMember.objects.count() == User.objects.count() == 1
    assert Entry.objects.filter(type="msp.set_up").count() == 1
