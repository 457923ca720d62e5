# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person says of a delivery report that nobody can prove: the address does fail, or it is not true. On record either way (R2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.bounced import CLIENTS, note_bounce
from partwell.actions.correspondence.post import names
from partwell.actions.correspondence.settle_mail import found, settled
from partwell.records.correspondence.models import Envelope, InboundMail
from partwell.rules.actor import Actor
from partwell.rules.inbound import State
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True)
class Claimed:
    """An address of our mail of which a report claims that it fails; ``said``: the server's words, as the report has them."""

    address: str
    name: str
    role: str
    status: str
    diagnostic: str

    @property
    def said(self) -> str:
        return f"{self.status} {self.diagnostic}".strip()


def reported(mail: InboundMail) -> tuple[Envelope | None, list[Claimed]]:
    """The mail of ours that a report is about, and what it claims of whom; of one that cannot be read or names nobody, any of the client's."""
    kept: dict[str, Any] = mail.auth.get("report") or {}
    if not kept or mail.client_id is None:
        return None, []
    envelope = Envelope.objects.filter(pk=kept["envelope"], client_id=mail.client_id).first()
    if envelope is None:
        return None, []
    claims = {
        one["address"]: Claimed(one["address"], one["name"], one["role"], one["status"], one["diagnostic"])
        for one in kept["lines"]
        if one["role"] and one["action"] == "failed" and one["worth"] == "asked"
    }
    if not claims:
        claims = {one["address"]: Claimed(one["address"], one["name"], one["role"], "", "") for one in envelope.recipients if one["role"] in CLIENTS}  # fmt: skip
    return envelope, list(claims.values())


def judge_report(
    *, actor: Actor, mail_id: UUID, true: bool, ground: str, addresses: Sequence[str] = ()
) -> InboundMail | Refusal:
    """Settle a report in state "doubted". ``ground``: how the person knows, kept. ``addresses``: which of those it names do fail.

    Where it is true, all follows that follows of a proved report: the address counts as bouncing, and another of the client's
    takes over. Else nothing does. Either way the report is settled, its bytes and this word kept.
    """
    peek = found(actor, mail_id, "mail.settle")
    if isinstance(peek, Refusal):
        return peek
    if peek.client_id is None or peek.state != State.DOUBTED:
        return settled(peek)
    if not ground.strip():
        return refuse("required", where="How you know")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        mail = InboundMail.objects.get(pk=mail_id)
        envelope, claims = reported(mail)
        if mail.state != State.DOUBTED or envelope is None:
            return deed.refuse(settled(mail), subject=mail.id, verb="mail.settle")
        wanted = [one for one in claims if one.address in addresses]
        if true and not wanted:
            return refuse("required", where="Which address fails")
        deed.save(
            mail,
            state=State.BOUNCE if true else "dropped",
            decided_at=deed.now,
            decided_by_name=actor.name[:160],
            decision=ground.strip()[:300],
        )
        deed.record(
            "envelope.believed" if true else "envelope.disbelieved",
            subjects=[envelope.id, mail.id],
            public={"recipients": names(envelope)},
            to_client={"digest": mail.raw_sha256},
            internal={"ground": ground.strip()[:300]},
        )
        for one in wanted if true else ():
            note_bounce(
                deed,
                envelope,
                one.address,
                "failed",
                one.status,
                one.diagnostic,
                mail,
                f"{actor.name}: {ground.strip()}",
            )
        return mail
