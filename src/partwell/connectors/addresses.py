# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail addresses as they go into SMTP commands and headers."""

import re
from dataclasses import dataclass

import idna

from partwell.connectors.errors import AddressInvalid

_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]{1,64}\Z")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


@dataclass(frozen=True)
class Mailbox:
    """An address and, for headers, the person's or company's name."""

    address: str
    name: str = ""


def check_address(address: str) -> str:
    """The address, its domain in lower case and ASCII (IDNA 2008); raises :class:`AddressInvalid`.

    Stricter than RFC 5321 on purpose: no quoted local part, no comment, no address literal, so no
    byte that could end a command or open a second recipient. A local part outside ASCII stays and
    needs SMTPUTF8.
    """
    shown = ascii(address[:80])
    local, at, domain = address.rpartition("@")
    # category C (controls, format marks such as right-to-left) and spaces of any script stay out
    if not at or not _LOCAL.match(local) or not local.isprintable():
        raise AddressInvalid(f"{shown} is not a mail address; write it as name@example.com.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise AddressInvalid(f"{shown} has a dot at the wrong place; write it as name@example.com.")
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise AddressInvalid(f"{shown} has a domain that cannot exist; check its spelling.") from None
    if len(host) > 253 or not all(_LABEL.match(label) for label in host.split(".")):
        raise AddressInvalid(f"{shown} has a domain that cannot exist; check its spelling.")
    return f"{local}@{host}"
