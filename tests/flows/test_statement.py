# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement: every sum with its lines behind it, and closing with nothing of the client's money left behind."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.billing.refund import GivenBack, refund_payment
from partwell.actions.billing.settle import money_at_closing, settle_prepaid
from partwell.actions.billing.statement import statement_of, time_page
from partwell.actions.billing.statement_letter import make_statement
from partwell.actions.files import read_file
from partwell.actions.hours.give_leave import give_leave
from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request, finish_request
from partwell.actions.hours.timers import About, start_timer, throw_away_timer
from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
from partwell.records.billing.models import Invoice, ShippedCopy, Statement
from partwell.records.clients.models import Agreement
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.hours.models import Block, TimeEntry, WorkRequest
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.cast import Cast, cast, done
from tests.flows.test_acceptance_closing import _settled, deliver
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


def record(story: Cast, minutes: int, **changed: object) -> TimeEntry:
    values: dict[str, object] = {
        "minutes": minutes,
        "started": timezone.now() - timedelta(minutes=minutes + 1),
        "note": "Handover meeting",
        "work_class": WorkClass.OFFBOARDING,
        "kind": WorkKind.MEETING,
        **changed,
    }
    who = story.ines if values["work_class"] is WorkClass.GOODWILL else story.dan
    return done(record_time(actor=who, client_id=story.northwick.id, work=Work(**values)))  # type: ignore[arg-type]


def terms(story: Cast, unused: str) -> None:
    """The agreement with tax, and its rule for unused time."""
    with Deed(story.ines) as deed:
        client = deed.lock(story.northwick.id)
        row = Agreement.objects.get(client=client, replaced_at=None)
        deed.save(row, tax_rate=Decimal(19), unused_time=unused)
        deed.record("client.became", subjects=[row.id], public={"state": client.state})


def approved(story: Cast, minutes: int = 300) -> WorkRequest:
    """Theo asks, Dan estimates, Mara approves."""
    row = done(ask_for_work(actor=story.theo, offboarding_id=departure(story).id, title="Network diagram"))
    done(estimate_request(actor=story.dan, request_id=row.id, minutes=minutes, kind=WorkKind.NEW_DOCUMENT))
    return done(answer_request(actor=story.mara, request_id=row.id, approve=True))


def paid(story: Cast, paper: Invoice, amount: Decimal | None = None) -> None:
    received = Received(
        paper.gross if amount is None else amount,
        paper.currency,
        timezone.localdate() - timedelta(days=1),
        "TRN 1",
    )
    done(record_payment(actor=story.ines, invoice_id=paper.id, received=received))


def refunded(story: Cast, paper: Invoice, amount: Decimal) -> None:
    given = GivenBack(
        amount, paper.currency, timezone.localdate() - timedelta(days=1), "Unused time", b"slip", "slip.txt"
    )
    done(refund_payment(actor=story.ines, invoice_id=paper.id, given=given))


def bought(story: Cast) -> Invoice:
    """Two hours beyond the four: bought, paid, one of them used."""
    request = approved(story)
    paper = Invoice.objects.get(client=story.northwick)
    paid(story, paper)
    record(story, 240, request_id=request.id)
    record(story, 60, request_id=request.id)
    return paper


def blockers(story: Cast) -> set[str]:
    found = still_stops(departure(story).id)
    assert not isinstance(found, Refusal)
    return {one.code for one in found}


def passed_through(story: Cast, cost: Decimal) -> ShippedCopy:
    """A vendor shipped a copy; its line stands on an invoice."""
    slip = done(make_slip(story))
    with Deed(story.ines) as deed:
        client = deed.lock(story.northwick.id)
        copy = deed.add(
            ShippedCopy(
                client=client, offboarding=departure(story), what="Mail archive on a drive", asked_by_id=story.mara.id,
                asked_at=deed.now, state="arrived", vendor="Keepsafe", vendor_invoice=slip, vendor_number="KS-9",
                vendor_net=cost, vendor_currency="EUR",
            )
        )  # fmt: skip
        deed.record("client.became", subjects=[copy.id], public={"state": client.state})
    line = NewLine("Mail archive on a drive", Decimal(1), cost, source_kind="copy", source_id=copy.id)
    done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    return copy


def make_slip(story: Cast) -> object:
    from partwell.actions import files

    stored = files.store(
        story.ines,
        b"%PDF-1.4 vendor",
        client_id=story.northwick.id,
        name="ks-9.pdf",
        media_type="application/pdf",
    )
    with Deed(story.ines) as deed:
        deed.lock(story.northwick.id)
        deed.add(stored)
        deed.record("client.became", subjects=[stored.id], public={"state": "departing"})
    return stored


