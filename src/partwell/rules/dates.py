# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8 and R6: dates of a departure, what moves with them, and terms beyond the end of service.

All dates are calendar days in the MSP's zone. Anchor and rule are stored by the caller; these
functions derive the rest, never by SQL (SQLite takes 31 August + 6 months for 3 March).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import OffboardingState

RETENTION_MONTHS = 6
WINDOW_DAYS = 14
RETEST_DAYS = (30, 90)


def keep_until(end_of_service: date, months: int = RETENTION_MONTHS) -> date:
    """R6: the last day backups and archives are kept; 31 August + 6 months is the last of February."""
    if months < 0:
        raise ValueError("Months of retention cannot be negative.")
    return end_of_service + relativedelta(months=months)


def window_closes_on(released_at: datetime, zone: str, days: int = WINDOW_DAYS) -> date:
    """R17: the last day on which the recipient may object; the day of release is day zero."""
    return day_in(released_at, zone) + timedelta(days=days)


def window_closes_at(released_at: datetime, zone: str, days: int = WINDOW_DAYS) -> datetime:
    """The instant the window has closed: midnight that ends its last day in ``zone`` (aware)."""
    after = window_closes_on(released_at, zone, days) + timedelta(days=1)
    return datetime.combine(after, time(), ZoneInfo(zone))


def zone_known(name: str) -> Refusal | None:
    """None when ``name`` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return refuse("zone_unknown", zone=name)
    return None


@dataclass(frozen=True, slots=True)
class DepartureDates:
    """What the dates of a departure hang from. ``transition_end``: end of an agreed transition term."""

    notice_on: date
    effective_on: date
    months: int = RETENTION_MONTHS
    window_days: int = WINDOW_DAYS
    transition_end: date | None = None

    @property
    def service_ends(self) -> date:
        """End of service: the effective date, or the end of the transition term where it is later."""
        return max(self.effective_on, self.transition_end or self.effective_on)


def dependent_dates(dates: DepartureDates) -> dict[str, date]:
    """Every date that hangs from the departure's dates, in the order people read them (key → day)."""
    end = dates.service_ends
    return {
        "effective": dates.effective_on,
        "service_ends": end,
        "access_ends": end,
        "objections_until": end + timedelta(days=dates.window_days),
        "retest_30": end + timedelta(days=RETEST_DAYS[0]),
        "retest_90": end + timedelta(days=RETEST_DAYS[1]),
        "keep_until": keep_until(end, dates.months),
    }


DATE_LABELS: Mapping[str, str] = {
    "effective": "Effective date",
    "service_ends": "End of service",
    "access_ends": "The service provider's access ends",
    "objections_until": "Objections until",
    "retest_30": "First re-test of zero access",
    "retest_90": "Second re-test of zero access",
    "keep_until": "Backups and archives kept until",
}


def told_once(days: Mapping[str, date]) -> dict[str, date]:
    """Dates by key without the effective date where the service ends on that very day: one line, not two the same."""
    same = days.get("effective") == days.get("service_ends")
    return {key: day for key, day in days.items() if key != "effective" or not same}


