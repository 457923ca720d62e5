# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts a mail that came in aside, with a reason; its bytes, parts and entry stay."""

from collections.abc import Sequence
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.settle_mail import found, settled, shown
from partwell.records.correspondence.models import InboundMail
from partwell.rules.actor import Actor
from partwell.rules.inbound_accepted import OPEN
from partwell.rules.refusals import Refusal, refuse

MANY = ("waiting", "unmatched", "loop")
"""States of a mail that may be dropped together with others."""


def drop_mail(*, actor: Actor, mail_id: UUID, reason: str) -> InboundMail | Refusal:
    """Drop a mail that waits, is nobody's, came back, or is held. A held one stays in the conversation as it was shown."""
    peek = found(actor, mail_id, "mail.settle")
    if isinstance(peek, Refusal):
        return peek
    if not reason.strip():
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        if peek.client_id is not None:
            deed.lock(peek.client_id)
        mail = InboundMail.objects.get(pk=mail_id)
        if mail.state not in OPEN:
            return deed.refuse(settled(mail), subject=mail.id, verb="mail.settle")
        deed.save(
            mail,
            state="dropped",
            decided_at=deed.now,
            decided_by_name=actor.name[:160],
            decision=reason.strip()[:300],
        )
        deed.record(
            "mail.dropped",
            client=mail.client_id,
            subjects=[mail.id],
            internal={"sender": shown(mail), "why": reason.strip()[:300], "digest": mail.raw_sha256},
        )
        return mail


def drop_many(*, actor: Actor, mail_ids: Sequence[UUID], reason: str) -> int | Refusal:
    """Drop several at once for one reason, each with an entry of its own; gives how many. What somebody settled meanwhile is left.

    What is held is passed over: the client decides on it. A refusal of the whole: not this role's, or nothing named, or no reason.
    """
    if not mail_ids:
        return refuse("required", where="A tick beside a mail")
    dropped = 0
    for mail_id in dict.fromkeys(mail_ids):
        peek = found(actor, mail_id, "mail.settle")
        if isinstance(peek, Refusal):
            return peek
        if peek.state not in MANY:
            continue
        result = drop_mail(actor=actor, mail_id=mail_id, reason=reason)
        if isinstance(result, Refusal):
            if not reason.strip():
                return result
            continue
        dropped += 1
    return dropped
