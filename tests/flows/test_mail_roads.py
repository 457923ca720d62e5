# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in, with real servers: Dovecot's mailbox, Postfix in front of our LMTP, a signed webhook."""

import asyncio
import hashlib
import hmac
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client as Browser

from partwell.actions.correspondence import receive, return_paths
from partwell.actions.correspondence.roads import (
    NewRoad,
    add_road,
    change_road,
    note_progress,
    place_of,
    remove_road,
    secret_of,
)
from partwell.actions.files import read_file
from partwell.connectors.imap import ImapBox, ImapError, ImapRefused
from partwell.connectors.secret import Secret
from partwell.connectors.smtp import Security, SmtpServer
from partwell.entrypoints.mailbox import lmtp
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail, Road
from partwell.records.evidence.models import Entry
from partwell.rules.refusals import Refusal
from partwell.workers import relay
from partwell.workers.mailbox import Poller
from tests.flows.cast import done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in, signed
from tests.flows.test_bounces import HOME
from tests.flows.test_mail_in import KNOWN, MARA, started
from tests.support.mail_servers import PASSWORD, USER, Dovecot, dovecot, postfix
from tests.support.ports import free_port

pytestmark = pytest.mark.usefixtures("db_world")


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


@contextmanager
def our_lmtp(resolver: Any = None) -> Iterator[int]:
    """Our LMTP server in a thread; its port."""
    port, ready, loop = free_port(), threading.Event(), asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(lmtp.start(f"127.0.0.1:{port}", lmtp.Handler(resolver or dns())))
        ready.set()
        loop.run_forever()
        server.close()
        connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def until(true: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def talk(port: int) -> smtplib.LMTP:
    found = smtplib.LMTP("127.0.0.1", port, local_hostname="mx.parting.example", timeout=30)
    found.ehlo("mx.parting.example")
    return found


def test_lmtp_answers_for_each_recipient_only_after_the_commit() -> None:
    started()
    place = address()
    with our_lmtp() as port, talk(port) as server:
        assert server.mail("who@knows.example")[0] == 250
        assert server.rcpt("reply+aaaaaaaaaaaaaaaaaaaaaaaaaa@parting.example")[0] == 550
        assert server.rcpt("reply@parting.example")[0] == 550 and server.rcpt("root")[0] == 550
        assert server.rcpt(place.upper())[0] == 250
        assert server.docmd("DATA")[0] == 354
        raw = mail("who@knows.example", place, text=".a dot first\nand\n.\nmore")
        server.send(
            b"\r\n".join(b"." + one if one.startswith(b".") else one for one in raw.split(b"\r\n")) + b".\r\n"
        )
        assert server.getreply()[0] == 250
        row = InboundMail.objects.get()
        assert read_file(row.raw) == raw and row.envelope_to == [place.upper()]
        with mock.patch.object(receive, "_keep", side_effect=OSError("the disk is full")):
            server.mail("who@knows.example")
            server.rcpt(place)
            assert server.data(mail("who@knows.example", place))[0] == 451
        assert InboundMail.objects.count() == 1


def test_lmtp_refuses_what_is_too_large_and_is_not_smuggled_into() -> None:
    started()
    place = address()
    with our_lmtp() as port, mock.patch.object(lmtp, "LARGEST", 5000), talk(port) as server:
        server.mail("who@knows.example")
        server.rcpt(place)
        assert server.data(mail("who@knows.example", place, text="x" * 9000))[0] == 552
        server.mail("who@knows.example")
        server.rcpt(place)
        server.docmd("DATA")
        inner = (
            b"one\n.\nMAIL FROM:<x@y.example>\nRCPT TO:<"
            + place.encode()
            + b">\nDATA\nSubject: two\n\nno\n.\n"
        )
        server.send(mail("who@knows.example", place, text="") + inner + b"\r\n.\r\n")
        assert server.getreply()[0] == 250
    assert InboundMail.objects.count() == 1 and "MAIL FROM" in InboundMail.objects.get().text


def test_postfix_hands_over_waits_while_we_fail_tells_who_sent_and_reports_what_came_back() -> None:
    c = started(consent=True)
    place = address()
    resolver = dns(spf={"northwick.example": "v=spf1 ip4:127.0.0.1 -all"})
    with (
        our_lmtp(resolver) as port,
        postfix(port, "parting.example", relays="northwick.example alderrow.example") as front,
    ):
        with smtplib.SMTP("127.0.0.1", front.port) as client:
            client.sendmail("mara@northwick.example", [place], mail(MARA, place, text="By SPF."))
        until(InboundMail.objects.exists)
        row = InboundMail.objects.get()
        assert (row.state, row.auth["proof"], row.auth["spf"]["result"]) == ("filed", "spf", "pass"), row.auth
        with mock.patch.object(receive, "_keep", side_effect=OSError("the disk is full")):
            with smtplib.SMTP("127.0.0.1", front.port) as client:
                client.sendmail("who@knows.example", [place], mail("who@knows.example", place))
            until(lambda: "status=deferred" in front.log)
            assert front.queued == 1 and InboundMail.objects.count() == 1
        until(lambda: (front.flush(), InboundMail.objects.count() == 2)[1])
        until(lambda: front.queued == 0)
        with smtplib.SMTP("127.0.0.1", front.port) as client:
            client.sendmail(
                "who@knows.example",
                ["reply+aaaaaaaaaaaaaaaaaaaaaaaaaa@parting.example"],
                mail("who@knows.example", place),
            )
        until(lambda: "550 5.1.1" in front.log)
        assert InboundMail.objects.count() == 2
        # Our own mails by the same server: it takes them, finds no such mailbox behind it, and reports (R2).
        shared = Envelope.objects.get(to_provider=True, kind="message")
        alone = Envelope.objects.get(subject__contains="Handover")
        for envelope in (shared, alone):
            left = relay.deliver_one(envelope.id, SmtpServer("127.0.0.1", front.port, Security.NONE))
            assert isinstance(left, Envelope) and left.state == "accepted", left
        until(lambda: InboundMail.objects.filter(state="bounce").count() == 2)
    assert not InboundMail.objects.filter(state="doubted").exists()
    for envelope in (shared, alone):
        failed = Bounce.objects.get(envelope=envelope, role="client")
        assert (failed.address, failed.action, failed.status) == (MARA, "failed", "5.1.1")
        assert (
            Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}").recipients[0]["address"]
            == HOME
        )
    assert c.contact(c.mara).email_state == "bouncing"
    # Of the mail that a new provider has too, the proof is Mara's own mark, which Postfix was given with her RCPT.
    raw = read_file(Bounce.objects.get(envelope=shared, role="client").mail.raw)  # type: ignore[union-attr]
    assert f"Original-Recipient: rfc822;{return_paths.mark_of(shared.id, MARA)}".encode() in raw
    assert Bounce.objects.filter(envelope=shared, role="provider").exists()


