# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dan sees every verdict before he clicks; Mara answers what she is asked; Theo opens, confirms and objects."""

from typing import Any

import pytest

from partwell.records.releases.models import Release, ReleaseLine
from tests.flows.cast import PASSWORD, Cast, cast
from tests.flows.post_office import delivered

pytestmark = pytest.mark.browser


def choose(page: Any, c: Cast, *titles: str) -> None:
    page.goto(f"/clients/{c.northwick.id}/release/")
    page.get_by_label("Theo Brandt").check()
    for title in titles:
        page.get_by_role("checkbox", name=title).check()
    page.get_by_role("button", name="See the verdicts").click()


def group(page: Any, title: str) -> str:
    return str(page.locator("section").filter(has=page.get_by_role("heading", name=title)).inner_text())


def test_verdicts_before_the_click_then_the_client_is_asked(sit: Any) -> None:
    c = cast(signed=True)
    dan, mara = sit(c.dan), sit(c.mara)
    choose(dan, c, "Network diagram", "Month-end runbook", "Monitoring scripts")
    assert "Network diagram" in group(dan, "Goes out at once")
    assert "Month-end runbook" in group(dan, "The client is asked first")
    refused = group(dan, "Stays here")
    assert "Monitoring scripts" in refused and "belongs to the service provider" in refused
    assert not Release.objects.exists(), "seeing is not sending"

    dan.get_by_role("button", name="Release 1, ask the client about 1").click()
    dan.wait_for_url("**/releases/**")
    assert {line.title: line.state for line in ReleaseLine.objects.all()} == {
        "Network diagram": "sent",
        "Month-end runbook": "asked",
    }

    mara.goto("/client/")
    mara.locator("a[href*='/client/approvals/']").first.click()
    row = mara.get_by_role("listitem").filter(has_text="Month-end runbook")
    row.get_by_label("Yes").check()
    mara.get_by_label("Anything to add").fill("Only to Theo, please.")
    mara.get_by_role("button", name="Send my decision").click()
    mara.wait_for_url(lambda url: "/approvals/" not in url)
    assert ReleaseLine.objects.get(title="Month-end runbook").state == "sent"
    delivered(c)


def test_the_new_provider_opens_once_confirms_and_objects(sit: Any) -> None:
    c = cast(signed=True)
    c.release("diagram", "router", "switch")
    delivered(c)
    theo = sit(c.theo)
    theo.goto("/provider/")

    def line(title: str) -> Any:
        return theo.get_by_role("listitem").filter(has_text=title).first

    line("Edge router login").get_by_role("button", name="Open it once").click()
    assert not theo.get_by_text(PASSWORD).count(), "asking is not seeing"
    asked = theo.url
    theo.get_by_role("button", name="Show it now, once").click()
    theo.get_by_text(PASSWORD).wait_for()
    # A second look: by the back button, by the address, by the list.
    theo.goto(asked)
    theo.get_by_role("heading", name="It has been shown").wait_for()
    assert not theo.get_by_text(PASSWORD).count()
    theo.goto("/provider/")
    line("Edge router login").get_by_text("Shown once already").wait_for()
    assert not line("Edge router login").get_by_role("button", name="Open it once").count()

    line("Network diagram").get_by_role("button", name="Confirm", exact=True).click()
    theo.get_by_role("listitem").filter(has_text="Network diagram").get_by_text("Confirmed").wait_for()
    line("Core switch").get_by_text("Object", exact=True).click()
    line("Core switch").get_by_label("What is wrong or missing?").fill("One fan is broken.")
    line("Core switch").get_by_role("button", name="Send objection").click()
    theo.get_by_role("listitem").filter(has_text="Core switch").get_by_text("Objected").wait_for()
    line("Edge router login").get_by_role("button", name="I changed it").click()
    theo.wait_for_load_state()
    answers = {one.title: (one.answer, one.objection) for one in ReleaseLine.objects.all()}
    assert answers["Network diagram"] == ("confirmed", "")
    assert answers["Core switch"] == ("objected", "One fan is broken.")
    assert ReleaseLine.objects.get(title="Edge router login").rotated_at
