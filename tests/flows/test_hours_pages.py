# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time on the staff's pages: entered, taken back, timed and forgotten; refusals stand at their field with what to do."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import add_client
from partwell.actions.correspondence.write_message import CLIENT, Draft, write_message
from partwell.actions.hours.record_time import Work, record_time
from partwell.actions.hours.standing import standing
from partwell.records.correspondence.models import Envelope
from partwell.records.hours.models import Leave, TimeEntry, TimePart, Timer
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkClass, WorkKind
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

ENTRY = {"work_class": "offboarding", "kind": "meeting", "note": "Handover meeting"}


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast()


def at(story: Cast, name: str, *more: Any) -> str:
    return reverse(f"staff:{name}", args=[story.northwick.id, *more])


def enter(browser: Browser, story: Cast, **given: object) -> Any:
    return browser.post(at(story, "time_add"), {**ENTRY, **given})


def left(story: Cast) -> int:
    return standing(story.northwick.id).budget.left


def worked(story: Cast, minutes: int, **more: Any) -> TimeEntry:
    started = timezone.now() - timedelta(minutes=minutes + 1)
    work = Work(minutes, started, WorkClass.OFFBOARDING, WorkKind.MEETING, "Meeting", **more)
    return done(record_time(actor=story.dan, client_id=story.northwick.id, work=work))


@pytest.mark.both_databases
def test_time_is_entered_read_and_taken_back(story: Cast) -> None:
    dan = browser_of(story.dan)
    answer = enter(dan, story, minutes=52, internal_note="They argue", asked_by="Mara Ellery")
    assert answer.status_code == 302
    page = dan.get(at(story, "hours")).content.decode()
    for words in (
        "Handover meeting",
        "52\u00a0min",
        "counts as 1\u00a0h",
        "1\u00a0h included",
        "asked by Mara Ellery",
        "They argue",
        "Take back",
    ):
        assert words in page, words
    entry = TimeEntry.objects.get()
    back = at(story, "time_back", entry.id)
    assert (
        "Time is taken back or thrown away for a reason." in dan.post(back, {"reason": " "}).content.decode()
    )
    assert dan.post(back, {"reason": "It was on another day"}).status_code == 302
    assert left(story) == 240
    page = dan.get(at(story, "hours")).content.decode()
    assert "Taken back:" in page and "It was on another day" in page and "given back" in page
    assert back not in page, "it is taken back once"
    assert browser_of(story.kerstin).get(at(story, "time_add")).status_code == 409
    kerstin = browser_of(story.kerstin).get(at(story, "hours"))
    assert kerstin.status_code == 200 and at(story, "time_add") not in kerstin.content.decode()
    assert dan.get(reverse("staff:time_back", args=[story.quayside.id, entry.id])).status_code == 404


def test_what_does_not_fit_is_said_at_its_field_and_can_be_split(story: Cast) -> None:
    worked(story, 180)
    dan, ines = browser_of(story.dan), browser_of(story.ines)
    answer = enter(dan, story, minutes=100)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="id_minutes_error"' in page
    assert "105 minutes are more than the 60 that are left." in page
    assert (
        'value="ask"' in page and 'value="goodwill"' not in page.split('name="rest"')[1].split("</select>")[0]
    )
    assert enter(dan, story, minutes=100, rest="goodwill").status_code == 422, "goodwill is the office's"
    page = enter(ines, story, minutes=100).content.decode()
    assert "1\u00a0h of it fit." in page and 'name="rest"' in page
    page = enter(ines, story, minutes=100, rest="goodwill").content.decode()
    assert 'id="id_reason_error"' in page and TimeEntry.objects.count() == 1
    assert (
        enter(ines, story, minutes=100, rest="goodwill", reason="The list was ours to keep").status_code
        == 302
    )
    assert sorted(TimeEntry.objects.values_list("minutes", "work_class")) == [
        (40, "goodwill"), (60, "offboarding"), (180, "offboarding"),
    ]  # fmt: skip
    assert left(story) == 0
    page = ines.get(at(story, "hours")).content.decode()
    assert "The hours are used up." in page and "allowed by Ines Duarte" in page
    page = enter(dan, story, minutes=10).content.decode()
    assert 'id="id_minutes_error"' in page
    assert enter(dan, story, minutes=10, kind="as_is").status_code == 302


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "minutes", "Give the minutes, or start and end."),
        ({"minutes": 0}, "minutes", "Time is a whole number of minutes above zero."),
        ({"minutes": -5}, "minutes", "Time is a whole number of minutes above zero."),
        ({"minutes": 99999}, "minutes", "One entry holds at most 16 hours."),
        ({"minutes": 20, "note": " "}, "note", "Time needs a note that the client can read."),
        ({"minutes": 20, "work_class": "goodwill"}, "reason", "Goodwill needs a reason."),
        (
            {"started": "2026-03-02T10:00", "ended": "2026-03-02T09:00"},
            "ended",
            "The end lies before the start.",
        ),
        (
            {"started": "2026-03-02T10:00", "ended": "2026-03-02T10:30", "minutes": 45},
            "minutes",
            "are 30 minutes only",
        ),
        ({"started": "2026-03-29T02:30", "minutes": 5}, "started", "The clocks went forward"),
        ({"started": "2199-01-01T10:00", "minutes": 5}, "minutes", "The work would end in the future."),
    ],
)
def test_mistakes_stand_at_their_field(story: Cast, given: dict[str, object], field: str, words: str) -> None:
    answer = enter(browser_of(story.dan), story, **given)
    page = answer.content.decode()
    assert answer.status_code == 422
    error = page.split(f'id="id_{field}_error"', 1)
    assert len(error) == 2 and words in error[1].split("</p>", 1)[0], page[:200]
    assert not TimeEntry.objects.exists()


