# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5 on plain values: what may start, where minutes are drawn from, what a person is asked."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from partwell.rules.hours import (
    Block,
    Budget,
    Entry,
    OnAccount,
    Part,
    Rounding,
    Source,
    WorkClass,
    WorkKind,
    accounted,
    as_hours,
    check_entry,
    class_stands,
    draw,
    fitting,
    mark_crossed,
    may_start,
    minutes_between,
    prepayment,
    stop_timer,
    unused,
)
from partwell.rules.refusals import Refusal

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EMPTY = Budget(240, 240)
SOME = Budget(240, 200, (Block("a", 120, 100), Block("b", 120)))


def code(found: object) -> str:
    return found.code if isinstance(found, Refusal) else ""


@pytest.mark.parametrize(
    ("work_class", "kind", "left", "leave"),
    list(product(WorkClass, WorkKind, (False, True), (False, True))),
)
def test_what_starts_at_a_zero_balance(work_class, kind, left, leave):
    budget = SOME if left else EMPTY
    refused = may_start(budget, work_class, kind, OnAccount("flood", 60) if leave else None)
    free = work_class is not WorkClass.OFFBOARDING or kind is WorkKind.AS_IS
    assert (refused is None) is (free or left or leave)
    assert refused is None or refused.code == "hours_used_up"


@pytest.mark.parametrize(
    ("minutes", "kind", "leave", "parts"),
    [
        (30, WorkKind.MEETING, 0, ("included 30",)),
        (50, WorkKind.MEETING, 0, ("included 40", "block a 10")),
        (100, WorkKind.MEETING, 0, ("included 40", "block a 20", "block b 40")),
        (180, WorkKind.MEETING, 0, ("included 40", "block a 20", "block b 120")),
        (181, WorkKind.MEETING, 0, "hours_short"),
        (200, WorkKind.MEETING, 20, ("included 40", "block a 20", "block b 120", "on_account 20")),
        (200, WorkKind.MEETING, 19, "hours_short"),
        (100, WorkKind.AS_IS, 0, ("included 40", "not_charged 60")),
        (40, WorkKind.AS_IS, 0, ("included 40",)),
    ],
)
def test_where_minutes_are_drawn_from(minutes, kind, leave, parts):
    found = draw(minutes, SOME, WorkClass.OFFBOARDING, kind, OnAccount("r", leave) if leave else None)
    if isinstance(parts, str):
        assert code(found) == parts
        return
    assert not isinstance(found, Refusal)
    assert tuple(" ".join(filter(None, (p.source, p.block_id, str(p.minutes)))) for p in found) == parts


def test_an_empty_budget_gives_nothing_but_what_exists():
    assert code(draw(1, EMPTY, WorkClass.OFFBOARDING, WorkKind.MEETING)) == "hours_used_up"
    assert draw(5, EMPTY, WorkClass.OFFBOARDING, WorkKind.AS_IS) == (Part(Source.NOT_CHARGED, 5),)
    for work_class in (WorkClass.SERVICE, WorkClass.GOODWILL):
        assert draw(5, SOME, work_class, WorkKind.MEETING) == (Part(Source.NOT_CHARGED, 5),)


@pytest.mark.parametrize(
    ("real", "unit", "up", "nearest"),
    [(0, 15, 0, 0), (-5, 15, 0, 0), (1, 15, 15, 15), (7, 15, 15, 15), (8, 15, 15, 15), (22, 15, 30, 15),
     (23, 15, 30, 30), (60, 15, 60, 60), (61, 6, 66, 60), (63, 6, 66, 66), (1, 1, 1, 1)],
)  # fmt: skip
def test_rounding(real, unit, up, nearest):
    assert accounted(real, unit, Rounding.UP) == up
    assert accounted(real, unit, Rounding.NEAREST) == nearest


def entry(**changed: object) -> Entry:
    base = {"minutes": 30, "started": NOW - timedelta(hours=1), "now": NOW, "day": NOW.date(),
            "work_class": WorkClass.OFFBOARDING}  # fmt: skip
    return Entry(**{**base, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ""),
        ({"minutes": 0}, "time_not_positive"),
        ({"minutes": -1}, "time_not_positive"),
        ({"minutes": 961, "started": NOW - timedelta(days=1)}, "time_too_long"),
        ({"minutes": 960, "started": NOW - timedelta(days=1)}, ""),
        ({"minutes": 62}, "time_in_future"),
        ({"started": NOW + timedelta(days=2)}, "time_in_future"),
        ({"work_class": WorkClass.GOODWILL}, "goodwill_without_reason"),
        ({"work_class": WorkClass.GOODWILL, "reason": " "}, "goodwill_without_reason"),
        ({"work_class": WorkClass.GOODWILL, "reason": "our mistake"}, ""),
    ],
)
def test_what_a_person_can_have_worked(changed, expected):
    assert code(check_entry(entry(**changed))) == expected


