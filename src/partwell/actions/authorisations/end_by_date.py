# SPDX-License-Identifier: AGPL-3.0-or-later
"""A consent that passed its last day (R1): said once, what is queued stops, and the client is told.

The gate refuses from that midnight on by the date alone; this is the record of it. ``ended_by_name`` marks a row
that was recorded, so that workers which were down for a month say it once, when they come back.
"""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from partwell.actions.authorisations.end import tell
from partwell.actions.base import Deed
from partwell.actions.correspondence.stop_queued import stop_queued
from partwell.actions.facts import authorisation_facts, zone
from partwell.records.authorisations.models import Authorisation
from partwell.rules import consent
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.terms import AuthorisationState


def end_by_date(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Record each granted authorisation whose last day (in the MSP's zone) is over; gives how many. The same again does nothing."""
    moment = now or timezone.now()
    rows = Authorisation.objects.filter(
        state=AuthorisationState.GRANTED, ended_by_name="", ends_on__lt=consent.day_in(moment, zone())
    )
    due = list(rows.order_by("ends_on", "id").values_list("id", "client_id"))
    return sum(_end(actor, moment, authorisation_id, client_id) for authorisation_id, client_id in due)


def _end(actor: Actor, now: datetime, authorisation_id: UUID, client_id: UUID) -> bool:
    with Deed(actor, now=now) as deed:
        deed.lock(client_id)
        row = Authorisation.objects.select_related("recipient", "signatory").get(pk=authorisation_id)
        refusal = consent.standing(authorisation_facts(row, zone(), terms=True), deed.now, row.recipient.firm)
        # Withdrawn, replaced or recorded since it was looked for: nothing is left to say.
        if row.ended_by_name or refusal is None or refusal.code != "ended":
            return False
        deed.save(row, ended_by_name=actor.name)
        deed.record(
            "authorisation.ended",
            recipient=row.recipient_id,
            subjects=[row.id, row.recipient_id],
            public={"recipient": row.recipient.firm, "end": row.ends_on.isoformat()},
        )
        stopped, leaving = stop_queued(deed, row.recipient_id, refusal)
        tell(deed, row, "ended", stopped, leaving, removed=[])
        return True