@pytest.mark.parametrize(
    ("started", "ended", "minutes", "utc"),
    [
        (
            "2026-03-29T01:30",
            "2026-03-29T03:30",
            60,
            datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        ),  # an hour is missing
        (
            "2025-10-26T01:30",
            "2025-10-26T03:30",
            180,
            datetime(2025, 10, 25, 23, 30, tzinfo=UTC),
        ),  # one comes twice
        (
            "2026-05-04T23:40",
            "2026-05-05T00:25",
            45,
            datetime(2026, 5, 4, 21, 40, tzinfo=UTC),
        ),  # past midnight
    ],
)
def test_start_and_end_are_the_msps_clock_and_minutes_are_instants(
    story: Cast, started: str, ended: str, minutes: int, utc: datetime
) -> None:
    answer = enter(browser_of(story.dan), story, started=started, ended=ended, work_class="goodwill")
    assert answer.status_code == 422, "a technician gives no goodwill"
    answer = enter(browser_of(story.dan), story, started=started, ended=ended, kind="as_is")
    assert answer.status_code == 302
    entry = TimeEntry.objects.get()
    assert (entry.minutes, entry.started_at, entry.day.isoformat()) == (minutes, utc, started[:10])


def test_a_timer_is_in_sight_on_every_page_until_it_is_stopped(story: Cast) -> None:
    dan = browser_of(story.dan)
    item = story.items["firewall"] if "firewall" in story.items else next(iter(story.items.values()))
    about = f"item:{item.id}"
    assert item.title in dan.get(at(story, "timer_start"), {"about": about}).content.decode()
    assert (
        "Start a timer" in dan.get(reverse("staff:item", args=[story.northwick.id, item.id])).content.decode()
    )
    answer = dan.post(
        at(story, "timer_start"), {"work_class": "offboarding", "kind": "other", "about": about}
    )
    assert answer.status_code == 302
    timer = Timer.objects.get()
    assert (timer.subject_kind, timer.subject_id) == ("item", item.id)
    for name in ("departures", "clients", "messages", "import", "timers"):
        page = dan.get(reverse(f"staff:{name}")).content.decode()
        assert "Your running timer" in page and reverse("staff:timer_stop", args=[timer.id]) in page
    assert (
        "Your running timer" not in browser_of(story.priya).get(reverse("staff:departures")).content.decode()
    )
    answer = dan.post(at(story, "timer_start"), {"work_class": "offboarding", "kind": "other"})
    assert answer.status_code == 409 and "A timer of yours is running" in answer.content.decode()
    stop = reverse("staff:timer_stop", args=[timer.id])
    assert browser_of(story.priya).get(stop).status_code == 404
    page = dan.post(stop, {"note": ""}).content.decode()
    assert 'id="id_note_error"' in page and Timer.objects.get().stopped_at is None
    assert dan.post(stop, {"note": "Sent its configuration"}).status_code == 302
    entry = TimeEntry.objects.get()
    assert (entry.timer_id, entry.subject_label, entry.kind) == (timer.id, item.title, "other")
    assert "Your running timer" not in dan.get(reverse("staff:departures")).content.decode()


