# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers, payments, numbers and law profiles by program: the same rules, the same refusals, nothing done twice."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partwell.records.billing.models import Invoice, Payment
from partwell.workers import jobs
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import Cast, cast

LINE = {"text": "Drive", "quantity": "3", "unit_price": "33.3333", "tax_rate": "19"}


@pytest.fixture
def people(db_world: object) -> Cast:
    return cast(items=False)


def office(people: Cast) -> tuple[Caller, str]:
    return caller(people.jonah, people.ines), f"/clients/{people.northwick.id}"


def slip() -> SimpleUploadedFile:
    return SimpleUploadedFile("slip.pdf", b"%PDF-1.4 slip", "application/pdf")


def test_a_paper_from_preview_to_refund(people: Cast) -> None:
    ines, at = office(people)
    seen = ines.ok("POST", f"{at}/papers/preview", {"lines": [LINE]})
    assert (seen["net"], seen["tax"], seen["gross"]) == ("100.00", "19.00", "119.00")
    assert "no legal advice" in seen["notice"] and not Invoice.objects.exists()
    body = {"kind": "invoice", "lines": [LINE], "external_number": "2026-1"}
    first = ines.ok("POST", f"{at}/papers", body, key="once")
    assert ines.ok("POST", f"{at}/papers", body, key="once") == first
    assert Invoice.objects.count() == 1
    assert (first["label"], first["gross"], first["open"]) == ("INV-1", "119.000", "119.000")
    assert first["lines"][0]["unit_price"] == "33.3333"
    paper = f"/papers/{first['id']}"
    problem(ines.get(f"{paper}/letter"), 404, "not_found")
    while jobs.run_one():
        pass
    assert b"".join(ines.get(f"{paper}/letter").streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    form = {"amount": "119", "currency": "EUR", "received_on": "2026-01-02", "proof": slip()}
    paid = ines.form(f"{paper}/payments", form)
    assert paid.status_code == 201 and paid.json()["has_proof"]  # type: ignore[attr-defined]
    problem(ines.form(f"{paper}/payments", {**form, "proof": slip()}), 409, "invoice_settled")
    back = {"amount": "119", "currency": "EUR", "paid_on": "2026-01-03", "reason": "Paid twice"}
    assert ines.form(f"{paper}/refunds", back).status_code == 422, "no refund without its proof"
    problem(ines.form(f"{paper}/refunds", {**back, "amount": "120", "proof": slip()}), 409, "refund_invalid")
    assert ines.form(f"{paper}/refunds", {**back, "proof": slip()}).status_code == 201
    moved = ines.ok("GET", f"{paper}/payments")["items"]
    assert [one["amount"] for one in moved] == ["119.000", "-119.000"]
    proof = ines.get(f"{paper}/payments/{moved[1]['id']}/proof")
    assert b"".join(proof.streaming_content) == b"%PDF-1.4 slip"  # type: ignore[attr-defined]
    assert ines.ok("GET", paper)["state"] == "open"
    credit = ines.made(f"{paper}/cancel", {"reason": "Wrong client"})
    assert (credit["kind"], credit["gross"], credit["credits_id"]) == ("credit_note", "-119.000", first["id"])
    problem(ines.post(f"{paper}/credit-unused"), 409, "nothing_unused")
    assert ines.made(f"{paper}/number", {"number": "2026-2"})["external_number"] == "2026-2"
    shown = {
        show: len(ines.ok("GET", f"/papers?show={show}")["items"]) for show in ("open", "cancelled", "credit")
    }
    assert shown == {"open": 0, "cancelled": 1, "credit": 1}
    assert len(ines.ok("GET", f"{at}/papers?limit=1")["items"]) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": []},
        {"kind": "credit_note"},
        {"lines": [{**LINE, "quantity": "NaN"}]},
        {"lines": [{**LINE, "unit_price": "1.00001"}]},
        {"lines": [{**LINE, "tax_rate": "101"}]},
        {"lines": [{**LINE, "text": " "}]},
        {"lines": [{**LINE, "quantity": "99999999", "unit_price": "99999999"}]},
        {"due_on": "2020-01-01"},
        {"lines": [{**LINE, "moon": 1}]},
    ],
)
def test_papers_that_cannot_be(people: Cast, changed: dict[str, Any]) -> None:
    ines, at = office(people)
    answer = ines.post(f"{at}/papers", {"kind": "invoice", "lines": [LINE], **changed})
    assert answer.status_code == 422, answer.content
    assert not Invoice.objects.exists()