def test_the_statement_adds_up_and_every_line_has_its_entry(story: Cast) -> None:
    terms(story, "refund")
    paper = bought(story)
    record(story, 30, work_class=WorkClass.GOODWILL, reason="Our own mistake")
    done(give_leave(actor=story.jonah, client_id=story.northwick.id, minutes=60, reason="Flood"))
    wrong = record(story, 60, kind=WorkKind.EXPLANATION)
    done(reverse_time(actor=story.dan, entry_id=wrong.id, why="Another client"))
    with Deed(story.ines) as deed:
        deed.lock(story.northwick.id)
        # Yesterday: running service counts from the notice's day on, and what is recorded now may begin before midnight.
        row = deed.save(departure(story), noticed_at=timezone.now() - timedelta(days=1))
        deed.record("client.became", subjects=[row.id], public={"state": "departing"})
    record(story, 45, work_class=WorkClass.SERVICE)
    passed_through(story, Decimal("310.50"))
    shown = statement_of(story.northwick.id)
    assert shown is not None
    hours = shown.hours
    assert (hours.included, hours.included_used, hours.included_left) == (240, 240, 0)
    assert (hours.bought, hours.block_used, hours.left) == (120, 60, 60)
    assert (hours.goodwill, hours.service, hours.on_account, hours.promised) == (30, 45, 0, 0)
    assert sum(month.total for month in shown.months) == 240 + 60 + 30 + 45
    lines, page = time_page(shown, 1)
    assert page.paginator.count == shown.count == 6 and sum(one.row.minutes for one in lines) == shown.real
    drawn = sum(
        minutes for one in lines for column, minutes in one.parts if column.startswith(("included", "block"))
    )
    assert drawn == hours.used
    block = next(one for one in shown.blocks)
    assert (block.facts.used, block.left, block.row.request.title) == (60, 60, "Network diagram")  # type: ignore[union-attr]
    (eur,) = shown.money
    assert eur.asked == sum(one.row.gross for one in shown.papers) and eur.paid == paper.gross
    assert eur.open == Decimal("369.50")  # 310.50 and 19 %
    assert shown.passed_sums == (("EUR", Decimal("310.50")),)
    (passed,) = shown.passed
    assert passed.sums.markup == 0 and [one.label for one in passed.papers] == ["INV-1"]
    types = dict(Entry.objects.values_list("index", "type"))
    assert {types[one.entry] for one in lines if one.entry is not None} == {"time.recorded", "time.reversed"}
    assert all(
        one.entry is not None
        for one in (*lines, *shown.papers, *shown.payments, *shown.blocks, *shown.passed)
    )
    assert types[block.entry or 0] == "request.approved"


def test_its_letter_is_sealed_filed_and_mailed_once(story: Cast) -> None:
    bought(story)
    for actor, expected in (
        (story.mara, "not_found"),
        (story.dan, "not_your_role"),
        (story.kerstin, "not_your_role"),
    ):
        assert code(make_statement(actor=actor, client_id=story.northwick.id)) == expected
    assert code(make_statement(actor=story.ines, client_id=UUID(int=1))) == "not_found"
    row = done(make_statement(actor=story.ines, client_id=story.northwick.id))
    before = dict(row.sums)
    record(story, 15)  # what comes later is not on it
    while jobs.run_one():
        pass
    row.refresh_from_db()
    assert row.letter is not None and read_file(row.letter).startswith(b"%PDF") and row.sums == before
    mail = Envelope.objects.get(kind="statement")
    assert mail.client_contact_id == story.mara.id
    assert Entry.objects.filter(type="statement.letter_filed").count() == 1


@pytest.mark.parametrize("rule", ["refund", "credit"])
def test_unused_time_is_given_back_by_the_agreements_rule(story: Cast, rule: str) -> None:
    terms(story, rule)
    paper = bought(story)
    assert "unsettled" in blockers(story)
    assert code(settle_prepaid(actor=story.dan, offboarding_id=departure(story).id)) == "not_your_role"
    assert code(settle_prepaid(actor=story.mara, offboarding_id=departure(story).id)) == "not_found"
    request = WorkRequest.objects.get()
    if request.state == "approved":
        done(finish_request(actor=story.dan, request_id=request.id))
    (credit,) = done(settle_prepaid(actor=story.ines, offboarding_id=departure(story).id))
    assert (credit.net, credit.tax, credit.credits_id) == (Decimal(-140), Decimal("-26.60"), paper.id)
    assert code(settle_prepaid(actor=story.ines, offboarding_id=departure(story).id)) == "nothing_unused"
    shown = statement_of(story.northwick.id)
    assert shown is not None
    assert (shown.hours.left, shown.hours.settled) == (0, 60)
    (eur,) = shown.money
    assert (eur.credited, eur.in_favour) == (-credit.gross, -credit.gross)
    found = blockers(story)
    assert "unsettled" not in found
    assert ("owed" in found) is (rule == "refund")
    if rule == "refund":
        refunded(story, paper, -credit.gross)
        assert "owed" not in blockers(story)
        assert statement_of(story.northwick.id).money[0].in_favour == 0  # type: ignore[union-attr]


