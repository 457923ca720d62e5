# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff sign in with a password and a second factor, or a passkey; a password alone opens nothing."""

import json
import logging
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings

from partwell.actions.people.enter import make_link
from partwell.entrypoints.door.actor import session_strength
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.people.models import SecurityEvent, StaffMember, User
from tests.flows.signing_in import JONAH, PASSWORD, house, links_in, mails_to, set_up_totp, sign_in, totp

pytestmark = pytest.mark.both_databases
PAGES = (
    "/settings/",
    "/settings/people/",
    "/settings/tokens/",
    "/search/",
    "/evidence/",
    "/settings/security/",
)


@pytest.fixture
def owner(db_world: Any) -> StaffMember:
    cache.clear()
    return house()


def strength(browser: Client) -> str:
    page = browser.get("/account/2fa/")
    return session_strength(page.wsgi_request)


def test_a_password_alone_reaches_nothing_but_the_set_up_of_a_second_factor(owner: StaffMember) -> None:
    browser = Client()
    assert sign_in(browser).status_code == 302
    for path in PAGES:
        assert browser.get(path).headers.get("Location") == "/account/2fa/", path
    refused = browser.post("/settings/people/invite/", {"name": "x", "email": "x@x.example", "role": "owner"})
    assert refused.status_code == 409 and b"second factor" in refused.content
    # Neither recovery codes nor a change of password come before it.
    for path in ("/account/2fa/codes/generate/", "/account/password/change/"):
        assert browser.get(path).headers.get("Location") == "/account/2fa/"
    assert browser.get("/search/palette/", HTTP_HX_REQUEST="true").status_code == 404
    assert strength(browser) == "password"

    before = browser.session.session_key
    set_up_totp(browser)
    assert strength(browser) == "mfa" and browser.session.session_key != before
    assert browser.get("/settings/").status_code == 200
    codes = browser.get("/account/2fa/codes/")
    shown = codes.context["unused_codes"]
    assert len(shown) == 10 and "\n".join(shown).encode() in codes.content
    assert shown[0].encode() not in browser.get("/account/2fa/codes/").content  # shown once


def test_password_and_code_and_what_the_ledger_says(owner: StaffMember) -> None:
    first = Client()
    sign_in(first)
    secret = set_up_totp(first)

    browser = Client()
    assert sign_in(browser).headers["Location"] == "/account/2fa/authenticate/"
    assert browser.get("/settings/").headers["Location"].startswith("/account/login/")
    cache.clear()
    assert browser.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert browser.get("/settings/").headers["Location"].startswith("/account/login/")
    cache.clear()  # where allauth remembers that the code which set it up was used
    done = browser.post("/account/2fa/authenticate/", {"code": totp(secret)})
    assert done.status_code == 302, done.content
    assert strength(browser) == "mfa" and browser.get("/settings/").status_code == 200
    uids = Entry.objects.filter(type="sign_in.succeeded").order_by("index").values_list("uid", flat=True)
    found = [json.loads(bytes(Disclosure.objects.get(entry_uid=uid, label="public").content)) for uid in uids]
    assert [one["strength"] for one in found] == ["password", "mfa"]


def test_a_session_from_before_the_factor_stays_outside(owner: StaffMember) -> None:
    """Somebody with the password was signed in before Jonah set up his app: having a factor is not proving it."""
    thief, jonah = Client(), Client()
    sign_in(thief)
    sign_in(jonah)
    secret = set_up_totp(jonah)
    assert strength(thief) == "password"
    for path in (*PAGES, "/account/2fa/", "/account/2fa/totp/deactivate/", "/account/reauthenticate/"):
        assert thief.get(path).headers.get("Location") == "/account/2fa/reauthenticate/", path
    assert thief.post("/account/2fa/totp/deactivate/").status_code == 409
    assert (
        thief.post("/account/2fa/passkeys/add/options/", {}, content_type="application/json").status_code
        == 409
    )
    assert Authenticator.objects.filter(type="totp").count() == 1
    # With the code it is Jonah after all.
    cache.clear()
    assert thief.post("/account/2fa/reauthenticate/", {"code": totp(secret)}).status_code == 302
    assert strength(thief) == "mfa"


