# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5 where it hurts: the hours run out under a running timer, the new provider asks, and nobody is left unaware of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.refund import GivenBack, refund_payment
from partwell.actions.hours import requests as requests_module
from partwell.actions.hours.give_leave import give_leave
from partwell.actions.hours.record_time import Work, record_time
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request, finish_request
from partwell.actions.hours.split_time import Split, split_time
from partwell.actions.hours.standing import standing
from partwell.actions.hours.timers import About, Said, start_timer, stop_and_split, stop_timer
from partwell.records.billing.models import Invoice
from partwell.records.billing.papers import paper_count
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.hours.models import TimeEntry, Timer, WorkRequest
from partwell.records.hours.queries import used_by_departure
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import Rest, WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.test_requests_and_papers import asked, code, departure, paid
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def worked(story: Cast, minutes: int, **more: Any) -> TimeEntry | Refusal:
    return record_time(actor=story.dan, client_id=story.northwick.id, work=piece(minutes, **more))


def piece(minutes: int, **more: Any) -> Work:
    values: dict[str, Any] = {
        "work_class": WorkClass.OFFBOARDING,
        "kind": WorkKind.MEETING,
        "note": "Meeting",
        **more,
    }
    return Work(minutes=minutes, started=timezone.now() - timedelta(minutes=minutes + 1), **values)


def left(story: Cast) -> int:
    return standing(story.northwick.id).budget.left


def ran(timer: Timer, minutes: int) -> None:
    from partwell.actions.base import Deed

    with Deed(_actor_of(timer)) as deed:
        deed.lock(timer.client_id)
        deed.save(timer, started_at=timezone.now() - timedelta(minutes=minutes))
        deed.record(
            "timer.started", subjects=[timer.id], internal={"work_class": "offboarding", "kind": "meeting"}
        )


def _actor_of(timer: Timer) -> Any:
    from partwell.actions.people.set_up import actor_of

    return actor_of(timer.staff, door="staff")


def a_timer(story: Cast, minutes: int) -> Timer:
    about = About(WorkClass.OFFBOARDING, WorkKind.MEETING)
    timer = done(start_timer(actor=story.dan, client_id=story.northwick.id, about=about))
    ran(timer, minutes)
    return timer


# --- (a timer at the boundary)
def test_a_timer_stops_at_the_boundary_and_the_rest_is_asked_for(story: Cast) -> None:
    done(worked(story, 180))
    timer = a_timer(story, 100)
    assert code(stop_timer(actor=story.dan, timer_id=timer.id, said=Said("Meeting"))) == "hours_short"
    assert Timer.objects.get().stopped_at is None, "nothing is lost"
    said = Said("Meeting with Alder Row", rest=Rest.GOODWILL, reason="Ours to give")
    assert code(stop_and_split(actor=story.dan, timer_id=timer.id, said=said)) == "not_your_role"
    split = stop_and_split(
        actor=story.dan, timer_id=timer.id, said=Said("Meeting with Alder Row", rest=Rest.ASK)
    )
    assert isinstance(split, Split) and split.request is not None
    assert [(one.minutes, one.timer_id) for one in split.entries] == [(60, timer.id)] and left(story) == 0
    row = WorkRequest.objects.get()
    assert (row.title, row.state, row.asked_by_name) == (
        "The rest of: Meeting with Alder Row",
        "asked",
        "Dan Frey",
    )
    assert "0 h 40 min" in row.text or "0 h 41 min" in row.text
    timer.refresh_from_db()
    assert timer.stopped_at is not None and not timer.thrown_away
    assert isinstance(
        stop_and_split(actor=story.dan, timer_id=timer.id, said=Said("x", rest=Rest.ASK)), Refusal
    )


def test_the_office_gives_the_rest_as_goodwill_and_leave_counts_as_left(story: Cast) -> None:
    done(worked(story, 225))
    done(give_leave(actor=story.jonah, client_id=story.northwick.id, minutes=30, reason="An emergency"))
    work = piece(100, reason="Our list was late")
    split = split_time(actor=story.ines, client_id=story.northwick.id, work=work)
    assert isinstance(split, Split)
    assert [(one.minutes, one.work_class) for one in split.entries] == [(45, "offboarding"), (55, "goodwill")]
    assert [(part.source, part.minutes) for part in split.entries[0].parts.order_by("minutes")] == [
        ("included", 15), ("on_account", 30),
    ]  # fmt: skip
    first, rest = split.entries
    assert rest.started_at - first.started_at == timedelta(minutes=45), (
        "the second begins where the first ends"
    )


def test_with_nothing_left_all_of_it_is_asked_for_and_the_timer_ends(story: Cast) -> None:
    timer = a_timer(story, 30)
    done(worked(story, 240))
    split = stop_and_split(actor=story.dan, timer_id=timer.id, said=Said("Call", rest=Rest.ASK))
    assert isinstance(split, Split) and split.entries == () and split.request is not None
    timer.refresh_from_db()
    assert timer.stopped_at is not None and timer.thrown_away.startswith("Nothing was left")
    assert TimeEntry.objects.count() == 1
    fits = split_time(
        actor=story.dan, client_id=story.northwick.id, work=piece(10, kind=WorkKind.AS_IS), rest=Rest.ASK
    )
    assert isinstance(fits, Split) and fits.request is None, "handing over what exists always fits"


