# SPDX-License-Identifier: AGPL-3.0-or-later
"""A local mail catcher: what would have left, as files, for demonstrations and tests.

Each message is ``inbox/<UTC time>-<id>.eml``, its bytes as received, and beside it a ``.json`` with the SMTP
envelope. It answers 250 only when the file is on the disk. Loopback only: it takes anything from anybody.
"""

import asyncio
import email.errors
import email.parser
import email.policy
import ipaddress
import json
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from partwell.connectors.disk import make_folder, write_atomically
from partwell.connectors.errors import ConnectorError

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]{16}\Z")
_SIZE_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True)
class CaughtMessage:
    """One caught mail. ``received_at`` aware UTC; ``rcpt_tos`` from the SMTP envelope; size in bytes."""

    message_id: str
    received_at: datetime
    mail_from: str
    rcpt_tos: tuple[str, ...]
    header_from: str
    header_to: str
    subject: str
    size: int


class _Handler:
    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # aiosmtpd's name
        try:
            await asyncio.to_thread(
                self._store, envelope.mail_from, list(envelope.rcpt_tos), envelope.content
            )
        except OSError:
            return "451 4.3.0 The catcher could not store the message; check free space"
        return "250 2.0.0 Caught"

    def _store(self, mail_from: str, rcpt_tos: list[str], content: bytes) -> None:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(8)}"
        facts = json.dumps({"mail_from": mail_from, "rcpt_tos": rcpt_tos}, ensure_ascii=True)
        # the envelope first: a listed .eml always has its recipients
        write_atomically(self._inbox / f"{name}.json", facts.encode())
        write_atomically(self._inbox / f"{name}.eml", content)


class _OnSocket(Controller):
    """A Controller on a socket that is bound already, so that port 0 works."""

    def __init__(self, handler: Any, bound: socket.socket) -> None:
        host, port = bound.getsockname()[:2]
        super().__init__(handler, hostname=host, port=port, data_size_limit=_SIZE_LIMIT, ready_timeout=15)
        self._bound = bound

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)


class Catcher:
    """The inbox folder and, once started, its SMTP server in a thread of its own."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = Path(inbox)
        make_folder(self._inbox)
        self.host, self.port = "", 0

    def start(self, host: str = "127.0.0.1", port: int = 0) -> Callable[[], None]:
        """Listen on a loopback address (port 0: any free one, then in ``port``); returns ``stop()``."""
        address = "127.0.0.1" if host == "localhost" else host
        try:
            loopback = ipaddress.ip_address(address)
        except ValueError:
            loopback = None
        if loopback is None or not loopback.is_loopback:
            raise ConnectorError(f"The mail catcher listens on loopback only, not on {host}; use 127.0.0.1.")
        family = socket.AF_INET6 if loopback.version == 6 else socket.AF_INET
        # asyncio turns Nagle off only where the protocol is named; with it each answer waited 40 ms.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((address, port))
        except OSError as error:
            bound.close()
            raise ConnectorError(
                f"The mail catcher cannot listen on {address}:{port} ({error.strerror}); choose another port."
            ) from None
        controller = _OnSocket(_Handler(self._inbox), bound)
        try:
            controller.start()
        except BaseException:
            bound.close()
            raise
        self.host, self.port = address, controller.port
        stopped = False

        def stop() -> None:
            nonlocal stopped
            if not stopped:
                stopped = True
                controller.stop()

        return stop

    def list_messages(self, limit: int = 200) -> list[CaughtMessage]:
        """The newest ``limit`` messages, newest first; headers of any mail, however broken."""
        names = sorted(
            (file.stem for file in self._inbox.glob("*.eml") if _NAME.match(file.stem)), reverse=True
        )
        return [self._describe(name) for name in names[:limit]]

    def read_message(self, message_id: str) -> bytes:
        """The bytes as received; ConnectorError if there is none of this id."""
        try:
            return self._file(message_id, "eml").read_bytes()
        except FileNotFoundError:
            raise ConnectorError("There is no such message in the local inbox.") from None

    def describe(self, message_id: str) -> CaughtMessage:
        """One message's envelope and headers; ConnectorError if there is none of this id."""
        if not self._file(message_id, "eml").exists():
            raise ConnectorError("There is no such message in the local inbox.")
        return self._describe(message_id)

    def _file(self, message_id: str, suffix: str) -> Path:
        if not _NAME.match(message_id):
            raise ConnectorError("There is no such message in the local inbox.")
        return self._inbox / f"{message_id}.{suffix}"

    def _describe(self, name: str) -> CaughtMessage:
        file = self._file(name, "eml")
        with open(file, "rb") as opened:
            head = opened.read(64 * 1024)
        # compat32: policy.default raises on hostile headers
        parsed = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
        try:
            facts = json.loads(self._file(name, "json").read_bytes())
        except (OSError, ValueError):
            facts = {}
        stamp = name.partition("-")[0]
        return CaughtMessage(
            message_id=name,
            received_at=datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC),
            mail_from=str(facts.get("mail_from") or ""),
            rcpt_tos=tuple(str(one) for one in facts.get("rcpt_tos", ())),
            header_from=_decoded(parsed.get("From")),
            header_to=_decoded(parsed.get("To")),
            subject=_decoded(parsed.get("Subject")),
            size=file.stat().st_size,
        )


def _decoded(value: Any) -> str:
    try:
        text = str(make_header(decode_header(str(value or ""))))
    except (ValueError, LookupError, email.errors.MessageError):
        text = str(value)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
