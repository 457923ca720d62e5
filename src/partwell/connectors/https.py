# SPDX-License-Identifier: AGPL-3.0-or-later
"""One question by HTTPS to an address that an owner set: certificate checked, no redirect, bounded in time and bytes.

Nothing of the environment is used, no proxy and no credentials: what is asked is what stands in the call.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from partwell.connectors.errors import ConnectorError

SECONDS = 15.0
MOST = 64 * 1024


class HttpsFailed(ConnectorError):
    """The server did not answer, or not within bounds; ``str()`` names the host, never what was sent."""

    code = "https_failed"


@dataclass(frozen=True)
class HttpsAnswer:
    """``status`` as the server gave it (a redirect is one like others) and at most 64 KiB of ``body``."""

    status: int
    body: bytes = field(repr=False)


def host_of(url: str) -> str:
    """The host of an address that may be asked, or "": https, a host, no user, no fragment, only printable ASCII."""
    if not url.isascii() or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or parts.username is not None or parts.fragment or port == 0:
        return ""
    return parts.hostname or ""


def ask(
    url: str,
    fields: dict[str, str] | None = None,
    *,
    seconds: float = SECONDS,
    most: int = MOST,
    context: ssl.SSLContext | None = None,
) -> HttpsAnswer:
    """GET ``url``, or POST ``fields`` to it as a form. What is asked and answered takes ``seconds`` at most, connecting as many again.

    Raises HttpsFailed for an address that is not HTTPS, no answer, a certificate that does not hold, more than ``most``
    bytes, or time run out.
    """
    host = host_of(url)
    if not host:
        raise HttpsFailed("Only an https address without user and fragment is asked; correct it.")
    parts = urlsplit(url)
    line = http.client.HTTPSConnection(
        host, parts.port or 443, timeout=seconds, context=context or ssl.create_default_context()
    )

    over = threading.Event()
    clock: threading.Timer | None = None
    try:
        line.connect()
        sock = line.sock  # the line forgets it once the answer has begun

        def cut() -> None:
            # A server that sends a byte now and then keeps each read alive; this ends them all.
            over.set()
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        clock = threading.Timer(seconds, cut)
        clock.daemon = True
        clock.start()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "application/json", "User-Agent": "Partwell"}
        if fields is None:
            line.request("GET", path, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            line.request("POST", path, body=urlencode(fields).encode(), headers=headers)
        answer = line.getresponse()
        body = answer.read(most + 1)
        if over.is_set():
            raise TimeoutError
        if len(body) > most:
            raise HttpsFailed(f"{host} answers with more than {most} bytes; check the address.")
        return HttpsAnswer(answer.status, body)
    except ssl.SSLCertVerificationError:
        raise HttpsFailed(f"The certificate of {host} does not hold; nothing was sent.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise HttpsFailed(f"{host} does not answer by HTTPS ({type(error).__name__}); try later.") from None
    finally:
        if clock is not None:
            clock.cancel()
        line.close()
