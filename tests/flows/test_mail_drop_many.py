# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a flood: what waits is dropped together, for one reason, each with its entry; what the client decides on is not."""

from collections.abc import Iterator

import pytest

from partwell.actions.correspondence.drop_mail import drop_many
from partwell.records.evidence.models import Entry
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.mail_cast import address, mail, mail_comes_in, take
from tests.flows.test_mail_in import MARA, started
from tests.flows.test_retention_pages import page
from tests.support.worlds import World


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def test_what_is_ticked_is_dropped_for_one_reason_and_what_is_held_stays() -> None:
    c = started()
    rows = [take(mail(MARA, address(), f"No {one}"), to=address()) for one in range(3)]
    held = take(mail("Stranger <who@knows.example>", address()), to=address())
    ines = browser_of(c.ines)
    shown = page(ines, "/mail-in/")
    assert shown.count('form="drop-ticked"') == 3 and str(held.id) in shown
    ticked = {"mail": [str(one.id) for one in (*rows[:2], held)], "reason": "A flood of the same."}
    answer = ines.post("/mail-in/drop/", ticked, follow=True).content.decode()
    assert "2 dropped" in answer and "1 are left" in answer
    for row in (*rows, held):
        row.refresh_from_db()
    assert [row.state for row in (*rows, held)] == ["dropped", "dropped", "waiting", "held"]
    assert rows[0].decision == "A flood of the same." and rows[0].decided_by_name == "Ines Duarte"
    assert Entry.objects.filter(type="mail.dropped").count() == 2
    for ids, reason in (([rows[2].id], "  "), ([], "Why")):
        refused = drop_many(actor=c.ines, mail_ids=ids, reason=reason)
        assert isinstance(refused, Refusal) and refused.code == "required"
    assert isinstance(drop_many(actor=c.dan, mail_ids=[rows[2].id], reason="x"), Refusal)
    assert 'form="drop-ticked"' not in page(browser_of(c.dan), "/mail-in/")
    rows[2].refresh_from_db()
    assert rows[2].state == "waiting"
