# SPDX-License-Identifier: AGPL-3.0-or-later
"""DNS questions that are remembered: what a mail was judged by is kept with it (PROOF.md, "Inbound mail").

Keys are withdrawn and addresses move; a signature can be judged "as of receipt" only by the answers of that day.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import dns.exception
import dns.resolver

SECONDS = 4.0
"""How long one question may take, all servers together."""
_MOST, _LONGEST = 20, 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """``status``: ok, none (no such name or no such record), error (nobody answered). ``values``: as text, TXT strings joined."""

    name: str
    type: str
    status: str
    values: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept beside the mail."""
        return {"name": self.name, "type": self.type, "status": self.status, "values": list(self.values)}


class Resolver(Protocol):
    """Whoever answers: the system's servers, or a test's table."""

    def ask(self, name: str, type: str) -> Answer:
        """The answer for an ASCII name and TXT, A, AAAA, MX or PTR. Never raises."""


class SystemResolver:
    """The servers that the machine is configured with."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._resolver: dns.resolver.Resolver | None = None

    def ask(self, name: str, type: str) -> Answer:
        """See ``Resolver``; at most ``seconds``."""
        try:
            if self._resolver is None:
                self._resolver = dns.resolver.Resolver()
                self._resolver.lifetime = self._seconds
                self._resolver.timeout = self._seconds / 2
            found = self._resolver.resolve(name, type, search=False)
            return Answer(name, type, "ok", tuple(_text(type, one)[:_LONGEST] for one in found)[:_MOST])
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer(name, type, "none")
        except (dns.exception.DNSException, OSError, ValueError, UnicodeError):
            return Answer(name, type, "error")


def _text(type: str, record: Any) -> str:
    if type == "TXT":
        return b"".join(record.strings).decode("utf-8", "replace")
    if type == "MX":
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"
    return str(record.to_text())


class TableResolver:
    """Answers from a table ``(name, type) → values``, or from what was kept of an earlier judgement."""

    def __init__(self, table: dict[tuple[str, str], tuple[str, ...] | list[str] | None]) -> None:
        self._table = {(name.casefold(), type): values for (name, type), values in table.items()}

    def ask(self, name: str, type: str) -> Answer:
        """What the table holds; ``None`` there is a server that does not answer, nothing there is no record."""
        key = (name.casefold().rstrip("."), type)
        if key in self._table and self._table[key] is None:
            return Answer(name, type, "error")
        values = tuple(self._table.get(key) or ())
        return Answer(name, type, "ok" if values else "none", values)


class Remembering:
    """Asks each question once and keeps the answers, in the order asked; at most ``most`` questions a mail."""

    def __init__(self, resolver: Resolver, most: int = 60) -> None:
        self._resolver = resolver
        self._most = most
        self.answers: dict[tuple[str, str], Answer] = {}

    def ask(self, name: str, type: str) -> Answer:
        """As the resolver answers, or as it did before; "error" for a name that cannot be one or one question too many."""
        name = name.rstrip(".").casefold()
        key = (name, type)
        if key not in self.answers:
            fine = name.isascii() and 0 < len(name) <= 253 and len(self.answers) < self._most
            self.answers[key] = self._resolver.ask(name, type) if fine else Answer(name[:253], type, "error")
        return self.answers[key]

    def as_json(self) -> list[dict[str, Any]]:
        """Every answer, as it is kept beside the mail."""
        return [one.as_json() for one in self.answers.values()]


def reverse_name(address: str) -> str:
    """The name under which PTR records of an IP address stand. ValueError where it is none."""
    return ipaddress.ip_address(address).reverse_pointer


Ask = Callable[[str, str], Answer]
