# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail servers that misbehave in every way the relay must survive.

Real aiosmtpd servers whose answers are replaced per verb: ``Script({"RCPT": Say("550 no", only="client@…")})``.
``Say`` answers, ``HANG_UP`` closes the connection, ``SILENCE`` answers nothing. "BODY" acts between 354 and the
final dot, "DOT" after it. Everything the client said and every whole message is kept.
"""

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Say:
    """Answer with this line; ``only``: just for commands that contain it; ``once``: just the first time."""

    line: str
    only: str = ""
    once: bool = False


HANG_UP = Say("<hang up>")
SILENCE = Say("<silence>")


@dataclass
class Script:
    """What to do at which verb, and what happened."""

    at: dict[str, Say] = field(default_factory=dict)
    hide: tuple[str, ...] = ()
    offer: tuple[str, ...] = ()
    said: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def verbs(self) -> list[str]:
        """First words of all that the client said."""
        return [line.split()[0].upper() for line in self.said if line.strip()]


class _Server(SMTP):
    def __init__(self, script: Script, *args: Any, **kwargs: Any) -> None:
        self.script = script
        super().__init__(*args, **kwargs)

    async def _misbehave(self, verb: str, arg: str | None = "") -> bool:
        say = self.script.at.get(verb)
        if say is None or (say.only and say.only not in (arg or "")):
            return False
        if say.once:
            del self.script.at[verb]
        if say is HANG_UP:
            self.transport.abort()
            await asyncio.sleep(0)
        elif say is SILENCE:
            await asyncio.sleep(30)
        else:
            await super().push(say.line)
        return True

    async def push(self, status: Any) -> None:
        text = status if isinstance(status, str) else status.decode()
        if text.startswith("220 ") and not self.script.said and "GREETING" in self.script.at:
            await self._misbehave("GREETING")
            self.script.said.append("GREETING")
            return
        if text[:4] == "354 " and await self._misbehave("DATA"):
            raise _Stop
        if text[:4] == "354 " and self.script.at.get("BODY") is HANG_UP:
            await super().push(status)
            await self._reader.readline()
            self.transport.abort()
            raise _Stop
        if text[:4] == "354 " and self.script.at.get("BODY") is SILENCE:
            await super().push(status)
            self.transport.pause_reading()
            await asyncio.sleep(30)
        if text.startswith("250-") and any(word in text.upper() for word in self.script.hide):
            return
        if text == "250 HELP":
            for word in self.script.offer:
                await super().push(f"250-{word}")
        await super().push(status)

    def _call(self, verb: str) -> Any:
        async def run(arg: str | None) -> None:
            self.script.said.append(f"{verb} {arg or ''}".strip())
            if verb != "DATA" and await self._misbehave(verb, arg):
                return
            with contextlib.suppress(_Stop):
                await getattr(SMTP, f"smtp_{verb}")(self, arg)

        return run

    async def handle_dot(self, content: bytes) -> str:
        self.script.messages.append(content)
        say = self.script.at.get("DOT")
        if say is HANG_UP:
            self.transport.abort()
        elif say is SILENCE:
            await asyncio.sleep(30)
        return say.line if say else "250 2.0.0 taken"


class _Stop(Exception):
    """Leave aiosmtpd's own DATA without its answer."""


class _Handler:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return await server.handle_dot(envelope.content)


class _Controller(Controller):
    def __init__(self, script: Script, context: ssl.SSLContext | None, implicit: bool, auth: bool) -> None:
        self.script, self.options = script, {"tls_context": None if implicit else context}
        if auth:
            self.options |= {"authenticator": _sign_in, "auth_require_tls": False}
        self.bound = socket.socket()
        self.bound.bind(("127.0.0.1", 0))
        script.port = self.bound.getsockname()[1]
        super().__init__(
            _Handler(), hostname="127.0.0.1", port=script.port, ssl_context=context if implicit else None
        )

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.bound, ssl=self.ssl_context)

    def _trigger_server(self) -> None:
        self._factory_invoked.set()
        self.smtpd = True  # nobody connects before the test does

    def factory(self) -> SMTP:
        server = _Server(self.script, self.handler, enable_SMTPUTF8=True, loop=self.loop, **self.options)
        for verb in ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "STARTTLS", "AUTH"):
            if verb in server._smtp_methods:
                server._smtp_methods[verb] = server._call(verb)
        return server


PASSWORD = "pa55-wörd"


def _sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = data.login == b"relay" and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def serving(
    script: Script, context: ssl.SSLContext | None = None, implicit: bool = False, auth: bool = False
) -> Iterator[Script]:
    """Run the server on a free loopback port; with ``context`` STARTTLS, or TLS at once if ``implicit``."""
    controller = _Controller(script, context, implicit, auth)
    controller.start()
    try:
        yield script
    finally:
        controller.stop()


def certificate(folder: Path, host: str = "localhost", days: int = 1) -> tuple[ssl.SSLContext, str]:
    """A self-signed certificate for ``host``: server context, and the PEM file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=3))
        .not_valid_after(today + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{host}{days}.pem", folder / f"{host}{days}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, str(pem)
