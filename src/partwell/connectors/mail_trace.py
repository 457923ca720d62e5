# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which server handed a mail to ours, by the Received lines that our own servers wrote above all others (RFC 5321, 4.4).

Whoever sends a mail writes what he likes into it; only what our servers put on top is true. From the top down, each line
must be of a server that the owner named; the first one that tells of an address outside ends the search. Below it, a line
in our server's name is a forgery.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from partwell.connectors.dkim import read_headers

_BY = re.compile(rb"\sby\s+([A-Za-z0-9._-]{1,253})", re.I)
_FROM = re.compile(rb"\s*from\s+(\S{1,255})", re.I)
_ADDRESS = re.compile(rb"[\[(](?:IPv6:)?([0-9A-Fa-f:.]{3,45})[\])]")
_HELO = re.compile(rb"\bhelo[=\s]+([^\s()]{1,255})", re.I)
_LMTP = re.compile(rb"\swith\s+LMTPS?A?\b", re.I)
_COMMENT = re.compile(rb"\([^()]*\)")
_PATH = re.compile(r"<?([^<>\s]{0,320})>?")


@dataclass(frozen=True)
class Trace:
    """``address``: of the server outside; ``helo``: as it called itself; ``sender``: the envelope's, "" where none is told."""

    address: str
    helo: str = ""
    sender: str = ""


def names_of(text: str) -> tuple[str, ...]:
    """Host names and addresses from a line with commas or spaces between them, in small letters."""
    return tuple(one.casefold().rstrip(".") for one in re.split(r"[\s,;]+", text) if one)


def handed_over(path: Path, names: Sequence[str]) -> Trace | None:
    """Who handed the mail in ``path`` to one of our servers; None where their lines do not say.

    ``names``: of our servers, and their addresses where they hand mail to each other. Never raises for any bytes.
    """
    if not names:
        return None
    try:
        with path.open("rb") as stream:
            headers, _ = read_headers(stream)
    except ValueError:
        return None
    sender = ""
    for name, value in headers:
        kind = name.strip().lower()
        if kind == b"return-path" and not sender:
            found = _PATH.fullmatch(value.decode("ascii", "replace").strip())
            sender = found[1] if found else ""
        elif kind == b"received":
            line = b" " + b" ".join(value.split())
            by = _BY.search(_without_comments(line))
            if by is None or by[1].decode().casefold().rstrip(".") not in names:
                return None
            address, helo = _other_side(line, by[1])
            if address is None and not _LMTP.search(line):
                return None
            if address is not None and not address.is_loopback and str(address) not in names:
                return Trace(str(address), helo, sender)
    return None


def _without_comments(line: bytes) -> bytes:
    """The line without what stands in brackets, where a sender's own words (a reverse name, HELO) may stand."""
    for _ in range(10):
        shorter = _COMMENT.sub(b" ", line)
        if shorter == line:
            break
        line = shorter
    return line


def _other_side(line: bytes, by: bytes) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address | None, str]:
    part = line[: line.index(b" by " + by)] if b" by " + by in line else line
    first = _FROM.match(part)
    if first is None:
        return None, ""
    own = _HELO.search(part)
    # What the other side called itself is its own word, even where it looks like an address: only what our server
    # wrote in brackets counts, or the first word where our server put the address itself there (Exim).
    rest = _HELO.sub(b" ", part[first.end() :])
    found = _ADDRESS.search(rest) or (_ADDRESS.fullmatch(first[1]) if own else None)
    helo = (own[1] if own else first[1]).decode("ascii", "replace").strip("[]")
    try:
        return (ipaddress.ip_address(found[1].decode()) if found else None), helo
    except ValueError:
        return None, helo
