# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers without gap and without twin: chosen before the first paper, reused after a crash, one after the other on two connections."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from partwell.actions import base
from partwell.actions.billing import issue as issuing
from partwell.actions.billing.issue import NewLine, cancel_invoice, issue_invoice
from partwell.actions.billing.series import numbers, set_series
from partwell.records.billing.models import Invoice, Series
from partwell.records.billing.papers import missing_numbers
from partwell.rules import charges
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

LINE = NewLine("Drive", Decimal(1), Decimal("10.00"))


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def issue(story: Cast, client: Any = None, kind: str = "invoice") -> Invoice:
    who = client or story.northwick
    return done(issue_invoice(actor=story.ines, client_id=who.id, kind=kind, lines=[LINE]))


def put(story: Cast, prefix: str, number: int, kind: str = "invoice", actor: Any = None) -> Any:
    return set_series(actor=actor or story.jonah, kind=kind, prefix=prefix, next_number=number)


@pytest.mark.both_databases
def test_an_owner_chooses_the_first_number_and_nobody_another_after_it(story: Cast) -> None:
    assert code(put(story, "R-", 5, actor=story.ines)) == "not_your_role"
    assert code(put(story, "R-", 5, kind="moon")) == "not_found"
    done(put(story, "R-2026/", 4711))
    done(put(story, "R-2026/", 100))
    assert issue(story).label == "R-2026/100"
    for number in (99, 102, 1, 100):
        assert code(put(story, "R-2026/", number)) == "series_in_use"
    done(put(story, "R-2027/", 101))
    assert issue(story).label == "R-2027/101"
    found = numbers("invoice")
    assert found is not None and (found.next_number, found.used) == (102, True)
    assert Invoice.objects.order_by("number").first().label == "R-2026/100"  # type: ignore[union-attr]


def test_a_prefix_makes_no_two_labels_the_same(story: Cast) -> None:
    for prefix in ("A1", "R 1-", "ü-", "x" * 21, "PR-", "CN-", "=R-", "R\nX"):
        assert code(put(story, prefix, 1)) == "series_prefix", prefix
    issue(story)
    done(put(story, "N-", 2))
    assert code(put(story, "INV-", 1, kind="request")) == "series_prefix", "INV-1 is a paper's label already"
    done(put(story, "", 2))
    assert code(put(story, "", 1, kind="request")) == "series_prefix"


@pytest.mark.parametrize(
    ("prefix", "number", "used", "taken", "expected"),
    [
        ("INV-", 1, False, (), None),
        ("INV-", 99_999_999, False, (), None),
        ("INV-", 0, False, (), "invalid_input"),
        ("INV-", 100_000_000, False, (), "invalid_input"),
        ("INV-", 7, True, (), None),
        ("INV-", 6, True, (), "series_in_use"),
        ("INV-", 8, True, (), "series_in_use"),
        ("INV-", 7, True, ("INV-",), "series_prefix"),
        ("INV9", 7, True, (), "series_prefix"),
        ("", 7, True, (), None),
    ],
)
def test_the_rule(prefix: str, number: int, used: bool, taken: tuple[str, ...], expected: str | None) -> None:
    found = charges.check_series("Invoices", prefix=prefix, next_number=number, now=7, used=used, taken=taken)
    assert (found.code if found else None) == expected


class Crash(Exception):
    """The process dies between the number and the commit."""


@pytest.mark.both_databases
@pytest.mark.parametrize("where", ["after the number", "before the commit"])
def test_a_number_taken_before_a_crash_is_the_next_one_again(
    story: Cast, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    issue(story)

    def die(*_: Any, **__: Any) -> Any:
        raise Crash

    with monkeypatch.context() as broken:
        if where == "after the number":
            taken = issuing.take_number
            broken.setattr(issuing, "take_number", lambda deed, kind: (taken(deed, kind), die())[0])
        else:
            broken.setattr(base, "append", die)
        with pytest.raises(Crash):
            issue(story)
    assert Series.objects.get(code="invoice").next_number == 2
    assert issue(story).number == 2
    assert missing_numbers("invoice") == []


@pytest.mark.postgresql
def test_two_connections_take_turns(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first's commit, also where neither finds a series yet."""
    taken, go = Event(), Event()
    take = issuing.take_number

    def slowly(deed: Any, kind: str) -> Any:
        found = take(deed, kind)
        if not taken.is_set():
            taken.set()
            assert go.wait(20)
        return found

    monkeypatch.setattr(issuing, "take_number", slowly)

    def one(client: Any) -> int:
        try:
            return issue(story, client).number
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one, story.northwick)
        assert taken.wait(20)
        second = pool.submit(one, story.quayside)
        with pytest.raises(TimeoutError):
            second.result(0.5)
        go.set()
        assert (first.result(20), second.result(20)) == (1, 2)


@pytest.mark.postgresql
def test_many_first_papers_at_once(story: Cast) -> None:
    start = Barrier(4)

    def one(number: int) -> int:
        try:
            start.wait(20)
            return issue(story, story.northwick if number % 2 else story.quayside).number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [1, 2, 3, 4]


def test_the_page_shows_every_number_cancelled_ones_too(story: Cast) -> None:
    papers = [issue(story) for _ in range(3)]
    done(cancel_invoice(actor=story.ines, invoice_id=papers[1].id, reason="Wrong"))
    browser = browser_of(story.jonah)
    page = browser.get(reverse("staff:series_numbers", args=["invoice"])).content.decode()
    assert "No number is missing" in page and "Cancelled" in page
    assert all(f"INV-{number}" in page for number in (1, 2, 3))
    assert b"INV-4" in browser.get(reverse("staff:series")).content
    url = reverse("staff:series_set", args=["invoice"])
    refused = browser.post(url, {"before": "INV-", "next_number": "9"})
    assert refused.status_code == 422 and b"no gap and no twin" in refused.content
    assert browser.post(url, {"before": "R-", "next_number": "4"}).status_code == 302
    assert issue(story).label == "R-4"
    assert browser_of(story.ines).get(url).status_code == 409
    assert browser.get(reverse("staff:series_numbers", args=["moon"])).status_code == 404
