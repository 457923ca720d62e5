# SPDX-License-Identifier: AGPL-3.0-or-later
"""The departure is closed: the client is inactive, its record is read and nothing operational is left."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw
from partwell.actions.base import Deed
from partwell.actions.billing.statement import statement_of
from partwell.actions.billing.statement_letter import write_statement
from partwell.actions.correspondence.reply_addresses import revoke_departure
from partwell.actions.offboardings.common import find
from partwell.actions.offboardings.move_dates import settle
from partwell.actions.offboardings.standing import closing_facts, copies_under_way, newest_acceptance
from partwell.actions.retention.keep_dates import redate
from partwell.documents.texts import phrase
from partwell.records.authorisations.models import Authorisation
from partwell.records.offboardings.models import Acceptance, DateChange, LawfulPause, Offboarding
from partwell.records.releases.models import ReleaseLine
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, ClientState, OffboardingState


def close_offboarding(
    *, actor: Actor, offboarding_id: UUID, copies_go_on: bool = False
) -> Offboarding | Refusal:
    """Close it, or ``cannot_close`` with every reason and on whom it is.

    ``copies_go_on``: said by whoever closes, where copies of backups are under way (R7): they go on after closing, to
    arrival and vendor's invoice; which ones is on record.

    Every consent of the client ends with it, a contractor's too: an inactive client has nobody to answer for it.
    Portal sessions of its contacts stay: the record is theirs to read.
    """
    if (refusal := roles.may(actor.role, "offboarding.close")) is not None:
        return refusal
    peek = find(offboarding_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Offboarding.objects.get(pk=offboarding_id)
        facts = closing_facts(row, deed.now, copies_go_on=copies_go_on)
        if (problem := lifecycle.may_close(facts)) is not None:
            return deed.refuse(problem, subject=row.id, verb="offboarding.close")
        copies = list(copies_under_way(client.id))
        shown = statement_of(client.id, row.id)
        assert shown is not None  # the departure is here
        for consent in Authorisation.objects.select_related(
            "recipient", "client", "signatory", "offboarding"
        ).filter(client=client, state__in=[AuthorisationState.GRANTED, AuthorisationState.PROPOSED]):
            withdraw(deed, consent, "The offboarding was closed.")
        for change in DateChange.objects.filter(offboarding=row, state="proposed"):
            settle(deed, change, "lapsed")
        for pause in LawfulPause.objects.filter(client=client, lifted_at=None):
            deed.save(pause, lifted_at=deed.now, lifted_by_id=actor.id)
        state = lifecycle.offboarding_after(OffboardingState(row.state), "close")
        after = lifecycle.client_after(ClientState(client.state), "close")
        assert not isinstance(state, Refusal) and not isinstance(
            after, Refusal
        )  # may_close asks for an open one
        deed.save(row, state=state, closed_at=deed.now)
        deed.save(client, state=after)
        revoke_departure(deed, row)
        acceptance = newest_acceptance(row.id)
        deed.job(
            "letter.closing",
            f"closing-letter:{row.id.hex}",
            client=client.id,
            offboarding=row.id.hex,
            entry=deed.next_uid.hex,
            closed_by=actor.name,
        )
        deed.record(
            "offboarding.closed",
            subjects=[row.id],
            to_client={
                "acceptance": acceptance.id.hex if acceptance else "",
                "keep_until": row.keep_until.isoformat(),
                **({"copies": copies} if copies else {}),
            },
        )
        deed.record("client.became", subjects=[row.id], public={"state": client.state})
        redate(deed, tell=phrase("The departure is closed; these are the days that hold."))
        write_statement(deed, shown, at_closing=True)
        return row


def still_stops(offboarding_id: UUID) -> list[lifecycle.Blocker] | Refusal:
    """What still stops closing and on whom, for the page; writes nothing."""
    row = find(offboarding_id)
    return (
        refuse("not_found") if row is None else lifecycle.closing_blockers(closing_facts(row, timezone.now()))
    )


@dataclass(frozen=True)
class ClosedRecord:
    """What a closed departure comes to: its list's answers, what was handed over, its letters."""

    acceptance: Acceptance | None
    released: int
    confirmed: int


def record_of(offboarding_id: UUID) -> ClosedRecord | None:
    """The sum of a departure for the inactive client's page, in three queries."""
    row = find(offboarding_id)
    if row is None:
        return None
    lines = ReleaseLine.objects.filter(release__client=row.client_id, state="sent")
    counts = lines.aggregate(
        released=Count("item", distinct=True),
        confirmed=Count("item", distinct=True, filter=Q(answer="confirmed")),
    )
    return ClosedRecord(newest_acceptance(row.id), counts["released"], counts["confirmed"])