@pytest.mark.parametrize(
    ("work_class", "after", "departing", "expected"),
    [
        (WorkClass.SERVICE, False, False, ""),
        (WorkClass.SERVICE, False, True, ""),
        (WorkClass.SERVICE, True, True, "service_time_after_end"),
        (WorkClass.SERVICE, True, False, "service_time_after_end"),
        (WorkClass.OFFBOARDING, False, False, "no_open_departure"),
        (WorkClass.OFFBOARDING, True, True, ""),
        (WorkClass.GOODWILL, True, False, ""),
    ],
)
def test_a_class_fits_its_day(work_class, after, departing, expected):
    end = date(2026, 3, 1) if after else date(2026, 3, 2)
    found = class_stands(work_class, date(2026, 3, 2), served_until=end, open_departure=departing)
    assert code(found) == expected


def test_service_without_a_known_end_goes_on():
    assert class_stands(WorkClass.SERVICE, date(2026, 3, 2), served_until=None, open_departure=False) is None


@pytest.mark.parametrize(
    ("hours", "stated", "expected"),
    [(1, None, 60), (10, None, 600), (11, None, "timer_forgotten"), (63, None, "timer_forgotten"), (63, 45, 45),
     (1, 61, "timer_stated_too_much"), (1, 0, "time_not_positive"), (1, -3, "time_not_positive"),
     (63, 961, "time_too_long"), (0, None, 1)],
)  # fmt: skip
def test_a_stopped_timer(hours, stated, expected):
    found = stop_timer(NOW - timedelta(hours=hours), NOW, stated)
    assert (code(found) or found) == expected


def test_the_clocks_change_makes_no_minute():
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 29, 1, 30, tzinfo=berlin), datetime(2026, 3, 29, 3, 30, tzinfo=berlin)
    autumn = datetime(2026, 10, 25, 1, 30, tzinfo=berlin), datetime(2026, 10, 25, 3, 30, tzinfo=berlin)
    assert minutes_between(*(one.astimezone(UTC) for one in spring)) == 60
    assert minutes_between(*(one.astimezone(UTC) for one in autumn)) == 180
    assert minutes_between(NOW, NOW + timedelta(seconds=61)) == 2


@pytest.mark.parametrize(
    ("used", "warning"),
    [(0, 0), (191, 0), (192, 80), (227, 80), (228, 95), (239, 95), (240, 100), (300, 100)],
)
def test_warnings(used, warning):
    assert Budget(240, used).warning == warning


def test_a_budget_of_nothing_is_used_up():
    assert Budget(0).warning == 100
    assert Budget(0).per_cent == 100
    assert Budget(240, 60, promised=200).free == -20


@pytest.mark.parametrize(
    ("estimate", "promised", "blocks", "net"),
    [(180, 0, 0, "0.00"), (181, 0, 1, "250.00"), (300, 0, 1, "250.00"), (301, 0, 2, "500.00"), (60, 180, 1, "250.00"),
     (60, 400, 1, "250.00")],
)  # fmt: skip
def test_whole_blocks_are_paid_in_advance(estimate, promised, blocks, net):
    budget = Budget(240, 200, (Block("a", 120, 100), Block("b", 120)), promised)
    found = prepayment(estimate, budget, block_minutes=120, hourly_rate=Decimal("125"), currency="EUR")
    assert (found.blocks, found.net) == (blocks, Decimal(net))
    assert found.minutes == blocks * 120


def test_unused_time_by_the_price_of_its_own_block():
    blocks = [(Block("a", 120, 100), Decimal("250.00")), (Block("b", 60), Decimal("110.00"))]
    assert unused(blocks, "EUR") == Decimal("151.67")
    assert unused([], "EUR") == 0


def test_minutes_as_people_read_them():
    assert [as_hours(m) for m in (0, 65, -30)] == ["0 h 00 min", "1 h 05 min", "−0 h 30 min"]


@pytest.mark.parametrize(
    ("minutes", "unit", "leave", "expected"),
    [
        (100, 15, 0, 60),
        (40, 15, 0, 40),
        (100, 60, 0, 60),
        (100, 15, 30, 90),
        (100, 15, 500, 100),
        (100, 60, 55, 60),
    ],
)
def test_what_fits_at_the_boundary_in_whole_units(minutes, unit, leave, expected):
    budget = Budget(240, 200, (Block("a", 60, 40),))  # 60 left: 40 included and 20 of a block
    fits = fitting(minutes, budget, unit, OnAccount("flood", leave) if leave else None)
    assert fits == expected
    counted = accounted(fits, unit, Rounding.UP)
    allowed = OnAccount("flood", leave) if leave else None
    drawn = draw(counted, budget, WorkClass.OFFBOARDING, WorkKind.MEETING, allowed)
    assert not isinstance(drawn, Refusal), "what is said to fit can be drawn"


@pytest.mark.parametrize(("used", "drawn", "mark"), [(0, 79, 0), (0, 80, 80), (79, 1, 80), (80, 14, 0), (80, 15, 95), (0, 100, 100), (99, 1, 100), (90, 0, 0)])  # fmt: skip
def test_each_mark_is_crossed_once(used, drawn, mark):
    assert mark_crossed(Budget(100, used), drawn) == mark
