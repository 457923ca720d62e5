# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7 and R9 on plain values: the copy's states, what a quote and a shipment must say, what the client's paper comes to."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.rules import copies, returning
from partwell.rules.charges import VendorCharge
from partwell.rules.copies import COPY_MOVES, KEY_WAYS, WORDS, CopyState, Settling, Shipment
from partwell.rules.refusals import Refusal
from partwell.rules.returning import QuoteState
from partwell.rules.terms import ClientState

DAY = date(2026, 11, 23)
NEXT = DAY + timedelta(days=1)
D = Decimal

TABLE = {
    "asked no_shipping no_shipping", "asked quote quoted", "asked decline declined",
    "no_shipping quote quoted", "no_shipping decline declined",
    "quoted no_shipping no_shipping", "quoted quote quoted", "quoted approve approved", "quoted decline declined",
    "approved quote quoted", "approved decline declined", "approved order ordered",
    "declined quote quoted", "ordered ship shipped", "shipped arrive arrived",
}  # fmt: skip


def code(found: object) -> str:
    return found.code if isinstance(found, Refusal) else ""


def test_the_table_holds_exactly_these_moves() -> None:
    assert set(COPY_MOVES) == set(CopyState)
    found = set()
    for state, move in product(CopyState, WORDS):
        after = copies.copy_after(state, move, "Nightly set")
        if isinstance(after, Refusal):
            assert after.code == "copy_step" and state.label in after.sentence
        else:
            found.add(f"{state} {move} {after}")
    assert found == TABLE


@pytest.mark.parametrize(
    ("what", "where", "expected"),
    [
        ("Set", "Street", ""),
        ("", "Street", "copy_of_what"),
        ("Set", " ", "copy_without_address"),
        (" ", " ", "copy_of_what"),
    ],
)
def test_a_wish(what: str, where: str, expected: str) -> None:
    assert code(copies.check_wish(what, where)) == expected


@pytest.mark.parametrize(
    ("vendor", "alternatives", "expected"),
    [("C", "Download", ""), ("", "Download", "copy_vendor_missing"), ("C", " ", "copy_without_alternatives")],
)
def test_no_shipping(vendor: str, alternatives: str, expected: str) -> None:
    assert code(copies.check_no_shipping(vendor, alternatives)) == expected


@pytest.mark.parametrize(
    ("net", "currency", "vendor", "source", "day", "expected"),
    [
        ("480", "EUR", "C", "Mail", DAY, ""),
        ("480", "EUR", " ", "Mail", DAY, "copy_vendor_missing"),
        ("480", "eur", "C", "Mail", DAY, "currency_unknown"),
        ("480.001", "EUR", "C", "Mail", DAY, "amount_not_payable"),
        ("NaN", "EUR", "C", "Mail", DAY, "amount_not_payable"),
        ("0", "EUR", "C", "Mail", DAY, "copy_amount_not_positive"),
        ("-1", "EUR", "C", "Mail", DAY, "copy_amount_not_positive"),
        ("480.5", "JPY", "C", "Mail", DAY, "amount_not_payable"),
        ("480", "EUR", "C", " ", DAY, "quote_without_source"),
        ("480", "EUR", "C", "Mail", NEXT, "quote_without_source"),
    ],
)
def test_a_quote(net: str, currency: str, vendor: str, source: str, day: date, expected: str) -> None:
    assert (
        code(copies.check_quote(D(net), currency, vendor=vendor, source=source, day=day, today=DAY))
        == expected
    )


@pytest.mark.parametrize(
    ("shipment", "expected"),
    [
        (Shipment("P", "S", "AES", DAY), ""),
        (Shipment("P", "S", " ", DAY), "copy_not_encrypted"),
        (Shipment(" ", "S", "AES", DAY), "copy_shipment_incomplete"),
        (Shipment("P", "", "AES", DAY), "copy_shipment_incomplete"),
        (Shipment("P", "S", "AES", NEXT), "copy_shipped_in_future"),
    ],
)
def test_a_shipment(shipment: Shipment, expected: str) -> None:
    assert code(copies.check_shipment(shipment, DAY)) == expected


@pytest.mark.parametrize(("way", "day"), list(product([*KEY_WAYS, "hunter2", ""], [DAY, NEXT])))
def test_the_key_goes_a_known_way_and_is_never_written(way: str, day: date) -> None:
    assert (copies.check_key_way(way, day, DAY) is None) is (way in KEY_WAYS and day == DAY)


@pytest.mark.parametrize(
    ("net", "currency", "number", "attached", "expected"),
    [
        ("480", "EUR", "7", True, ""),
        ("480", "EUR", " ", True, "vendor_proof_missing"),
        ("480", "EUR", "7", False, "vendor_proof_missing"),
        ("0", "EUR", "7", True, "copy_amount_not_positive"),
        ("480.005", "EUR", "7", True, "amount_not_payable"),
        ("480", "USD", "7", True, ""),
    ],
)
def test_a_vendors_invoice(net: str, currency: str, number: str, attached: bool, expected: str) -> None:
    found = copies.check_vendor_invoice(D(net), currency, number=number, attached=attached)
    assert code(found) == expected


