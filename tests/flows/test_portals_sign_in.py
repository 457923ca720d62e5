# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients and new providers come by mailed link, then by a session of their own; the answer never tells whom we know."""

import logging
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from partwell.actions.people.enter import make_link
from partwell.entrypoints.door import portal
from partwell.records.clients.models import Contact
from partwell.records.evidence.models import Disclosure
from partwell.records.guard import permit
from partwell.records.people.models import AccountMail, PortalSession, SecurityEvent, SignInLink
from tests.flows.cast import Cast, cast, sign
from tests.flows.signing_in import links_in, mails_to

pytestmark = pytest.mark.both_databases
PATIENCE = portal.ANSWER_AFTER  # as the program has it; db_world sets it to nothing
MARA, THEO = "mara@northwick.example", "theo@alderrow.example"


@pytest.fixture
def c(db_world: Any) -> Cast:
    cache.clear()
    return cast(items=False)


def ask(kind: str, email: str, browser: Client | None = None, **extra: Any) -> Any:
    return (browser or Client()).post(f"/{kind}/sign-in/", {"email": email}, **extra)


def link_for(kind: str, email: str, query: str = "") -> str:
    Client().post(f"/{kind}/sign-in/{query}", {"email": email})
    return links_in(mails_to(email)[-1]["text"])[0]


