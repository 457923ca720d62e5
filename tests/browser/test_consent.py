# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mara reads what Alder Row would receive and signs it with her own passkey; or declines it; or narrows it first."""

from typing import Any

import pytest

from partwell.actions.people.enter import make_link
from partwell.records.authorisations.models import Authorisation
from tests.browser.conftest import virtual_authenticator
from tests.flows.cast import cast, propose

pytestmark = pytest.mark.browser


def come_in(page: Any, person: Any) -> None:
    """By the mailed link: opening it uses nothing up, the button does."""
    page.goto(f"/in/{make_link(person.kind, person.id)}/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/in/" not in url)


def test_the_signatory_signs_with_a_passkey_that_a_call_confirmed(sit: Any) -> None:
    c = cast()
    row = propose(c)
    mara, priya = sit(), sit(c.priya)
    virtual_authenticator(mara)
    come_in(mara, c.mara)
    mara.locator(f"a[href*='/client/authorisations/{row.id}/']").first.click()
    mara.get_by_role("heading", level=1).wait_for()
    for title in ("Network diagram", "Edge router login", "Core switch"):
        assert mara.get_by_role("listitem").filter(has_text=title).count(), title
    assert not mara.get_by_text("Monitoring scripts").count(), "the MSP's own is not among them"
    assert not mara.get_by_role("button", name="Sign with your passkey").count(), "she has none yet"

    mara.get_by_role("link", name="Your passkeys").click()
    mara.get_by_role("button", name="Add a passkey").click()
    mara.get_by_text("Not yet").wait_for()
    # A passkey from after the notice proves no more than the mailbox: it does not sign before somebody called.
    mara.goto(f"/client/authorisations/{row.id}/")
    assert not mara.get_by_role("button", name="Sign with your passkey").count()
    priya.goto(f"/contacts/{c.mara.id}/passkeys/")
    priya.get_by_role("button", name="I called: it is theirs", exact=True).click()
    priya.get_by_text("Confirmed by a call").wait_for()

    mara.reload()
    mara.get_by_label("I have read this").check()
    mara.get_by_label("I agree to sign electronically").check()
    mara.get_by_label("Type your full name").fill("Mara Ellery")
    mara.get_by_role("button", name="Sign with your passkey").click()
    mara.get_by_role("heading", name="Signed").wait_for()
    row.refresh_from_db()
    assert (row.state, row.factor) == ("granted", "passkey")


def test_the_signatory_declines(sit: Any) -> None:
    c = cast()
    row = propose(c)
    mara = sit(c.mara)
    mara.goto(f"/client/authorisations/{row.id}/")
    mara.get_by_role("link", name="Do not sign").click()
    mara.locator("textarea").fill("We hand it over ourselves.")
    mara.get_by_role("button", name="Do not sign").click()
    mara.wait_for_url("**/client/")
    row.refresh_from_db()
    assert row.state == "declined"


def test_the_signatory_narrows_and_is_asked_to_read_it_anew(sit: Any) -> None:
    c = cast()
    row = propose(c)
    mara = sit(c.mara)
    mara.goto(f"/client/authorisations/{row.id}/")
    mara.get_by_role("link", name="Choose fewer things").click()
    mara.get_by_label("Sunniva Aas").uncheck()
    mara.get_by_text("Leave out single ones").click()
    mara.get_by_label("Core switch").check()
    mara.get_by_role("button", name="Show me the narrowed words").click()
    mara.wait_for_url(lambda url: not url.endswith("/narrow/"))
    new = Authorisation.objects.latest("version")
    assert (new.replaces_id, new.state, new.person_ids) == (row.id, "proposed", [c.theo.id.hex])
    assert not mara.get_by_role("listitem").filter(has_text="Core switch").count()
    assert mara.get_by_role("listitem").filter(has_text="Network diagram").count()
