# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5 with money: somebody asks, staff estimate, Mara approves and pays, and only then the hours are open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions.billing.issue import NewLine, cancel_invoice, issue_invoice
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.hours.record_time import Work, record_time
from partwell.actions.hours.requests import (
    answer_request,
    ask_for_work,
    cancel_request,
    estimate_request,
    finish_request,
    what_it_costs,
)
from partwell.actions.hours.standing import standing
from partwell.records.billing.models import Invoice, Payment, Series
from partwell.records.correspondence.models import Envelope
from partwell.records.hours.models import Block, WorkRequest
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def departure(story: Cast) -> Offboarding:
    return Offboarding.objects.get(client=story.northwick)


def asked(story: Cast, minutes: int = 300) -> WorkRequest:
    row = done(
        ask_for_work(
            actor=story.theo,
            offboarding_id=departure(story).id,
            title="New network diagram",
            text="Please draw it anew.",
        )
    )
    return done(
        estimate_request(actor=story.dan, request_id=row.id, minutes=minutes, kind=WorkKind.NEW_DOCUMENT)
    )


def paid(story: Cast, paper: Invoice, amount: Decimal | None = None) -> Payment | Refusal:
    return record_payment(
        actor=story.ines,
        invoice_id=paper.id,
        received=Received(
            paper.gross if amount is None else amount,
            paper.currency,
            timezone.now().date() - timedelta(days=1),
            "TRN 8812",
            b"%PDF-1.4 slip",
            "slip.pdf",
            "application/pdf",
        ),
    )


def spend(story: Cast, minutes: int) -> object:
    work = Work(
        minutes,
        timezone.now() - timedelta(minutes=minutes + 1),
        WorkClass.OFFBOARDING,
        WorkKind.NEW_DOCUMENT,
        "Diagram",
    )
    return record_time(actor=story.dan, client_id=story.northwick.id, work=work)


def test_beyond_what_is_left_the_client_approves_and_pays_first(story: Cast) -> None:
    request = asked(story, 300)
    need, verdict, banned = what_it_costs(request)
    assert (need.beyond, banned, verdict.profile) == (60, None, "")
    for actor, expected in (
        (story.theo, "not_found"),
        (story.leo, "not_found"),
        (story.ines, "not_found"),
        (story.tom, "not_your_role"),
    ):
        assert code(answer_request(actor=actor, request_id=request.id, approve=True)) == expected
    done(answer_request(actor=story.mara, request_id=request.id, approve=True))
    paper = Invoice.objects.get(client=story.northwick)
    block = Block.objects.get(request=request)
    assert (block.paid_at, block.minutes, paper.net) == (None, need.minutes, need.net)
    assert standing(story.northwick.id).budget.left == 240
    done(spend(story, 240))
    assert code(spend(story, 15)) == "hours_used_up"
    assert code(paid(story, paper, paper.gross + 1)) == "payment_too_much"
    half = Decimal(int(paper.gross / 2))
    done(paid(story, paper, half))
    assert code(spend(story, 15)) == "hours_used_up"
    done(paid(story, paper, paper.gross - half))
    assert standing(story.northwick.id).budget.left == need.minutes
    done(spend(story, 60))
    assert code(paid(story, paper, Decimal(1))) == "invoice_settled"
    done(finish_request(actor=story.dan, request_id=request.id))
    assert code(answer_request(actor=story.mara, request_id=request.id, approve=False)) == "request_not_open"


def test_the_paper_is_a_letter_and_one_mail(story: Cast) -> None:
    done(answer_request(actor=story.mara, request_id=asked(story).id, approve=True))
    while jobs.run_one():
        pass
    paper = Invoice.objects.get(client=story.northwick)
    assert paper.letter is not None
    envelope = Envelope.objects.get(dedupe_key=f"invoice:{paper.id.hex}")
    assert envelope.client_contact_id == story.mara.id


def test_a_declined_or_cancelled_request_costs_nothing(story: Cast) -> None:
    done(answer_request(actor=story.mara, request_id=asked(story).id, approve=False, words="Not needed."))
    other = asked(story)
    assert code(cancel_request(actor=story.dan, request_id=other.id, words=" ")) == "cancel_without_reason"
    done(cancel_request(actor=story.dan, request_id=other.id, words="Asked twice"))
    assert code(finish_request(actor=story.dan, request_id=other.id)) == "request_not_open"
    assert not Invoice.objects.exists() and not Block.objects.exists()


def test_without_consent_a_new_provider_asks_for_nothing(db_world: World) -> None:
    people = cast()
    found = ask_for_work(actor=people.theo, offboarding_id=departure(people).id, title="Diagram")
    assert code(found) == "not_found"


def test_a_wrong_paper_is_cancelled_by_a_credit_note(story: Cast) -> None:
    line = NewLine("Drive", Decimal(2), Decimal("49.95"))
    paper = done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    assert code(cancel_invoice(actor=story.ines, invoice_id=paper.id, reason="")) == "cancel_without_reason"
    credit = done(cancel_invoice(actor=story.ines, invoice_id=paper.id, reason="Wrong client"))
    assert (credit.net, credit.gross) == (-paper.net, -paper.gross)
    assert code(cancel_invoice(actor=story.ines, invoice_id=paper.id, reason="again")) == "invoice_settled"
    assert code(cancel_invoice(actor=story.ines, invoice_id=credit.id, reason="back")) == "invoice_settled"
    assert (
        code(issue_invoice(actor=story.dan, client_id=story.northwick.id, kind="invoice", lines=[line]))
        == "not_your_role"
    )
    assert (
        code(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[]))
        == "bill_empty"
    )


def test_numbers_have_no_gap_and_no_twin(story: Cast) -> None:
    line = NewLine("Drive", Decimal(1), Decimal("10.00"))

    def one(number: int) -> object:
        try:
            client = story.northwick if number % 2 else story.quayside
            bad = NewLine("Broken", Decimal("NaN"), Decimal(1))
            return issue_invoice(
                actor=story.ines,
                client_id=client.id,
                kind="invoice",
                lines=[bad if number % 5 == 0 else line],
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(one, range(20)))
    papers = [row for row in found if isinstance(row, Invoice)]
    assert len(papers) == 16
    assert sorted(row.number for row in papers) == list(range(1, 17))
    assert Series.objects.get(code="invoice").next_number == 17


@pytest.mark.parametrize(
    ("amount", "currency", "day", "expected"),
    [("10.00", "USD", date(2026, 1, 1), "currency_mismatch"), ("-1", "EUR", date(2026, 1, 1), "payment_invalid"),
     ("1.001", "EUR", date(2026, 1, 1), "payment_invalid"), ("1", "EUR", date(2199, 1, 1), "paid_in_future")],
)  # fmt: skip
def test_payments_that_cannot_be(story: Cast, amount: str, currency: str, day: date, expected: str) -> None:
    line = NewLine("Drive", Decimal(1), Decimal("10.00"))
    paper = done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    found = record_payment(
        actor=story.ines, invoice_id=paper.id, received=Received(Decimal(amount), currency, day, "TRN 1")
    )
    assert code(found) == expected
    assert not Payment.objects.exists()
