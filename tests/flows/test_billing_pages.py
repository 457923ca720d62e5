# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office's pages of papers and the client's: lists, one paper, issuing with a preview, payments, refunds, credits."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.billing.refund import GivenBack, credit_unused, refund_payment
from partwell.actions.hours.requests import answer_request, ask_for_work, cancel_request, estimate_request
from partwell.actions.hours.standing import standing
from partwell.records.billing.models import Invoice, Payment
from partwell.records.billing.papers import balance_of
from partwell.records.correspondence.models import Envelope
from partwell.records.hours.models import Block
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkKind
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, today
from tests.support.worlds import World


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def issued(story: Cast, price: str = "100.00", **more: Any) -> Invoice:
    line = NewLine("Drive", Decimal(2), Decimal(price))
    return done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line], **more))  # fmt: skip


def bought(story: Cast) -> Invoice:
    """Mara approves five hours: one block of two hours with its payment request."""
    row = Offboarding.objects.get(client=story.northwick)
    asked = done(ask_for_work(actor=story.mara, offboarding_id=row.id, title="New diagram"))
    done(estimate_request(actor=story.dan, request_id=asked.id, minutes=300, kind=WorkKind.NEW_DOCUMENT))
    done(answer_request(actor=story.mara, request_id=asked.id, approve=True))
    return Invoice.objects.get(client=story.northwick, kind="request")


def paid(story: Cast, paper: Invoice, amount: Decimal | None = None) -> Any:
    return record_payment(
        actor=story.ines,
        invoice_id=paper.id,
        received=Received(
            paper.gross if amount is None else amount, paper.currency, date(2026, 1, 2), "TRN 1"
        ),
    )


def back(story: Cast, paper: Invoice, amount: str, **changed: Any) -> Any:
    values: dict[str, Any] = {"reason": "Paid twice", "proof": b"slip", "proof_name": "slip.pdf", **changed}
    return refund_payment(
        actor=story.ines,
        invoice_id=paper.id,
        given=GivenBack(Decimal(amount), paper.currency, date(2026, 1, 3), **values),
    )


LINES = {"lines-TOTAL_FORMS": "2", "lines-INITIAL_FORMS": "2", "lines-0-text": "Drive", "lines-0-quantity": "3", "lines-0-unit_price": "33.3333",
         "lines-0-line_class": "outside", "lines-0-rate": "19", "lines-1-quantity": "1", "lines-1-line_class": "outside"}  # fmt: skip


def test_a_paper_is_issued_after_its_totals_were_shown(story: Cast) -> None:
    browser = browser_of(story.ines)
    url = reverse("staff:paper_new", args=[story.northwick.id])
    assert b"Line 3" in browser.get(url).content
    data = {"kind": "invoice", "note": "", "do": "issue", **LINES}
    shown = browser.post(url, data)
    assert shown.status_code == 200
    assert not Invoice.objects.exists(), "nothing is issued unseen"
    assert "119.00" in shown.content.decode()
    digest = shown.context["digest"]
    changed = browser.post(url, {**data, "lines-0-quantity": "4", "shown": digest})
    assert changed.status_code == 200 and not Invoice.objects.exists()
    answer = browser.post(url, {**data, "shown": digest})
    paper = Invoice.objects.get()
    assert answer["Location"] == reverse("staff:paper", args=[paper.id])
    assert (paper.net, paper.tax, paper.gross) == (Decimal("100.00"), Decimal("19.00"), Decimal("119.00"))
    again = browser.post(url, {**data, "shown": digest})
    assert again.status_code == 200 and Invoice.objects.count() == 1, "a second click issues nothing"
    while jobs.run_one():
        pass
    mail = Envelope.objects.get(dedupe_key=f"invoice:{paper.id.hex}")
    assert mail.client_contact_id == story.mara.id
    page = browser.get(answer["Location"]).content.decode()
    assert "33.3333" in page and "INV-1" in page
    letter = browser.get(reverse("staff:paper_letter", args=[paper.id]))
    assert b"".join(letter.streaming_content).startswith(b"%PDF")
    more = browser.post(url, {**data, "do": "more"})
    assert b"Line 7" in more.content and b"33.3333" in more.content


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lines-0-quantity": "NaN"}, "number"),
        ({"lines-0-unit_price": "999999999.9999"}, "12 digits"),
        ({"lines-0-text": ""}, "required"),
        ({"lines-TOTAL_FORMS": "9999"}, "200"),
        ({"lines-0-rate": "101"}, "less than or equal to 100"),
        ({"due_on": "2020-01-01"}, ""),
    ],
)
def test_lines_that_cannot_be(story: Cast, changed: dict[str, str], words: str) -> None:
    browser = browser_of(story.ines)
    url = reverse("staff:paper_new", args=[story.northwick.id])
    data = {"kind": "invoice", "do": "preview", **LINES, **changed}
    shown = browser.post(url, data)
    if not words:
        shown = browser.post(url, {**data, "do": "issue", "shown": shown.context["digest"]})
    assert shown.status_code == 422 and words in shown.content.decode()
    assert not Invoice.objects.exists()


