# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail in by LMTP: read, judged, kept in the vault, threaded, recorded; against a server that only carries the bytes away."""

import asyncio
import base64
import os
import resource
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from benchmarks.house import client, house, owner
from benchmarks.measure import Options, Row, now, rounds, row

OURS = "reply@parting.example"


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


def _send(port: int, to: str, mails: list[bytes]) -> float:
    with smtplib.LMTP("127.0.0.1", port, local_hostname="mx.parting.example", timeout=300) as server:
        began = now()
        for raw in mails:
            server.sendmail("who@knows.example", [to], raw)
        return now() - began


def run(options: Options) -> list[Row]:
    """Two lines a database: small mails, and mails with a megabyte in them."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _on(kind: str, options: Options) -> list[Row]:
    from aiosmtpd.lmtp import LMTP
    from django.test import override_settings

    from partwell.actions.base import Deed
    from partwell.actions.correspondence import reply_addresses
    from partwell.connectors.dns import TableResolver
    from partwell.entrypoints.mailbox import lmtp

    count = 2 if options.small else 30
    with house(kind, options), override_settings(PARTWELL_MAIL_ADDRESS=OURS):
        actor = owner()
        northwick = client(actor, "Northwick")
        with Deed(actor) as deed:
            to = reply_addresses.shown(
                reply_addresses.ensure(deed, deed.lock(northwick.id), reply_addresses.CLIENT).token
            )
            deed.record("client.changed", subjects=[northwick.id], public={"what": "an address for mail"})
        handler = lmtp.Handler(TableResolver({}))
        rows = []
        with (
            _serving(lambda: lmtp.factory(handler)) as ours,
            _serving(lambda: LMTP(_Carrier(), data_size_limit=1 << 28)) as bare,
        ):
            for case, size in (("2 KB each", 1_000), ("1 MB each", 1 << 20)):

                def taken(_turn: int, size: int = size) -> float:
                    return _send(ours, to, [_mail(to, size) for _ in range(count)])

                def carried(_turn: int, size: int = size) -> float:
                    return _send(bare, to, [_mail(to, size) for _ in range(count)])

                times = rounds({"mail taken in": taken, "mail only carried": carried}, options.rounds)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                rows.append(row(times, "mail taken in", "mail only carried", subject="mail", case=f"{case}, {kind}", amount=count,
                                unit="mails", note=f"{peak} MB at most in this process"))  # fmt: skip
        return rows
