# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose address it is behind a reverse proxy: in signature events, the security log and for throttling; forgeries are ignored."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings

from partwell import environment
from partwell.entrypoints.door.accounts import AccountAdapter
from partwell.peer import networks, visitor
from partwell.records.evidence.models import Disclosure
from partwell.records.people.models import PortalSession, SecurityEvent
from tests.flows.cast import Cast, cast
from tests.flows.signing_in import links_in, mails_to

MARA = "mara@northwick.example"
PROXY = override_settings(PARTWELL_TRUSTED_PROXIES=networks("127.0.0.1"))


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "is_from"),
    [
        ("198.51.100.9", "", "", "198.51.100.9"),
        ("127.0.0.1", "203.0.113.5", "", "127.0.0.1"),  # nobody is trusted by default
        ("127.0.0.1", "203.0.113.5", "127.0.0.1", "203.0.113.5"),
        (
            "127.0.0.1",
            "6.6.6.6, 203.0.113.5",
            "127.0.0.1",
            "203.0.113.5",
        ),  # what the visitor forged stands left
        ("198.51.100.9", "203.0.113.5", "127.0.0.1", "198.51.100.9"),  # an untrusted peer's header
        ("127.0.0.1", "6.6.6.6, 203.0.113.5, 10.0.0.7", "127.0.0.1, 10.0.0.0/24", "203.0.113.5"),
        (
            "127.0.0.1",
            "10.0.0.8,10.0.0.7",
            "127.0.0.1,10.0.0.0/24",
            "10.0.0.8",
        ),  # all are ours: the first of them
        ("127.0.0.1", "203.0.113.5, unknown", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.5, ", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.5:5123", "127.0.0.1", "203.0.113.5"),
        ("::ffff:127.0.0.1", "[2001:db8::5]:443", "127.0.0.1", "2001:db8::5"),
        ("::1", "fe80::1%eth0", "::1", "fe80::1"),
        ("127.0.0.1", "203.0.113.5<script>", "127.0.0.1", "127.0.0.1"),
        ("", "203.0.113.5", "127.0.0.1", ""),
        ("unix:", "203.0.113.5", "127.0.0.1", "unix:"),
        ("127.0.0.1", "127.0.0.1," * 5000, "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_rightmost_hop_that_is_no_proxy_of_ours(
    remote: str, forwarded: str, trusted: str, is_from: str
) -> None:
    assert visitor(remote, forwarded, networks(trusted)) == is_from


def test_a_wrong_setting_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTWELL_TRUSTED_PROXIES", "127.0.0.1, proxy.example")
    with pytest.raises(ValueError, match=r"PARTWELL_TRUSTED_PROXIES: “proxy\.example” is no address"):
        environment.read()


def test_allauth_counts_by_the_same_address() -> None:
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert AccountAdapter(request).get_client_ip(request) == "127.0.0.1"
    with PROXY:
        assert AccountAdapter(request).get_client_ip(request) == "203.0.113.5"


@pytest.fixture
def c(db_world: Any) -> Cast:
    cache.clear()
    return cast(items=False)


def ask(n: int, **extra: Any) -> int:
    return Client().post("/client/sign-in/", {"email": f"p{n}@northwick.example"}, **extra).status_code


def test_visitors_behind_a_trusted_proxy_are_counted_each_by_itself(c: Cast) -> None:
    with PROXY:
        assert {ask(n, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(25)} == {200}
        # A stranger who forges the left of the header stays one stranger.
        said = [ask(n, HTTP_X_FORWARDED_FOR=f"10.9.9.{n}, 203.0.113.77") for n in range(21)]
    assert said[-1] == 429
    assert SecurityEvent.objects.filter(kind="throttled").latest("at").address == "203.0.113.77"


def test_a_forged_header_of_an_untrusted_peer_changes_nothing(c: Cast) -> None:
    with PROXY:
        said = [ask(n, REMOTE_ADDR="198.51.100.9", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(21)]
    assert said[-1] == 429
    assert SecurityEvent.objects.get(kind="throttled").address == "198.51.100.9"


def test_evidence_and_the_session_name_the_visitor(c: Cast) -> None:
    Client().post("/client/sign-in/", {"email": MARA})
    link = links_in(mails_to(MARA)[-1]["text"])[0]
    browser = Client(HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.5")
    with PROXY:
        browser.post(link)
        actor = browser.get("/client/").wsgi_request.actor  # type: ignore[attr-defined]
    assert PortalSession.objects.get().address == actor.address == "203.0.113.5"
    said = [bytes(one.content) for one in Disclosure.objects.filter(label="internal")]
    assert any(b"203.0.113.5" in one for one in said)
    assert not any(b"6.6.6.6" in one for one in said)
