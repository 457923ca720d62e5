# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5 as a story: four included hours, what they are drawn by, and what goes on when they are gone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions.hours.give_leave import end_leave, give_leave
from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.actions.hours.standing import standing
from partwell.actions.hours.timers import About, Said, start_timer, stop_timer, throw_away_timer
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.hours.models import TimeEntry, Timer
from partwell.rules.actor import Actor
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases

MEETING = {"work_class": WorkClass.OFFBOARDING, "kind": WorkKind.MEETING}


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast()


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def work(minutes: int, **changed: object) -> Work:
    start = timezone.now() - timedelta(minutes=minutes + 1)
    values = {"minutes": minutes, "started": start, "note": "Handover meeting", **MEETING, **changed}
    return Work(**values)  # type: ignore[arg-type]


def record(story: Cast, minutes: int, actor: Actor | None = None, **changed: object) -> TimeEntry | Refusal:
    return record_time(actor=actor or story.dan, client_id=story.northwick.id, work=work(minutes, **changed))


def left(story: Cast) -> int:
    return standing(story.northwick.id).budget.left


def test_included_hours_are_drawn_and_then_nothing_billable_is_accepted(story: Cast) -> None:
    assert left(story) == 240
    first = done(record(story, 52))
    assert (first.minutes, first.accounted) == (52, 60)
    assert left(story) == 180
    assert code(record(story, 200)) == "hours_short"
    done(record(story, 180))
    assert left(story) == 0
    assert code(record(story, 1)) == "hours_used_up"
    assert (
        code(start_timer(actor=story.dan, client_id=story.northwick.id, about=About(**MEETING)))
        == "hours_used_up"
    )
    as_is = done(record(story, 45, kind=WorkKind.AS_IS, note="Handed over the firewall's documentation"))
    assert [part.source for part in as_is.parts.all()] == ["not_charged"]
    said = Entry.objects.filter(type="refusal.recorded").count()
    assert said >= 2


def test_a_correction_is_an_entry_of_its_own(story: Cast) -> None:
    wrong = done(record(story, 120))
    assert left(story) == 120
    assert code(reverse_time(actor=story.dan, entry_id=wrong.id, why=" ")) == "taken_back_without_reason"
    back = done(reverse_time(actor=story.dan, entry_id=wrong.id, why="It was 20 minutes"))
    assert (back.minutes, back.accounted, left(story)) == (-120, -120, 240)
    assert code(reverse_time(actor=story.dan, entry_id=wrong.id, why="again")) == "duplicate"
    assert code(reverse_time(actor=story.dan, entry_id=back.id, why="again")) == "duplicate"
    assert TimeEntry.objects.get(pk=wrong.id).minutes == 120
    other = done(record(story, 20))
    assert code(reverse_time(actor=story.priya, entry_id=other.id, why="not mine")) == "not_your_role"
    done(reverse_time(actor=story.ines, entry_id=other.id, why="booked on the wrong client"))


def test_goodwill_is_the_offices_and_names_a_reason(story: Cast) -> None:
    given = {"work_class": WorkClass.GOODWILL}
    assert code(record(story, 30, **given)) == "goodwill_without_reason"
    assert code(record(story, 30, reason="our mistake", **given)) == "not_your_role"
    entry = done(record(story, 30, actor=story.ines, reason="our mistake", **given))
    assert entry.allowed_by_id == story.ines.id
    assert left(story) == 240


def test_an_owner_allows_work_on_account(story: Cast) -> None:
    done(record(story, 240))
    assert (
        code(give_leave(actor=story.ines, client_id=story.northwick.id, minutes=60, reason="flood"))
        == "not_your_role"
    )
    assert (
        code(give_leave(actor=story.jonah, client_id=story.northwick.id, minutes=60, reason=" "))
        == "on_account_without_reason"
    )
    done(
        give_leave(
            actor=story.jonah, client_id=story.northwick.id, minutes=60, reason="The server room is flooded"
        )
    )
    done(record(story, 45))
    assert code(record(story, 30)) == "hours_used_up"
    done(record(story, 15))
    done(end_leave(actor=story.jonah, client_id=story.northwick.id))
    assert code(record(story, 15)) == "hours_used_up"
    assert code(end_leave(actor=story.jonah, client_id=story.northwick.id)) == "not_found"