def road_to(server: Dovecot, c: Any, **settings: Any) -> Road:
    values = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": USER, **settings}
    return done(add_road(actor=c.jonah, road=NewRoad("imap", "The desk's mailbox", Secret(PASSWORD), values)))


def read(road: Road) -> int:
    road.refresh_from_db()
    with ImapBox(place_of(road)) as box:
        return Poller(road.id, threading.Event(), KNOWN).read(box, road)


def flags(server: Dovecot) -> list[str]:
    return sorted(one.name.rpartition(",")[2] for one in (server.maildir / "cur").glob("*"))


def test_a_mailbox_is_read_once_and_nothing_is_marked_before_it_is_here() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c)
        raw = signed(mail(MARA, address(), "Re: Handover", "Fine."), "northwick.example")
        server.put(raw)
        with (
            mock.patch.object(receive, "_keep", side_effect=OSError("the disk is full")),
            pytest.raises(OSError),
        ):
            read(road)
        assert not InboundMail.objects.exists() and not any("S" in one for one in flags(server))
        assert read(road) == 1
        row = InboundMail.objects.get()
        assert (row.state, row.road, read_file(row.raw)) == ("filed", "imap", raw)
        assert any("S" in one for one in flags(server)) and read(road) == 0
        road.refresh_from_db()
        assert road.last_uid == 1 and road.uid_validity and not road.last_error
        # The server counts anew: everything is looked at again, and known.
        note_progress(road.id, validity=7, uid=99)
        assert read(road) == 1 and InboundMail.objects.count() == 1
        assert PASSWORD not in repr(place_of(road)) and PASSWORD.encode() not in bytes(road.sealed or b"")


