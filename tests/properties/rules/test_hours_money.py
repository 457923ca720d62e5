# SPDX-License-Identifier: AGPL-3.0-or-later
"""Any hours and any bill: nothing is drawn twice or lost, lines and totals always agree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.hours import (
    UNITS,
    Block,
    Budget,
    OnAccount,
    Rounding,
    Source,
    WorkClass,
    WorkKind,
    accounted,
    draw,
    fitting,
    minutes_between,
    prepayment,
    unused,
)
from partwell.rules.money import Bill, Line, TaxRounding, TaxTreatment, bill, digits, rounded
from partwell.rules.refusals import Refusal

MINUTES = st.integers(0, 2000)
AMOUNTS = st.decimals(-5000, 5000, allow_nan=False, allow_infinity=False, places=4)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
RATES = st.sampled_from([Decimal(r) for r in ("0", "5.5", "7", "7.7", "19", "20", "25", "100")])


@st.composite
def budgets(draw_one):
    included = draw_one(MINUTES)
    sizes = draw_one(st.lists(st.integers(1, 600), max_size=4))
    blocks = tuple(Block(str(n), size, draw_one(st.integers(0, size))) for n, size in enumerate(sizes))
    return Budget(included, draw_one(st.integers(0, included)), blocks, draw_one(MINUTES))


@given(budgets(), st.integers(1, 3000), st.sampled_from(WorkKind))
def test_parts_are_the_minutes_and_never_more_than_is_left(budget, minutes, kind):
    parts = draw(minutes, budget, WorkClass.OFFBOARDING, kind)
    if isinstance(parts, Refusal):
        assert kind is not WorkKind.AS_IS
        assert minutes > budget.left
        return
    assert sum(part.minutes for part in parts) == minutes
    assert all(part.minutes > 0 for part in parts)
    taken = {part.block_id: part.minutes for part in parts if part.source is Source.BLOCK}
    assert all(taken.get(block.id, 0) <= block.left for block in budget.blocks)
    assert sum(part.minutes for part in parts if part.source is Source.INCLUDED) <= budget.included_left
    if kind is WorkKind.AS_IS:
        assert not taken
    else:
        assert not [part for part in parts if part.source is Source.NOT_CHARGED]


@given(
    budgets(), st.integers(1, 3000), st.sampled_from(UNITS), st.sampled_from(Rounding), st.integers(0, 300)
)
def test_what_fits_can_be_drawn_and_no_unit_more_would(budget, minutes, unit, rounding, leave):
    allowed = OnAccount("flood", leave) if leave else None
    fits = fitting(minutes, budget, unit, allowed)
    assert 0 <= fits <= minutes
    if fits:
        drawn = draw(
            accounted(fits, unit, rounding), budget, WorkClass.OFFBOARDING, WorkKind.MEETING, allowed
        )
        assert not isinstance(drawn, Refusal)
    if fits < minutes:
        assert fits + unit > budget.left + leave, "a whole unit more is not left"


@given(st.integers(1, 5000), st.sampled_from(UNITS))
def test_rounding_keeps_near(real, unit):
    up, nearest = accounted(real, unit, Rounding.UP), accounted(real, unit, Rounding.NEAREST)
    assert up % unit == nearest % unit == 0
    assert real <= up < real + unit
    assert nearest >= unit
    assert abs(nearest - real) <= unit / 2 or nearest == unit


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 100_000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_minutes_are_the_same_in_every_zone(start, minutes, zone):
    end = start + timedelta(minutes=minutes)
    assert minutes_between(start, end) == minutes
    here = ZoneInfo(zone)
    assert (
        minutes_between(start.astimezone(here).astimezone(UTC), end.astimezone(here).astimezone(UTC))
        == minutes
    )


@given(budgets(), st.integers(1, 3000), st.integers(15, 600))
def test_a_prepayment_covers_what_is_beyond_and_no_whole_block_more(budget, estimate, block):
    found = prepayment(estimate, budget, block_minutes=block, hourly_rate=Decimal("117.30"), currency="EUR")
    assert found.minutes - block < found.beyond <= found.minutes
    assert max(0, budget.free) + found.minutes >= estimate
    assert rounded(found.net, "EUR") == found.net


@given(
    st.lists(st.tuples(st.integers(1, 600), st.integers(0, 600), st.decimals(0, 9999, places=2)), max_size=6)
)
def test_unused_time_is_never_worth_more_than_was_paid(rows):
    blocks = [(Block(str(n), size, min(used, size)), paid) for n, (size, used, paid) in enumerate(rows)]
    value = unused(blocks, "EUR")
    assert 0 <= value <= sum((paid for _block, paid in blocks), Decimal(0))


LINES = st.lists(
    st.builds(
        Line,
        st.decimals(-100, 1000, allow_nan=False, places=3),
        AMOUNTS,
        RATES,
        st.sampled_from(TaxTreatment),
    ),
    min_size=1,
    max_size=30,
)


@given(LINES, CURRENCIES, st.sampled_from(TaxRounding))
def test_lines_and_totals_agree_under_every_rule(lines, currency, rounding):
    found = bill(lines, currency, rounding)
    assert isinstance(found, Bill)
    unit = Decimal(1).scaleb(-digits(currency))
    assert (
        found.net
        == sum((one.net for one in found.lines), Decimal(0))
        == sum((one.net for one in found.sums), Decimal(0))
    )
    assert found.tax == sum((one.tax for one in found.sums), Decimal(0))
    assert found.gross == sum((one.gross for one in found.lines), Decimal(0))
    for one in found.lines:
        assert one.tax == rounded(one.tax, currency)
        assert abs(one.tax - one.net * one.rate / 100) < unit
    for one in found.sums:
        count = sum(1 for line in found.lines if (line.treatment, line.rate) == (one.treatment, one.rate))
        slack = unit / 2 if rounding is TaxRounding.PER_RATE else unit / 2 * count
        assert abs(one.tax - one.net * one.rate / 100) <= slack
