# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stood on pages as the program stores it is told in people's words."""

import pytest

from partwell.actions.people.find import find
from partwell.records.offboardings.models import Offboarding
from partwell.rules.refusals import show
from tests.flows.cast import cast, propose

pytestmark = pytest.mark.usefixtures("db_world")


def test_the_search_says_a_day_in_words() -> None:
    c = cast(items=False)
    found = [one for group in find(actor=c.ines, text="northwick") for one in group.results]
    (departure,) = [one for one in found if one.kind == "offboarding"]
    ends = Offboarding.objects.get(client=c.northwick).end_of_service
    assert departure.note == f"Open, service ends {show(ends)}"


def test_an_authorisation_says_why_a_thing_is_not_received() -> None:
    c = cast()
    item = c.items["switch"]
    row = propose(c, excluded_items=(item.id,))
    assert f"{item.title}: excluded by name" in row.text