def test_one_that_cannot_be_kept_keeps_no_other_away() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c, after="move", into="Taken")
        server.put(mail("who@knows.example", address(), "One"))
        server.put(mail("who@knows.example", address(), "Two"))
        with ImapBox(place_of(road)) as box:
            assert box._box is not None and box._box.client.create("Taken")[0] == "OK"
        real = receive._keep

        def fails(taken: Any, *more: Any) -> Any:
            if taken.read.subject == "One":
                raise OSError("only this one")
            return real(taken, *more)

        with mock.patch.object(receive, "_keep", fails), pytest.raises(OSError, match="only this one"):
            read(road)
        assert [one.subject for one in InboundMail.objects.all()] == ["Two"]
        road.refresh_from_db()
        assert road.last_uid == 0
        assert read(road) == 1
        assert InboundMail.objects.count() == 2
        assert sum(
            one.is_file() for name in ("cur", "new") for one in (server.maildir / ".Taken" / name).iterdir()
        ) == 2 and not flags(server)


def test_idle_tells_of_new_mail_and_tls_is_checked() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c, host="localhost", port=server.tls_port, security="tls")
        with pytest.raises(ImapError), ImapBox(place_of(road)):
            pass
        import dataclasses

        trusted = ssl.create_default_context(cafile=str(server.certificate))
        with ImapBox(dataclasses.replace(place_of(road), context=trusted)) as box:
            assert box.can_idle and box.after(0) == []
            threading.Timer(0.5, server.put, [mail("who@knows.example", address())]).start()
            began = time.monotonic()
            assert box.wait(15) and time.monotonic() - began < 12
            until(lambda: box.after(0) == [1])
        plain = dataclasses.replace(place_of(road), port=server.port, security="starttls", context=trusted)
        with ImapBox(plain) as box:
            assert box.validity
        with (
            pytest.raises(ImapRefused, match="refuses the sign-in") as refused,
            ImapBox(dataclasses.replace(plain, secret=Secret("wrong"))),
        ):
            pass
        assert "wrong" not in str(refused.value)
        with (
            pytest.raises(ImapError, match="no folder"),
            ImapBox(dataclasses.replace(plain, folder="Nowhere")),
        ):
            pass
        with (
            pytest.raises(ImapError, match="TLS only"),
            ImapBox(dataclasses.replace(plain, host="imap.far.example", security="none")),
        ):
            pass


def test_the_poller_says_on_the_road_what_is_wrong_and_goes_on() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c)
        done(change_road(actor=c.jonah, road_id=road.id, secret=Secret("not the password")))
        stop = threading.Event()
        with (
            mock.patch("partwell.workers.mailbox.REFUSED_WAIT", 0.5),
            mock.patch("partwell.workers.mailbox.IDLE", 1.0),
        ):
            thread = threading.Thread(target=Poller(road.id, stop, dns()).run, daemon=True)
            thread.start()
            until(lambda: "refuses the sign-in" in Road.objects.get(pk=road.id).last_error)
            done(change_road(actor=c.jonah, road_id=road.id, secret=Secret(PASSWORD)))
            server.put(mail("who@knows.example", address()))
            until(InboundMail.objects.exists)
            until(lambda: Road.objects.get(pk=road.id).last_error == "")
            done(remove_road(actor=c.jonah, road_id=road.id))
            thread.join(20)
            assert not thread.is_alive()
            stop.set()


