# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6's calendar for any day from 2024 to 2040: nothing early, nothing forgotten, nothing twice, whatever the clock does."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.consent import day_in
from partwell.rules.keeping import (
    Choice,
    KeepFacts,
    NoticeKind,
    keeping,
    next_notice_on,
    notices_due,
    window_alarm,
)

DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Apia", "America/St_Johns",
                         "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"])  # fmt: skip
OFFSETS = {NoticeKind.SIXTY: -60, NoticeKind.THIRTY: -30, NoticeKind.SEVEN: -7, NoticeKind.AFTER: 1}
ORDER = list(NoticeKind)


class Clerk:
    """Gives notices as the calendar does: what was given is remembered, each with the day it was given on."""

    def __init__(self, until: date) -> None:
        self.until = until
        self.had: set[NoticeKind] = set()
        self.given: list[tuple[NoticeKind, date, tuple[NoticeKind, ...]]] = []
        self.look = next_notice_on(until, ())

    def day(self, today: date) -> None:
        if self.look is None or self.look > today:
            assert notices_due(self.until, today, self.had) is None, "the calendar would have passed it over"
            return
        found = notices_due(self.until, today, self.had)
        if found is None:
            return
        self.given.append((found.kind, today, found.covers))
        self.had |= {found.kind, *found.covers}
        self.look = next_notice_on(self.until, self.had)


@given(DAYS, st.integers(0, 36))
def test_six_months_and_month_ends(end, months):
    until = keeping(KeepFacts(end, months=months, shorter_agreed=True)).until
    assert (until.year * 12 + until.month) - (end.year * 12 + end.month) == months
    assert until.day == min(end.day, calendar.monthrange(until.year, until.month)[1])
    assert keeping(KeepFacts(end, months=months)).until >= keeping(KeepFacts(end)).until


@given(DAYS, st.sampled_from([None, *Choice]), st.one_of(st.none(), DAYS), st.one_of(st.none(), DAYS))
def test_nothing_is_kept_shorter_than_service_or_without_the_clients_word(end, choice, longer, chosen):
    until = keeping(KeepFacts(end, choice=choice, longer_until=longer, chosen_on=chosen)).until
    assert until >= end
    if choice is not Choice.DELETE_NOW:
        assert until >= keeping(KeepFacts(end)).until
        assert longer is None or until >= longer


@given(DAYS, st.lists(st.integers(-120, 500), min_size=1, max_size=40))
def test_workers_that_run_now_and_then_in_any_order(until, offsets):
    clerk = Clerk(until)
    for offset in offsets:  # unsorted: the clock is set forth and back
        clerk.day(until + timedelta(days=offset))
    kinds = [kind for kind, _, _ in clerk.given]
    said = [one for kind, _, covers in clerk.given for one in (*covers, kind)]
    assert len(said) == len(set(said)), "never twice"
    assert kinds == sorted(kinds, key=ORDER.index), "never one that a later one has overtaken"
    for kind, today, covers in clerk.given:
        assert today >= until + timedelta(days=OFFSETS[kind]), "never early"
        assert all(ORDER.index(one) < ORDER.index(kind) for one in covers)
    reached = [kind for kind in ORDER if max(offsets) >= OFFSETS[kind]]
    assert set(reached) <= clerk.had or not reached or reached[-1] in clerk.had, "never forgotten"


@given(DAYS, st.integers(0, 10))
def test_every_day_gives_four_and_a_year_off_gives_one(until, start):
    daily = Clerk(until)
    for offset in range(-90 - start, 40):
        daily.day(until + timedelta(days=offset))
    assert [(kind, day) for kind, day, _ in daily.given] == [
        (k, until + timedelta(days=d)) for k, d in OFFSETS.items()
    ]
    off = Clerk(until)
    off.day(until + timedelta(days=365))
    assert [(kind, covers) for kind, _, covers in off.given] == [(NoticeKind.AFTER, tuple(ORDER[:3]))]


@given(DAYS, ZONES, st.integers(-3, 3), st.integers(0, 86399))
def test_a_notice_is_given_on_the_day_of_the_zone(until, zone, day, second):
    local = datetime.combine(until - timedelta(days=60 - day), time(), ZoneInfo(zone))
    moment = local.astimezone(UTC) + timedelta(seconds=second)
    today = day_in(moment, zone)
    found = notices_due(until, today, ())
    assert (found is not None) == (today >= until - timedelta(days=60))


@given(DAYS, st.integers(0, 400), st.one_of(st.none(), st.integers(-200, 500)), st.integers(-200, 500))
def test_no_alarm_means_that_the_promise_is_kept(until, window, cancel, ahead):
    today = until - timedelta(days=ahead)
    cancel_on = None if cancel is None else until - timedelta(days=cancel)
    found = window_alarm(vendor="Tarn", window_days=window, until=until, cancel_on=cancel_on, today=today)
    cancelled = cancel_on or today  # where nobody has said, it may be today
    assert (found is None) == (cancelled + timedelta(days=window) > until)
    if found is not None:
        assert found.cancel_from + timedelta(days=window) == until + timedelta(days=1)
