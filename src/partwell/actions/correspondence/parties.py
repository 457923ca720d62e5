# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a message is between, and who is named on it."""

from datetime import datetime
from uuid import UUID

from partwell.actions.releases.standing import named_persons, standing_of
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.people.queries import the_msp
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def firm_of(actor: Actor, recipient: Recipient | None, client_name: str) -> str:
    """The firm behind a sender's name, as mails show it."""
    if actor.kind == "client":
        return client_name
    if actor.kind == "provider" and recipient is not None:
        return recipient.firm
    msp = the_msp()
    return msp.name if msp else "the service provider"


def may_write_to(recipient_id: UUID, now: datetime) -> list[RecipientPerson] | Refusal:
    """The persons who receive a message to this recipient, or why nothing, not even an answer, may go there (R1)."""
    standing = standing_of(recipient_id, None, now)
    if standing.refusal is not None:
        return standing.refusal
    people = named_persons(recipient_id, now)
    return people or refuse("no_authorisation", recipient=standing.recipient.firm)
