# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mara goes through what was handed over, leaves one thing out, and signs; Priya calls her back."""

from typing import Any

import pytest

from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.records.offboardings.models import AcceptanceLine, Offboarding
from tests.flows.cast import cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.browser


def test_the_client_accepts_with_an_exception(sit: Any) -> None:
    c = cast(signed=True)
    c.release("diagram", "switch", target=c.to_client())
    delivered(c)
    departure = Offboarding.objects.get(client=c.northwick)
    row = done(prepare_acceptance(actor=c.dan, offboarding_id=departure.id))
    mara, priya = sit(c.mara), sit(c.priya)
    mara.goto("/client/")
    mara.locator(f"a[href*='/client/acceptance/{row.id}/']").first.click()
    switch = mara.get_by_role("listitem").filter(has_text="Core switch")
    switch.get_by_label("Your answer").select_option("rejected")
    switch.get_by_label("Exception or reason").fill("One fan is broken.")
    mara.locator("input[name=rest][value=accepted]").check()
    mara.get_by_label("I have gone through this list").check()
    mara.get_by_label("I agree to sign electronically").check()
    mara.get_by_label("Type your full name").fill("Mara Ellery")
    mara.get_by_role("button", name="Sign, and wait for our call").click()
    mara.get_by_role("heading", name="It waits for our call").wait_for()

    priya.goto(f"/offboardings/{departure.id}/acceptance/call/")
    priya.get_by_label("Yes, I signed this list").check()
    priya.get_by_role("main").locator("form button[type=submit]").click()
    priya.wait_for_url("**/closing/")
    row.refresh_from_db()
    assert row.state == "exceptions"
    said = {
        line.item.title: (line.answer, line.words)
        for line in AcceptanceLine.objects.select_related("item").filter(acceptance=row)
    }
    assert said["Core switch"] == ("rejected", "One fan is broken.")
    assert said["Network diagram"][0] == "accepted"
