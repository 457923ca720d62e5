# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mailbox read by IMAP, as bytes: nothing is marked, moved or parsed before its taker says that it has it.

Login, TLS, XOAUTH2 and IDLE are imap-tools'. Its ``flag`` and ``move`` are not used: both EXPUNGE the folder, which would
delete for good what other people only marked. Messages come in pieces (BODY.PEEK[]<…>), so that size costs no memory.
"""

import contextlib
import imaplib
import ipaddress
import re
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError
from imap_tools.utils import encode_folder

from partwell.connectors.errors import ConnectorError
from partwell.connectors.secret import Secret

PIECE = 1 << 20
TIMEOUT = 30.0
LONGEST_IDLE = 25 * 60.0  # RFC 2177: less than 29 minutes


class ImapError(ConnectorError):
    """The mailbox cannot be read now; ``str()`` names the place and what to do. Never holds the password."""

    code = "imap_failed"


class ImapRefused(ImapError):
    """It refuses our name and password or token: trying again as often only locks the account."""

    code = "imap_refused"


@dataclass(frozen=True)
class ImapPlace:
    """Where a mailbox is. ``security``: tls, starttls, or none (loopback only). ``auth``: password or xoauth2 (``secret`` is a token then).

    ``after``: what is done with a message that was taken: seen (marked), move (into ``into``), nothing.
    """

    host: str
    port: int
    security: str
    user: str
    secret: Secret = field(repr=False)
    folder: str = "INBOX"
    auth: str = "password"
    after: str = "seen"
    into: str = ""
    timeout: float = TIMEOUT
    context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """For sentences."""
        return f"the folder {self.folder} of {self.user} at {self.host}:{self.port}"


def loopback(host: str) -> bool:
    """Whether a host is this machine, so that no TLS is needed."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ImapBox:
    """An open folder, as a context manager. Every failure is an ImapError."""

    def __init__(self, place: ImapPlace) -> None:
        self._place = place
        self._box: BaseMailBox | None = None
        self._can: set[str] = set()
        self.validity = 0

    def __enter__(self) -> "ImapBox":
        place = self._place
        if place.security == "none" and not loopback(place.host):
            raise ImapError(f"Mail of {place.host} is read over TLS only; choose tls or starttls.")
        try:
            context = place.context or ssl.create_default_context()
            if place.security == "tls":
                self._box = MailBox(place.host, place.port, timeout=place.timeout, ssl_context=context)
            elif place.security == "starttls":
                self._box = MailBoxStartTls(
                    place.host, place.port, timeout=place.timeout, ssl_context=context
                )
            else:
                self._box = MailBoxUnencrypted(place.host, place.port, timeout=place.timeout)
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            raise ImapError(
                f"{place.host}:{place.port} does not answer by IMAP ({type(error).__name__}); check host, port and security."
            ) from None
        try:
            if place.auth == "xoauth2":
                self._box.xoauth2(place.user, place.secret.reveal(), initial_folder=None)
            elif place.user.isascii() and place.secret.reveal().isascii():
                self._box.login(place.user, place.secret.reveal(), initial_folder=None)
            else:
                self._box.login_utf8(place.user, place.secret.reveal(), initial_folder=None)
        except (imaplib.IMAP4.abort, OSError) as error:
            self._close()
            raise ImapError(
                f"{place.host} ended the connection at sign-in ({type(error).__name__}); try later."
            ) from None
        except (imaplib.IMAP4.error, ImapToolsError):
            self._close()
            raise ImapRefused(
                f"{place.host} refuses the sign-in of {place.user}; give the password or token again."
            ) from None
        self._select()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._box is not None:
            with contextlib.suppress(Exception):  # whatever the server says to good-bye
                self._box.client.logout()
            with contextlib.suppress(Exception):
                self._box.client.shutdown()
            self._box = None

    def _call(self, *command: Any) -> list[Any]:
        assert self._box is not None  # inside the context
        try:
            status, data = self._box.client.uid(*command)
        except (OSError, imaplib.IMAP4.error) as error:
            raise ImapError(
                f"The connection to {self._place.shown} broke ({type(error).__name__}); it is tried again."
            ) from None
        if status != "OK":
            raise ImapError(
                f"{self._place.host} refuses {command[0]} in {self._place.shown}; check the folder's rights."
            )
        return data

    def _select(self) -> None:
        assert self._box is not None  # inside the context
        client, place = self._box.client, self._place
        try:
            # Asked anew: before the sign-in servers name only a part of what they can do.
            self._can = set(
                b" ".join(one for one in client.capability()[1] if one)
                .decode("ascii", "replace")
                .upper()
                .split()
            )
            status, _ = client.select(
                encode_folder(place.folder).decode("ascii"), readonly=place.after == "nothing"
            )
            if status != "OK":
                raise ImapError(
                    f"There is no folder {place.folder} of {place.user} at {place.host}; check its name."
                )
            data = client.response("UIDVALIDITY")[1]
            self.validity = int(data[0]) if data and data[0] else 0
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            self._close()
            raise ImapError(
                f"{place.shown} cannot be opened ({type(error).__name__}); check its name."
            ) from None
        except ImapError:
            self._close()
            raise

    def after(self, uid: int) -> list[int]:
        """The UIDs above this one, in order."""
        data = self._call("SEARCH", f"UID {uid + 1}:*")
        found = sorted(int(one) for one in (data[0] or b"").split())
        return [one for one in found if one > uid]  # "n:*" names the last one even where it is below n

    def about(self, uid: int) -> tuple[int | None, datetime | None]:
        """Bytes of a message as the server counts them (None if it has gone meanwhile), and when it took it (aware)."""
        for one in self._call("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)"):
            text = one if isinstance(one, bytes) else one[0] if isinstance(one, tuple) else b""
            if found := re.search(rb"RFC822\.SIZE (\d+)", text):
                when = imaplib.Internaldate2tuple(text)
                return int(found[1]), datetime.fromtimestamp(time.mktime(when), UTC) if when else None
        return None, None

    def fetch(self, uid: int, target: Path) -> int | None:
        """Write the message's bytes to ``target``, unmarked; its size, or None if it has gone meanwhile."""
        written = 0
        with target.open("wb") as out:
            while True:
                pieces = [
                    one[1]
                    for one in self._call("FETCH", str(uid), f"(BODY.PEEK[]<{written}.{PIECE}>)")
                    if isinstance(one, tuple)
                ]
                if not pieces:
                    return written or None
                written += out.write(pieces[0])
                if len(pieces[0]) < PIECE:
                    return written

    def taken(self, uid: int) -> None:
        """The message is committed here: mark or move it as the place says. Nothing else in the folder is touched."""
        place = self._place
        if place.after == "seen":
            self._call("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
        elif place.after == "move" and place.into:
            if "MOVE" in self._can:
                self._call("MOVE", str(uid), encode_folder(place.into))
            else:
                self._call("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
                self._call("COPY", str(uid), encode_folder(place.into))
                if "UIDPLUS" in self._can:
                    self._call("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
                    self._call("EXPUNGE", str(uid))

    @property
    def can_idle(self) -> bool:
        """Whether the server says by itself that mail came."""
        return "IDLE" in self._can

    def wait(self, seconds: float) -> bool:
        """Wait for news by IDLE, at most ``seconds``; True if the server said something."""
        assert self._box is not None  # inside the context
        try:
            return bool(self._box.idle.wait(timeout=min(seconds, LONGEST_IDLE)))
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
            raise ImapError(
                f"The connection to {self._place.shown} broke ({type(error).__name__}); it is tried again."
            ) from None