def post(
    browser: Browser,
    road: Road,
    secret: str,
    body: bytes,
    to: str,
    *,
    stamp: int | None = None,
    sign: bytes | None = None,
) -> int:
    when = str(stamp or int(time.time()))
    made = hmac.new(
        secret.encode(),
        f"{when}\nwho@knows.example\n{to}\n".encode() + (sign if sign is not None else body),
        hashlib.sha256,
    )
    return browser.post(
        f"/mail/in/{road.id.hex}/", body, content_type="message/rfc822",
        headers={"X-Partwell-Timestamp": when, "X-Partwell-Signature": made.hexdigest(), "X-Envelope-From": "who@knows.example",
                 "X-Envelope-To": to},
    ).status_code  # fmt: skip


def test_a_webhook_takes_what_is_signed_and_nothing_else() -> None:
    c = started()
    secret = "s" * 40
    road = done(add_road(actor=c.jonah, road=NewRoad("webhook", "Mail service", Secret(secret))))
    browser, place = Browser(enforce_csrf_checks=True), address()
    raw = mail("who@knows.example", place)
    with mock.patch("partwell.actions.correspondence.inbound_auth.SystemResolver", dns):
        assert post(browser, road, "x" * 40, raw, place) == 404
        assert post(browser, road, secret, raw, place, sign=raw + b"x") == 404
        assert post(browser, road, secret, raw, place, stamp=int(time.time()) - 900) == 404
        assert browser.post(f"/mail/in/{road.id.hex}/", raw, content_type="message/rfc822").status_code == 404
        assert browser.post(f"/mail/in/{uuid4().hex}/", raw, content_type="message/rfc822").status_code == 404
        assert browser.get(f"/mail/in/{road.id.hex}/").status_code == 405
        assert not InboundMail.objects.exists()
        assert (
            post(browser, road, secret, raw, place) == 200 and post(browser, road, secret, raw, place) == 200
        )
        with mock.patch.object(receive, "_keep", side_effect=OSError("the disk is full")):
            assert post(browser, road, secret, mail("who@knows.example", place), place) == 503
        done(remove_road(actor=c.jonah, road_id=road.id))
        assert post(browser, road, secret, mail("who@knows.example", place), place) == 404
    assert InboundMail.objects.get().road == "webhook"
    road.refresh_from_db()
    assert road.sealed is None and not secret_of(road)


def test_only_the_owner_changes_roads() -> None:
    c = started()
    wanted = NewRoad("imap", "Box", Secret("p"), {"host": "imap.far.example", "user": "u"})
    for actor in (c.ines, c.dan, c.kerstin, c.mara, c.theo):
        assert isinstance(add_road(actor=actor, road=wanted), Refusal)
    assert Entry.objects.filter(type="road.added").count() == 0
    road = done(add_road(actor=c.jonah, road=wanted))
    for wrong in ({"security": "none"}, {"port": 0}, {"auth": "magic"}, {"after": "delete"}, {"host": "a b"}, {"user": "a\r\nb"},
                  {"after": "move", "into": "INBOX"}):  # fmt: skip
        assert isinstance(change_road(actor=c.jonah, road_id=road.id, settings=wrong), Refusal), wrong
    assert isinstance(add_road(actor=c.jonah, road=NewRoad("webhook", "Short", Secret("short"))), Refusal)
    assert isinstance(change_road(actor=c.ines, road_id=road.id, enabled=False), Refusal)
    assert done(change_road(actor=c.jonah, road_id=road.id, enabled=False)).enabled is False
    assert done(remove_road(actor=c.jonah, road_id=road.id)).sealed is None
    assert remove_road(actor=c.jonah, road_id=road.id).code == "not_found"  # type: ignore[union-attr]