def test_the_timer_costs_one_query_a_page(story: Cast) -> None:
    def asked(browser: Browser) -> list[str]:
        browser.get(reverse("staff:clients"))
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse("staff:clients"))
        return [one["sql"] for one in queries if "hours_timer" in one["sql"]]

    dan = browser_of(story.dan)
    assert len(asked(dan)) == 1
    dan.post(at(story, "timer_start"), {"work_class": "service", "kind": "other"})
    assert len(asked(dan)) == 1
    assert not asked(browser_of(story.kerstin)), "an auditor has no timer"


def test_a_message_is_timed_and_what_is_not_this_clients_is_not(story: Cast) -> None:
    draft = Draft("Printer", "It prints blanks.", CLIENT)
    message = done(write_message(actor=story.mara, client_id=story.northwick.id, draft=draft))
    dan = browser_of(story.dan)
    page = dan.get(reverse("staff:message", args=[message.id])).content.decode()
    assert f"{at(story, 'timer_start')}?about=message:{message.id}" in page
    page = dan.get(at(story, "time_add"), {"about": f"message:{message.id}"}).content.decode()
    assert "About “Printer”." in page
    other = dan.get(reverse("staff:time_add", args=[story.quayside.id]), {"about": f"message:{message.id}"})
    assert "Printer" not in other.content.decode()
    assert enter(dan, story, minutes=5, about=f"message:{message.id}").status_code == 302
    assert TimeEntry.objects.get().subject_label == "Printer"
    assert "Printer" not in browser_of(story.mara).get("/client/").content.decode().split("Hours", 1)[-1]


def test_a_forgotten_timer_asks_and_another_office_hand_may_end_it(story: Cast) -> None:
    dan = browser_of(story.dan)
    dan.post(at(story, "timer_start"), {"work_class": "offboarding", "kind": "meeting"})
    timer = Timer.objects.get()
    with Deed(story.jonah) as deed:
        deed.lock(story.northwick.id)
        deed.save(timer, started_at=timezone.now() - timedelta(hours=63))
        deed.record(
            "timer.started", subjects=[timer.id], internal={"work_class": "offboarding", "kind": "meeting"}
        )
    assert "Forgotten? Say how long the work took." in dan.get(reverse("staff:clients")).content.decode()
    stop = reverse("staff:timer_stop", args=[timer.id])
    page = dan.post(stop, {"note": "Meeting"}).content.decode()
    assert "The timer ran for 63 hours" in page.split('id="id_minutes_error"', 1)[1]
    assert not TimeEntry.objects.exists()
    assert dan.post(stop, {"note": "Meeting", "minutes": "40"}).status_code == 302
    assert TimeEntry.objects.get().minutes == 40
    browser_of(story.priya).post(at(story, "timer_start"), {"work_class": "offboarding", "kind": "meeting"})
    away = reverse("staff:timer_away", args=[Timer.objects.get(stopped_at=None).id])
    assert dan.get(away).status_code == 404
    ines = browser_of(story.ines)
    assert "Priya Nair" in ines.get(reverse("staff:timers")).content.decode()
    assert ines.post(away, {"reason": ""}).status_code == 422
    assert ines.post(away, {"reason": "She is ill"}).status_code == 302
    assert not Timer.objects.filter(stopped_at=None).exists()


