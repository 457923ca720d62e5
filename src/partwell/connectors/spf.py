# SPDX-License-Identifier: AGPL-3.0-or-later
"""SPF (RFC 7208): may this address send for that domain? At most ten questions that cost, two that find nothing.

Our own, since the answers are kept with the mail and a hostile record must not make us ask for ever. ``ptr`` (which
RFC 7208 asks nobody to use) counts as a question and matches nothing; explanations are not fetched.
"""

import ipaddress
import re
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from partwell.connectors.dkim import aligned
from partwell.connectors.dns import Resolver

_TERM = re.compile(r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:([:/])(.*))?\Z", re.I)
_MACRO = re.compile(r"%(?:\{([slodiphcrtv])(\d{0,3})(r?)([.\-+,/_=]*)\}|([%_\-])|(.?))", re.I)
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_QUESTIONS, _VOID = 10, 2


@dataclass(frozen=True)
class SpfVerdict:
    """``result``: pass, fail, softfail, neutral, none, temperror, permerror; ``domain`` is the envelope sender's.

    ``aligned``: that domain is the From domain or above it.
    """

    result: str
    domain: str = ""
    address: str = ""
    aligned: bool = False
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is kept beside the mail."""
        return asdict(self)


class _Permanent(Exception):
    """The record is wrong, or asks too much."""


class _Temporary(Exception):
    """Nobody answered."""


@dataclass
class _Asked:
    ip: "ipaddress.IPv4Address | ipaddress.IPv6Address"
    sender: str
    helo: str
    dns: Resolver
    questions: int = 0
    void: int = 0

    def cost(self) -> None:
        self.questions += 1
        if self.questions > _QUESTIONS:
            raise _Permanent(f"The record leads to more than {_QUESTIONS} questions.")

    def look(self, name: str, type: str) -> tuple[str, ...]:
        answer = self.dns.ask(name, type)
        if answer.status == "error":
            raise _Temporary(f"Nobody answered for {name[:100]}.")
        if not answer.values:
            self.void += 1
            if self.void > _VOID:
                raise _Permanent(f"More than {_VOID} of its questions find nothing.")
        return answer.values


def check(ip: str, mail_from: str, helo: str, from_domain: str, dns: Resolver) -> SpfVerdict:
    """Judge the peer at ``ip`` that said HELO and MAIL FROM; never raises. An empty sender stands for postmaster at the HELO name."""
    helo = helo.strip().rstrip(".").casefold()
    sender = mail_from.strip("<> ") or f"postmaster@{helo}"
    local, at, domain = sender.rpartition("@")
    sender = f"{local or 'postmaster'}@{domain}"
    domain = domain.rstrip(".").casefold() if at else sender.rpartition("@")[2].casefold()
    try:
        peer = ipaddress.ip_address(ip.removeprefix("IPv6:").partition("%")[0])
    except ValueError:
        return SpfVerdict("none", domain[:253], "", False, "It is not known from which address it came.")
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    shown = {"domain": domain[:253], "address": str(peer), "aligned": aligned(domain, from_domain)}
    asked = _Asked(peer, sender, helo, dns)
    try:
        result = _check(asked, domain, 0)
        return SpfVerdict(result, why=f"{domain[:100]} says {result} for {peer}.", **shown)  # type: ignore[arg-type]
    except _Permanent as error:
        return SpfVerdict("permerror", why=str(error), **shown)  # type: ignore[arg-type]
    except _Temporary as error:
        return SpfVerdict("temperror", why=str(error), **shown)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001  # a stranger's record: whatever trips us proves nothing
        return SpfVerdict("permerror", why=f"The record is malformed ({type(error).__name__}).", **shown)  # type: ignore[arg-type]


def _check(asked: _Asked, domain: str, depth: int) -> str:
    if not _sound(domain) or depth > _QUESTIONS:
        return "none"
    record = _record(asked, domain)
    if record is None:
        return "none"
    redirect = ""
    terms = record.split()[1:]
    for term in terms:  # a syntax error anywhere spoils the whole record (RFC 7208 §4.6)
        name, equals, value = term.partition("=")
        if equals and re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name):
            if name.casefold() == "redirect":
                if redirect:
                    raise _Permanent("The record redirects twice.")
                redirect = value
        elif not _TERM.match(term):
            raise _Permanent(f"The record holds something unknown: {term[:60]}.")
    for term in terms:
        found = _TERM.match(term)
        if found and _matches(asked, domain, depth, found[2].casefold(), found[3] or "", found[4] or ""):
            return _RESULTS[found[1] or "+"]
    if redirect and not any((found := _TERM.match(term)) and found[2].casefold() == "all" for term in terms):
        asked.cost()
        result = _check(asked, _expand(asked, redirect, domain), depth + 1)
        if result == "none":
            raise _Permanent("The record redirects to a domain without one.")
        return result
    return "neutral"


def _record(asked: _Asked, domain: str) -> str | None:
    answer = asked.dns.ask(domain, "TXT")
    if answer.status == "error":
        raise _Temporary(f"Nobody answered for {domain[:100]}.")
    found = [
        one for one in answer.values if one.casefold() == "v=spf1" or one.casefold().startswith("v=spf1 ")
    ]
    if len(found) > 1:
        raise _Permanent(f"{domain[:100]} has more than one record.")
    return found[0] if found else None


def _matches(asked: _Asked, domain: str, depth: int, what: str, sign: str, rest: str) -> bool:
    if what == "all":
        return True
    if what in ("ip4", "ip6"):
        network = ipaddress.ip_network(rest, strict=False)
        if (network.version == 4) != (what == "ip4"):
            raise _Permanent(f"The record holds something unknown: {what}:{rest[:60]}.")
        return asked.ip.version == network.version and asked.ip in network
    asked.cost()
    if what == "ptr":
        return False
    name, lengths = (rest, "") if sign == ":" else ("", "/" + rest if sign == "/" else "")
    if what in ("a", "mx") and sign == ":" and "/" in name:
        name, slash, lengths = name.partition("/")
        lengths = slash + lengths
    target = _expand(asked, name, domain) if name else domain
    if what == "include":
        if not name:
            raise _Permanent("The record includes nothing.")
        result = _check(asked, target, depth + 1)
        if result == "none":
            raise _Permanent(f"The record includes {target[:100]}, which has none.")
        return result == "pass"
    if what == "exists":
        return bool(asked.look(target, "A"))
    hosts = [target]
    if what == "mx":
        hosts = [one.split()[-1] for one in asked.look(target, "MX") if one.split()[-1] != "."]
        if len(hosts) > _QUESTIONS:
            raise _Permanent(f"The record leads to more than {_QUESTIONS} mail servers.")
    return any(_among(asked, host, lengths) for host in hosts)


def _among(asked: _Asked, host: str, lengths: str) -> bool:
    found = re.fullmatch(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?", lengths)
    if not found:
        raise _Permanent(f"The record holds something unknown: {lengths[:40]}.")
    four = asked.ip.version == 4
    length = int(found[1] or 32) if four else int(found[2] or 128)
    if length > (32 if four else 128):
        raise _Permanent(f"The record holds something unknown: {lengths[:40]}.")
    return any(
        asked.ip in ipaddress.ip_network(f"{one}/{length}", strict=False)
        for one in asked.look(host, "A" if four else "AAAA")
    )


def _sound(domain: str) -> bool:
    labels = domain.split(".")
    return len(domain) <= 253 and len(labels) > 1 and all(0 < len(label) <= 63 for label in labels)


def _expand(asked: _Asked, text: str, domain: str) -> str:
    """RFC 7208 §7; a name longer than 253 signs loses labels on the left."""
    local, _, sender_domain = asked.sender.rpartition("@")
    address = asked.ip.exploded.replace(":", "") if asked.ip.version == 6 else str(asked.ip)
    dotted = ".".join(address) if asked.ip.version == 6 else address
    values = {"s": asked.sender, "l": local, "o": sender_domain, "d": domain, "i": dotted, "p": "unknown",
              "h": asked.helo or "unknown", "v": "ip6" if asked.ip.version == 6 else "in-addr",
              "c": str(asked.ip), "r": "unknown", "t": str(int(time.time()))}  # fmt: skip

    def one(found: "re.Match[str]") -> str:
        letter, digits, reverse, delimiters, escaped, wrong = found.groups()
        if escaped:
            return {"%": "%", "_": " ", "-": "%20"}[escaped]
        if letter is None or wrong:
            raise _Permanent("The record holds a macro that does not exist.")
        parts = re.split("[" + re.escape(delimiters or ".") + "]", values[letter.casefold()])
        parts = parts[::-1] if reverse else parts
        if digits:
            if int(digits) == 0:
                raise _Permanent("The record holds a macro that does not exist.")
            parts = parts[-int(digits) :]
        joined = ".".join(parts)
        return quote(joined, safe="") if letter.isupper() else joined

    name = _MACRO.sub(one, text).rstrip(".")
    while len(name) > 253:
        name = name.partition(".")[2]
    return name
