# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the verbs of an offboarding share: finding it, its dates as the rules see them, steps that the deeds themselves finish."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.records.clients.models import Agreement
from partwell.records.offboardings.models import Offboarding, PlanStep, TransitionTerm
from partwell.records.people.models import Msp
from partwell.rules import dates
from partwell.rules.consent import day_in
from partwell.rules.plan import PlanFacts
from partwell.rules.terms import Destination, Reason


def find(offboarding_id: UUID) -> Offboarding | None:
    """The offboarding with its client, or None."""
    return Offboarding.objects.select_related("client", "owner").filter(pk=offboarding_id).first()


def terms_of(client_id: UUID) -> Agreement | None:
    """The client's agreement in force."""
    return Agreement.objects.filter(client_id=client_id, replaced_at=None).order_by("-version").first()


def policy(client_id: UUID) -> tuple[int, int]:
    """Months of retention and days to object: the agreement's, else the MSP's defaults, which never shorten R6's months."""
    terms = terms_of(client_id)
    if terms is not None:
        return terms.retention_months, terms.objection_days
    msp = Msp.objects.first()
    if msp is None:
        return dates.RETENTION_MONTHS, dates.WINDOW_DAYS
    return max(msp.retention_months, dates.RETENTION_MONTHS), msp.objection_days


def departure_dates(row: Offboarding) -> dates.DepartureDates:
    """The dates in force: notice and end in the MSP's zone, and the end of an agreed transition term."""
    months, window = policy(row.client_id)
    until = TransitionTerm.objects.filter(offboarding=row, state="agreed").aggregate(last=Max("ends"))["last"]
    return dates.DepartureDates(day_in(row.noticed_at, zone()), row.end_of_service, months, window, until)


def plan_facts(row: Offboarding, when: dates.DepartureDates) -> PlanFacts:
    """What a plan is proposed from; service runs to the end of a transition term where there is one."""
    return PlanFacts(
        Reason(row.reason),
        Destination(row.destination),
        when.notice_on,
        when.service_ends,
        when.months,
        when.window_days,
    )


def finish_keys(deed: Deed, offboarding_id: UUID, keys: Iterable[str], words: str) -> None:
    """Mark steps of the plan done that another deed has just done; the person need not tick them as well."""
    for step in PlanStep.objects.filter(
        offboarding_id=offboarding_id, key__in=list(keys), done_at=None, removed_at=None
    ):
        deed.save(step, done_at=deed.now, done_by_name=deed.actor.name)
        deed.record(
            "plan.step_done", subjects=[step.id], public={"step": step.title}, to_client={"words": words}
        )


def moves_as_data(moves: Iterable[Any]) -> list[dict[str, Any]]:
    """Moves of dates as they are stored and shown: key, what, before, after (ISO days)."""
    return [
        {"key": one.key, "what": one.label, "before": one.before.isoformat(), "after": one.after.isoformat()}
        for one in moves
    ]


def day(text: str) -> date:
    """A stored ISO day."""
    return date.fromisoformat(text)
