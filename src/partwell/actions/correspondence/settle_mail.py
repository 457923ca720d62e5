# SPDX-License-Identifier: AGPL-3.0-or-later
"""What assigning, accepting and dropping a mail that came in share: finding it, and whether it still lies before a person."""

from uuid import UUID

from partwell.records.correspondence.models import InboundMail
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

STATE_WORDS = {
    "filed": "it is in the conversation",
    "held": "it is held until there is consent",
    "waiting": "it waits for a person",
    "unmatched": "nobody has said whose it is",
    "loop": "it is one of ours come back",
    "bounce": "it reports on a mail of ours",
    "doubted": "it reports on a mail of ours, and nobody can prove it",
    "dropped": "it was dropped",
}


def found(actor: Actor, mail_id: UUID, verb: str) -> InboundMail | Refusal:
    """The mail for staff whose role has ``verb``; strangers learn nothing."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    rows = InboundMail.objects.select_related("raw__unit", "address__recipient", "client", "staff")
    return rows.filter(pk=mail_id).first() or refuse("not_found")


def settled(mail: InboundMail) -> Refusal:
    """The refusal for a mail that somebody settled before."""
    return refuse("mail_settled", state=STATE_WORDS.get(mail.state, mail.state))


def shown(mail: InboundMail) -> str:
    """Whom it says that it is from, for an entry."""
    return (mail.from_name or mail.from_address or "somebody who names no address")[:200]
