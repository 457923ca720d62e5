# SPDX-License-Identifier: AGPL-3.0-or-later
"""The staff's pages of clients and departures: what they say, who may open them, and that they ask no more of a large estate."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import add_client
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.records.estate.models import Item
from partwell.records.offboardings.models import LawfulPause, Offboarding
from partwell.rules.terms import Channel, Destination, Reason
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, _staff, cast, done
from tests.support.worlds import World

TABS = (
    "offboarding",
    "offboarding_estate",
    "plan",
    "closing",
    "dates",
    "offboarding_evidence",
    "offboarding_said",
)


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(signed=True)
    done(propose_plan(actor=made.ines, offboarding_id=Offboarding.objects.get(client=made.northwick).id))
    return made


def grow(story: Cast, count: int) -> None:
    """So many items more in Northwick's estate."""
    kinds = [
        ("hardware", "hardware"),
        ("diagrams", "document"),
        ("admin_access", "credential"),
        ("software", "licence"),
    ]
    with Deed(story.dan) as deed:
        deed.lock(story.northwick.id)
        rows = [Item(client=story.northwick, title=f"Thing {n}", category=kinds[n % 4][0], kind=kinds[n % 4][1], owner="client" if n % 5 else "unknown",
                     added_at=deed.now) for n in range(count)]  # fmt: skip
        deed.add_many(Item, rows)
        deed.record("import.confirmed", public={"source": "a test", "count": count})


@pytest.mark.both_databases
def test_the_pages_ask_as_much_of_5000_items_as_of_50(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.ines)
    counts: dict[str, set[int]] = {name: set() for name in TABS}
    here = Item.objects.filter(client=story.northwick).count()
    for wanted in (50, 500, 5000):
        grow(story, wanted - here)
        here = wanted
        for name in TABS:
            url = reverse(f"staff:{name}", args=[row.id])
            browser.get(url)  # what is remembered between requests is remembered now
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert browser.get(url).status_code == 200
            counts[name].add(len(asked))
    assert {name: len(found) for name, found in counts.items()} == dict.fromkeys(TABS, 1), counts


def _more_departures(story: Cast, count: int, start: int = 1) -> None:
    for n in range(start - 1, start - 1 + count):
        client = done(add_client(actor=story.ines, name=f"Client {n:03d}"))
        done(open_offboarding(actor=story.ines, client_id=client.id, notice=Notice(
            noticed_at=timezone.now() - timedelta(days=90), channel=Channel.LETTER, reason=Reason.IN_HOUSE, destination=Destination.CLIENT_STAFF,
            end_of_service=timezone.localdate() + timedelta(days=n % 40 * 20 - 40))))  # fmt: skip


def test_the_board_asks_the_same_for_one_departure_and_for_many(story: Cast) -> None:
    browser, url = browser_of(story.ines), reverse("staff:departures")
    counts, here = {}, 1
    for wanted in (1, 10, 100):
        _more_departures(story, wanted - here, start=here)
        here = wanted
        browser.get(url)
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(url)
        counts[wanted] = len(asked)
        if wanted == 10:
            text = page.content.decode()
    assert len(set(counts.values())) == 1, counts
    assert Offboarding.objects.count() == 100
    assert "of 100" in page.content.decode() or "page=2" in page.content.decode(), (
        "the rest is on the next page"
    )
    assert text.index("Overdue") < text.index("Leaving within 30 days") < text.index("Under way")
    assert "Client 000" in text and "on Ines Duarte" in text


def test_the_board_filters_sorts_and_says_what_to_do_first(story: Cast) -> None:
    _more_departures(story, 3)
    browser, url = browser_of(story.jonah), reverse("staff:departures")
    assert "Northwick Traders" not in browser.get(url, {"show": "mine"}).content.decode()
    by_name = browser.get(url, {"sort": "-client"}).content.decode()
    assert by_name.index("Northwick Traders") < by_name.index("Client 002") < by_name.index("Client 000")
    assert browser.get(url, {"show": "nonsense", "sort": "nonsense", "page": "x"}).status_code == 200


def test_an_empty_board_says_what_to_do_first(db_world: World) -> None:
    staff = _staff()
    page = browser_of(staff["ines"]).get(reverse("staff:departures")).content.decode()
    assert "Start with a client" in page
    done(add_client(actor=staff["ines"], name="Saltmarsh"))
    page = browser_of(staff["ines"]).get(reverse("staff:departures")).content.decode()
    assert "Nobody is leaving" in page and "Record a notice" in page


def test_the_gates_and_the_next_steps_name_people(story: Cast) -> None:
    row = Offboarding.objects.get(client=story.northwick)
    page = browser_of(story.ines).get(reverse("staff:offboarding", args=[row.id])).content.decode()
    assert "Northwick Traders leaves for Alder Row IT" in page
    assert (
        "Waiting on Mara Ellery" in page
        and "The client has no contact outside the domain that migrates." in page
    )
    assert "Acknowledge the notice." in page and "No time logged." in page


def test_the_list_of_clients_shows_readiness(story: Cast) -> None:
    page = browser_of(story.kerstin).get(reverse("staff:clients")).content.decode()
    assert "2 of 5 facts present" in page and "Known backup sets" in page
    assert reverse("staff:client_add") not in page, "an auditor is offered nothing to write"
    one = browser_of(story.ines).get(reverse("staff:client", args=[story.quayside.id])).content.decode()
    assert reverse("staff:set_add", args=[story.quayside.id]) in one


def test_a_pause_for_a_debt_is_refused_with_the_rule(story: Cast) -> None:
    browser, url = browser_of(story.jonah), reverse("staff:pause", args=[story.northwick.id])
    refused = browser.post(url, {"ground": "debt", "note": "Two invoices are open"})
    assert refused.status_code == 409 and "never withheld for a debt" in refused.content.decode()
    assert not LawfulPause.objects.exists()
    assert browser.post(url, {"ground": "court_order", "note": "Order 7/26"}).status_code == 302
    board = browser.get(
        reverse("staff:offboarding", args=[Offboarding.objects.get(client=story.northwick).id])
    ).content.decode()
    assert "Releases are paused by a court order." in board


@pytest.fixture
def strangers(story: Cast) -> Iterator[Cast]:
    yield story


def test_nobody_but_staff_finds_these_pages(strangers: Cast) -> None:
    row = Offboarding.objects.get(client=strangers.northwick)
    for actor in (strangers.mara, strangers.theo):
        browser = browser_of(actor)
        for name in TABS:
            answer = browser.get(reverse(f"staff:{name}", args=[row.id]))
            assert answer.status_code == 302 and answer.headers["Location"].startswith("/account/login/")
    assert browser_of(strangers.ines).get("/offboardings/not-an-id/").status_code == 404
    assert browser_of(strangers.ines).get(f"/clients/{row.id}/").status_code == 404


def test_a_form_keeps_what_was_typed(story: Cast) -> None:
    url = reverse("staff:contact_add", args=[story.northwick.id])
    answer = browser_of(story.ines).post(
        url, {"name": "Theo", "email": "theo@alderrow.example", "role": "observer"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and 'value="theo@alderrow.example"' in text
    assert "Another contact" not in text
