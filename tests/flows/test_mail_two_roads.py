# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail through Postfix to us by LMTP, and through Dovecot's LMTP and IMAP as well: one message; and the API of roads."""

import dataclasses
import smtplib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from partwell.actions.correspondence.road_settings import whole
from partwell.actions.correspondence.roads import change_road, place_of, secret_of
from partwell.connectors.imap import ImapBox
from partwell.records.correspondence.models import InboundMail, Message, Road
from partwell.workers.mailbox import Poller
from tests.api.caller import caller, problem
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in
from tests.flows.test_mail_in import MARA, started
from tests.flows.test_mail_roads import our_lmtp, road_to, until
from tests.support.mail_servers import PASSWORD, Dovecot, dovecot, postfix

pytestmark = pytest.mark.usefixtures("db_world")


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


@dataclasses.dataclass
class Reading:
    """A poller at work in a thread."""

    stop: threading.Event
    thread: threading.Thread


def reading(road: Road, resolver: Any = None) -> Reading:
    stop = threading.Event()
    thread = threading.Thread(target=Poller(road.id, stop, resolver or dns()).run, daemon=True)
    thread.start()
    return Reading(stop, thread)


def ended(at_work: Reading, c: Cast, road: Road, server: Dovecot) -> None:
    """Let it end: paused, and woken from its IDLE by a last mail that nobody takes any more."""
    done(change_road(actor=c.jonah, road_id=road.id, enabled=False))
    at_work.stop.set()
    server.put(mail("who@knows.example", "nobody@parting.example", "The last"))
    at_work.thread.join(20)
    assert not at_work.thread.is_alive()


def test_postfix_to_dovecot_to_our_poller_and_to_our_lmtp_is_one_message_within_seconds() -> None:
    c = started()
    place = address()
    with (
        dovecot(catches="reply@store.parting.example") as store,
        our_lmtp() as port,
        postfix(port, "parting.example", copies_to=store.lmtp_port) as front,
    ):
        road = road_to(store, c)
        at_work = reading(road)
        until(lambda: Road.objects.get(pk=road.id).last_good_at)
        with smtplib.SMTP("127.0.0.1", front.port) as client:
            client.sendmail("who@knows.example", [place], mail("who@knows.example", place, "By two roads"))
        until(lambda: Road.objects.get(pk=road.id).last_uid == 1 and front.queued == 0)
        assert InboundMail.objects.count() == 1
        assert Message.objects.filter(subject="By two roads").count() == 1
        # While it idles, a mail that the store gets is here in seconds; its minute of waiting is not waited out.
        time.sleep(0.5)
        began = time.monotonic()
        store.put(mail("who@knows.example", place, "While it idled"))
        until(lambda: InboundMail.objects.filter(subject="While it idled").exists(), 20)
        assert time.monotonic() - began < 15
        ended(at_work, c, road, store)
    row = Road.objects.get(pk=road.id)
    assert row.last_error == "" and row.waiting == 0


def test_the_owners_own_server_tells_who_sent_a_mail_that_came_by_imap() -> None:
    c = started()
    place = address()
    spf = dns(spf={"northwick.example": "v=spf1 ip4:192.0.2.7 -all"})
    ours = b"Received: from mail.northwick.example (mail.northwick.example [192.0.2.%d]) by mx.parting.example (Postfix); today\r\n"
    forged = b"Received: from mail.northwick.example (x [192.0.2.7]) by mx.parting.example; before\r\n"
    path = b"Return-Path: <mara@northwick.example>\r\n"
    with dovecot() as server:
        road = road_to(server, c)
        found = {}
        for name, servers, head in (
            ("not judged", "", path + ours % 7),
            ("passes", "mx.parting.example", path + ours % 7),
            ("fails", "mx.parting.example", path + ours % 8 + forged),
        ):
            server.put(head + mail(MARA, place, name))
            done(change_road(actor=c.jonah, road_id=road.id, settings={"servers": servers}))
            road.refresh_from_db()
            with ImapBox(place_of(road)) as box:
                Poller(road.id, threading.Event(), spf).read(box, road)
            row = InboundMail.objects.get(subject=name)
            found[name] = (row.auth["proof"], row.auth["spf"]["result"], row.state)
        assert found == {
            "not judged": ("none", "none", "waiting"), "passes": ("spf", "pass", "filed"), "fails": ("failed", "fail", "waiting"),
        }  # fmt: skip
        assert (
            "does not tell which server" in InboundMail.objects.get(subject="not judged").auth["spf"]["why"]
        )


def test_roads_by_api_show_their_state_and_never_a_secret() -> None:
    c = started()
    jonah = caller(c.jonah, c.jonah)
    with dovecot() as server:
        new = {
            "kind": "imap", "name": "The mailbox", "secret": PASSWORD,
            "settings": {"host": "127.0.0.1", "port": server.port, "security": "none", "user": "mailbox@harbourline.example"},
        }  # fmt: skip
        made = jonah.ok("POST", "/roads", new)
        assert made["settings"] == whole("imap", new["settings"]) and made["last_good_at"] is None  # type: ignore[arg-type]
        server.put(mail("who@knows.example", address()))
        tried = jonah.ok("POST", f"/roads/{made['id']}/try")
        assert (tried["last_error"], tried["waiting"]) == ("", 1) and tried["last_good_at"]
        changed = jonah.ok(
            "PATCH", f"/roads/{made['id']}", {"secret": "not it", "name": "Renamed", "enabled": False}
        )
        assert changed["name"] == "Renamed" and changed["enabled"] is False
        tried = jonah.ok("POST", f"/roads/{made['id']}/try")
        assert "refuses the sign-in" in tried["last_error"] and "not it" not in str(tried)
        assert tried["last_good_at"] and tried["last_look_at"] > tried["last_good_at"]
    hook = jonah.ok("POST", "/roads", {"kind": "webhook", "name": "Mailgun", "secret": "k" * 32, "settings": {"service": "mailgun"}})  # fmt: skip
    assert hook["address"].endswith(f"/mail/in/{hook['id']}/mime")
    listed = jonah.ok("GET", "/roads")["items"]
    assert [one["name"] for one in listed] == ["Renamed", "Mailgun"]
    assert PASSWORD not in str(listed) and "k" * 32 not in str(listed)
    problem(jonah.patch(f"/roads/{hook['id']}", {"settings": {"service": "postmark"}}), 422, "invalid_input")
    problem(jonah.post("/roads", {**new, "settings": {"host": "mail.example", "security": "none", "user": "u"}}), 422, "invalid_input")  # fmt: skip
    assert jonah.ok("POST", f"/roads/{hook['id']}/remove")["enabled"] is False
    problem(jonah.get(f"/roads/{hook['id']}"), 404, "not_found")
    assert not secret_of(Road.objects.get(pk=hook["id"]))
    for other in (c.ines, c.kerstin):
        problem(caller(c.jonah, other).get("/roads"), 409, "not_your_role")
