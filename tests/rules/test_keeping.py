# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6, R12, R13 as whole tables: until when, what argues with it, vendors' windows, notices."""

from datetime import date, timedelta
from itertools import product

import pytest

from partwell.rules.keeping import (
    Choice,
    KeepFacts,
    NoticeKind,
    Place,
    duties_of,
    keeping,
    next_notice_on,
    notices_due,
    record_until,
    told_early_enough,
    window_alarm,
)

END = date(2026, 8, 31)
UNTIL = date(2027, 2, 28)
SIXTY, THIRTY, SEVEN, AFTER = NoticeKind


def facts(**changes):
    return KeepFacts(**{"end_of_service": END, **changes})


# --- until when


@pytest.mark.parametrize(
    ("months", "agreed", "expected"),
    [
        (6, False, UNTIL),
        (6, True, UNTIL),
        (12, False, date(2027, 8, 31)),
        (12, True, date(2027, 8, 31)),
        (3, False, UNTIL),  # a policy never shortens
        (3, True, date(2026, 11, 30)),  # an agreement may
        (0, True, END),
    ],
)
def test_months(months, agreed, expected):
    assert keeping(facts(months=months, shorter_agreed=agreed)).until == expected


@pytest.mark.parametrize(
    ("choice", "longer", "chosen", "expected"),
    [
        (None, None, None, UNTIL),
        (None, date(2027, 1, 1), None, UNTIL),  # a day of its own never shortens
        (None, date(2028, 1, 1), None, date(2028, 1, 1)),
        (Choice.KEEP, None, END, UNTIL),
        (Choice.KEEP, date(2028, 1, 1), END, date(2028, 1, 1)),
        (Choice.SHIP, None, END, UNTIL),
        (Choice.SHIP, date(2028, 1, 1), END, date(2028, 1, 1)),
        (Choice.DOWNLOAD, None, END, UNTIL),
        (Choice.DELETE_NOW, None, date(2026, 6, 1), END),  # never before the end of service
        (Choice.DELETE_NOW, None, date(2026, 10, 5), date(2026, 10, 5)),
        (Choice.DELETE_NOW, None, None, END),
        (Choice.DELETE_NOW, date(2028, 1, 1), date(2026, 10, 5), date(2026, 10, 5)),  # the client's word wins
    ],
)
def test_choice_and_a_longer_day(choice, longer, chosen, expected):
    found = keeping(facts(choice=choice, longer_until=longer, chosen_on=chosen))
    assert found.until == expected
    assert found.basis


# --- what argues with it


def codes(**changes):
    return [one.code for one in keeping(facts(**changes)).conflicts]


@pytest.mark.parametrize(
    "profiles", [(), ("gdpr",), ("hipaa",), ("eu_data_act",), ("gdpr", "eu_data_act"), ("dora",)]
)
@pytest.mark.parametrize("choice", [None, *Choice])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("longer", [None, date(2028, 1, 1)])
def test_conflicts(profiles, choice, back, longer):
    found = codes(
        duties=duties_of(profiles), choice=choice, chosen_on=END, client_back=back, longer_until=longer
    )
    asked = {"gdpr", "hipaa"} & set(profiles)
    expected = []
    if asked and choice is None:
        expected.append("instruction_missing")
    if back:
        expected.append("client_back")
    if "eu_data_act" in profiles:
        if choice is Choice.DELETE_NOW:
            expected.append("too_early")  # 30 days of retrieval are the client's
        elif choice is None and longer is None:
            expected.append("too_late")
    assert found == expected


def test_a_conflict_names_its_source_and_who_settles_it():
    for one in keeping(facts(duties=duties_of(["gdpr", "eu_data_act"]), client_back=True)).conflicts:
        assert one.sentence.endswith(".")
        assert one.next_step
    assert "28(3)(g)" in keeping(facts(duties=duties_of(["gdpr"]))).conflicts[0].sentence


# --- R13

TODAY = date(2026, 9, 10)


