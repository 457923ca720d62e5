# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7 and R9 through the API: everything that staff do of a copy and of a return; what is the client's stays the client's."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.actions.billing.returning import answer_return_quote
from partwell.actions.billing.shipped_copies import answer_quote
from partwell.records.billing.models import Invoice, ReturnQuote, ShippedCopy
from tests.api.caller import caller, problem
from tests.flows.cast import cast, done
from tests.flows.estate_cast import staged
from tests.flows.test_copies_and_return_pages import CSV
from tests.flows.test_returning import departed, today
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


def paper() -> SimpleUploadedFile:
    return SimpleUploadedFile("paper.pdf", b"%PDF-1.4 vendor", "application/pdf")


def test_a_copy_through_the_api(db_world: World) -> None:
    people = cast(items=False)
    ines, dan = caller(people.jonah, people.ines), caller(people.jonah, people.dan)
    asked = {"asked_by": people.mara.id.hex, "what": "Mail archive", "ship_to": "1 Quay Street"}
    row = ines.made(f"/clients/{people.northwick.id}/copies", asked)
    at = f"/copies/{row['id']}"
    assert (row["state"], row["settling"]) == ("asked", "not_billed")
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    quote = {
        "vendor": "Cloudkeep",
        "net": "480.00",
        "currency": "EUR",
        "source": "Ticket 8812",
        "day": yesterday,
    }
    assert dan.form(f"{at}/quote", {"quote": json.dumps(quote)}).status_code == 409
    assert ines.form(f"{at}/quote", {"quote": "{"}).status_code == 422
    assert ines.form(f"{at}/quote", {"quote": json.dumps(quote), "file": paper()}).status_code == 200
    assert ines.get(f"{at}/quote").status_code == 200
    problem(ines.post(f"{at}/order"), 409, "copy_step")
    copy = ShippedCopy.objects.get()
    done(answer_quote(actor=people.mara, copy_id=copy.id, approve=True, net=Decimal(480), currency="EUR"))
    assert ines.made(f"{at}/order")["state"] == "ordered"
    shipment = {
        "carrier": "Parcel Co",
        "drive_serial": "WD-1",
        "encryption": "AES-256",
        "shipped_on": yesterday,
    }
    assert dan.made(f"{at}/shipment", shipment)["state"] == "shipped"
    problem(dan.post(f"{at}/key", {"way": "hunter2", "day": yesterday}), 422, "copy_key_way")
    assert dan.made(f"{at}/key", {"way": "call", "day": yesterday})["key_handed_over"].startswith(
        "told by a call"
    )
    bill = {"number": "CK-1", "net": "480.00", "currency": "EUR"}
    assert (
        ines.form(
            f"{at}/invoice", {"invoice": json.dumps({**bill, "rate": "1e9"}), "file": paper()}
        ).status_code
        == 422
    )
    answer = ines.form(f"{at}/invoice", {"invoice": json.dumps(bill), "file": paper()})
    assert answer.status_code == 200 and answer.json()["settling"] == "settled"  # type: ignore[attr-defined]
    assert Invoice.objects.get().net == Decimal(480)
    listed = ines.ok("GET", f"/clients/{people.northwick.id}/copies")["items"]
    assert [one["id"] for one in listed] == [row["id"]]
    assert ines.get(f"/clients/{people.quayside.id}/copies").json()["items"] == []  # type: ignore[attr-defined]


def test_a_return_through_the_api(db_world: World) -> None:
    people = cast(items=False)
    departed(people)
    jonah, ines, dan = (
        caller(people.jonah, people.jonah),
        caller(people.jonah, people.ines),
        caller(people.jonah, people.dan),
    )
    client = f"/clients/{people.northwick.id}"
    assert ines.made(f"{client}/return", {"words": "They rang."})["state"] == "returning"
    points = ines.ok("GET", f"{client}/return/pain-points")["items"]
    offer = {"valid_until": (today() + timedelta(days=9)).isoformat()}
    problem(ines.post(f"{client}/return/quotes", offer), 409, "no_onboarding_fee")
    price = {"net": "2400.00", "currency": "EUR", "valid_from": today().isoformat()}
    assert ines.post("/prices", price).status_code == 409
    jonah.made("/prices", price)
    problem(ines.post(f"{client}/return/quotes", offer), 409, "point_unanswered")
    offer |= {"answers": [{"pain_point": one["id"], "answer": "We changed it."} for one in points]}
    lower = {**offer, "fee": "10.00", "exception": "The systems are still in place"}
    problem(jonah.post(f"{client}/return/quotes", lower), 409, "systems_remain")
    chosen = {**lower, "exception": "Ten years together", "exception_kind": "systems_remain"}
    problem(jonah.post(f"{client}/return/quotes", chosen), 409, "systems_remain")
    problem(ines.post(f"{client}/return/quotes", {**chosen, "exception_kind": "gift"}), 409, "fee_not_normal")
    problem(
        jonah.post(f"{client}/return/quotes", {**chosen, "exception_kind": None}), 422, "fee_exception_reason"
    )
    quote = ines.made(f"{client}/return/quotes", offer)
    assert (Decimal(quote["fee"]), quote["state"]) == (Decimal(2400), "sent")
    row = ReturnQuote.objects.get()
    done(answer_return_quote(actor=people.mara, quote_id=row.id, accept=True, fee=row.fee))
    steps = dan.ok("GET", f"{client}/onboarding")["items"]
    assert dan.made(f"/onboarding/{steps[0]['id']}", {"done": True})["done_at"]
    assert ines.ok("GET", f"{client}/return/quotes")["items"][0]["state"] == "accepted"
    problem(ines.post(f"{client}/return/stop", {"reason": "No"}), 409, "not_returning")
    batch = staged(people.dan, people.northwick, ("new.csv", CSV))
    told = dan.get(f"{client}/imports/{batch.id}/difference")
    lines = [json.loads(line) for line in b"".join(told.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert {(one["kind"], one["serial"]) for one in lines} == {
        ("added", "S1"),
        ("added", "S2"),
        ("added", "S3"),
    }
    assert dan.get(f"/clients/{people.quayside.id}/imports/{batch.id}/difference").status_code == 404