def test_the_timer_page_offers_the_rest_and_leads_to_the_request(story: Cast) -> None:
    done(worked(story, 180))
    timer = a_timer(story, 100)
    dan = browser_of(story.dan)
    stop = reverse("staff:timer_stop", args=[timer.id])
    page = dan.post(stop, {"note": "Meeting"}).content.decode()
    assert (
        "1\u00a0h of it fit." in page
        and 'value="ask"' in page
        and 'value="goodwill"' not in page.split("</select>")[0]
    )
    answer = dan.post(stop, {"note": "Meeting", "rest": "ask"})
    assert answer.status_code == 302
    assert answer["Location"] == reverse("staff:request", args=[WorkRequest.objects.get().id])
    page = dan.get(answer["Location"]).content.decode()
    assert "1\u00a0h recorded" in page and "Estimate it" in page


# --- (a request is seen and mailed at once)
def ask(story: Cast, actor: Any, title: str = "A new diagram") -> WorkRequest:
    return done(ask_for_work(actor=actor, offboarding_id=departure(story).id, title=title, text="Please."))


def test_a_request_is_mailed_to_client_and_office_and_waits_in_sight(story: Cast) -> None:
    row = ask(story, story.theo)
    mail = Envelope.objects.get(kind="request_asked")
    assert [one["role"] for one in mail.recipients] == ["client", "msp"]
    assert (
        "Theo Brandt" in mail.subject and f"/requests/{row.id}/" in mail.text and "Please." not in mail.text
    )
    ines = browser_of(story.ines)
    page = ines.get(reverse("staff:offboarding", args=[departure(story).id])).content.decode()
    assert "Estimate “A new diagram”." in page and reverse("staff:request", args=[row.id]) in page
    ask(story, story.mara, "A second one")
    assert Envelope.objects.filter(kind="request_asked").count() == 2
    ask(story, story.ines, "By telephone")
    assert Envelope.objects.filter(kind="request_asked").count() == 2, "what the office notes it knows"
    from partwell.actions.facts import zone
    from partwell.actions.offboardings import look

    found = look.departure(departure(story).id, timezone.now(), zone())
    assert found is not None and found.to_estimate == 3


def test_the_board_says_what_waits_for_an_estimate(story: Cast) -> None:
    from partwell.actions.facts import zone
    from partwell.actions.offboardings import look
    from partwell.actions.offboardings.propose_plan import propose_plan

    done(propose_plan(actor=story.ines, offboarding_id=departure(story).id))

    def block() -> tuple[str, str, str]:
        one = look.departure(departure(story).id, timezone.now(), zone())
        assert one is not None
        for step in one.steps:
            step.due = max(step.due, one.today)  # what is overdue comes first, by itself
        found = look._block(one)
        return found.what, found.why, found.side

    row = ask(story, story.theo)
    assert block() == ("Request", "A request for work wants an estimate", "us")
    done(estimate_request(actor=story.dan, request_id=row.id, minutes=30, kind=WorkKind.NEW_DOCUMENT))
    assert block() == ("Request", "An estimate waits for the client's word", "client")
    done(answer_request(actor=story.mara, request_id=row.id, approve=True))
    assert block()[0] != "Request"
    page = (
        browser_of(story.dan).get(reverse("staff:offboarding", args=[departure(story).id])).content.decode()
    )
    assert "Do “A new diagram”." in page and "Promised, not done: 30" in page


def test_a_new_provider_cannot_flood_the_office(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_module, "ASKED_AN_HOUR", 2)
    for number in range(2):
        ask(story, story.theo, f"Question {number}")
    again = ask_for_work(actor=story.theo, offboarding_id=departure(story).id, title="One more")
    assert code(again) == "throttled"
    assert isinstance(ask(story, story.mara), WorkRequest), "the client may"


# --- (nothing begins before it is approved)
def test_nothing_billable_of_a_request_begins_before_the_client_approved_it(story: Cast) -> None:
    row = ask(story, story.theo)

    def tried() -> list[str]:
        about = About(WorkClass.OFFBOARDING, WorkKind.MEETING, request_id=row.id)
        found: list[object] = [start_timer(actor=story.priya, client_id=story.northwick.id, about=about)]
        return [code(one) for one in [*found, worked(story, 15, request_id=row.id)]]

    assert tried() == ["request_not_approved"] * 2
    done(estimate_request(actor=story.dan, request_id=row.id, minutes=60, kind=WorkKind.MEETING))
    assert tried() == ["request_not_approved"] * 2
    done(worked(story, 15, request_id=row.id, kind=WorkKind.AS_IS))
    done(answer_request(actor=story.mara, request_id=row.id, approve=True))
    done(worked(story, 15, request_id=row.id))
    done(finish_request(actor=story.dan, request_id=row.id))
    done(worked(story, 15, request_id=row.id))
    assert not Timer.objects.exists()