@pytest.mark.parametrize(
    ("window", "cancel", "until", "today", "expected"),
    [
        (None, None, UNTIL, TODAY, None),
        (None, date(2026, 9, 30), UNTIL, TODAY, "ask"),
        (30, None, UNTIL, TODAY, "before"),  # nobody has cancelled yet: that is when it must ring
        (30, None, UNTIL, date(2027, 2, 1), None),  # cancelling from the 30th of January on keeps the promise
        (30, None, UNTIL, date(2027, 1, 29), "before"),
        (30, None, UNTIL, date(2027, 1, 30), None),
        (30, date(2026, 9, 30), UNTIL, TODAY, "before"),
        (30, date(2026, 9, 30), UNTIL, date(2026, 10, 30), "late"),
        (30, date(2027, 1, 30), UNTIL, TODAY, None),
        (30, date(2027, 1, 29), UNTIL, TODAY, "before"),
        (365, date(2026, 9, 30), UNTIL, TODAY, None),
        (365, None, UNTIL, TODAY, None),
        (0, None, UNTIL, TODAY, "before"),
        (0, date(2027, 3, 1), UNTIL, TODAY, None),
    ],
)
def test_a_vendors_window(window, cancel, until, today, expected):
    found = window_alarm(vendor="Tarn", window_days=window, until=until, cancel_on=cancel, today=today)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert found.sentence.startswith(("Tarn purges", "Nobody knows how long Tarn"))
    if expected == "ask":
        assert "Ask the vendor" in found.next_step
    if expected == "before":
        assert "Do not cancel before" in found.next_step
        assert found.cancel_from > today or (cancel is not None and cancel < found.cancel_from)
    if expected == "late":
        assert "tell the client today" in found.next_step


# --- notices


def due(today, had=()):
    found = notices_due(UNTIL, today, had)
    return (found.kind, found.late, found.covers) if found else None


@pytest.mark.parametrize(
    ("offset", "had", "expected"),
    [
        (-61, (), None),
        (-60, (), (SIXTY, False, ())),
        (-59, (), (SIXTY, True, ())),
        (-60, (SIXTY,), None),
        (-31, (SIXTY,), None),
        (-30, (SIXTY,), (THIRTY, False, ())),
        (-30, (), (THIRTY, False, (SIXTY,))),
        (-7, (SIXTY, THIRTY), (SEVEN, False, ())),
        (-7, (SIXTY,), (SEVEN, False, (THIRTY,))),
        (0, (SIXTY, THIRTY, SEVEN), None),
        (1, (SIXTY, THIRTY, SEVEN), (AFTER, False, ())),
        (365, (), (AFTER, True, (SIXTY, THIRTY, SEVEN))),  # nobody was there for a year
        (365, (SIXTY, THIRTY, SEVEN, AFTER), None),
        (-20, (AFTER,), None),  # the clock was set back
        (-60, (THIRTY,), None),
    ],
)
def test_which_notice(offset, had, expected):
    assert due(UNTIL + timedelta(days=offset), had) == expected


def test_the_next_notice_is_the_first_that_nothing_has_overtaken():
    table = {(): -60, (SIXTY,): -30, (THIRTY,): -7, (SIXTY, THIRTY): -7, (SEVEN,): 1, (AFTER,): None}
    for had, offset in table.items():
        expected = None if offset is None else UNTIL + timedelta(days=offset)
        assert next_notice_on(UNTIL, had) == expected, had


@pytest.mark.parametrize(
    ("told", "word", "expected"),
    [
        (None, False, "week after today"),
        (None, True, None),
        (TODAY - timedelta(days=7), False, None),
        (TODAY - timedelta(days=6), False, TODAY + timedelta(days=1)),
        (TODAY, False, TODAY + timedelta(days=7)),
        (TODAY, True, None),
    ],
)
def test_nothing_goes_sooner_than_a_week_after_it_was_said(told, word, expected):
    found = told_early_enough(TODAY - timedelta(days=3), TODAY, told, at_clients_word=word)
    assert found == (TODAY + timedelta(days=7) if expected == "week after today" else expected)


def test_the_record_is_only_lengthened():
    for years, lawful in product((7, 10), ((), (6,), (6, 12))):
        assert record_until(END, years, lawful_years=lawful).year == 2026 + max([years, *lawful])


def test_what_people_empty_is_said():
    assert {one for one in Place if one.by_hand} == {Place.UNKNOWN, Place.VENDOR, Place.MEDIA}
    assert all(one.label for one in (*Place, *Choice))
    assert {one for one in Choice if one.returns} == {Choice.SHIP, Choice.DOWNLOAD}
