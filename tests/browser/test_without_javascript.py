# SPDX-License-Identifier: AGPL-3.0-or-later
"""With JavaScript switched off: an invited technician signs in, releases; Theo comes in, fetches, sees once, confirms."""

import re
from typing import Any

import pytest
from django.core.cache import cache

from partwell.actions.people.enter import make_link
from partwell.actions.people.staff import invite_staff
from partwell.records.releases.models import ReleaseLine
from partwell.rules.terms import StaffRole
from tests.flows.cast import PASSWORD, cast, done
from tests.flows.post_office import delivered
from tests.flows.signing_in import links_in, mails_to, totp

pytestmark = pytest.mark.browser
NILS, WORDS = "nils@harbourline.example", "a lighthouse in the fog"


def test_sign_in_release_and_confirm(sit: Any) -> None:
    c = cast(signed=True)
    done(invite_staff(actor=c.jonah, name="Nils Berg", email=NILS, role=StaffRole.TECHNICIAN))
    nils = sit(javascript=False)
    nils.goto(links_in(mails_to(NILS)[0]["text"])[0])
    nils.get_by_label("Password", exact=True).fill(WORDS)
    nils.get_by_label("Password again").fill(WORDS)
    nils.get_by_role("button", name="Go on to the second factor").click()
    nils.get_by_role("link", name="Set up an authenticator app").click()
    secret = nils.locator("pre.pw-code").inner_text().strip()
    nils.locator("#id_code").fill(totp(secret))
    nils.get_by_role("button", name="Switch it on").click()
    nils.wait_for_url("**/account/2fa/codes/")

    # Out and in again, by password and code.
    nils.goto("/account/logout/")
    nils.get_by_role("main").get_by_role("button", name="Sign out").click()
    cache.clear()
    nils.goto("/account/login/")
    nils.locator("input[name=login]").fill(NILS)
    nils.locator("input[name=password]").fill(WORDS)
    nils.get_by_role("button", name="Go on").click()
    nils.locator("#id_code").fill(totp(secret))
    nils.get_by_role("main").get_by_role("button", name="Sign in").click()
    nils.wait_for_url(lambda url: "/account/" not in url)

    nils.goto(f"/clients/{c.northwick.id}/release/")
    nils.get_by_label("Theo Brandt").check()
    for title in ("Network diagram", "Edge router login"):
        nils.get_by_role("checkbox", name=title).check()
    nils.get_by_role("button", name="See the verdicts").click()
    nils.get_by_role("heading", name="Goes out at once").wait_for()
    nils.get_by_role("button", name="Release 2 now").click()
    nils.wait_for_url(re.compile("/releases/"))
    delivered(c)

    theo = sit(javascript=False)
    theo.goto(f"/in/{make_link('provider', c.theo.id)}/")
    theo.get_by_role("button", name="Sign in").click()
    diagram = theo.get_by_role("listitem").filter(has_text="Network diagram").first
    with theo.expect_download() as fetched:
        diagram.get_by_role("link", name="diagram.txt").click()
    with open(fetched.value.path(), "rb") as file:
        assert file.read().startswith(b"What diagram says.")
    theo.goto("/provider/")
    theo.get_by_role("listitem").filter(has_text="Edge router login").first.get_by_role(
        "button", name="Open it once"
    ).click()
    theo.get_by_role("button", name="Show it now, once").click()
    theo.get_by_text(PASSWORD).wait_for()
    theo.goto("/provider/")
    for title in ("Network diagram", "Edge router login"):
        theo.get_by_role("listitem").filter(has_text=title).first.get_by_role(
            "button", name="Confirm", exact=True
        ).click()
        theo.wait_for_load_state()
    assert set(ReleaseLine.objects.values_list("answer", flat=True)) == {"confirmed"}