def test_time_given_back_by_a_correction_after_settling_is_credited_too(story: Cast) -> None:
    terms(story, "credit")
    bought(story)
    done(finish_request(actor=story.dan, request_id=WorkRequest.objects.get().id))
    done(settle_prepaid(actor=story.ines, offboarding_id=departure(story).id))
    last = TimeEntry.objects.filter(accounted=60).get()
    done(reverse_time(actor=story.dan, entry_id=last.id, why="It was another client"))
    assert money_at_closing(departure(story)).unsettled_words == "1 h 00 min, 140.00 EUR net"
    assert "unsettled" in blockers(story)
    (credit,) = done(settle_prepaid(actor=story.ines, offboarding_id=departure(story).id))
    assert (credit.net, credit.tax) == (Decimal(-140), Decimal("-26.60"))
    assert "unsettled" not in blockers(story)


def test_money_for_hours_that_never_opened_goes_back(story: Cast) -> None:
    approved(story)
    paper = Invoice.objects.get()
    paid(story, paper, Decimal(100))
    facts = money_at_closing(departure(story))
    assert (facts.owed, facts.unsettled) == (((Decimal(100), "EUR"),), ())
    refunded(story, paper, Decimal(100))
    facts = money_at_closing(departure(story))
    assert facts.owed == ()
    assert [(one.label, left) for one, left in facts.unpaid] == [(paper.label, paper.gross)]


def test_closing_waits_for_timers_and_requests_but_never_for_unpaid_papers(story: Cast) -> None:
    line = NewLine("Drive", Decimal(1), Decimal(90))
    done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    before = blockers(story)
    assert not before & {"timers", "requests", "unsettled", "owed"}
    timer = done(
        start_timer(
            actor=story.dan,
            client_id=story.northwick.id,
            about=About(WorkClass.OFFBOARDING, WorkKind.MEETING),
        )
    )
    row = done(ask_for_work(actor=story.theo, offboarding_id=departure(story).id, title="Diagram"))
    assert blockers(story) - before == {"timers", "requests"}
    assert code(close_offboarding(actor=story.ines, offboarding_id=departure(story).id)) == "cannot_close"
    done(throw_away_timer(actor=story.dan, timer_id=timer.id, reason="Slip"))
    done(estimate_request(actor=story.dan, request_id=row.id, minutes=60, kind=WorkKind.NEW_DOCUMENT))
    done(answer_request(actor=story.mara, request_id=row.id, approve=False))
    assert blockers(story) == before
    assert [one.label for one, _ in money_at_closing(departure(story)).unpaid] == ["INV-1"]


def test_the_number_of_queries_hangs_not_on_what_was_recorded(story: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            shown = statement_of(story.northwick.id)
            assert shown is not None
            time_page(shown, 1)
        return len(seen)

    bought(story)
    few = queries()
    for _ in range(12):
        record(story, 5, kind=WorkKind.AS_IS)
        line = NewLine("Drive", Decimal(1), Decimal(90))
        done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    assert queries() == few <= 30


def test_strangers_have_no_statement(story: Cast) -> None:
    assert statement_of(UUID(int=7)) is None
    quayside = statement_of(story.quayside.id)
    assert quayside is not None and quayside.count == 0 and not quayside.papers
    assert statement_of(story.quayside.id, departure(story).id) is None
    assert not Statement.objects.exists() and not Block.objects.exists()


def test_closing_sends_the_last_statement_and_it_stays_readable(story: Cast) -> None:
    terms(story, "credit")
    paper = bought(story)
    done(finish_request(actor=story.dan, request_id=WorkRequest.objects.get().id))
    row = _settled(story)
    assert blockers(story) == {"unsettled"}
    (credit,) = done(settle_prepaid(actor=story.ines, offboarding_id=row.id))
    while jobs.run_one():
        pass
    deliver()
    assert blockers(story) == set()
    done(close_offboarding(actor=story.ines, offboarding_id=row.id))
    while jobs.run_one():
        pass
    last = Statement.objects.get(at_closing=True)
    assert (
        last.letter is not None
        and {"label": "Bought, not used and given back", "text": "1 h 00 min"} in last.sums["hours"]
    )
    assert Envelope.objects.filter(kind="statement", client=story.northwick).count() == 1
    shown = statement_of(story.northwick.id)
    assert shown is not None and shown.offboarding is not None and shown.offboarding.state == "closed"
    assert shown.money[0].in_favour == -credit.gross and shown.money[0].paid == paper.gross
    assert done(make_statement(actor=story.ines, client_id=story.northwick.id)).at_closing is False
    refunded(story, paper, -credit.gross)
    assert statement_of(story.northwick.id).money[0].in_favour == 0  # type: ignore[union-attr]