@pytest.mark.parametrize(
    ("currency", "rate", "day", "source", "expected"),
    [
        ("EUR", "0", None, "", "100.00"),
        ("USD", "0.9", DAY, "ECB", "90.00"),
        ("USD", "0.33333", DAY, "ECB", "33.33"),
        ("USD", "0.9", None, "ECB", "copy_other_currency"),
        ("USD", "0.9", DAY, " ", "copy_other_currency"),
        ("USD", "0", DAY, "ECB", "copy_other_currency"),
        ("USD", "-1", DAY, "ECB", "copy_other_currency"),
        ("USD", "NaN", DAY, "ECB", "copy_other_currency"),
    ],
)
def test_an_invoice_is_compared_in_the_currency_of_its_quote(
    currency: str, rate: str, day: date | None, source: str, expected: str
) -> None:
    found = copies.as_quoted(VendorCharge(D("100.00"), currency, D(rate), day, source), "EUR")
    assert (code(found) if isinstance(found, Refusal) else str(found)) == expected


@pytest.mark.parametrize(
    ("quoted", "to_client", "to_quote", "expected"),
    [("EUR", "7", "3", "480"), ("USD", "0.9", "1", "432.00"), ("USD", "1", "1.2", "400.00"), ("USD", "1.15", "1.25", "441.60")],
)  # fmt: skip
def test_what_was_approved_in_the_clients_currency(
    quoted: str, to_client: str, to_quote: str, expected: str
) -> None:
    found = copies.approved_for_client(
        D(480), quoted=quoted, client="EUR", to_client=D(to_client), to_quote=D(to_quote)
    )
    assert str(found) == expected


@pytest.mark.parametrize(
    ("approved", "vendor", "target", "billed", "expected"),
    [
        (480, None, None, 0, Settling.NOT_BILLED),
        (480, 480, 480, 480, Settling.SETTLED),
        (480, 480, 480, 0, Settling.TO_BILL),
        (480, 450, 450, 480, Settling.TO_BILL),
        (480, 510, 510, 0, Settling.ASKED),
        (480, 510, 510, 510, Settling.SETTLED),
        (None, 510, 510, 0, Settling.ASKED),
    ],
)
def test_where_a_copy_stands(approved, vendor, target, billed, expected) -> None:  # type: ignore[no-untyped-def]
    amounts = [None if one is None else D(one) for one in (approved, vendor, target)]
    assert copies.settling(amounts[0], amounts[1], amounts[2], D(billed)) is expected


_amounts = st.decimals(min_value="0.01", max_value="99999", places=2)


@given(_amounts, _amounts, _amounts, st.booleans())
def test_lines_come_to_the_vendors_net_and_nobody_pays_unasked(
    target: Decimal, billed: Decimal, approved: Decimal, bear: bool
) -> None:
    found = copies.due(target, billed, approved, bear=bear)
    assert billed + found.line == target
    assert found.credit <= 0
    if bear:
        assert target + found.credit == min(target, approved)
    else:
        assert found.credit == 0


@pytest.mark.parametrize("state", list(ClientState))
def test_who_is_quoted(state: ClientState) -> None:
    assert code(returning.may_quote(state, "N")) == (
        "" if state is ClientState.RETURNING else "not_returning"
    )


def test_every_pain_point_has_its_answer() -> None:
    points = {"a": "Slow", "b": "Silent"}
    assert returning.all_answered({}, {}) is None
    assert returning.all_answered(points, {"a": "1", "b": "2"}) is None
    for answers in ({}, {"a": "1"}, {"a": "1", "b": "  "}, {"a": "1", "c": "2"}):
        assert code(returning.all_answered(points, answers)) == "point_unanswered"


@pytest.mark.parametrize(
    ("days", "expected"), [(-1, False), (0, False), (1, True), (365, True), (366, False)]
)
def test_how_long_a_quote_stands(days: int, expected: bool) -> None:
    assert (returning.check_offer(DAY + timedelta(days=days), DAY) is None) is expected


@pytest.mark.parametrize(("state", "day"), list(product(QuoteState, (DAY, NEXT))))
def test_answering_a_quote(state: QuoteState, day: date) -> None:
    found = code(returning.may_answer(state, DAY, day))
    late = state is QuoteState.SENT and day == NEXT
    expected = (
        "quote_lapsed"
        if late or state is QuoteState.LAPSED
        else ""
        if state is QuoteState.SENT
        else "quote_answered"
    )
    assert found == expected
    assert returning.lapsed(state, DAY, day) is late


@pytest.mark.parametrize(
    ("net", "currency", "day", "taken", "expected"),
    [
        ("2400", "EUR", DAY, False, ""),
        ("2400", "EUR", NEXT, False, ""),
        ("0", "EUR", DAY, False, "price_not_positive"),
        ("2400.001", "EUR", DAY, False, "amount_not_payable"),
        ("2400", "E", DAY, False, "currency_unknown"),
        ("2400", "EUR", DAY - timedelta(days=1), False, "price_in_past"),
        ("2400", "EUR", DAY, True, "price_stands"),
    ],
)
def test_the_price_list(net: str, currency: str, day: date, taken: bool, expected: str) -> None:
    assert code(returning.check_price(D(net), currency, day, DAY, taken=taken)) == expected


@pytest.mark.parametrize(
    ("fee", "expected"), [("0", ""), ("1", ""), ("-1", "price_not_positive"), ("NaN", "amount_not_payable")]
)
def test_an_exceptional_fee(fee: str, expected: str) -> None:
    assert code(returning.check_fee(D(fee), "EUR")) == expected
