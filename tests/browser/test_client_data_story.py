# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mara on her phone: reads what is kept, decides, objects; what cannot be taken back asks for her passkey (R1, R6)."""

from typing import Any

import pytest

from partwell.actions.retention.only_copies import name_only_copy
from partwell.records.retention.models import DataChoice, Hold, OnlyCopy
from tests.browser import axe
from tests.browser.conftest import virtual_authenticator
from tests.flows.cast import cast, done
from tests.flows.keeping_cast import archive, images, kept

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def narrow(tab: Any) -> None:
    """Nothing scrolls sideways on a phone."""
    tab.set_viewport_size(PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def sign(tab: Any, button: str) -> None:
    """Tick both, type the name, sign."""
    tab.get_by_label("I have read this and may sign").check()
    tab.get_by_label("I agree to sign electronically").check()
    tab.get_by_label("Type your full name").fill("mara  ellery")
    tab.get_by_role("button", name=button).click()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_signatory_decides_and_objects_on_a_phone(sit: Any, javascript: bool) -> None:
    c = cast()
    kept(c, images())
    kept(c, archive())
    mara = sit(c.mara, javascript=javascript)
    mara.set_viewport_size(PHONE)
    mara.goto("/client/")
    mara.get_by_role("heading", name="What shall happen to your data? There are 2 sets of it.").wait_for()
    mara.get_by_role("link", name="Read and decide").click()
    mara.get_by_label("Keep it as agreed, then delete it").check()
    mara.get_by_role("button", name="Show what I would sign").click()
    mara.get_by_text("decides what Harbourline IT does").wait_for()
    narrow(mara)
    sign(mara, "Sign it")
    mara.get_by_text("You can change it until the deletion has begun.").first.wait_for()
    assert DataChoice.objects.get().made_by_id == c.mara.id
    narrow(mara)
    mara.get_by_role("link", name="Decide what happens to Mail archive").click()
    mara.get_by_label("Return it as a download, then delete it").check()
    mara.get_by_role("button", name="Show what I would sign").click()
    sign(mara, "Sign it")
    mara.get_by_role("article").filter(has_text="Mail archive").filter(
        has_text="return it as a download"
    ).wait_for()
    mara.get_by_role("link", name="Object to deleting Server images").click()
    mara.get_by_label("Why it is not to be deleted").fill("We are being audited.")
    narrow(mara)
    mara.get_by_role("button", name="Stop the deletion").click()
    mara.get_by_role("heading", name="Objection: Server images").wait_for()
    assert Hold.objects.get().placed_by_name == "Mara Ellery"
    narrow(mara)
    tom = sit(c.tom, javascript=javascript)
    tom.goto("/client/retention/")
    tom.get_by_role("heading", name="Your data", exact=True).wait_for()
    assert tom.locator("main form[method=post]").count() == 0


def test_what_cannot_be_taken_back_is_signed_with_a_passkey(sit: Any) -> None:
    c = cast()
    row = kept(c, images())
    done(name_only_copy(actor=c.dan, set_id=row.id, item_id=c.items["runbook"].id))
    mara, priya = sit(c.mara), sit(c.priya)
    virtual_authenticator(mara)
    mara.set_viewport_size(PHONE)
    mara.goto("/client/retention/choose/?choice=delete_now")
    mara.get_by_role("heading", name="Sign this with a passkey").wait_for()
    assert not mara.get_by_role("button", name="Sign it").count()
    narrow(mara)
    assert not axe.look(mara)
    mara.set_viewport_size(PHONE)
    mara.get_by_role("link", name="Your passkeys").first.click()
    mara.get_by_role("button", name="Add a passkey").click()
    mara.get_by_text("Not yet").wait_for()
    priya.goto(f"/contacts/{c.mara.id}/passkeys/")
    priya.get_by_role("button", name="I called: it is theirs", exact=True).click()
    priya.get_by_text("Confirmed by a call").wait_for()
    mara.goto("/client/retention/choose/?choice=delete_now")
    sign(mara, "Sign with your passkey")
    mara.get_by_role("article").filter(has_text="You chose").filter(has_text="without waiting").wait_for()
    assert DataChoice.objects.get().passkey
    mara.get_by_label(OnlyCopy.objects.get().title).check()
    mara.get_by_role("button", name="I do not want what I ticked").click()
    sign(mara, "Sign with your passkey")
    mara.get_by_text("Signed with your passkey.").wait_for()
    assert OnlyCopy.objects.get().waived_by_id == c.mara.id