def test_numbers_and_law(people: Cast) -> None:
    ines, at = office(people)
    jonah = caller(people.jonah, people.jonah)
    wanted = {"prefix": "R-", "next_number": 100}
    problem(ines.call("PUT", "/series/invoice", wanted), 409, "not_your_role")
    assert jonah.ok("PUT", "/series/invoice", wanted)["next_number"] == 100
    assert ines.made(f"{at}/papers", {"kind": "invoice", "lines": [LINE]})["label"] == "R-100"
    problem(jonah.call("PUT", "/series/invoice", {"prefix": "R-", "next_number": 100}), 409, "series_in_use")
    assert [one["kind"] for one in ines.ok("GET", "/series")["items"]] == [
        "request",
        "invoice",
        "credit_note",
    ]
    problem(ines.post(f"{at}/law/profiles", {"code": "moon", "reason": "x"}), 404, "not_found")
    row = ines.made(f"{at}/law/profiles", {"code": "eu_data_act", "reason": "We host it"})
    law = ines.ok("GET", f"{at}/law")
    assert law["notice"] == "This is no legal advice."
    assert {one["line_class"]: one["charge"] for one in law["lines"]}["switching"] in ("at_cost", "banned")
    for day, charge in (("2024-01-10", "free_to_agree"), ("2027-01-11", "at_cost"), ("2027-01-12", "banned")):
        told = ines.ok("GET", f"{at}/law?day={day}")
        assert told["day"] == day
        verdict = next(one for one in told["lines"] if one["line_class"] == "switching")
        assert (verdict["charge"], bool(verdict["last_checked"])) == (charge, charge != "free_to_agree")
    assert ines.get(f"{at}/law?day=12.1.2027").status_code == 422
    switching = {**LINE, "line_class": "switching"}
    problem(ines.post(f"{at}/papers", {"kind": "invoice", "lines": [switching]}), 409, "charge_above_cost")
    over = {**switching, "override": "Custom-built"}
    problem(ines.post(f"{at}/papers", {"kind": "invoice", "lines": [over]}), 409, "not_your_role")
    line = jonah.made(f"{at}/papers", {"kind": "invoice", "lines": [over]})["lines"][0]
    assert (line["override"], line["override_by_id"]) == ("Custom-built", str(people.jonah.id))
    assert ines.made(f"/law-profiles/{row['id']}/remove", {"reason": "No more"})["removed_at"]


def test_who_may_and_with_which_scope(people: Cast) -> None:
    ines, at = office(people)
    dan, kerstin = caller(people.jonah, people.dan), caller(people.jonah, people.kerstin)
    problem(dan.get("/papers"), 409, "not_your_role")
    assert kerstin.ok("GET", "/papers")["items"] == []
    problem(kerstin.post(f"{at}/papers", {"kind": "invoice", "lines": [LINE]}), 409, "not_your_role")
    narrow = caller(people.jonah, people.ines, ["clients:read"])
    problem(narrow.get("/papers"), 409, "token_scope")
    reads = caller(people.jonah, people.ines, ["billing:read"])
    problem(reads.post(f"{at}/papers", {"kind": "invoice", "lines": [LINE]}), 409, "token_scope")
    problem(ines.get(f"/clients/{people.ines.id}/papers"), 404, "not_found")
    problem(ines.get(f"/papers/{people.ines.id}"), 404, "not_found")
    assert not Payment.objects.exists()
    terms = {"signed_on": "2024-01-01", "included_hours": "4", "hourly_rate": "140.00", "block_hours": "2", "currency": "EUR",
             "rounding_minutes": 30, "rounding": "nearest", "unused_time": "credit", "tax_rate": "19.5", "tax_treatment": "standard"}  # fmt: skip
    made = ines.made(f"{at}/agreements", terms)
    assert (made["rounding_minutes"], made["rounding"], made["unused_time"], made["tax_rate"]) == (30, "nearest", "credit", "19.500")  # fmt: skip
    assert ines.post(f"{at}/agreements", {**terms, "rounding_minutes": 7}).status_code == 422
    paper = ines.made(f"{at}/papers", {"kind": "request", "lines": [{"text": "Work", "unit_price": "100"}]})
    assert (paper["tax"], paper["gross"]) == ("19.500", "119.500")
