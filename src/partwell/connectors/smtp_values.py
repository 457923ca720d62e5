# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes into :func:`partwell.connectors.smtp.transmit` and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from partwell.connectors.secret import Secret


class Security(StrEnum):
    """How the way to the server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Outcome(StrEnum):
    """What is known about the message afterwards (table in smtp.py)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True)
class SmtpServer:
    """A mail server. ``timeout`` in seconds for every step.

    ``ca_file`` (PEM) is trusted instead of the system's authorities, for a server of one's own.
    ``helo`` is how we greet; empty means the sender's domain.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    timeout: float = 30.0
    helo: str = ""
    ca_file: str | None = None


@dataclass(frozen=True)
class Reply:
    """One answer of the server: code (0: none) and text, cut and cleaned of controls."""

    code: int
    text: str


@dataclass(frozen=True)
class Delivery:
    """The result. ``stage``: address, connect, tls, auth, mail, rcpt, before_data, data, body, final_dot.

    ``per_recipient``: only those who were named to the server, in order. ``data_started``:
    whether the caller's on_data_started returned True.
    """

    outcome: Outcome
    code: int
    text: str
    per_recipient: Mapping[str, Reply]
    stage: str
    data_started: bool = False
