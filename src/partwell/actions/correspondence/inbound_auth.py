# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far a mail's From domain is proved, judged once at receipt and kept with the DNS answers it was judged by (PROOF.md)."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from partwell.connectors import spf
from partwell.connectors.dkim import verify_file
from partwell.connectors.dns import Remembering, Resolver, SystemResolver, TableResolver
from partwell.rules.inbound import Proof


@dataclass(frozen=True)
class Peer:
    """Who handed the mail to the first server of ours, where the road tells: an IP address, and the name in HELO."""

    address: str = ""
    helo: str = ""


@dataclass(frozen=True)
class Judged:
    """``proof`` for the rule; ``kept`` as it stands in ``InboundMail.auth``."""

    proof: Proof
    kept: dict[str, Any] = field(default_factory=dict)


def judge(path: Path, from_address: str, envelope_from: str, peer: Peer | None, *, now: datetime, resolver: Resolver | None = None) -> Judged:  # fmt: skip
    """Judge the mail in ``path``; asks DNS unless the mail has neither signature nor peer. Never raises for any bytes.

    An aligned DKIM pass proves; else an aligned SPF pass; a wrong signature in the From domain's own name, or SPF's
    plain "fail" for it, disproves. Softfail, neutral and errors prove nothing either way.
    """
    dns = Remembering(resolver or SystemResolver())
    domain = from_address.rpartition("@")[2].casefold()
    signed = verify_file(path, domain, dns)
    sent = spf.check(peer.address, envelope_from, peer.helo, domain, dns) if peer and peer.address else None
    if signed.result == "pass":
        proof = Proof.DKIM
    elif sent and sent.aligned and sent.result == "pass":
        proof = Proof.SPF
    elif signed.aligned_failure or (sent and sent.aligned and sent.result == "fail"):
        proof = Proof.FAILED
    else:
        proof = Proof.NONE
    kept = {
        "proof": proof.value,
        "domain": domain[:253],
        "dkim": signed.as_json(),
        "spf": sent.as_json()
        if sent
        else {"result": "none", "why": "The road does not tell which server sent it."},
        "dns": dns.as_json(),
        "judged_at": now.isoformat(),
    }
    return Judged(proof, kept)


def answers_of(auth: dict[str, Any]) -> TableResolver:
    """The DNS answers that a mail was judged by, to judge it again as of its receipt."""
    return TableResolver({
        (str(one["name"]), str(one["type"])): None if one["status"] == "error" else [str(value) for value in one["values"]]
        for one in auth.get("dns", [])
    })  # fmt: skip