# --- (payments and refunds are said)
def test_the_client_hears_of_its_payment_and_of_money_that_goes_back(story: Cast) -> None:
    row = asked(story)
    done(answer_request(actor=story.mara, request_id=row.id, approve=True))
    paper = Invoice.objects.get()
    done(paid(story, paper, Decimal("80.00")))
    part = Envelope.objects.get(kind="payment_recorded")
    assert "80.00 EUR" in part.text and "200.00 EUR" in part.text and "paid in part" in part.text
    done(paid(story, paper, Decimal("200.00")))
    whole = Envelope.objects.filter(kind="payment_recorded").latest("queued_at")
    assert "2 h 00 min" in whole.text and "paid in full" in whole.text and paper.label in whole.subject
    assert [one["role"] for one in whole.recipients] == ["client"]
    given = GivenBack(Decimal("100.00"), "EUR", timezone.now().date() - timedelta(days=1), "Paid twice", b"%PDF-1.4 slip", "slip.pdf", "application/pdf")  # fmt: skip
    done(refund_payment(actor=story.ines, invoice_id=paper.id, given=given))
    back = Envelope.objects.get(kind="payment_refunded")
    assert "100.00 EUR" in back.text and "Paid twice" in back.text and "2 h 00 min" in back.text
    entry = Entry.objects.filter(type="payment.refunded").get()
    assert back.entry_id == entry.uid


def test_the_board_and_the_hours_page_agree_on_blocks_whose_money_went_back(story: Cast) -> None:
    row = asked(story)
    done(answer_request(actor=story.mara, request_id=row.id, approve=True))
    paper = Invoice.objects.get()
    done(paid(story, paper))
    done(worked(story, 300))
    given = GivenBack(paper.gross, "EUR", timezone.now().date() - timedelta(days=1), "Wrong account", b"%PDF-1.4 slip", "slip.pdf", "application/pdf")  # fmt: skip
    done(refund_payment(actor=story.ines, invoice_id=paper.id, given=given))
    budget = standing(story.northwick.id).budget
    used, prepaid = used_by_departure([departure(story).id])[departure(story).id]
    assert (budget.used, budget.total) == (used, budget.included + prepaid) == (240, 240)


# --- (two real connections)
def _at_once(doing: Any, times: int) -> list[Any]:
    def one(_: int) -> Any:
        try:
            return doing()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_one_preview_is_issued_once_by_many_connections(story: Cast) -> None:
    line = NewLine("A block by hand", Decimal(1), Decimal("140.00"))
    shown = (paper_count(story.northwick.id), Decimal("140.00"))

    def issue() -> object:
        return issue_invoice(
            actor=story.ines, client_id=story.northwick.id, kind="request", lines=[line], shown=shown
        )

    found = _at_once(issue, 6)
    assert [isinstance(one, Invoice) for one in found].count(True) == 1 and Invoice.objects.count() == 1
    assert {code(one) for one in found if not isinstance(one, Invoice)} == {"paper_shown_before"}
    changed = (paper_count(story.northwick.id), Decimal("139.99"))
    again = issue_invoice(
        actor=story.ines, client_id=story.northwick.id, kind="request", lines=[line], shown=changed
    )
    assert code(again) == "paper_shown_before"


def test_one_estimate_is_approved_once_and_two_do_not_promise_the_same_hour(story: Cast) -> None:
    done(worked(story, 180))
    one, two = asked(story, 60), asked(story, 60)

    def approve(row: WorkRequest) -> Any:
        return lambda: answer_request(actor=story.mara, request_id=row.id, approve=True)

    found = _at_once(approve(one), 4)
    assert sum(isinstance(each, WorkRequest) for each in found) == 1
    assert {code(each) for each in found if isinstance(each, Refusal)} == {"request_not_open"}
    assert not Invoice.objects.exists(), "the hour that is left is enough for the first"
    done(approve(two)())
    assert Invoice.objects.get().blocks.get().minutes == 120, "the second needs a block of its own"


def test_two_approvals_at_once_buy_what_both_need(story: Cast) -> None:
    done(worked(story, 180))
    rows = [asked(story, 60), asked(story, 60)]
    wanted = iter([row.id for row in rows])

    def approve() -> object:
        return answer_request(actor=story.mara, request_id=next(wanted), approve=True)

    assert all(isinstance(one, WorkRequest) for one in _at_once(approve, 2))
    assert Invoice.objects.count() == 1, "one of them had the hour, the other pays for a block"


def test_one_person_starts_one_timer_and_stops_it_once(story: Cast) -> None:
    about = About(WorkClass.OFFBOARDING, WorkKind.MEETING)
    started = _at_once(lambda: start_timer(actor=story.dan, client_id=story.northwick.id, about=about), 4)
    assert sum(isinstance(one, Timer) for one in started) == 1
    assert {code(one) for one in started if isinstance(one, Refusal)} == {"timer_running"}
    timer = Timer.objects.get()
    stopped = _at_once(lambda: stop_timer(actor=story.dan, timer_id=timer.id, said=Said("Call")), 4)
    assert sum(isinstance(one, TimeEntry) for one in stopped) == 1 and TimeEntry.objects.count() == 1
    assert Offboarding.objects.count() == 1
