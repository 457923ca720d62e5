# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail in by IMAP and LMTP (read, judged, kept in the vault, threaded, recorded) and out by SMTP (judged three times, recorded
at each step), each against the loop that only carries the bytes: imaplib, smtplib, and a server that forgets them.
"""

import asyncio
import base64
import imaplib
import os
import resource
import smtplib
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from benchmarks.house import client, done, house, owner
from benchmarks.mail_large import OURS, large
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support import programs
from tests.support.mail_servers import PASSWORD, USER, Dovecot, dovecot

if TYPE_CHECKING:
    from partwell.records.clients.models import Client
    from partwell.rules.actor import Actor


def _mail(to: str, size: int) -> bytes:
    body = base64.encodebytes(os.urandom(size * 3 // 4)).replace(b"\n", b"\r\n")
    head = (
        f"From: Stranger <who@knows.example>\r\nTo: {to}\r\nSubject: {uuid4().hex}\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
        f"Message-ID: <{uuid4().hex}@knows.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nHello, which model is it?\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
    ).encode()
    return head + body + b"\r\n--b--\r\n"


@contextmanager
def _serving(make: Callable[[], Any]) -> Iterator[int]:
    """A server in a thread of its own: ``make`` gives one connection's protocol. Gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    loop, ready = asyncio.new_event_loop(), threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(loop.create_server(make, "127.0.0.1", port))
        ready.set()
        loop.run_forever()
        server.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class _Carrier:
    """Takes every mail and forgets it."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """As many answers as recipients."""
        return "\r\n".join("250 OK" for _ in envelope.rcpt_tos)


def _reading() -> None:
    """End the process that forks a child for each mail: its time and its children's count once it has gone."""
    from partwell.importers import fork_server

    fork_server.end()


def run(options: Options) -> list[Row]:
    """Four lines in, two out and one of the largest mail, a database each: small mails, and mails with a megabyte in them."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _on(kind: str, options: Options) -> list[Row]:
    from django.test import override_settings

    from partwell.actions.base import Deed
    from partwell.actions.correspondence import reply_addresses

    count = 2 if options.small else 100
    with house(kind, options) as world, override_settings(PARTWELL_MAIL_ADDRESS=OURS):
        actor = owner()
        northwick = client(actor, "Northwick")
        with Deed(actor) as deed:
            to = reply_addresses.shown(
                reply_addresses.ensure(deed, deed.lock(northwick.id), reply_addresses.CLIENT).token
            )
            deed.record("client.changed", subjects=[northwick.id], public={"what": "an address for mail"})
        return [
            *_by_imap(actor, to, count, options, kind),
            *_by_lmtp(to, count, options, kind),
            *_out(actor, northwick, count, options, kind),
            large(world, to, options, kind),
        ]


def _rows(
    sides: dict[str, Callable[[int], float]],
    options: Options,
    count: int,
    case: str,
    note: Callable[[], str] = str,
) -> Row:
    """One line: the first side against the second."""
    ours, peer = sides
    times = rounds(sides, 1 if options.small else options.rounds)
    return row(times, ours, peer, subject="mail", case=case, amount=count, unit="mails", note=note())


def _peak() -> str:
    return f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB in this process"


SIZES = (("2 KB each", 1_000, 1), ("1 MB each", 1 << 20, 4))


# in: a mailbox -------------------------------------------------------------


def _by_imap(actor: "Actor", to: str, count: int, options: Options, kind: str) -> Iterator[Row]:
    """The poller and a bare imaplib loop read the same mails of the same Dovecot, a mailbox each turn."""
    if programs.find("dovecot") is None or os.geteuid() != 0:
        print("mail: Dovecot is not here, or this is not root, so nothing is read by IMAP.", file=sys.stderr)
        return
    with dovecot() as server:
        for case, size, less in SIZES:
            many = max(2, count // less)
            put = _Mailbox(server, to, size, many)
            yield _rows({"mail taken in": lambda turn, put=put: put.taken(actor), "imaplib": lambda turn, put=put: put.bare()},  # type: ignore[misc]
                        options, many, f"IMAP, {case}, {kind}", _peak)  # fmt: skip


class _Mailbox:
    """The mailbox of the one user, filled anew for each turn."""

    def __init__(self, server: Dovecot, to: str, size: int, count: int) -> None:
        self._server, self._to, self._size, self._count = server, to, size, count
        self._places = 0

    def _filled(self) -> str:
        """A new folder with new mails; its name."""
        self._places += 1
        name = f"turn{self._size}x{self._places}"
        for _ in range(self._count):
            self._server.put(_mail(self._to, self._size), name)
        return name

    def bare(self) -> float:
        """Fetch each mail and mark it, and nothing else."""
        name = self._filled()
        began = now()
        with imaplib.IMAP4("127.0.0.1", self._server.port) as box:
            box.login(USER, PASSWORD)
            box.select(name)
            uids = box.uid("SEARCH", "1:*")[1][0].split()
            assert len(uids) == self._count
            for uid in uids:
                assert len(box.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1]) > 1000
                box.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Seen)")
        return now() - began

    def taken(self, actor: "Actor") -> float:
        """One look of the worker's poller."""
        from partwell.actions.correspondence.roads import NewRoad, add_road, place_of
        from partwell.connectors.dns import TableResolver
        from partwell.connectors.imap import ImapBox
        from partwell.connectors.secret import Secret
        from partwell.records.correspondence.models import InboundMail, Road
        from partwell.workers.mailbox import Poller

        name = self._filled()
        settings = {"host": "127.0.0.1", "port": self._server.port, "security": "none", "user": USER, "folder": name}  # fmt: skip
        made = done(add_road(actor=actor, road=NewRoad("imap", name, Secret(PASSWORD), settings)))
        road, before = Road.objects.get(pk=made.id), InboundMail.objects.count()
        poller = Poller(road.id, threading.Event(), TableResolver({}))
        began = now()
        with ImapBox(place_of(road)) as box:
            poller.read(box, road)
        _reading()
        spent = now() - began
        assert InboundMail.objects.count() - before == self._count
        return spent


