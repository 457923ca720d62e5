# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's word on a held mail or question: the sender has nothing to do with it. Nothing is sent to anybody (R1)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.settle_mail import settled, shown
from partwell.actions.correspondence.write_message import digest_of
from partwell.actions.retention.office import tell_office
from partwell.records.correspondence.inbound_queries import mail_in_seen
from partwell.records.correspondence.models import InboundMail, Message
from partwell.records.correspondence.queries import message_seen
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

VERB = "mail.disown"


def disown_mail(*, actor: Actor, mail_id: UUID) -> InboundMail | Refusal:
    """Mark a held mail as not the client's, once, by a signatory; the office is told by mail and sees it among the mail that waits."""
    if (refusal := _not_they(actor)) is not None:
        return refusal
    if mail_in_seen(actor, mail_id) is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        assert actor.client_id is not None  # asked before
        deed.lock(actor.client_id)
        mail = InboundMail.objects.get(pk=mail_id)
        if mail.state != "held" or mail.decided_at is not None:
            return deed.refuse(settled(mail), subject=mail.id, verb=VERB)
        deed.save(mail, **_said(deed))
        _tell(deed, f"{mail.id.hex}", f"A mail of {shown(mail)}", mail.subject, f"/mail-in/{mail.id}/", "else drop it with a reason")  # fmt: skip
        deed.record(
            "mail.disowned",
            subjects=[mail.id, *([mail.message_id] if mail.message_id else [])],
            public={"sender": shown(mail)},
            to_client={"digest": mail.raw_sha256},
        )
        return mail


def disown_question(*, actor: Actor, message_id: UUID) -> Message | Refusal:
    """The same of a question that was asked behind a sign-in of ours and is held; one that came as a mail is ``disown_mail``'s."""
    if (refusal := _not_they(actor)) is not None:
        return refusal
    seen = message_seen(actor, message_id)
    if seen is None or not seen.held or getattr(seen, "inbound", None) is not None:
        return refuse("not_found")
    with Deed(actor) as deed:
        assert actor.client_id is not None  # asked before
        deed.lock(actor.client_id)
        row = Message.objects.select_related("recipient").get(pk=message_id)
        if row.decided_at is not None:
            state = "it is in the conversation" if row.released_at else "it was said that it is not yours"
            return deed.refuse(refuse("mail_settled", state=state), subject=row.id, verb=VERB)
        deed.save(row, **_said(deed))
        sender = f"{row.author_name}, {row.recipient.firm}" if row.recipient else row.author_name
        _tell(deed, f"{row.id.hex}", f"A question of {sender}", row.subject, f"/messages/{row.id}/", "else nothing is to be done")  # fmt: skip
        deed.record(
            "message.disowned",
            subjects=[row.id],
            public={"sender": sender},
            to_client={"digest": digest_of(row.subject, row.text)},
        )
        return row


def _not_they(actor: Actor) -> Refusal | None:
    if actor.kind != "client" or actor.client_id is None:
        return refuse("not_found")
    return roles.may(actor.role, VERB)


def _said(deed: Deed) -> dict[str, object]:
    by = deed.actor.name
    return {
        "decided_at": deed.now,
        "decided_by_name": by[:160],
        "decision": f"{by} says that this is not theirs."[:300],
    }


def _tell(deed: Deed, key: str, what: str, subject: str, path: str, otherwise: str) -> None:
    by = deed.actor.name
    tell_office(
        deed,
        f"disowned:{key}",
        title=f"{by} says: this is not ours",
        what=f"{what} about “{subject or 'nothing'}” was held, and {by} says that it has nothing to do with them. Nobody was answered.",
        next_step=f"Look at it. If it belongs to another client, say so to whoever wrote it by another way; {otherwise}.",
        path=path,
    )
