# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1's one automatic acknowledgement to an unauthorised new provider: fixed words, no fact, the client has a copy.

Off by default. At most one a sender, for ever: the envelope's dedupe key is made of the mailbox.
"""

import hashlib

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, post
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.correspondence.models import Envelope
from partwell.records.people.queries import the_msp
from partwell.rules import consent
from partwell.rules.loop import mailbox_of
from partwell.rules.refusals import Refusal, refuse

KIND = "fixed_acknowledgement"


def _key(email: str) -> str:
    return f"acknowledged:{hashlib.sha256(mailbox_of(email).encode()).hexdigest()[:40]}"


def will_acknowledge(email: str) -> bool:
    """Whether a held question from this address is answered by the fixed words."""
    msp = the_msp()
    return consent.may_acknowledge(
        switched_on=msp is not None and msp.automatic_acknowledgement,
        sent_before=Envelope.objects.filter(dedupe_key=_key(email)).exists(),
    )


def acknowledge(deed: Deed, recipient: Recipient, person: RecipientPerson) -> Envelope | None:
    """Queue the acknowledgement in the deed of the held question, with its entry. None where the client has no address (R2)."""
    found = post(deed, Post(kind=KIND, dedupe=_key(person.email), persons=[person], values={}))
    if isinstance(found, Refusal):
        return None
    deed.record(
        "message.acknowledged",
        subjects=[found.id, recipient.id],
        public={"sender": f"{person.name}, {recipient.firm}"},
        to_client={"digest": found.digest},
    )
    return found


def why_not_acknowledged(envelope: Envelope) -> Refusal | None:
    """The gate at transmission: still switched on, one sender, nothing attached. It needs no consent, for it says nothing."""
    msp = the_msp()
    senders = [one for one in envelope.recipients if one["role"] == "provider"]
    if msp is None or not msp.automatic_acknowledgement or len(senders) != 1 or envelope.documents:
        return refuse("provider_not_authorised_to_ask")
    return None
