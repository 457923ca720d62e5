# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts a mail that came in aside, with a reason; its bytes, parts and entry stay."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.settle_mail import found, settled, shown
from partwell.records.correspondence.models import InboundMail
from partwell.rules.actor import Actor
from partwell.rules.inbound_accepted import OPEN
from partwell.rules.refusals import Refusal, refuse


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
