# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes mail by LMTP (RFC 2033) from the mail server in front: 250 for a recipient only after the commit.

5xx: an address that we never gave, or too large a mail; the server in front then tells the sender. 4xx: our own failure;
it keeps the mail and tries again. The text is written to the disk as it comes: aiosmtpd's own DATA holds it in memory
twice. XFORWARD tells which server sent the mail, for SPF; whoever may speak LMTP to us is believed, so keep it on loopback.
"""

import asyncio
import contextlib
import logging
import os
import re
import signal
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import syntax
from django.conf import settings
from django.db import close_old_connections

from partwell.actions.correspondence.receive import LARGEST, Peer, take_in
from partwell.actions.correspondence.reply_addresses import known
from partwell.actions.correspondence.return_paths import found
from partwell.connectors.dns import Resolver

log = logging.getLogger("partwell.lmtp")

TAKEN = "250 2.0.0 Taken and kept"
UNKNOWN = "550 5.1.1 There is no such address here"
TOO_LARGE = f"552 5.3.4 A mail may have {LARGEST} bytes at most"
LATER = "451 4.3.0 It could not be kept just now; try again"
_XFORWARD = re.compile(r"(NAME|ADDR|PROTO|HELO|SOURCE|IDENT|PORT)=(\S{1,255})", re.I)
_MOST_RECIPIENTS = 100


class Handler:
    """What is asked of the records, in threads: aiosmtpd's loop never waits for the database."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="lmtp")
        self._resolver = resolver

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:  # aiosmtpd's name
        """550 for an address that we never gave; revoked ones are taken, and wait for a person."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once"
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, _known, address)
        except Exception as error:  # noqa: BLE001  # whatever the database says: the server in front keeps the mail
            log.error("An address could not be looked up: %s", type(error).__name__)
            return LATER
        if not found:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:  # aiosmtpd's name
        """Offer XFORWARD beside what aiosmtpd offers."""
        session.host_name = hostname
        return [*responses[:-1], "250-XFORWARD NAME ADDR PROTO HELO SOURCE", *responses[-1:]]

    async def take(self, session: Any, envelope: Any, path: Path) -> list[str]:
        """One answer a recipient, in their order; the same for all, since it is one mail."""
        facts = getattr(session, "forwarded", {})
        peer = Peer(facts.get("ADDR", ""), facts.get("HELO", "")) if facts.get("ADDR") else None
        said = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            _take,
            path,
            envelope.mail_from or "",
            list(envelope.rcpt_tos),
            peer,
            self._resolver,
        )
        return [said] * len(envelope.rcpt_tos)


def _known(address: str) -> bool:
    close_old_connections()
    try:
        return bool(known([address]) or found([address]))
    finally:
        close_old_connections()


def _take(
    path: Path, sender: str, recipients: list[str], peer: Peer | None, resolver: Resolver | None
) -> str:
    close_old_connections()
    try:
        take_in(path, road="lmtp", envelope_from=sender, envelope_to=recipients, peer=peer, resolver=resolver)
    except Exception as error:  # noqa: BLE001  # whatever it is, the mail stays with the server in front; a message could quote it
        log.error("A mail could not be taken in: %s", type(error).__name__)
        return LATER
    finally:
        close_old_connections()
    return TAKEN


class Server(LMTP):
    """aiosmtpd's LMTP, its DATA written to the disk, with XFORWARD."""

    @syntax("XFORWARD attribute=value [...]")
    async def smtp_XFORWARD(self, arg: str | None) -> None:
        """Who handed the mail to the server in front (Postfix's XFORWARD): address and HELO name."""
        if await self.check_helo_needed():
            return
        values = {name.upper(): unquote(value) for name, value in _XFORWARD.findall(arg or "")}
        # Empty, not left as it was: a server in front keeps the connection for the next mail, which may come from nobody.
        kept = {
            name: "" if value.upper() == "[UNAVAILABLE]" else value.removeprefix("IPv6:")
            for name, value in values.items()
        }
        self.session.forwarded = {**getattr(self.session, "forwarded", {}), **kept}  # type: ignore[union-attr]
        await self.push("250 2.0.0 OK")

    async def smtp_DATA(self, arg: str | None) -> None:
        """Take the text to a file, then ask the handler; one answer a recipient."""
        if await self.check_helo_needed() or self.envelope is None:
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        handle, name = tempfile.mkstemp(
            prefix="lmtp-", suffix=".eml", dir=Path(settings.PARTWELL_HOME) / "tmp"
        )
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                try:
                    fits = await self._text(out)
                except OSError:
                    answers = [LATER] * len(self.envelope.rcpt_tos)
                    fits = None
            if fits is False:
                answers = [TOO_LARGE] * len(self.envelope.rcpt_tos)
            elif fits:
                answers = await self.event_handler.take(self.session, self.envelope, path)
            await self.push("\r\n".join(answers))
        finally:
            path.unlink(missing_ok=True)
            self._set_post_data_state()

    async def _text(self, out: Any) -> bool:
        """Write the text without its dots; False where it is too large, and then it is read to its end for nothing.

        Only a dot alone between two CRLF ends it: a bare LF does not (so that no second mail can be smuggled in).
        """
        size, fresh, failed = 0, True, None
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as over:
                line = await self._reader.read(over.consumed)
            if fresh and line == b".\r\n":
                break
            piece = line[1:] if fresh and line.startswith(b".") else line
            fresh = line.endswith(b"\r\n")
            size += len(piece)
            if size <= LARGEST and failed is None:
                try:
                    out.write(piece)
                except OSError as error:  # the disk is full: hear the text out, then say "later"
                    failed = error
        if failed is not None:
            raise failed
        return size <= LARGEST


def factory(handler: Handler) -> Server:
    """One connection's server."""
    return Server(
        handler, hostname="partwell", ident="Partwell", data_size_limit=LARGEST, enable_SMTPUTF8=True
    )


async def start(address: str, handler: Handler) -> "asyncio.AbstractServer":
    """Listen on HOST:PORT or unix:/PATH. OSError where that cannot be had; a socket that nobody listens on is replaced."""
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.stat().st_mode):
                path.unlink()
        server = await loop.create_unix_server(lambda: factory(handler), path=str(path))
        path.chmod(0o660)
        return server
    host, _, port = address.rpartition(":")
    return await loop.create_server(lambda: factory(handler), host=host.strip("[]"), port=int(port))


def serve(address: str) -> None:
    """Serve until SIGTERM or SIGINT; what is being taken then is finished, or not acknowledged."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        server = await start(address, Handler())
        await stop.wait()
        server.close()

    asyncio.run(run())
