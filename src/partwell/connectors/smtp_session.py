# SPDX-License-Identifier: AGPL-3.0-or-later
"""The conversation itself, verb by verb, over smtplib's lowest calls."""

import base64
import contextlib
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Mapping

from partwell.connectors.smtp_values import Delivery, Outcome, Reply, Security, SmtpServer

_TEXT_LIMIT = 500


class Ended(Exception):
    """The conversation is over; carries what is known. Never leaves the connector."""

    def __init__(self, outcome: Outcome, stage: str, code: int, text: str) -> None:
        super().__init__(text)
        self.outcome, self.stage, self.code, self.text = outcome, stage, code, text


def outcome_of(code: int) -> Outcome:
    """4xx: deferred; 5xx: refused; after the dot anything else: unknown."""
    return {4: Outcome.DEFERRED, 5: Outcome.REFUSED}.get(code // 100, Outcome.UNKNOWN)


class Session:
    """One connection, one message at a time."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.place = f"{server.host}:{server.port}"
        self.per_recipient: dict[str, Reply] = {}
        self._smtp: smtplib.SMTP | None = None

    @property
    def smtp(self) -> smtplib.SMTP:
        """The open connection."""
        assert self._smtp is not None
        return self._smtp

    def open(self, sender: str) -> None:
        """Connect, greet, protect, sign in; raises :class:`Ended`."""
        server, helo = self.server, self.server.helo or sender.rpartition("@")[2]
        secret_ready = server.security is not Security.NONE or _loopback(server.host)
        if server.username and not secret_ready:
            raise Ended(
                Outcome.FAILED, "auth", 0,
                f"The password for {self.place} would travel readably; choose STARTTLS or TLS for this server.",
            )  # fmt: skip
        context = self._context() if server.security is not Security.NONE else None
        try:
            if server.security is Security.TLS:
                self._smtp = smtplib.SMTP_SSL(
                    server.host, server.port, helo, timeout=server.timeout, context=context
                )
            else:
                self._smtp = smtplib.SMTP(server.host, server.port, helo, timeout=server.timeout)
        except smtplib.SMTPConnectError as error:
            raise self._from_reply(
                "connect", error.smtp_code, error.smtp_error, permanent=Outcome.FAILED
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken("tls" if isinstance(error, ssl.SSLError) else "connect", error) from None
        # The final dot is written apart from the text: with Nagle it waited 40 ms for an acknowledgement.
        if self._smtp.sock is not None:
            self._smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._greet(helo)
        if server.security is Security.STARTTLS:
            self._starttls(helo, context)
        if server.username:
            self._sign_in()

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.server.ca_file)
        except (OSError, ssl.SSLError):
            raise Ended(
                Outcome.FAILED, "tls", 0,
                f"The certificate authority file for {self.place} cannot be read; check the server's setting.",
            ) from None  # fmt: skip

    def _greet(self, helo: str) -> None:
        try:
            code, text = self.smtp.ehlo(helo)
            if (
                500 <= code < 600
                and self.server.security is not Security.STARTTLS
                and not self.server.username
            ):
                code, text = self.smtp.helo(helo)
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken("connect", error) from None
        if code != 250:
            raise self._from_reply("connect", code, text, permanent=Outcome.FAILED)

    def _starttls(self, helo: str, context: ssl.SSLContext | None) -> None:
        if not self.smtp.has_extn("starttls"):
            raise Ended(
                Outcome.FAILED, "tls", 0,
                f"{self.place} does not offer STARTTLS, which is required; nothing was sent. "
                "Check the port, or choose TLS.",
            )  # fmt: skip
        try:
            self.smtp.starttls(context=context)
        except smtplib.SMTPResponseException as error:
            raise self._from_reply(
                "tls", error.smtp_code, error.smtp_error, permanent=Outcome.FAILED
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken("tls", error) from None
        self._greet(helo)

    def _sign_in(self) -> None:
        # smtplib's login() puts a non-ASCII password into its UnicodeEncodeError; so PLAIN and LOGIN by hand
        offered = self.smtp.esmtp_features.get("auth", "").upper().split()
        user, password = self.server.username.encode(), self.server.password.reveal().encode()
        if "PLAIN" in offered:
            steps = ["AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password).decode()]
        elif "LOGIN" in offered:
            steps = ["AUTH LOGIN", base64.b64encode(user).decode(), base64.b64encode(password).decode()]
        else:
            raise Ended(
                Outcome.FAILED, "auth", 0,
                f"{self.place} offers no sign-in by PLAIN or LOGIN; remove the user name or use another port.",
            )  # fmt: skip
        for index, step in enumerate(steps):
            wanted = (235,) if index == len(steps) - 1 else (334,)
            self.expect(step, "auth", good=wanted, permanent=Outcome.FAILED)

    def envelope(
        self, sender: str, recipients: list[str], data: bytes, marks: Mapping[str, str] | None = None
    ) -> None:
        """MAIL, then RCPT one by one, stopping at the first that is not taken.

        ``marks``: what a recipient's original address is said to be (RFC 3461, ORCPT), where the server has DSN.
        """
        head = re.split(rb"\r\n\r\n|\n\n", data, maxsplit=1)[0]
        utf8 = not head.isascii() or not all(one.isascii() for one in (sender, *recipients))
        options = ""
        if utf8:
            self._need("smtputf8", "the message has addresses or headers outside ASCII")
            options += " SMTPUTF8"
            self.smtp.command_encoding = "utf-8"
        if not data.isascii():
            self._need("8bitmime", "the message has 8-bit text")
            options += " BODY=8BITMIME"
        if self.smtp.has_extn("size"):
            options += f" SIZE={len(data)}"
        self.expect(f"MAIL FROM:<{sender}>{options}", "mail", good=(250,))
        told = marks or {} if self.smtp.has_extn("dsn") else {}
        for recipient in recipients:
            mark = f" ORCPT=rfc822;{told[recipient]}" if recipient in told else ""
            try:
                reply = self.expect(f"RCPT TO:<{recipient}>{mark}", "rcpt", good=(250, 251))
            except Ended as end:
                self.per_recipient[recipient] = Reply(end.code, end.text)
                raise
            self.per_recipient[recipient] = reply

    def once_more(self) -> bool:
        """RSET, so that the same message may be named with another sender; False where the server does not go on."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self.smtp.docmd("RSET")[0] == 250:
                self.per_recipient = {}
                return True
        return False

    def _need(self, extension: str, why: str) -> None:
        if not self.smtp.has_extn(extension):
            raise Ended(
                Outcome.FAILED, "mail", 0,
                f"{self.place} does not offer {extension.upper()}, but {why}; use another server.",
            )  # fmt: skip

    def expect(
        self, command: str, stage: str, *, good: tuple[int, ...], permanent: Outcome = Outcome.REFUSED
    ) -> Reply:
        """Say one thing before the text of the message; raises :class:`Ended` unless the code is ``good``."""
        try:
            code, text = self.smtp.docmd(command)
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken(stage, error) from None
        if code in good:
            return Reply(code, self.clean(text))
        raise self._from_reply(stage, code, text, permanent=permanent)

    def _from_reply(self, stage: str, code: int, text: bytes | str, *, permanent: Outcome) -> Ended:
        if 400 <= code < 500:
            return Ended(Outcome.DEFERRED, stage, code, self.clean(text))
        if 500 <= code < 600:
            return Ended(permanent, stage, code, self.clean(text))
        # not SMTP, or an answer out of turn: nothing left, but retrying alone will not mend it
        shown = code if 0 < code < 1000 else 0
        return Ended(
            Outcome.FAILED,
            stage,
            shown,
            f"{self.place} gave an answer that is not understood: {self.clean(text)}",
        )

    def _broken(self, stage: str, error: Exception) -> Ended:
        if isinstance(error, ssl.SSLCertVerificationError):
            return Ended(
                Outcome.FAILED, "tls", 0,
                f"The certificate of {self.place} does not hold ({error.verify_message}); nothing was sent. "
                "Correct the host name or the certificate.",
            )  # fmt: skip
        if isinstance(error, ssl.SSLError) and not isinstance(
            error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)
        ):
            return Ended(
                Outcome.FAILED, "tls", 0,
                f"{self.place} does not speak TLS as set; check port and security. Nothing was sent.",
            )  # fmt: skip
        silent = isinstance(error, TimeoutError) or "timed out" in str(error)
        what = "did not answer in time" if silent else "could not be reached or hung up"
        return Ended(Outcome.DEFERRED, stage, 0, f"{self.place} {what}; nothing was sent, it is tried again.")

    def clean(self, text: bytes | str) -> str:
        """The server's words: printable, cut, and without our password, should it echo it."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        password = self.server.password.reveal()
        if password:
            user = self.server.username.encode()
            raw = password.encode()
            for form in (raw, b"\0" + user + b"\0" + raw):
                text = text.replace(base64.b64encode(form).decode(), "…")
            text = text.replace(password, "…")
        text = "".join(char if char.isprintable() else " " for char in text)
        return " ".join(text.split())[:_TEXT_LIMIT]

    def ended(self, end: Ended, started: bool = False) -> Delivery:
        """The :class:`Delivery` for an end."""
        return Delivery(end.outcome, end.code, end.text, dict(self.per_recipient), end.stage, started)

    def close(self, polite: bool) -> None:
        """RSET (so that nothing can follow) if DATA was never begun, QUIT, hang up; never raises."""
        if self._smtp is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(min(5.0, self.server.timeout))
                if polite:
                    self._smtp.docmd("RSET")
                self._smtp.docmd("QUIT")
        self._smtp.close()


PER_LINE = 50  # messages over one connection


class Line:
    """One connection for several messages to the same server, one after the other, as a context manager.

    It is kept only after a message that the server took (250 to the final dot), and asked before it is used again
    (RSET, RFC 5321 4.1.1.5): what is left of the message before can reach no recipient of the next.
    """

    def __init__(self) -> None:
        self._kept: tuple[Session, str, int] | None = None
        self._count = 0

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def take(self, server: SmtpServer, sender: str) -> Session | None:
        """The open connection, if there is one to this server that answers; it is the caller's now."""
        if self._kept is None:
            return None
        session, domain, count = self._kept
        self._kept, self._count = None, count
        if session.server == server and domain == sender.rpartition("@")[2] and count < PER_LINE:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if session.smtp.docmd("RSET")[0] == 250:
                    session.per_recipient = {}
                    session.smtp.command_encoding = "ascii"
                    return session
        session.close(polite=False)
        self._count = 0
        return None

    def keep(self, session: Session, sender: str) -> None:
        """Give a connection back after its message was taken."""
        self._kept = session, sender.rpartition("@")[2], self._count + 1

    def end(self) -> None:
        """Say good-bye."""
        if self._kept is not None:
            self._kept[0].close(polite=False)
            self._kept, self._count = None, 0


def final_dot(session: Session) -> Reply | None:
    """Send the dot; None if no answer that counts came back, whatever the reason."""
    try:
        session.smtp.send(b".\r\n")
        code, text = session.smtp.getreply()
    except (OSError, smtplib.SMTPException, ValueError):
        return None
    if code != 250 and not 400 <= code < 600:
        return None
    return Reply(code, session.clean(text))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