# in: LMTP ------------------------------------------------------------------


def _by_lmtp(to: str, count: int, options: Options, kind: str) -> Iterator[Row]:
    from aiosmtpd.lmtp import LMTP

    from partwell.connectors.dns import TableResolver
    from partwell.entrypoints.mailbox import lmtp

    handler = lmtp.Handler(TableResolver({}))
    with (
        _serving(lambda: lmtp.factory(handler)) as ours,
        _serving(lambda: LMTP(_Carrier(), data_size_limit=1 << 28)) as bare,
    ):
        for case, size, less in SIZES:
            many = max(2, count // less)

            def taken(_turn: int, size: int = size, many: int = many) -> float:
                return _send(ours, to, [_mail(to, size) for _ in range(many)])

            def carried(_turn: int, size: int = size, many: int = many) -> float:
                return _send(bare, to, [_mail(to, size) for _ in range(many)])

            yield _rows({"mail taken in": taken, "mail only carried": carried}, options, many, f"LMTP, {case}, {kind}", _peak)  # fmt: skip


def _send(port: int, to: str, mails: list[bytes]) -> float:
    with smtplib.LMTP("127.0.0.1", port, local_hostname="mx.parting.example", timeout=300) as server:
        began = now()
        for raw in mails:
            server.sendmail("who@knows.example", [to], raw)
        _reading()
        return now() - began


# out -----------------------------------------------------------------------


def _out(actor: "Actor", northwick: "Client", count: int, options: Options, kind: str) -> Iterator[Row]:
    """Messages to the client that wait in the outbox, transmitted by the relay; and the same bytes by smtplib."""
    from aiosmtpd.smtp import SMTP

    from partwell.actions.correspondence.outgoing import message_of
    from partwell.actions.correspondence.write_message import CLIENT, Draft, write_message
    from partwell.connectors.smtp import Security, SmtpServer
    from partwell.records.correspondence.models import Envelope
    from partwell.workers import relay

    with _serving(lambda: SMTP(_Carrier(), data_size_limit=1 << 28)) as port:
        server = SmtpServer("127.0.0.1", port, Security.NONE, helo="parting.example", timeout=60)
        relay.deliver_due(server, limit=1000)  # what the set-up itself had to say

        def written() -> list[Any]:
            text = "We hand over on Monday, at nine, in your office.\n" * 20
            for number in range(count):
                done(write_message(actor=actor, client_id=northwick.id, draft=Draft(f"Timetable {number}", text, CLIENT)))  # fmt: skip
            return list(Envelope.objects.filter(state="queued"))

        def sent(_turn: int) -> float:
            written()
            began = now()
            relay.deliver_due(server, limit=count)
            spent = now() - began
            assert not Envelope.objects.exclude(state="accepted").exists()
            return spent

        def bare(one_connection: bool) -> Callable[[int], float]:
            def send(_turn: int) -> float:
                rows = (
                    list(Envelope.objects.filter(state="accepted").order_by("-queued_at")[:count])
                    or written()
                )
                mails = [([one["address"] for one in each.recipients], message_of(each)) for each in rows]
                began = now()
                for start in range(0, len(mails), len(mails) if one_connection else 1):
                    with smtplib.SMTP("127.0.0.1", port, "parting.example") as line:
                        for to, raw in mails[start : start + (len(mails) if one_connection else 1)]:
                            line.sendmail("desk@harbourline.example", to, raw)
                return now() - began

            return send

        yield _rows(
            {"mail sent": sent, "smtplib": bare(True)}, options, count, f"SMTP, one connection, {kind}"
        )
        yield _rows(
            {"mail sent": sent, "smtplib, a connection each": bare(False)}, options, count, f"SMTP, {kind}"
        )
