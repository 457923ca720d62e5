# SPDX-License-Identifier: AGPL-3.0-or-later
"""Erasing in the browser: proposed from the entry, approved by a second person with the client's name typed."""

from typing import Any

import pytest

from partwell.records.evidence.models import Disclosure, Entry, EntrySubject
from tests.browser import axe
from tests.flows.cast import cast

pytestmark = pytest.mark.browser


def test_two_people_erase_what_an_entry_says(sit: Any) -> None:
    c = cast()
    about = EntrySubject.objects.filter(subject_ref=c.tom.id).values("entry_index")
    row = Entry.objects.get(index__in=about, type="contact.added")
    ines, jonah = sit(c.ines), sit(c.jonah)

    ines.goto(f"/evidence/{row.index}/")
    ines.get_by_role("link", name="Erase personal content").click()
    assert ines.get_by_label("Numbers of the entries").input_value() == str(row.index)
    ines.get_by_label("On what ground").fill("Tom Okafor asked for it on 3 May, Art. 17 GDPR")
    assert axe.look(ines, all_four=True) == []
    ines.get_by_role("button", name="Propose it").click()
    ines.get_by_text("It waits for somebody else").wait_for()
    assert axe.look(ines, all_four=True) == []

    jonah.goto(f"/clients/{c.northwick.id}/record/")
    assert axe.look(jonah, all_four=True) == []
    jonah.get_by_role("link", name="What entry").first.click()
    jonah.get_by_label("To go on, type").fill("Northwick Traders")
    assert axe.look(jonah, all_four=True) == []
    jonah.get_by_role("button", name="Erase it for good").click()
    jonah.get_by_text("It is erased.").wait_for()
    assert not Disclosure.objects.filter(entry_uid=row.uid).exists()
    jonah.goto(f"/evidence/{row.index}/")
    assert "content erased on" in jonah.content()
    assert axe.look(jonah, all_four=True) == []