@pytest.mark.both_databases
def test_two_browsers_stop_the_same_timer_once(story: Cast) -> None:
    first, second = browser_of(story.dan), browser_of(story.dan)
    first.post(at(story, "timer_start"), {"work_class": "offboarding", "kind": "meeting"})
    stop = reverse("staff:timer_stop", args=[Timer.objects.get().id])

    def press(browser: Browser) -> int:
        try:
            return browser.post(stop, {"note": "Meeting"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(press, [first, second]))
    assert found == [302, 409]
    assert TimeEntry.objects.count() == 1
    late = second.post(stop, {"note": "Meeting"})
    assert late.status_code == 409 and "Stopping this timer" in late.content.decode()


def test_an_owner_allows_work_on_account_and_ends_it(story: Cast) -> None:
    worked(story, 240)
    jonah = browser_of(story.jonah)
    assert "Allow work on account" in jonah.get(at(story, "hours")).content.decode()
    assert browser_of(story.ines).get(at(story, "leave")).status_code == 409
    page = jonah.post(at(story, "leave"), {"minutes": 60, "reason": ""}).content.decode()
    assert 'id="id_reason_error"' in page
    assert (
        jonah.post(at(story, "leave"), {"minutes": 60, "reason": "The server room is flooded"}).status_code
        == 302
    )
    assert (
        "Jonah Reyes allowed it: The server room is flooded" in jonah.get(at(story, "hours")).content.decode()
    )
    assert enter(browser_of(story.dan), story, minutes=30).status_code == 302
    assert "30\u00a0min on account" in jonah.get(at(story, "hours")).content.decode()
    assert jonah.post(at(story, "leave_end")).status_code == 302
    assert Leave.objects.get().ended_at is not None


@pytest.mark.both_databases
def test_the_client_hears_once_at_each_mark(story: Cast) -> None:
    def said() -> list[str]:
        rows = Envelope.objects.filter(kind="hours_running_out").order_by("queued_at")
        return [re.findall(r"(\d+ h \d\d min)\s+are\s+used", row.text)[0] for row in rows]

    worked(story, 180)
    assert said() == []
    last = worked(story, 15)
    assert said() == ["3 h 15 min"], "81 %"
    done(reverse_of(story, last))
    worked(story, 15)
    assert len(said()) == 1, "once, however often it is crossed"
    worked(story, 45)
    assert said() == ["3 h 15 min", "4 h 00 min"]
    assert Envelope.objects.filter(kind="hours_running_out", client_contact_id=story.mara.id).count() == 2


def reverse_of(story: Cast, entry: TimeEntry) -> Any:
    from partwell.actions.hours.record_time import reverse_time

    return reverse_time(actor=story.dan, entry_id=entry.id, why="Wrong day")


@pytest.mark.both_databases
def test_the_board_and_the_departure_say_what_is_left(story: Cast) -> None:
    worked(story, 60)
    dan = browser_of(story.dan)
    assert "3\u00a0h" in dan.get(reverse("staff:departures")).content.decode()
    row = Offboarding.objects.get(client=story.northwick)
    page = dan.get(reverse("staff:offboarding", args=[row.id])).content.decode()
    assert "3 h 00 min are left." in page and "Used: 1\u00a0h." in page
    worked(story, 180)
    page = dan.get(reverse("staff:offboarding", args=[row.id])).content.decode()
    assert "The time is used up; handing over what exists goes on." in page


def count_of(browser: Browser, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(url).status_code == 200
    return len(asked)


@pytest.mark.both_databases
def test_the_hours_page_asks_the_same_for_one_entry_and_for_many(story: Cast) -> None:
    worked(story, 5)
    dan = browser_of(story.dan)
    few = count_of(dan, at(story, "hours"))
    with Deed(story.dan) as deed:
        deed.lock(story.northwick.id)
        offboarding = Offboarding.objects.get(client=story.northwick)
        rows = [TimeEntry(client=story.northwick, offboarding=offboarding, staff_id=story.dan.id, day=timezone.localdate(), started_at=timezone.now(),
                          minutes=1, accounted=15, work_class="goodwill", client_note=f"Piece {n}", reason="x", recorded_at=timezone.now()) for n in range(500)]  # fmt: skip
        deed.add_many(TimeEntry, rows)
        deed.add_many(
            TimePart,
            [TimePart(entry=one, offboarding=offboarding, source="not_charged", minutes=15) for one in rows],
        )
        deed.record("import.confirmed", public={"source": "a test", "count": 500})
    assert count_of(dan, at(story, "hours")) == few
    assert "page=2" in dan.get(at(story, "hours")).content.decode()


def test_without_a_departure_time_is_running_service(story: Cast) -> None:
    client = done(add_client(actor=story.ines, name="Saltmarsh"))
    dan = browser_of(story.dan)
    page = dan.get(reverse("staff:hours", args=[client.id])).content.decode()
    assert "No departure is open: time is running service." in page and "<h2>Budget</h2>" not in page
    add = reverse("staff:time_add", args=[client.id])
    assert dan.post(add, {**ENTRY, "minutes": 5}).status_code == 422
    assert dan.post(add, {**ENTRY, "minutes": 5, "work_class": "service"}).status_code == 302
