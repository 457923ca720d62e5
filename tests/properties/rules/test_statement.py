# SPDX-License-Identifier: AGPL-3.0-or-later
"""Random stories of hours and money: whatever was recorded, the statement's sums are the sums of its lines."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.hours import (
    Block,
    Budget,
    OnAccount,
    Rounding,
    Source,
    WorkClass,
    WorkKind,
    accounted,
    draw,
)
from partwell.rules.money import digits, rounded
from partwell.rules.refusals import Refusal
from partwell.rules.statement import (
    COLUMNS,
    Bought,
    Drawn,
    Paid,
    Paper,
    Passed,
    balances,
    course,
    hours_sum,
    money_sums,
    months,
    passed_sums,
    unsettled,
)

START = date(2025, 10, 20)
days = st.integers(0, 420).map(lambda n: START + timedelta(days=n))
CURRENCIES = ("EUR", "JPY", "KWD")


@st.composite
def story(make: Any) -> tuple[int, list[Drawn], list[Bought]]:
    """Time drawn by the rule itself from included minutes and blocks that are bought on the way; some is taken back."""
    included = make(st.integers(0, 600))
    budget = Budget(included)
    leave = 120
    drawn: list[Drawn] = []
    blocks: dict[str, Bought] = {}
    for number in range(make(st.integers(0, 25))):
        what = make(st.sampled_from(["work", "work", "work", "buy", "back"]))
        day = make(days)
        if what == "buy":
            minutes = make(st.sampled_from([60, 120, 300]))
            one = f"b{number}"
            blocks[one] = Bought(one, minutes, 0, Decimal(minutes) * 2, "EUR", day)
            budget = replace(budget, blocks=(*budget.blocks, Block(one, minutes)))
            continue
        if what == "back" and drawn:
            old = make(st.sampled_from(drawn))
            if old.minutes > 0 and not any(one == replace(old, minutes=-old.minutes) for one in drawn):
                parts = [replace(old, minutes=-old.minutes)]
            else:
                parts = []
        else:
            kind = make(st.sampled_from(list(WorkKind)))
            work = make(st.sampled_from(list(WorkClass)))
            minutes = accounted(make(st.integers(1, 200)), make(st.sampled_from([1, 15, 30])), Rounding.UP)
            found = draw(minutes, budget, work, kind, OnAccount("flood", leave))
            parts = (
                []
                if isinstance(found, Refusal)
                else [Drawn(day, p.source, work, p.minutes, p.block_id) for p in found]
            )
        for part in parts:
            drawn.append(part)
            if part.source is Source.INCLUDED:
                budget = replace(budget, included_used=budget.included_used + part.minutes)
            elif part.source is Source.ON_ACCOUNT:
                leave -= part.minutes
            elif part.source is Source.BLOCK:
                rows = tuple(
                    replace(b, used=b.used + part.minutes) if b.id == part.block_id else b
                    for b in budget.blocks
                )
                budget = replace(budget, blocks=rows)
                blocks[part.block_id] = replace(
                    blocks[part.block_id], used=blocks[part.block_id].used + part.minutes
                )
    if make(st.booleans()):
        blocks = {key: replace(one, settled=START + timedelta(days=500)) for key, one in blocks.items()}
    return included, drawn, list(blocks.values())


@given(story())
def test_hours_add_up_to_their_lines_and_nothing_is_lost(told: tuple[int, list[Drawn], list[Bought]]) -> None:
    included, drawn, blocks = told
    sums = hours_sum(included, drawn, blocks)
    assert sums.included + sums.bought == sums.used + sums.left + sums.settled
    assert sums.block_used == sum(one.used for one in blocks)
    assert min(sums.included_used, sums.block_used, sums.left, sums.settled, sums.on_account) >= 0
    everything = sum(one.minutes for one in drawn)
    assert sums.used + sums.on_account + sums.as_is + sums.goodwill + sums.service == everything
    by_month = months(drawn)
    assert sum(one.total for one in by_month) == everything
    for column, name in zip(COLUMNS, ("included_used", "block_used", *COLUMNS[2:]), strict=True):
        assert sum(getattr(one, column) for one in by_month) == getattr(sums, name)
    assert [one.first for one in by_month] == sorted({one.day.replace(day=1) for one in drawn})


@given(story())
def test_lines_and_their_sums_by_day_give_the_same_statement(
    told: tuple[int, list[Drawn], list[Bought]],
) -> None:
    included, drawn, blocks = told
    summed: dict[tuple[date, Source, WorkClass, str], int] = {}
    for one in drawn:
        key = (one.day, one.source, one.work_class, one.block_id)
        summed[key] = summed.get(key, 0) + one.minutes
    rows = [
        Drawn(day, source, work, minutes, block) for (day, source, work, block), minutes in summed.items()
    ]
    assert hours_sum(included, rows, blocks) == hours_sum(included, drawn, blocks)
    assert months(rows) == months(drawn)
    assert course(included, rows, blocks, START) == course(included, drawn, blocks, START)


@given(story())
def test_the_chart_ends_where_the_sums_do(told: tuple[int, list[Drawn], list[Bought]]) -> None:
    included, drawn, blocks = told
    sums, steps = hours_sum(included, drawn, blocks), course(included, drawn, blocks, START)
    assert [one.day for one in steps] == sorted({one.day for one in steps})
    assert steps[-1].used == sums.used + sums.on_account
    assert steps[-1].budget == sums.included + sums.bought - sums.settled


@st.composite
def papers(make: Any) -> tuple[list[Paper], list[Paid]]:
    """Requests and invoices, credit notes about them and about papers of elsewhere, payments and refunds."""
    rows: list[Paper] = []
    for number in range(make(st.integers(0, 12))):
        currency = make(st.sampled_from(CURRENCIES))
        amount = Decimal(make(st.integers(0, 10**7))).scaleb(-digits(currency))
        rows.append(Paper(f"p{number}", "invoice", currency, amount, Decimal(0), amount))
    for number in range(make(st.integers(0, 6))):
        about = make(st.sampled_from([*rows, None]))
        currency = about.currency if about else "EUR"
        amount = -Decimal(make(st.integers(0, 10**6))).scaleb(-digits(currency))
        credits = about.id if about and about.kind == "invoice" else make(st.sampled_from(["", "elsewhere"]))
        rows.append(Paper(f"c{number}", "credit_note", currency, amount, Decimal(0), amount, credits))
    moved = [
        Paid(one.id, Decimal(make(st.integers(-(10**6), 10**6))).scaleb(-digits(one.currency)))
        for one in rows
        if make(st.booleans())
    ]
    return rows, moved


@given(papers())
def test_money_adds_up_to_its_papers_in_every_currency(told: tuple[list[Paper], list[Paid]]) -> None:
    rows, moved = told
    currency = {one.id: one.currency for one in rows}
    sums = money_sums(rows, moved)
    assert [one.currency for one in sums] == sorted(set(currency.values()))
    left = balances(rows, moved)
    assert sum(left.values()) == sum(one.gross for one in rows) - sum(one.amount for one in moved)
    for one in sums:
        assert min(one.asked, one.credited, one.paid, one.refunded, one.open, one.in_favour) >= 0
        assert one.asked - one.credited - one.paid + one.refunded == one.open - one.in_favour
        assert one.asked == sum(
            p.gross for p in rows if p.currency == one.currency and p.kind != "credit_note"
        )
        assert rounded(one.open, one.currency) == one.open


@given(st.lists(st.tuples(st.sampled_from(CURRENCIES), st.integers(0, 10**6)), max_size=12))
def test_what_was_passed_through_is_the_vendors_net_without_markup(given_: list[tuple[str, int]]) -> None:
    rows = [Passed(code, Decimal(n), Decimal(n)) for code, n in given_]
    assert all(one.markup == 0 for one in rows)
    assert sum(net for _, net in passed_sums(rows)) == sum(n for _, n in given_)
    borne = [replace(one, borne=one.billed / 4) for one in rows]
    assert all(one.markup == 0 for one in borne)
    assert sum(net for _, net in passed_sums(borne)) == sum(one.billed - one.borne for one in borne)


@given(st.integers(1, 6000), st.data(), st.sampled_from(CURRENCIES), st.integers(0, 10**7))
def test_unused_time_is_settled_once_and_to_the_last_unit(
    minutes: int, data: st.DataObject, currency: str, price: int
) -> None:
    used = data.draw(st.integers(0, minutes))
    net = Decimal(price).scaleb(-digits(currency))
    block = Bought("b", minutes, used, net, currency, START)
    value = unsettled(block)
    assert 0 <= value <= net and rounded(value, currency) == value
    assert unsettled(replace(block, credited=value)) == 0
    assert unsettled(replace(block, used=minutes)) == 0
    assert unsettled(replace(block, used=0)) == net
