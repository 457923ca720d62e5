# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6, R8, R17 for any day: calendar months, windows, proposals and plans."""

import calendar
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.dates import (
    DateChange,
    DepartureDates,
    TransitionTerm,
    agree_change,
    dependent_dates,
    keep_until,
    propose_change,
    window_closes_at,
    window_closes_on,
)
from partwell.rules.plan import PlanFacts, propose_plan
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Destination, Phase, Reason

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
ZONES = st.sampled_from(["UTC", "Europe/Warsaw", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu",
                         "Pacific/Apia", "America/St_Johns"])  # fmt: skip
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(ZoneInfo("UTC")))
SPANS = st.integers(0, 400)


@given(DAYS, st.integers(0, 120))
def test_the_day_stays_or_is_the_months_last(end, months):
    kept = keep_until(end, months)
    assert (kept.year * 12 + kept.month) - (end.year * 12 + end.month) == months
    assert kept.day == min(end.day, calendar.monthrange(kept.year, kept.month)[1])


@given(DAYS, st.integers(0, 5000), st.integers(0, 24))
def test_a_later_end_is_never_kept_shorter(end, later, months):
    assert keep_until(end, months) <= keep_until(end + timedelta(days=later), months)


@given(MOMENTS, ZONES, st.integers(0, 60))
def test_a_window_is_that_many_whole_days_of_the_zone(released, zone, days):
    closes = window_closes_at(released, zone, days)
    local = closes.astimezone(ZoneInfo(zone))
    last = window_closes_on(released, zone, days)
    assert last == released.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    assert local.date() == last + timedelta(days=1)
    assert (closes - timedelta(seconds=1)).astimezone(ZoneInfo("UTC")) >= released - timedelta(seconds=1)
    assert closes > released


@given(DAYS, SPANS, st.integers(-400, 800), st.integers(0, 400), st.one_of(st.none(), st.integers(1, 300)))
def test_a_proposal_never_breaks_the_calendar(notice, span, shift, today_after, term_days):
    current = DepartureDates(notice, notice + timedelta(days=span))
    wanted = current.effective_on + timedelta(days=shift)
    today = notice + timedelta(days=today_after)
    term = None
    if term_days is not None:
        term = TransitionTerm("Patching", Decimal(1), "EUR", wanted + timedelta(days=term_days))
    found = propose_change(current, wanted, today=today, term=term)
    if wanted < notice:
        assert isinstance(found, Refusal)
        assert found.code == "date_before_notice"
    elif wanted < today and shift:
        assert isinstance(found, Refusal)
        assert found.code == "date_in_past"
    elif not shift and term is None:
        assert isinstance(found, Refusal)
        assert found.code == "date_unchanged"
    else:
        assert isinstance(found, DateChange)
        after = dependent_dates(found.dates)
        assert [move.before for move in found.moves] == list(dependent_dates(current).values())
        assert [move.after for move in found.moves] == list(after.values())
        assert after["effective"] == wanted
        assert after["service_ends"] == (term.ends_on if term else wanted)
        assert after["service_ends"] <= after["retest_30"] < after["retest_90"]
        assert after["service_ends"] < after["keep_until"]
        assert agree_change(current, found, proposed_from=current, by_signatory=True) == found.dates
        moved = replace(current, effective_on=current.effective_on + timedelta(days=1))
        assert isinstance(agree_change(moved, found, proposed_from=current, by_signatory=True), Refusal)


@given(st.sampled_from(Reason), st.sampled_from(Destination), DAYS, st.integers(0, 400))
def test_a_plan_can_be_done_in_its_order(reason, destination, notice, days):
    end = notice + timedelta(days=days)
    steps = propose_plan(PlanFacts(reason, destination, notice, end))
    assert not isinstance(steps, Refusal)
    position = {step.key: index for index, step in enumerate(steps)}
    due = {step.key: step.due_on for step in steps}
    assert len(position) == len(steps)
    for step in steps:
        assert step.due_on >= notice
        for key in step.blocked_by:
            assert position[key] < position[step.key]
            assert due[key] <= step.due_on
    # R14: the own access goes after everything that is handed over, and not after the end of service.
    assert due["own_access"] == end
    for step in steps:
        if step.phase is Phase.HANDOVER:
            assert position[step.key] < position["own_access"]
            assert step.due_on <= end
    assert position["registrar"] < position["registrant"]
    assert position["client_admin"] < position["tenant"]
