# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far a mail's From domain is proved, judged once at receipt and kept with the DNS answers it was judged by (PROOF.md)."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from partwell.actions.correspondence import return_paths
from partwell.actions.correspondence.reply_addresses import token_of
from partwell.actions.correspondence.return_paths import Returned
from partwell.actions.facts import house_mailboxes
from partwell.connectors import spf
from partwell.connectors.dkim import verify_file
from partwell.connectors.dns import Remembering, Resolver, SystemResolver, TableResolver
from partwell.importers.inbound_mail import MailRead
from partwell.records.correspondence.models import ReplyAddress
from partwell.rules.inbound import Proof, SenderKind
from partwell.rules.loop import mailbox_of


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
    signed = verify_file(path, domain, dns, at=now)
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


def meant(
    judged: Judged,
    read: MailRead,
    address: ReplyAddress | None,
    kind: SenderKind,
    returned: Returned | None = None,
) -> bool:
    """Whether what proves a mail was given for one to us: an SPF pass is of this very transmission, but a signature
    holds wherever its mail is sent again, so the ``address`` it came to, or the return path (vacation programs answer
    there), must be among those signed. A client's mail may
    have been signed for one of our own mailboxes, and passed on from there."""
    if judged.proof is not Proof.DKIM:
        return True
    good = next(one for one in judged.kept["dkim"]["signatures"] if one["result"] == "pass")
    signed = [one.address for one in (*read.to, *(read.cc if "cc" in good["signed"] else ()))]
    if address is not None and address.token in map(token_of, signed):
        return True
    if (
        returned is not None
        and returned.genuine
        and return_paths.path_of(returned.envelope.id) in map(str.casefold, signed)
    ):
        return True
    return kind is SenderKind.CLIENT and not house_mailboxes().isdisjoint(map(mailbox_of, signed))


def answers_of(auth: dict[str, Any]) -> TableResolver:
    """The DNS answers that a mail was judged by, to judge it again as of its receipt."""
    return TableResolver({
        (str(one["name"]), str(one["type"])): None if one["status"] == "error" else [str(value) for value in one["values"]]
        for one in auth.get("dns", [])
    })  # fmt: skip
