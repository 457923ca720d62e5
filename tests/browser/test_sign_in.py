# SPDX-License-Identifier: AGPL-3.0-or-later
"""In Chromium under the strict content policy: set-up, password and code, passkeys of staff and of a client."""

from typing import Any

import pytest
from django.core.cache import cache

from partwell.actions.people.enter import make_link
from partwell.actions.people.passkeys import passkeys_of
from partwell.records.people.models import Msp
from tests.browser.conftest import Site, virtual_authenticator
from tests.flows.cast import cast
from tests.flows.signing_in import JONAH, PASSWORD, house, totp

pytestmark = pytest.mark.browser


def give_password(page: Any) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email").or_(page.get_by_label("Login")).or_(
        page.get_by_label("Mail address")
    ).first.fill(JONAH)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def sign_out(page: Any) -> None:
    page.goto("/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/**")


def test_from_an_empty_house_to_a_signed_in_owner(page: Any, site: Site) -> None:
    page.goto("/")
    page.wait_for_url("**/setup/")
    page.get_by_label("Name", exact=True).fill("Harbourline IT")
    page.get_by_label("Mail address", exact=True).fill("desk@harbourline.example")
    page.get_by_label("Your name").fill("Jonah Reyes")
    page.get_by_label("Your mail address").fill(JONAH)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    page.wait_for_url("**/account/2fa/")
    assert Msp.objects.get().name == "Harbourline IT"

    page.get_by_role("link", name="Set up an authenticator app").click()
    secret = page.locator("pre.pw-code").inner_text().strip()
    page.locator("#id_code").fill(totp(secret))
    page.get_by_role("button", name="Switch it on").click()
    page.wait_for_url("**/account/2fa/codes/")
    codes = page.locator("pre.pw-code").inner_text().split()
    assert len(codes) == 10
    page.goto("/settings/")
    page.get_by_role("heading", name="Settings").wait_for()

    sign_out(page)
    cache.clear()
    give_password(page)
    page.wait_for_url("**/2fa/authenticate/")
    page.locator("#id_code").fill(totp(secret))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/account/" not in url)
    page.goto("/settings/people/")
    page.get_by_role("link", name="Jonah Reyes").wait_for()

    # A recovery code, once.
    for works in (True, False):
        sign_out(page)
        cache.clear()
        give_password(page)
        page.wait_for_url("**/2fa/authenticate/")
        page.locator("#id_code").fill(codes[0])
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        if works:
            page.wait_for_url(lambda url: "/account/" not in url)
        else:
            page.locator(".pw-field__error").first.wait_for()
            page.get_by_role("button", name="Begin again").click()


def test_a_passkey_of_staff(page: Any, site: Site) -> None:
    house()
    virtual_authenticator(page)
    give_password(page)
    page.wait_for_url("**/account/2fa/")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/account/2fa/codes/")
    page.goto("/settings/")
    page.get_by_role("heading", name="Settings").wait_for()

    sign_out(page)
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(lambda url: "/account/" not in url)
    page.goto("/settings/")
    page.get_by_role("heading", name="Settings").wait_for()

    # As the second step after the password.
    sign_out(page)
    give_password(page)
    page.wait_for_url("**/2fa/authenticate/")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(lambda url: "/account/" not in url)


def test_a_signatory_adds_a_passkey(page: Any, site: Site) -> None:
    c = cast(items=False)
    virtual_authenticator(page)
    page.goto(f"/in/{make_link('client', c.mara.id, next_path='/client/passkeys/')}/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/client/passkeys/")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Not yet").wait_for()
    assert [one.person_id for one in passkeys_of(c.mara.id)] == [c.mara.id]
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_text("You have no passkey yet.").wait_for()


def test_the_palette_finds_a_client(page: Any, site: Site) -> None:
    house()
    from partwell.actions.clients.add_client import add_client
    from tests.flows.signing_in import owner_actor

    add_client(actor=owner_actor(), name="Northwick Traders", legal_name="Northwick Traders Ltd", domains=[])
    virtual_authenticator(page)
    give_password(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/account/2fa/codes/")
    page.goto("/settings/people/")
    page.keyboard.press("/")
    page.locator("#pw-palette input").fill("northw")
    page.get_by_role("option", name="Northwick Traders Active").wait_for()
    page.goto("/search/?q=northw")
    page.get_by_role("link", name="Northwick Traders").first.wait_for()
