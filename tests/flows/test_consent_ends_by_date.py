# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1, the last day: from the next midnight on nothing leaves; the calendar says so once, stops what is queued, tells the client."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.authorisations.end_by_date import end_by_date
from partwell.actions.facts import zone
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import ReleaseLine
from partwell.workers import calendar
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def midnight(row: Authorisation, days: int = 1) -> datetime:
    """The midnight that ends the authorisation's last day, in the MSP's zone; ``days`` later for more."""
    day = row.ends_on + timedelta(days=days)
    return datetime.combine(day, time(), ZoneInfo(zone())).astimezone(UTC)


def standing(c: Cast) -> Authorisation:
    assert c.authorisation is not None
    return Authorisation.objects.get(pk=c.authorisation.id)


def ended() -> int:
    return Entry.objects.filter(type="authorisation.ended").count()


def test_on_its_last_day_it_still_stands_and_a_second_later_it_is_recorded_once() -> None:
    c = cast(signed=True)
    done(c.release("diagram"))
    queued = Envelope.objects.get(kind="release_announcement")
    row = standing(c)
    assert end_by_date(now=midnight(row) - timedelta(seconds=1)) == 0
    assert end_by_date(now=midnight(row)) == 1
    assert end_by_date(now=midnight(row)) == 0
    assert ended() == 1
    queued.refresh_from_db()
    assert (queued.state, queued.stop_code) == ("stopped", "ended")
    assert {one.state for one in ReleaseLine.objects.all()} == {"stopped"}
    told = Envelope.objects.get(kind="authorisation_changed")
    assert [one["role"] for one in told.recipients] == ["client", "second"]
    assert "ended by its date" in told.text.casefold() or "passed its last day" in told.text
    assert queued.subject in " ".join(told.text.split())


def test_workers_that_were_down_say_it_when_they_come_back() -> None:
    c = cast(signed=True, items=False)
    late = midnight(standing(c), days=45)
    assert calendar.run_due(late)["consents past their last day"] == 1
    assert calendar.run_due(late)["consents past their last day"] == 0
    assert ended() == 1 and standing(c).state == "granted"


def test_a_withdrawn_one_does_not_end_again() -> None:
    c = cast(signed=True, items=False)
    row = standing(c)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=row.id))
    assert end_by_date(now=midnight(row, days=9)) == 0 and ended() == 0