def test_wrong_and_unknown_look_the_same_and_are_throttled(owner: StaffMember) -> None:
    known, unknown = Client(), Client()
    one = sign_in(known, password="wrong wrong wrong")
    two = sign_in(unknown, email="nobody@harbourline.example", password="wrong wrong wrong")
    assert one.status_code == two.status_code == 200
    assert one.context["form"].non_field_errors() == two.context["form"].non_field_errors()
    for _ in range(5):
        answer = sign_in(known, password="wrong wrong wrong")
    assert answer.status_code == 429 and b"Too many attempts" in answer.content
    # The right password does not get through either, from anywhere.
    assert sign_in(Client(), REMOTE_ADDR="198.51.100.9").status_code == 429
    kinds = set(SecurityEvent.objects.values_list("kind", flat=True))
    assert {"sign_in_failed", "throttled"} <= kinds


def test_too_many_forms_from_one_address_get_the_refusal_page(owner: StaffMember) -> None:
    for n in range(21):
        answer = sign_in(Client(), email=f"p{n}@harbourline.example", password="x" * 12)
    assert answer.status_code == 429 and b"Wait" in answer.content


def test_a_forgotten_password_leaves_the_second_factor_alone(
    owner: StaffMember, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = Client()
    sign_in(first)
    set_up_totp(first)
    browser = Client()
    same = [
        browser.post("/account/password/reset/", {"email": one})
        for one in (JONAH, "nobody@harbourline.example")
    ]
    assert {one.headers["Location"] for one in same} == {"/account/password/reset/done/"}
    assert not mails_to("nobody@harbourline.example")
    text = mails_to(JONAH)[-1]["text"]
    (link,) = links_in(text)
    page = browser.get(link, follow=True)
    assert page.status_code == 200
    where = page.redirect_chain[-1][0]
    new = "another quiet harbour at eight"
    done = browser.post(where, {"password1": new, "password2": new})
    assert done.status_code == 302
    # The old one is gone with every session, the new one still needs the factor.
    assert first.get("/settings/").headers["Location"].startswith("/account/login/")
    cache.clear()
    assert sign_in(Client(), password=PASSWORD).status_code == 200
    assert sign_in(Client(), password=new).headers["Location"] == "/account/2fa/authenticate/"
    assert link.rpartition("-")[2].strip("/") not in caplog.text.replace(where, "")


def test_there_is_no_sign_up_and_nothing_else_of_allauth(owner: StaffMember) -> None:
    for path in (
        "signup/",
        "email/",
        "confirm-email/",
        "login/code/",
        "social/connections/",
        "2fa/trust/",
    ):
        assert Client().get(f"/account/{path}").status_code == 404, path
    assert User.objects.count() == 1


def test_signing_in_changes_the_session_key(owner: StaffMember) -> None:
    browser = Client()
    browser.get("/account/login/")
    session = browser.session
    session["planted"] = "1"
    session.save()
    browser.cookies["pw_staff"] = session.session_key
    sign_in(browser)
    assert browser.session.session_key != session.session_key
    assert Client(HTTP_COOKIE=f"pw_staff={session.session_key}").get("/account/2fa/").status_code == 302


def test_demo_links_of_staff_exist_in_the_demo_only(owner: StaffMember) -> None:
    token = make_link("staff", owner.id, demo=True)
    outside = Client()
    assert outside.get(f"/in/{token}/").status_code == 409
    assert outside.post(f"/in/{token}/").status_code == 409
    with override_settings(PARTWELL_DEMO=True):
        browser = Client()
        assert browser.get("/settings/").status_code == 302
        assert browser.get(f"/in/{token}/").status_code == 200
        assert browser.get("/settings/").status_code == 302
        assert browser.post(f"/in/{token}/").headers["Location"] == "/"
        assert browser.get("/settings/").status_code == 200
    # The mark in the session is worth nothing outside the demo.
    assert browser.get("/settings/").headers["Location"] == "/account/2fa/"


def test_pages_stand_under_the_strict_policy(owner: StaffMember) -> None:
    browser = Client()
    pages = [
        browser.get(path)
        for path in ("/account/login/", "/account/login/?next=/settings/", "/account/password/reset/")
    ]
    sign_in(browser)
    pages += [
        browser.get(path) for path in ("/account/2fa/", "/account/2fa/totp/activate/", "/account/logout/")
    ]
    for page in pages:
        assert page.status_code == 200
        body = page.content.decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "<style" not in body and " style=" not in body and "onclick" not in body
        assert body.count("<script") == body.count("<script src=") + body.count('<script type="module" src=')
