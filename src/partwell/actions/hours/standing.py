# SPDX-License-Identifier: AGPL-3.0-or-later
"""A departure's hours as the rules see them: the agreement's terms and what is left of the budget."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from partwell.actions.facts import zone
from partwell.actions.offboardings.common import departure_dates, terms_of
from partwell.records.hours.queries import budget_of, leave_of
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import Msp
from partwell.rules import hours
from partwell.rules.consent import day_in
from partwell.rules.money import TaxTreatment
from partwell.rules.terms import OffboardingState


@dataclass(frozen=True, slots=True)
class TimeTerms:
    """What the agreement says of time and money; where there is none, the MSP's policy."""

    included: int  # minutes
    block: int  # minutes
    hourly_rate: Decimal  # net
    currency: str
    unit: int = hours.UNIT
    rounding: hours.Rounding = hours.Rounding.UP
    unused: hours.UnusedRule = hours.UnusedRule.REFUND
    tax_rate: Decimal = Decimal(0)
    tax_treatment: TaxTreatment = TaxTreatment.STANDARD


def time_terms(client_id: UUID) -> TimeTerms:
    """The agreement in force as ``TimeTerms``; an empty term is the usual one."""
    row = terms_of(client_id)
    if row is None:
        msp = Msp.objects.first()
        if msp is None:
            return TimeTerms(0, 60, Decimal(0), "EUR")
        return TimeTerms(
            int(msp.included_hours * 60), int(msp.block_hours * 60) or 60, msp.hourly_rate, msp.currency
        )
    return TimeTerms(
        int(row.included_hours * 60),
        int(row.block_hours * 60) or 60,  # a block of nothing cannot be bought
        row.hourly_rate,
        row.currency,
        row.rounding_minutes or hours.UNIT,
        hours.Rounding(row.rounding or hours.Rounding.UP),
        hours.UnusedRule(row.unused_time or hours.UnusedRule.REFUND),
        row.tax_rate or Decimal(0),
        TaxTreatment(row.tax_treatment or TaxTreatment.STANDARD),
    )


@dataclass(frozen=True, slots=True)
class HoursStanding:
    """``offboarding`` is None while the client is served without a departure; the budget is then empty."""

    terms: TimeTerms
    budget: hours.Budget
    offboarding: Offboarding | None = None
    leave_id: UUID | None = None
    leave: hours.OnAccount | None = None
    served_until: date | None = None

    @property
    def open_departure(self) -> bool:
        """Whether a departure is open that time can be recorded for."""
        return self.offboarding is not None and self.offboarding.state == OffboardingState.OPEN


def standing(client_id: UUID) -> HoursStanding:
    """How the client's hours stand now; ask with the client locked before writing."""
    terms = time_terms(client_id)
    row = Offboarding.objects.filter(client_id=client_id, state=OffboardingState.OPEN).first()
    if row is None:
        last = (
            Offboarding.objects.filter(client_id=client_id, state=OffboardingState.CLOSED)
            .order_by("closed_at")
            .last()
        )
        ended = departure_dates(last).service_ends if last is not None else None
        return HoursStanding(terms, hours.Budget(0), served_until=ended)
    found = leave_of(row.id)
    return HoursStanding(
        terms,
        budget_of(row.id, terms.included),
        row,
        found[0].id if found else None,
        found[1] if found else None,
        departure_dates(row).service_ends,
    )


def today(now: datetime) -> date:
    """The day of ``now`` in the MSP's zone."""
    return day_in(now, zone())
