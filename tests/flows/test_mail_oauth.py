# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mailbox by OAuth: tokens from a token server by HTTPS, a real Dovecot that asks about them, and secrets that show nowhere."""

import json
import logging
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import pytest

from partwell.actions.correspondence import road_secrets
from partwell.actions.correspondence.road_secrets import RoadSecrets, access_token, secrets_of
from partwell.actions.correspondence.road_settings import scopes, token_address, whole
from partwell.actions.correspondence.roads import NewRoad, add_road, change_road, place_of, remove_road
from partwell.actions.correspondence.try_road import try_road
from partwell.connectors import https, oauth
from partwell.connectors.https import HttpsFailed, ask, host_of
from partwell.connectors.imap import ImapBox, ImapError, ImapRefused
from partwell.connectors.oauth import PROVIDERS, App, fetch
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import InboundMail, Road
from partwell.records.evidence.models import Entry
from partwell.rules.refusals import Refusal
from partwell.workers.mailbox import Poller
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in
from tests.flows.test_mail_in import started
from tests.support.mail_servers import USER, _certificate, dovecot

CLIENT_SECRET, REFRESH = "a client secret of the test", "refresh-token-number-0"


@dataclass
class Tokens:
    """A token server: what it was asked, how it answers, and which access tokens it calls active."""

    port: int = 0
    plain: int = 0
    certificate: Path = Path()
    asked: list[dict[str, str]] = field(default_factory=list)
    active: set[str] = field(default_factory=set)
    answer: Any = None  # (status, body as bytes) in place of the usual one
    rotates: bool = True
    drip: bool = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/token"

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


@contextmanager
def token_server(folder: Path) -> Iterator[Tokens]:
    tokens = Tokens()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            given = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            if self.path.startswith("/introspect"):
                found = given.get("token", "") in tokens.active
                return self._say(200, json.dumps({"active": found, "user": USER}).encode())
            tokens.asked.append(given)
            if tokens.drip:
                self.send_response(200)
                self.end_headers()
                for _ in range(200):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
                return None
            if tokens.answer is not None:
                return self._say(*tokens.answer)
            access = f"access-{len(tokens.asked)}"
            tokens.active.add(access)
            said: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": 3599}
            if tokens.rotates and given["grant_type"] == "refresh_token":
                said["refresh_token"] = f"refresh-token-number-{len(tokens.asked)}"
            return self._say(200, json.dumps(said).encode())

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{tokens.plain}/introspect")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    key, tokens.certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tokens.certificate, key)
    secure, plain = (
        ThreadingHTTPServer(("127.0.0.1", 0), Handler),
        ThreadingHTTPServer(("127.0.0.1", 0), Handler),
    )
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    tokens.port, tokens.plain = secure.server_address[1], plain.server_address[1]
    for one in (secure, plain):
        one.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that gives up is what is tested
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield tokens
    finally:
        for one in (secure, plain):
            one.shutdown()
            one.server_close()


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[Tokens]:
    with token_server(tmp_path) as found:
        real = oauth.ask
        with mock.patch.object(
            oauth, "ask", lambda url, fields, **_: real(url, fields, context=found.context)
        ):
            yield found
    road_secrets._tokens.clear()


@pytest.fixture
def _comes_in(db_world: Any) -> Iterator[None]:
    with mail_comes_in():
        yield


def app(tokens: Tokens, grant: str = "refresh_token") -> App:
    return App(tokens.url, "our-client", grant, Secret(CLIENT_SECRET), Secret(REFRESH), "https://mail.google.com/")  # fmt: skip


# --- the connector ------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_as_rfc_6749_says(tokens: Tokens) -> None:
    granted = fetch(app(tokens))
    assert granted.access.reveal() == "access-1" and granted.seconds == 3599
    assert granted.refresh is not None and granted.refresh.reveal() == "refresh-token-number-1"
    assert tokens.asked[0] == {
        "grant_type": "refresh_token", "client_id": "our-client", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH,
        "scope": "https://mail.google.com/",
    }  # fmt: skip
    own = fetch(app(tokens, "client_credentials"))
    assert own.refresh is None and "refresh_token" not in tokens.asked[1]
    assert tokens.asked[1]["grant_type"] == "client_credentials"
    assert CLIENT_SECRET not in repr(app(tokens)) and "access-1" not in repr(granted)


