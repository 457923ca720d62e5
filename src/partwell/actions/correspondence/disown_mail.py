# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's word on a held mail: the sender has nothing to do with it. Nothing is sent to anybody (R1)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.settle_mail import settled, shown
from partwell.actions.retention.office import tell_office
from partwell.records.correspondence.inbound_queries import mail_in_seen
from partwell.records.correspondence.models import InboundMail
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def disown_mail(*, actor: Actor, mail_id: UUID) -> InboundMail | Refusal:
    """Mark a held mail as not the client's, once, by a signatory; the office is told by mail and sees it among the mail that waits."""
    if actor.kind != "client" or actor.client_id is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "mail.disown")) is not None:
        return refusal
    if mail_in_seen(actor, mail_id) is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(actor.client_id)
        mail = InboundMail.objects.get(pk=mail_id)
        if mail.state != "held" or mail.decided_at is not None:
            return deed.refuse(settled(mail), subject=mail.id, verb="mail.disown")
        deed.save(
            mail,
            decided_at=deed.now,
            decided_by_name=actor.name[:160],
            decision=f"{actor.name} says that this is not theirs."[:300],
        )
        tell_office(
            deed,
            f"disowned:{mail.id.hex}",
            title=f"{actor.name} says: this is not ours",
            what=f"A mail of {shown(mail)} about “{mail.subject or 'nothing'}” was held, and {actor.name} says that it has nothing to do with them. "
            "Nobody was answered.",
            next_step="Look at it. If it belongs to another client, say so to whoever wrote it by another way; else drop it with a reason.",
            path=f"/mail-in/{mail.id}/",
        )
        deed.record(
            "mail.disowned",
            subjects=[mail.id, *([mail.message_id] if mail.message_id else [])],
            public={"sender": shown(mail)},
            to_client={"digest": mail.raw_sha256},
        )
        return mail