def test_a_timer_becomes_time_and_a_forgotten_one_asks(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    timer = done(start_timer(actor=story.dan, client_id=story.northwick.id, about=About(**MEETING)))
    assert (
        code(start_timer(actor=story.dan, client_id=story.northwick.id, about=About(**MEETING)))
        == "timer_running"
    )
    assert code(stop_timer(actor=story.priya, timer_id=timer.id, said=Said("x"))) == "not_found"
    later = timezone.now() + timedelta(hours=63)
    with monkeypatch.context() as clock:
        clock.setattr("partwell.actions.base.timezone.now", lambda: later)
        assert code(stop_timer(actor=story.dan, timer_id=timer.id, said=Said("Meeting"))) == "timer_forgotten"
        assert Timer.objects.get(pk=timer.id).stopped_at is None
        assert code(stop_timer(actor=story.dan, timer_id=timer.id, said=Said(" ", 40))) == "time_without_note"
        entry = done(stop_timer(actor=story.dan, timer_id=timer.id, said=Said("Meeting", 40)))
    assert (entry.minutes, entry.accounted, entry.timer_id) == (40, 45, timer.id)
    assert code(stop_timer(actor=story.dan, timer_id=timer.id, said=Said("Meeting", 5))) == "duplicate"


def test_a_timer_is_thrown_away_with_a_reason(story: Cast) -> None:
    timer = done(start_timer(actor=story.dan, client_id=story.northwick.id, about=About(**MEETING)))
    assert code(throw_away_timer(actor=story.priya, timer_id=timer.id, reason="?")) == "not_your_role"
    assert (
        code(throw_away_timer(actor=story.dan, timer_id=timer.id, reason="")) == "taken_back_without_reason"
    )
    done(throw_away_timer(actor=story.ines, timer_id=timer.id, reason="Dan is ill"))
    assert not TimeEntry.objects.exists()


def test_strangers_and_other_roles(story: Cast) -> None:
    for actor in (story.mara, story.theo, story.leo):
        assert code(record_time(actor=actor, client_id=story.northwick.id, work=work(10))) == "not_found"
    assert code(record(story, 10, actor=story.kerstin)) == "not_your_role"


def test_internal_notes_stay_inside(story: Cast) -> None:
    entry = done(record(story, 10, internal_note="They argue about everything"))
    rows = (
        Disclosure.objects.filter(entry__subjects__contains=entry.id.hex)
        if False
        else Disclosure.objects.all()
    )
    held = [row for row in rows if "argue" in str(row.content)]
    assert held
    assert {row.label for row in held} == {"internal"}


def test_two_people_cannot_spend_the_same_minute(story: Cast) -> None:
    done(record(story, 180))
    actors = [story.dan, story.priya, story.ines, story.jonah] * 3

    def one(actor: Actor) -> object:
        try:
            return record(story, 15, actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(one, actors))
    granted = [entry for entry in found if isinstance(entry, TimeEntry)]
    assert len(granted) == 4
    assert {code(other) for other in found if not isinstance(other, TimeEntry)} == {"hours_used_up"}
    assert left(story) == 0


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"minutes": 0}, "time_not_positive"),
        ({"minutes": -10}, "time_not_positive"),
        ({"minutes": 5000, "started": timezone.now() - timedelta(days=9)}, "time_too_long"),
        ({"started": timezone.now() + timedelta(days=3)}, "time_in_future"),
        ({"note": " "}, "time_without_note"),
    ],
)
def test_absurd_time_is_refused(story: Cast, changed: dict[str, object], expected: str) -> None:
    values = {
        "minutes": 10,
        "started": timezone.now() - timedelta(hours=1),
        "note": "x",
        **MEETING,
        **changed,
    }
    assert code(record_time(actor=story.dan, client_id=story.northwick.id, work=Work(**values))) == expected  # type: ignore[arg-type]
    assert not TimeEntry.objects.exists()