def words(answer: Any) -> str:
    return re.sub(r'"X-CSRFToken": "[^"]+"|csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())


def test_the_answer_is_the_same_for_everybody(c: Cast) -> None:
    known, unknown = ask("client", MARA), ask("client", "nobody@northwick.example")
    assert known.status_code == unknown.status_code == 200
    assert words(known) == words(unknown)
    assert known.cookies.keys() == unknown.cookies.keys()
    assert AccountMail.objects.filter(state="queued").count() == 1


def test_the_clock_does_not_tell_whom_we_know(c: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the work took, the answer leaves a quarter of a second after the question."""
    took = iter((0.0, 0.2, 10.0, 10.01, 20.0, 20.9))
    waited: list[float] = []
    monkeypatch.setattr(portal, "ANSWER_AFTER", PATIENCE)
    monkeypatch.setattr(portal, "time", SimpleNamespace(monotonic=lambda: next(took), sleep=waited.append))
    for email in (MARA, "nobody@northwick.example", MARA):
        assert ask("client", email).status_code == 200
    assert waited == pytest.approx([0.05, 0.24, 0.0])


def test_reading_the_link_uses_nothing_up_and_the_button_does_once(c: Cast) -> None:
    link = link_for("client", MARA)
    browser = Client()
    for _ in range(4):
        page = browser.get(link)
        assert page.status_code == 200 and "pw_client" not in page.cookies
    browser.head(link)
    assert SignInLink.objects.get().used_at is None and not PortalSession.objects.exists()

    done = browser.post(link)
    assert done.status_code == 302 and done.headers["Location"] == "/client/"
    cookie = done.cookies["pw_client"]
    assert cookie["httponly"] and cookie["path"] == "/client/" and cookie["samesite"] == "Lax"
    assert browser.get("/client/passkeys/").status_code == 200
    assert Client().get(link).status_code == Client().post(link).status_code == 409
    assert PortalSession.objects.count() == 1


def test_a_link_without_a_csrf_token_is_not_used_up(c: Cast) -> None:
    link = link_for("client", MARA)
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert SignInLink.objects.get().used_at is None


def test_old_links_and_links_of_who_left_are_dead(c: Cast) -> None:
    link = link_for("client", MARA)
    SignInLink.objects.update(expires_at=timezone.now())
    assert Client().post(link).status_code == 409
    link = link_for("client", MARA)
    with permit("deed"):
        Contact.objects.filter(pk=c.mara.id).update(left_at=timezone.now())
    assert Client().post(link).status_code == 409
    assert not PortalSession.objects.exists()
    before = len(mails_to(MARA))
    ask("client", MARA)
    assert len(mails_to(MARA)) == before


def test_a_new_provider_gets_nothing_before_consent(c: Cast) -> None:
    before = ask("provider", THEO)
    assert not mails_to(THEO)
    assert words(before) == words(ask("provider", "nobody@alderrow.example"))
    # Nor by the client's door, nor the client by theirs.
    ask("client", THEO)
    ask("provider", MARA)
    assert not mails_to(THEO) and not mails_to(MARA)
    sign(c)
    link = link_for("provider", THEO)
    browser = Client()
    done = browser.post(link)
    assert done.cookies["pw_provider"]["path"] == "/provider/" and "pw_client" not in done.cookies
    assert browser.get("/provider/").status_code == 200


def test_a_cookie_of_one_door_opens_no_other(c: Cast) -> None:
    sign(c)
    browsers = {}
    for kind, email in (("client", MARA), ("provider", THEO)):
        browsers[kind] = Client()
        browsers[kind].post(link_for(kind, email))
    keys = {kind: browser.cookies[f"pw_{kind}"].value for kind, browser in browsers.items()}
    swapped = Client(
        HTTP_COOKIE=f"pw_provider={keys['client']}; pw_client={keys['provider']}; pw_staff={keys['client']}"
    )
    assert swapped.get("/provider/").headers["Location"].startswith("/provider/sign-in/")
    assert swapped.get("/client/passkeys/").headers["Location"].startswith("/client/sign-in/")
    assert swapped.get("/search/").headers["Location"].startswith("/account/login/")
    # And no portal's session reaches the staff.
    for browser in browsers.values():
        assert browser.get("/search/").headers["Location"].startswith("/account/login/")


def test_a_planted_cookie_is_never_taken_over(c: Cast) -> None:
    browser = Client()
    browser.cookies["pw_client"] = "planted-by-somebody-else"
    done = browser.post(link_for("client", MARA))
    assert done.cookies["pw_client"].value != "planted-by-somebody-else"
    assert (
        Client(HTTP_COOKIE="pw_client=planted-by-somebody-else").get("/client/passkeys/").status_code == 302
    )
    # A second sign-in in the same browser ends the first session.
    first = browser.cookies["pw_client"].value
    browser.post(link_for("client", MARA))
    assert browser.cookies["pw_client"].value != first
    assert PortalSession.objects.filter(ended_at=None).count() == 1


def test_signing_out_ends_the_session_itself(c: Cast) -> None:
    browser = Client()
    browser.post(link_for("client", MARA))
    key = browser.cookies["pw_client"].value
    assert browser.get("/client/sign-out/").status_code == 405
    assert browser.post("/client/sign-out/").headers["Location"] == "/client/sign-in/"
    kept = Client(HTTP_COOKIE=f"pw_client={key}")
    assert kept.get("/client/passkeys/").status_code == 302


def test_an_idle_or_old_session_ends(c: Cast) -> None:
    browser = Client()
    browser.post(link_for("client", MARA))
    PortalSession.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    assert browser.get("/client/passkeys/").status_code == 302
    PortalSession.objects.update(seen_at=timezone.now(), expires_at=timezone.now())
    assert browser.get("/client/passkeys/").status_code == 302


@pytest.mark.parametrize(
    "bad",
    ["https://evil.example/", "//evil.example", "/provider/", "/clients/", "javascript:1"],
)
def test_the_way_on_stays_within_the_door(c: Cast, bad: str) -> None:
    browser = Client()
    link = link_for("client", MARA, f"?next={bad}")
    assert browser.post(link).headers["Location"] == "/client/"
    assert SignInLink.objects.get().next_path == "/client/"
    good = link_for("client", MARA, "?next=/client/passkeys/")
    assert Client().post(good).headers["Location"] == "/client/passkeys/"


def test_asking_is_throttled_by_mail_address_and_by_peer(c: Cast) -> None:
    for n in range(5):
        answer = ask("client", MARA, REMOTE_ADDR=f"198.51.100.{n}")
    assert answer.status_code == 429 and len(mails_to(MARA)) == 4
    cache.clear()
    for n in range(21):
        answer = ask("client", f"p{n}@northwick.example")
    assert answer.status_code == 429


def test_no_token_in_logs_evidence_or_the_security_log(c: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    link = link_for("client", MARA)
    token = link.split("/")[2]
    browser = Client()
    browser.get(link)
    browser.post(link)
    browser.get(link)  # used: refused and noted
    browser.get(f"/nowhere{link}")
    key = browser.cookies["pw_client"].value
    logged = [
        one
        for one in caplog.records
        if one.name.startswith(("partwell", "django.request", "django.security"))
    ]
    from partwell.hush import Hush

    for record in logged:
        Hush().filter(record)  # as every handler of ours does
    text = "\n".join(record.getMessage() for record in logged)
    kept = (
        str(list(SecurityEvent.objects.values()))
        + str(list(SignInLink.objects.values()))
        + str(list(PortalSession.objects.values()))
    )
    evidence = b"".join(bytes(one.content) for one in Disclosure.objects.all())
    for secret in (token, key):
        assert secret not in text and secret not in kept and secret.encode() not in evidence
    assert SecurityEvent.objects.filter(kind="link_refused").exists()
    assert token not in str(list(AccountMail.objects.values()))


def test_demo_links_are_dead_outside_the_demo(c: Cast) -> None:
    token = make_link("client", c.mara.id, demo=True)
    assert Client().post(f"/in/{token}/").status_code == 409
    with override_settings(PARTWELL_DEMO=True):
        for _ in range(2):
            assert Client().post(f"/in/{token}/").headers["Location"] == "/client/"


@pytest.mark.parametrize("token", ["x", "a" * 3000, "..%2f..", "%00", "ü" * 40])
def test_mangled_tokens(c: Cast, token: str) -> None:
    assert Client().get(f"/in/{token}/").status_code in (404, 409)
    assert Client().post(f"/in/{token}/").status_code in (404, 409)