def test_a_token_servers_refusals_tell_what_to_do_and_nothing_secret(tokens: Tokens) -> None:
    for body, kind, words in (
        ({"error": "invalid_grant", "error_description": REFRESH}, ImapRefused, "invalid_grant"),
        ({"error": "temporarily_unavailable"}, ImapError, "tried again"),
        ({"error": f"<script>{REFRESH}"}, ImapError, "HTTP 400"),
        ([1], ImapError, "HTTP 400"),
    ):
        tokens.answer = (400, json.dumps(body).encode())
        with pytest.raises(kind, match=words) as error:
            fetch(app(tokens))
        assert REFRESH not in str(error.value) and CLIENT_SECRET not in str(error.value)
    for body in (b"no json", b"{}", b'{"access_token": 5}', b'{"access_token": "a b"}', b'{"access_token": "a\\u0001b"}',
                 b'{"access_token": "x", "token_type": "mac"}', b"[" * 100_000):  # fmt: skip
        tokens.answer = (200, body)
        with pytest.raises(ImapError):
            fetch(app(tokens))
    tokens.answer = (302, b"")
    with pytest.raises(ImapError, match="HTTP 302"):
        fetch(app(tokens))
    tokens.answer = (200, b'{"access_token": "x"}' + b" " * 70_000)
    with pytest.raises(ImapError, match="more than"):
        fetch(app(tokens))


def test_only_https_is_asked_with_a_certificate_that_holds_and_not_for_ever(tokens: Tokens) -> None:
    for url in (f"http://localhost:{tokens.plain}/token", "file:///etc/passwd", "https://user@mail.example/", "https:///x", "https://a b/",
                "https://mail.example/\r\nX: y", "https://mail.example/#x", "https://mail.example:99999/", "gopher://mail.example/", ""):  # fmt: skip
        assert not host_of(url)
        with pytest.raises(HttpsFailed, match="Only an https address"):
            ask(url)
    with pytest.raises(HttpsFailed, match="certificate"):
        ask(tokens.url, {"a": "b"})
    assert not tokens.asked
    tokens.drip = True
    began = time.monotonic()
    with pytest.raises(HttpsFailed):
        ask(tokens.url, {"a": "b"}, seconds=0.5, context=tokens.context)
    assert time.monotonic() - began < 8  # what it drips takes ten
    with mock.patch.dict("os.environ", {"HTTPS_PROXY": "http://127.0.0.1:1"}):
        tokens.drip = False
        assert ask(tokens.url, {"grant_type": "x"}, context=tokens.context).status == 200
    with pytest.raises(HttpsFailed, match="does not answer"):
        ask("https://127.0.0.1:1/", seconds=1.0)
    assert https.MOST == 65536


def test_the_providers_are_data_that_make_whole_addresses() -> None:
    microsoft = whole(
        "imap", {"auth": "oauth", "tenant": "harbourline.example", "grant": "client_credentials"}
    )
    assert (
        token_address(microsoft) == "https://login.microsoftonline.com/harbourline.example/oauth2/v2.0/token"
    )
    assert scopes(microsoft) == "https://outlook.office365.com/.default"
    assert "offline_access" in scopes({**microsoft, "grant": "refresh_token"})
    google = whole("imap", {"auth": "oauth", "provider": "google"})
    assert token_address(google) == "https://oauth2.googleapis.com/token" and scopes(google) == "https://mail.google.com/"  # fmt: skip
    assert all(host_of(one.token_url.replace("{tenant}", "t")) for one in PROVIDERS.values() if one.code != "other")  # fmt: skip


# --- the road -----------------------------------------------------------------------------------------------------


def oauth_road(c: Cast, tokens: Tokens, **settings: Any) -> Road:
    values = {"host": "127.0.0.1", "port": 1, "security": "none", "user": USER, "auth": "oauth", "provider": "other",
              "token_url": tokens.url, "client_id": "our-client", **settings}  # fmt: skip
    return done(add_road(actor=c.jonah, road=NewRoad("imap", "By OAuth", Secret(CLIENT_SECRET), values, Secret(REFRESH))))  # fmt: skip


