# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose address a request has: one answer for throttling, signature events, evidence and the security log.

Behind a reverse proxy REMOTE_ADDR is the proxy's. ``X-Forwarded-For`` is believed only from a peer that
PARTWELL_TRUSTED_PROXIES names, and then only its right-most hop that is no trusted proxy: whatever stands left of
it came from that hop and may be forged.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Network = IPv4Network | IPv6Network
LONGEST = 64  # what the columns hold
HOPS = 50  # of a header that a stranger may have begun, no more than this many are read


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks separated by commas; ValueError with a sentence for anything else."""
    found = []
    for one in (part.strip() for part in text.split(",")):
        if not one:
            continue
        try:
            found.append(ip_network(one))
        except ValueError:
            raise ValueError(
                f"PARTWELL_TRUSTED_PROXIES: “{one}” is no address and no network. "
                "Write for example 127.0.0.1 or 10.0.0.0/24, several separated by commas."
            ) from None
    return tuple(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """One hop as an address: without port, brackets and zone; an IPv4 address inside IPv6 as IPv4. None for other words."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def visitor(remote: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The visitor's address: ``remote`` (the peer), or what trusted proxies say stands behind it.

    Read from the right: the first hop that is no trusted proxy. A hop that is no address ends the reading at the
    proxy that reported it; where every hop is trusted, the left-most of them it is.
    """
    peer = _address(remote)
    if peer is None:
        return remote[:LONGEST]
    for hop in reversed(forwarded.split(",")[-HOPS:]):
        before = _address(hop)
        if before is None or not any(peer in network for network in trusted):
            break
        peer = before
    return str(peer)


def address_of(request: HttpRequest) -> str:
    """The address that a request came from, as far as PARTWELL_TRUSTED_PROXIES lets it be known; at most 64 characters."""
    meta = request.META
    return visitor(
        str(meta.get("REMOTE_ADDR", "")),
        str(meta.get("HTTP_X_FORWARDED_FOR", "")),
        settings.PARTWELL_TRUSTED_PROXIES,
    )