def test_lists_filter_page_and_show_what_is_open(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [issued(story) for _ in range(42)] + [issued(story, due_on=today())]
    done(paid(story, papers[0]))
    later = timezone.now() + timedelta(days=2)
    monkeypatch.setattr("partwell.entrypoints.staff.billing.timezone", SimpleNamespace(now=lambda: later))
    browser = browser_of(story.ines)
    url = reverse("staff:papers")
    for show, count in (("", 40), ("open", 40), ("overdue", 1), ("paid", 1), ("cancelled", 0), ("credit", 0)):
        page = browser.get(url, {"show": show})
        assert len(page.context["rows"]) == count, show
    assert len(browser.get(url, {"page": "2"}).context["rows"]) == 3
    assert page.context["sums"] == [("EUR", Decimal(42) * 200)]
    assert len(browser.get(url, {"q": "INV-43"}).context["rows"]) == 1
    mine = browser.get(reverse("staff:client_papers", args=[story.quayside.id]))
    assert mine.context["total"] == 0
    assert browser_of(story.dan).get(url).status_code == 409
    assert b"/papers/" not in browser_of(story.dan).get(reverse("staff:departures")).content


def test_the_list_asks_the_same_number_of_questions(story: Cast, django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        issued(story)
    browser = browser_of(story.ines)
    with django_assert_max_num_queries(22):
        browser.get(reverse("staff:papers"))


def test_payment_number_and_cancel_from_the_pages(story: Cast) -> None:
    browser, paper = browser_of(story.ines), issued(story)
    at = [paper.id]
    assert browser.get(reverse("staff:payment_add", args=at)).context["form"]["amount"].value() == Decimal(
        "200.00"
    )
    slip = SimpleUploadedFile("slip.pdf", b"%PDF-1.4", "application/pdf")
    too_much = browser.post(reverse("staff:payment_add", args=at), {"amount": "200.01", "received_on": "2026-01-02"})  # fmt: skip
    assert too_much.status_code == 422 and b"more than the" in too_much.content
    said = browser.post(
        reverse("staff:payment_add", args=at), {"amount": "200", "received_on": "2026-01-02", "proof": slip}
    )
    assert said.status_code == 302
    payment = Payment.objects.get()
    proof = browser.get(reverse("staff:payment_proof", args=[paper.id, payment.id]))
    assert b"".join(proof.streaming_content) == b"%PDF-1.4"
    assert browser.post(reverse("staff:paper_number", args=at), {"number": "2026-0815"}).status_code == 302
    paper.refresh_from_db()
    assert (paper.state, paper.external_number) == ("paid", "2026-0815")
    assert browser.post(reverse("staff:paper_cancel", args=at), {"reason": "Wrong"}).status_code == 409
    other = issued(story)
    assert (
        browser.post(reverse("staff:paper_cancel", args=[other.id]), {"reason": "Wrong"}).status_code == 302
    )
    other.refresh_from_db()
    assert other.state == "cancelled"
    note = Invoice.objects.get(kind="credit_note")
    page = browser.get(reverse("staff:paper", args=[note.id])).content.decode()
    assert "CN-1" in page and "Record a payment" not in page


@pytest.mark.both_databases
def test_money_that_went_back_opens_the_paper_and_closes_its_hours(story: Cast) -> None:
    paper = bought(story)
    assert code(back(story, paper, "10")) == "refund_invalid"
    done(paid(story, paper))
    assert standing(story.northwick.id).budget.left == 360
    assert code(back(story, paper, "10", reason=" ")) == "refund_unproved"
    assert code(back(story, paper, "10", proof=None)) == "refund_unproved"
    assert code(back(story, paper, "280.01")) == "refund_invalid"
    assert code(back(story, paper, "-1")) == "refund_invalid"
    for actor, expected in (
        (story.dan, "not_your_role"),
        (story.mara, "not_found"),
        (story.theo, "not_found"),
    ):
        given = GivenBack(Decimal(1), "EUR", date(2026, 1, 3), "x", b"x", "x")
        assert code(refund_payment(actor=actor, invoice_id=paper.id, given=given)) == expected
    done(back(story, paper, str(paper.gross)))
    paper.refresh_from_db()
    assert paper.state == "open" and balance_of(paper).open == paper.gross
    assert Block.objects.get(invoice=paper).paid_at is None
    assert standing(story.northwick.id).budget.left == 240
    done(paid(story, paper))
    assert standing(story.northwick.id).budget.left == 360


@pytest.mark.both_databases
def test_unused_prepaid_time_is_credited_at_its_own_price(story: Cast) -> None:
    paper = bought(story)
    assert code(credit_unused(actor=story.ines, invoice_id=paper.id)) == "nothing_unused"
    done(paid(story, paper))
    assert code(credit_unused(actor=story.ines, invoice_id=paper.id)) == "hours_still_needed"
    request = Block.objects.get(invoice=paper).request
    assert request is not None
    done(cancel_request(actor=story.dan, request_id=request.id, words="Not needed any more"))
    credit = done(credit_unused(actor=story.ines, invoice_id=paper.id))
    assert (credit.gross, credit.credits_id) == (-paper.gross, paper.id)
    assert standing(story.northwick.id).budget.left == 240
    assert code(credit_unused(actor=story.ines, invoice_id=paper.id)) == "nothing_unused"
    paper.refresh_from_db()
    assert paper.state == "paid" and balance_of(paper).open == -paper.gross
    browser = browser_of(story.ines)
    page = browser.get(reverse("staff:refund_add", args=[paper.id]))
    assert page.context["form"]["amount"].value() == paper.gross
    done(back(story, paper, str(paper.gross)))
    paper.refresh_from_db()
    assert paper.state == "paid" and balance_of(paper).open == 0


def test_the_client_sees_its_own_papers_and_the_sentence(story: Cast) -> None:
    paper = bought(story)
    foreign = done(issue_invoice(actor=story.ines, client_id=story.quayside.id, kind="invoice",
                                 lines=[NewLine("Drive", Decimal(1), Decimal(1))]))  # fmt: skip
    while jobs.run_one():
        pass
    for actor in (story.mara, story.tom):
        browser = browser_of(actor)
        page = browser.get(reverse("client:papers")).content.decode()
        assert paper.label in page and foreign.label not in page
        assert "stops billable work and nothing else" in page
        one = browser.get(reverse("client:paper", args=[paper.id])).content.decode()
        assert "New diagram" in one and "stops billable work and nothing else" in one
        assert browser.get(reverse("client:paper_letter", args=[paper.id])).status_code == 200
        assert browser.get(reverse("client:paper", args=[foreign.id])).status_code == 404
        assert browser.get(reverse("client:paper_letter", args=[foreign.id])).status_code == 404
    home = browser_of(story.mara).get("/client/").content.decode()
    assert reverse("client:papers") in home
    assert browser_of(story.theo).get(reverse("client:papers")).status_code in (302, 404)


def test_a_day_is_the_msps(story: Cast) -> None:
    paper = issued(story, due_on=today() + timedelta(days=3))
    page = browser_of(story.ines).get(reverse("staff:paper", args=[paper.id])).content.decode()
    assert "Overdue" not in page
