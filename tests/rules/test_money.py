# SPDX-License-Identifier: AGPL-3.0-or-later
"""Money, law profiles and the returning client's fee, on plain values."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest

from partwell.rules.charges import (
    InvoiceState,
    RequestState,
    VendorCharge,
    approve_quote,
    check_estimate,
    difference,
    in_clients_currency,
    may_answer,
    may_pay,
    may_work_for,
    on_account,
    pass_through,
    payment_proved,
)
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.law import Charge, LineClass, judge_line, may_charge
from partwell.rules.law_profiles import DATA_ACT, GDPR, HIPAA, PROFILES
from partwell.rules.money import (
    Bill,
    Line,
    TaxRounding,
    TaxTreatment,
    amount_stands,
    bill,
    digits,
    rounded,
    settled,
)
from partwell.rules.refusals import Refusal
from partwell.rules.returning import ExceptionKind, check_quote, may_return, names_the_systems
from partwell.rules.terms import ClientState

D = Decimal


def code(found: object) -> str:
    return found.code if isinstance(found, Refusal) else ""


def test_minor_units_and_half_up():
    assert [digits(c) for c in ("EUR", "JPY", "KWD", "CHF")] == [2, 0, 3, 2]
    assert [rounded(D(a), "EUR") for a in ("0.005", "-0.005", "1.004", "2.675")] == [
        D("0.01"), D("-0.01"), D("1.00"), D("2.68"),
    ]  # fmt: skip
    assert rounded(D("10.5"), "JPY") == 11


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [("12.50", "EUR", ""), ("12.505", "EUR", "amount_not_payable"), ("1.5", "JPY", "amount_not_payable"), ("NaN", "EUR", "amount_not_payable"),
     ("Infinity", "EUR", "amount_not_payable"), ("1e12", "EUR", "amount_not_payable"), ("1", "eur", "currency_unknown"),
     ("1", "", "currency_unknown"), ("1", "EU", "currency_unknown"), ("1", "ÄÖÜ", "currency_unknown"), ("-3.10", "EUR", "")],
)  # fmt: skip
def test_amounts_that_can_stand_on_paper(amount, currency, expected):
    assert code(amount_stands(D(amount), currency, what="The price")) == expected


def test_one_rate_rounded_once_and_shared_out():
    lines = [Line(D(1), D("0.13"), D(19))] * 3  # 0.0247 each: 0.02 by line, 0.07 on the sum
    by_line, by_rate = bill(lines, "EUR", TaxRounding.PER_LINE), bill(lines, "EUR")
    assert isinstance(by_line, Bill) and isinstance(by_rate, Bill)
    assert (by_line.tax, by_rate.tax) == (D("0.06"), D("0.07"))
    assert sorted(one.tax for one in by_rate.lines) == [D("0.02"), D("0.02"), D("0.03")]


def test_only_standard_lines_are_taxed():
    found = bill([Line(D(2), D(50), D(19), treatment) for treatment in TaxTreatment], "EUR")
    assert isinstance(found, Bill)
    assert found.tax == D(19)
    assert {one.treatment: one.tax for one in found.sums}[TaxTreatment.REVERSE_CHARGE] == 0


@pytest.mark.parametrize(
    "line",
    [Line(D("NaN"), D(1)), Line(D(1), D("Infinity")), Line(D(1), D(1), D(-1)), Line(D(1), D(1), D(101)),
     Line(D(1), D(1), D("NaN")), Line(D(10**6), D(10**6))],
)  # fmt: skip
def test_absurd_lines_are_named(line):
    found = bill([Line(D(1), D(1)), line], "EUR")
    assert isinstance(found, Refusal)
    assert found.code == "line_invalid"
    assert "Line 2" in found.sentence
    assert code(bill([], "EUR")) == "bill_empty"


def test_what_is_still_open():
    assert settled(D("100.00"), [D("60.00"), D("-10.00")]) == D("50.00")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 1, 10), Charge.FREE_TO_AGREE),
        (date(2024, 1, 11), Charge.AT_COST),
        (date(2027, 1, 11), Charge.AT_COST),
        (date(2027, 1, 12), Charge.BANNED),
        (date(2040, 1, 1), Charge.BANNED),
    ],
)
def test_the_data_act_by_day_and_line(day, expected):
    for line_class in LineClass:
        found = judge_line((GDPR, DATA_ACT, HIPAA), line_class, day)
        if line_class is LineClass.SWITCHING:
            assert found.charge is expected
            if expected is not Charge.FREE_TO_AGREE:
                assert found.source and found.last_checked and "Article 29" in found.article
        else:
            assert found.charge is Charge.FREE_TO_AGREE
        assert judge_line((GDPR, HIPAA), line_class, day).charge is Charge.FREE_TO_AGREE


@pytest.mark.parametrize(
    ("day", "net", "cost", "override"),
    list(
        product(
            (date(2023, 1, 1), date(2026, 1, 1), date(2027, 6, 1)),
            ("0", "100", "101"),
            (None, "100"),
            ("", "why"),
        )
    ),
)
def test_what_may_stand_on_the_bill(day, net, cost, override):
    verdict = judge_line((DATA_ACT,), LineClass.SWITCHING, day)
    found = code(may_charge(verdict, D(net), D(cost) if cost else None, overridden=override))
    if override or net == "0" or verdict.charge is Charge.FREE_TO_AGREE:
        assert found == ""
    elif verdict.charge is Charge.BANNED:
        assert found == "charge_banned"
    else:
        assert found == ("" if cost and D(net) <= D(cost) else "charge_above_cost")


def test_profiles_have_sources_and_do_not_overlap():
    for one in PROFILES.values():
        assert one.source and one.binds and one.version >= 1 and one.last_checked <= date(2100, 1, 1)
        for first, second in product(one.charges, one.charges):
            if first is not second and first.classes & second.classes:
                assert first.until == second.since or second.until == first.since
    assert DATA_ACT.charges[1].since - DATA_ACT.charges[0].since > timedelta(365)


@pytest.mark.parametrize(
    "reason",
    ["because the systems remain", "Their agents are still installed", "Everything is in place already", "The firewall stayed as before, systems unchanged",
     "all documentation still exists", "equipment\nis still there and in place", "we already have the servers running",
     "Nothing has changed at their site", "nothing to install", "No new setup is needed", "There is less onboarding work", "half the work",
     "We don't need to set up anything", "we don’t have to onboard them again", "The RMM never left; the stack is the same",
     "same systems as in 2024", "We know their network", "The agents were never removed", "agents weren't uninstalled",
     "we pick up where we left off", "just switch it back on", "sys\u200btems rem\u200bain", "no migration", "Their gear is intact"],
)  # fmt: skip
def test_that_systems_remain_is_no_reason(reason):
    assert names_the_systems(reason)
    for by_owner in (False, True):
        found = check_quote(D(900), D(1200), by_owner=by_owner, reason=reason, kind=ExceptionKind.GIFT)
        assert code(found) == "systems_remain"
    assert check_quote(D(1200), D(1200), by_owner=False, reason=reason) is None


@pytest.mark.parametrize(
    ("by_owner", "reason", "expected"),
    [(True, "We failed them in 2024 and owe them this.", ""), (True, "  ", "fee_exception_reason"),
     (False, "We failed them in 2024.", "fee_not_normal"), (False, "", "fee_not_normal")],
)  # fmt: skip
def test_an_exception_is_an_owners(by_owner, reason, expected):
    for asked in (D(0), D(900), D(1500)):
        assert (
            code(check_quote(asked, D(1200), by_owner=by_owner, reason=reason, kind="our_failure"))
            == expected
        )


@pytest.mark.parametrize(
    "reason",
    ["We failed them in 2024 and owe them this.", "Ten years together", "They sign for three years", "A charity that feeds the town",
     "We caused the outage of March", "The new agreement covers one site of three", "An apology for the Saturday nobody answered"],
)  # fmt: skip
def test_other_reasons_are_an_owners_to_give(reason):
    assert not names_the_systems(reason)


@pytest.mark.parametrize("kind", ["", "nonsense", *ExceptionKind])
def test_the_kind_of_an_exception_is_chosen_and_one_is_refused_to_everybody(kind):
    expected = {
        "": "fee_exception_reason",
        "nonsense": "fee_exception_reason",
        "systems_remain": "systems_remain",
    }
    found = check_quote(D(900), D(1200), by_owner=True, reason="Ten years together", kind=kind)
    assert code(found) == expected.get(kind, "")
    others = check_quote(D(900), D(1200), by_owner=False, reason="Ten years together", kind=kind)
    assert code(others) == ("systems_remain" if kind == "systems_remain" else "fee_not_normal")
    assert code(check_quote(D(900), D(1200), by_owner=True, reason=" . ", kind=kind)) != ""
    assert all(one.label for one in ExceptionKind)


def test_only_the_inactive_return():
    assert {state: code(may_return(state, "Northwick")) for state in ClientState} == {
        ClientState.ACTIVE: "not_inactive",
        ClientState.DEPARTING: "not_inactive",
        ClientState.INACTIVE: "",
        ClientState.RETURNING: "not_inactive",
    }


@pytest.mark.parametrize(("state", "minutes"), list(product(RequestState, (-1, 0, 1, 9600, 9601))))
def test_estimates(state, minutes):
    found = code(check_estimate(state, minutes, "Diagram"))
    if state not in (RequestState.ASKED, RequestState.ESTIMATED):
        assert found == "request_not_open"
    else:
        assert found == ("" if 1 <= minutes <= 9600 else "estimate_invalid")


def test_a_request_is_answered_once():
    assert {state for state in RequestState if may_answer(state, "Diagram") is None} == {
        RequestState.ESTIMATED
    }


@pytest.mark.parametrize(("reason", "minutes"), list(product(("", " ", "flood"), (-1, 0, 60, 99999))))
def test_leave_to_work_on_account(reason, minutes):
    assert (on_account(reason, minutes) is None) is (reason == "flood" and minutes == 60)


@pytest.mark.parametrize(
    ("state", "amount", "given", "expected"),
    [
        (InvoiceState.OPEN, "50.00", "EUR", ""),
        (InvoiceState.OPEN, "80.00", "EUR", ""),
        (InvoiceState.OPEN, "80.01", "EUR", "payment_too_much"),
        (InvoiceState.OPEN, "0", "EUR", "payment_invalid"),
        (InvoiceState.OPEN, "-5", "EUR", "payment_invalid"),
        (InvoiceState.OPEN, "NaN", "EUR", "payment_invalid"),
        (InvoiceState.OPEN, "5.005", "EUR", "payment_invalid"),
        (InvoiceState.OPEN, "50.00", "USD", "currency_mismatch"),
        (InvoiceState.PAID, "50.00", "EUR", "invoice_settled"),
        (InvoiceState.CANCELLED, "50.00", "EUR", "invoice_settled"),
    ],
)
def test_payments(state, amount, given, expected):
    assert code(may_pay(state, "2026-7", D(amount), D("80.00"), given, "EUR")) == expected


def test_a_dated_rate_with_its_source():
    dollars = VendorCharge(D("100.00"), "USD", D("0.9137"), date(2026, 3, 2), "ECB reference rate", True)
    assert in_clients_currency(dollars, "EUR") == D("91.37")
    assert in_clients_currency(VendorCharge(D("100.00"), "EUR"), "EUR") == D("100.00")
    for broken in (
        VendorCharge(D(1), "USD", D(1), None, "ECB"),
        VendorCharge(D(1), "USD", D(1), date(2026, 1, 1), " "),
        VendorCharge(D(1), "USD", D(0), date(2026, 1, 1), "ECB"),
        VendorCharge(D(1), "USD", D("NaN"), date(2026, 1, 1), "ECB"),
    ):
        assert code(in_clients_currency(broken, "EUR")) == "rate_undated"


@pytest.mark.parametrize(
    ("line", "attached", "expected"),
    [("100.00", True, ""), ("100.01", True, "passed_through_differs"), ("99.99", True, "passed_through_differs"),
     ("100.00", False, "vendor_proof_missing"), ("115.00", False, "vendor_proof_missing")],
)  # fmt: skip
def test_the_vendors_net_and_nothing_on_top(line, attached, expected):
    charge = VendorCharge(D("100.00"), "EUR", invoice_attached=attached)
    assert code(pass_through(charge, D(line), "EUR")) == expected


def test_a_pass_through_without_a_rate():
    assert code(pass_through(VendorCharge(D(1), "USD", invoice_attached=True), D(1), "EUR")) == "rate_undated"


def test_exactly_what_was_quoted_is_approved():
    assert approve_quote(D("80.00"), D("80.00")) is None
    assert [code(approve_quote(D("80.00"), a)) for a in (None, D("79.00"), D("81.00"))] == [
        "quote_not_approved"
    ] * 3
    assert (difference(D("80.00"), D("92.50")), difference(D("80.00"), D("75.00"))) == (
        D("12.50"),
        D("-5.00"),
    )


@pytest.mark.parametrize(("state", "work_class", "kind"), list(product(RequestState, WorkClass, WorkKind)))
def test_nothing_billable_begins_before_it_is_approved(state, work_class, kind):
    billable = work_class is WorkClass.OFFBOARDING and kind is not WorkKind.AS_IS
    stands = state in (RequestState.APPROVED, RequestState.DONE)
    expected = "request_not_approved" if billable and not stands else ""
    assert code(may_work_for(state, "Diagram", work_class, kind)) == expected


@pytest.mark.parametrize(("reference", "attached"), list(product(("", " ", "TRN 1"), (False, True))))
def test_a_payment_has_a_proof(reference, attached):
    assert (payment_proved(reference, attached=attached) is None) is (attached or reference == "TRN 1")