def moves_once(effects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As ``told_once``, for what moves: rows with ``key``, ``before`` and ``after``."""
    rows = list(effects)
    end = next(((one["before"], one["after"]) for one in rows if one["key"] == "service_ends"), None)
    return [one for one in rows if one["key"] != "effective" or (one["before"], one["after"]) != end]


@dataclass(frozen=True, slots=True)
class DateMove:
    """One date before and after, as it is shown to whoever agrees."""

    key: str
    label: str
    before: date
    after: date

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class TransitionTerm:
    """R8: service beyond the end: what is served, for which monthly fee, until when."""

    scope: str
    monthly_fee: Decimal
    currency: str
    ends_on: date


@dataclass(frozen=True, slots=True)
class DateChange:
    """A proposal: the dates as they would be, every dependent date before and after."""

    dates: DepartureDates
    moves: tuple[DateMove, ...]
    term: TransitionTerm | None = None


def check_term(term: TransitionTerm, end_of_service: date) -> Refusal | None:
    """None when the transition term is complete: scope, fee of zero or more with currency, later end."""
    if not term.scope.strip():
        return refuse("transition_scope_missing")
    fee_ok = term.monthly_fee.is_finite() and term.monthly_fee >= 0
    if not fee_ok or len(term.currency) != 3 or not (term.currency.isalpha() and term.currency.isupper()):
        return refuse("transition_fee_invalid")
    if term.ends_on <= end_of_service:
        return refuse("transition_end_invalid", end=end_of_service)
    return None


def moves_between(before: DepartureDates, after: DepartureDates) -> tuple[DateMove, ...]:
    """Each dependent date before and after, unmoved ones too: nobody has to guess what stayed."""
    old, new = dependent_dates(before), dependent_dates(after)
    return tuple(DateMove(key, DATE_LABELS[key], old[key], new[key]) for key in old)


def propose_change(
    current: DepartureDates,
    effective_on: date,
    *,
    today: date,
    state: OffboardingState = OffboardingState.OPEN,
    term: TransitionTerm | None = None,
    service_until: date | None = None,
) -> DateChange | Refusal:
    """R8: any party may ask to move the effective date; returns what it would move, or why not.

    ``service_until``: the day until which service is wanted; beyond the (new) effective date it needs
    ``term``. The proposal binds nobody until ``agree_change``.
    """
    if (closed := still_open(state)) is not None:
        return closed
    if effective_on < current.notice_on:
        return refuse(
            "date_before_notice", what="The effective date", day=effective_on, notice=current.notice_on
        )
    if effective_on < today and effective_on != current.effective_on:
        return refuse("date_in_past", what="The effective date", day=effective_on)
    wanted = service_until or (term.ends_on if term else None)
    if wanted is not None and wanted > effective_on and (term is None or term.ends_on < wanted):
        return refuse("transition_term_needed", until=wanted, end=effective_on)
    if term is not None and (incomplete := check_term(term, effective_on)) is not None:
        return incomplete
    transition_end = term.ends_on if term else current.transition_end
    if transition_end is not None and transition_end <= effective_on:
        transition_end = None  # the service simply runs until the later effective date
    after = DepartureDates(
        current.notice_on, effective_on, current.months, current.window_days, transition_end
    )
    if after == current:
        return refuse("date_unchanged", day=effective_on)
    return DateChange(after, moves_between(current, after), term)


def agree_change(
    current: DepartureDates,
    proposal: DateChange,
    *,
    proposed_from: DepartureDates,
    by_signatory: bool,
) -> DepartureDates | Refusal:
    """The client's agreement makes the proposal the dates; it must still start from today's dates."""
    if not by_signatory:
        return refuse("date_needs_client", day=proposal.dates.effective_on)
    if proposed_from != current:
        return refuse("date_proposal_stale")
    return proposal.dates


def still_open(state: OffboardingState) -> Refusal | None:
    """None while the offboarding is open."""
    if state is OffboardingState.CLOSED:
        return refuse("offboarding_closed")
    if state is OffboardingState.WITHDRAWN:
        return refuse("offboarding_withdrawn")
    return None


@dataclass(frozen=True, slots=True)
class WithdrawalFacts:
    """What stands when a notice is withdrawn: ids and titles, never secrets."""

    state: OffboardingState
    authorisation_ids: tuple[str, ...] = ()
    queued_envelope_ids: tuple[str, ...] = ()
    released_credentials: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WithdrawalConsequences:
    """R8: authorisations end, queued messages stop, dates clear, credentials to rotate; and no fee.

    ``sentences`` are for staff, ``for_client`` says the same to the client.
    """

    end_authorisations: tuple[str, ...]
    stop_envelopes: tuple[str, ...]
    rotate: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    for_client: tuple[str, ...]
    fee: Decimal = Decimal(0)


def withdraw_notice(facts: WithdrawalFacts) -> WithdrawalConsequences | Refusal:
    """What a withdrawal of the notice brings with it; refused once the offboarding is closed."""
    if facts.state is OffboardingState.CLOSED:
        return refuse("notice_after_closing")
    if facts.state is OffboardingState.WITHDRAWN:
        return refuse("offboarding_withdrawn")
    consents, queued = len(facts.authorisation_ids), len(facts.queued_envelope_ids)
    staff = ["The dates of the departure are cleared and the client is active again.", "There is no fee."]
    client = ["Every date of your departure is cleared, and our service to you goes on.", "There is no fee."]
    if consents:
        staff.append(
            "The client’s authorisation ends now."
            if consents == 1
            else f"{consents} authorisations of the client end now."
        )
        client.append(
            "Your authorisation for the new provider ends now."
            if consents == 1
            else f"Your {consents} authorisations end now."
        )
    if queued:
        words = (
            "One message that waits to leave is"
            if queued == 1
            else f"{queued} messages that wait to leave are"
        )
        staff.append(f"{words} stopped.")
        client.append(f"{words} stopped.")
    if facts.released_credentials:
        names = ", ".join(title for _, title in facts.released_credentials)
        staff.append(f"These credentials have been released and need to be rotated: {names}.")
        client.append(f"These passwords were handed over already and should be changed: {names}.")
    return WithdrawalConsequences(
        facts.authorisation_ids,
        facts.queued_envelope_ids,
        facts.released_credentials,
        tuple(staff),
        tuple(client),
    )
