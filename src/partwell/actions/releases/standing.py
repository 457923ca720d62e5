# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a recipient's authorisation stands now, for doors and mails; the verdict on items is the gate's."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from partwell.actions.facts import authorisation_facts, newest_authorisation, terms_accepted, zone
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson
from partwell.rules import consent, lifecycle
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True)
class Standing:
    """``refusal``: None while the authorisation stands and names the person. ``terms``: the person accepted them."""

    recipient: Recipient
    authorisation: Authorisation | None
    refusal: Refusal | None
    terms: bool

    @property
    def stands(self) -> bool:
        """The consent stands, whether or not the terms are accepted yet."""
        return self.refusal is None

    @property
    def until(self) -> date | None:
        """The last day (MSP's zone) of a standing authorisation."""
        return self.authorisation.ends_on if self.authorisation is not None and self.stands else None


def standing_of(recipient_id: UUID, person_id: UUID | None = None, now: datetime | None = None) -> Standing:
    """The consent for a recipient as R1 sees it at ``now`` (aware); with a person, whether it names them."""
    recipient = Recipient.objects.select_related("client").get(pk=recipient_id)
    row = newest_authorisation(recipient_id)
    terms = terms_accepted([person_id]) if person_id else False
    facts = authorisation_facts(row, zone(), terms=terms) if row else None
    refusal = consent.standing(facts, now or timezone.now(), recipient.firm)
    if refusal is None:
        client = recipient.client
        refusal = lifecycle.may_work_on(client.state, client.name, "release.send")
    if (
        refusal is None
        and facts is not None
        and person_id is not None
        and person_id.hex not in facts.person_ids
    ):
        name = (
            RecipientPerson.objects.values_list("name", flat=True).filter(pk=person_id).first()
            or "This person"
        )
        refusal = refuse("person_not_named", person=name, recipient=recipient.firm)
    return Standing(recipient, row, refusal, terms)


def named_persons(recipient_id: UUID, now: datetime) -> list[RecipientPerson]:
    """The people of a recipient who may be written to at ``now``: consent stands and names them; else nobody (R1)."""
    found = standing_of(recipient_id, None, now)
    if not found.stands or found.authorisation is None:
        return []
    ids = [UUID(hex=one) for one in found.authorisation.person_ids]
    people = RecipientPerson.objects.select_related("recipient")
    return list(people.filter(recipient_id=recipient_id, pk__in=ids, left_at=None).order_by("name"))