@pytest.mark.usefixtures("_comes_in")
def test_a_mailbox_is_read_by_xoauth2_and_tokens_renew_themselves(tokens: Tokens, caplog: Any) -> None:
    """A real Dovecot asks the token server about each token that it is shown (introspection, RFC 7662)."""
    c = started()
    with caplog.at_level(logging.DEBUG), dovecot(f"http://127.0.0.1:{tokens.plain}/introspect") as server:
        road = oauth_road(c, tokens, port=server.port)
        server.put(mail("who@knows.example", address(), "By token"))
        with ImapBox(place_of(road)) as box:
            assert Poller(road.id, threading.Event(), dns()).read(box, road) == 1
        assert InboundMail.objects.get().subject == "By token" and len(tokens.asked) == 1
        road.refresh_from_db()
        access_token(road)
        assert len(tokens.asked) == 1  # it is good for an hour
        # The mail server calls it no longer active: refused once, then another is asked for, by the newest refresh token.
        tokens.active.clear()
        refused = done(try_road(actor=c.jonah, road_id=road.id))
        assert "refuses the sign-in" in refused.last_error and "access-" not in refused.last_error
        works = done(try_road(actor=c.jonah, road_id=road.id))
        assert (works.last_error, works.waiting) == ("", 0) and works.last_good_at is not None
        assert tokens.asked[1]["refresh_token"] == "refresh-token-number-1"
    assert secrets_of(Road.objects.get(pk=road.id)).refresh.reveal() == "refresh-token-number-2"
    said = caplog.text + "".join(str(one.__dict__) for one in Entry.objects.filter(type__startswith="road."))
    row = Road.objects.filter(pk=road.id).values().get()
    for secret in (CLIENT_SECRET, REFRESH, "refresh-token-number", "access-"):
        assert secret not in said and secret not in str(row["settings"])
        assert secret.encode() not in bytes(row["sealed"]) and secret.encode() not in bytes(row["fresh"])


@pytest.mark.usefixtures("_comes_in")
def test_secrets_are_replaced_unseen_and_the_newest_refresh_token_gives_way(tokens: Tokens) -> None:
    c = started()
    road = oauth_road(c, tokens)
    access_token(road)
    road.refresh_from_db()
    assert secrets_of(road).refresh.reveal() == "refresh-token-number-1"
    # The newest is refused; the owner's own is tried once more.
    tokens.answer, road_secrets_before = (400, b'{"error": "invalid_grant"}'), len(tokens.asked)
    road_secrets.forget_token(road.id)
    with pytest.raises(ImapRefused):
        access_token(road)
    assert [one["refresh_token"] for one in tokens.asked[road_secrets_before:]] == ["refresh-token-number-1", REFRESH]  # fmt: skip
    tokens.answer = None
    # The client's secret alone is replaced: the refresh token stays as the newest was.
    road.refresh_from_db()
    changed = done(change_road(actor=c.jonah, road_id=road.id, secret=Secret("another")))
    assert secrets_of(changed) == RoadSecrets(Secret("another"), Secret("refresh-token-number-1"))
    changed = done(change_road(actor=c.jonah, road_id=road.id, refresh=Secret("given anew")))
    assert secrets_of(changed).refresh.reveal() == "given anew" and changed.fresh is None
    # Another token server would be shown both: it wants its own.
    for other in ({"token_url": "https://evil.example/token"}, {"provider": "google"}, {"host": "localhost"}, {"auth": "password"}):  # fmt: skip
        assert isinstance(change_road(actor=c.jonah, road_id=road.id, settings=other), Refusal), other
    assert done(remove_road(actor=c.jonah, road_id=road.id)).fresh is None
    for wrong in ({"token_url": "http://mail.example/"}, {"client_id": ""}, {"provider": "magic"}, {"grant": "password"}, {"scopes": "ü"},
                  {"provider": "google", "grant": "client_credentials"}, {"provider": "microsoft", "tenant": "../x"}):  # fmt: skip
        values = {"host": "127.0.0.1", "port": 1, "security": "none", "user": USER, "auth": "oauth", "provider": "other",
                  "token_url": tokens.url, "client_id": "our-client", **wrong}  # fmt: skip
        new = NewRoad("imap", "By OAuth", Secret(CLIENT_SECRET), values, Secret(REFRESH))
        assert isinstance(add_road(actor=c.jonah, road=new), Refusal), wrong
