# SPDX-License-Identifier: AGPL-3.0-or-later
"""Money as exact decimals with a currency, and bills whose lines add up to their totals.

Never a float: one has no tenth of a cent. Amounts are rounded half up to the currency's minor unit (the
commercial rounding of EN 16931, BR-CO-17), once, where the bill's rule says so, and never again after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

from partwell.rules.refusals import Refusal, refuse

# ISO 4217, "minor unit": everything not named here has two digits.
_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
LARGEST = Decimal("999999999.99")
_HUNDRED = Decimal(100)


class TaxTreatment(StrEnum):
    """Why a line carries the tax that it carries; all but *standard* carry none and say so on paper."""

    STANDARD = "standard"
    ZERO = "zero"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"
    OUTSIDE = "outside"


class TaxRounding(StrEnum):
    """Where tax is rounded: on each line, or once on the sum of each rate (then shared out to the lines)."""

    PER_LINE = "per_line"
    PER_RATE = "per_rate"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is asked for: ``quantity`` × ``unit_price`` (net), ``rate`` in per cent (19 for 19 %)."""

    quantity: Decimal
    unit_price: Decimal
    rate: Decimal = Decimal(0)
    treatment: TaxTreatment = TaxTreatment.STANDARD


@dataclass(frozen=True, slots=True)
class BilledLine:
    net: Decimal
    tax: Decimal
    rate: Decimal
    treatment: TaxTreatment

    @property
    def gross(self) -> Decimal:
        """Net and tax together."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class RateSum:
    """What stands under the lines for one treatment and rate."""

    treatment: TaxTreatment
    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines and totals in one currency; every total is the plain sum of what stands above it."""

    currency: str
    lines: tuple[BilledLine, ...]
    sums: tuple[RateSum, ...]

    @property
    def net(self) -> Decimal:
        """Sum of the lines' net amounts."""
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """Sum of the lines' tax."""
        return sum((line.tax for line in self.lines), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.tax


def digits(currency: str) -> int:
    """Decimal places of ``currency`` (ISO 4217 code): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """``amount`` in whole minor units, half up away from zero, with the currency's own number of places."""
    return amount.quantize(Decimal(1).scaleb(-digits(currency)), rounding=ROUND_HALF_UP)


def amount_stands(amount: Decimal, currency: str, *, what: str) -> Refusal | None:
    """None for an amount that can stand on paper: finite, whole minor units, not absurd, a currency code."""
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        return refuse("currency_unknown", currency=currency[:12] or "nothing")
    if not amount.is_finite() or abs(amount) > LARGEST or rounded(amount, currency) != amount:
        return refuse("amount_not_payable", what=what, digits=digits(currency), currency=currency)
    return None


def effective_rate(line: Line) -> Decimal:
    """The line's rate in per cent; everything but *standard* is taxed at nothing."""
    return line.rate if line.treatment is TaxTreatment.STANDARD else Decimal(0)


def bill(
    lines: Iterable[Line], currency: str, rounding: TaxRounding = TaxRounding.PER_RATE
) -> Bill | Refusal:
    """The bill of ``lines`` (net prices) in ``currency``.

    With ``PER_RATE`` the tax of a rate is rounded once and its minor units are shared out by the largest
    remainder, so that lines and totals agree whichever of them a reader adds up. Refuses a line that is not
    finite, a rate outside 0–100 per cent and a bill without lines.
    """
    asked = tuple(lines)
    if not asked:
        return refuse("bill_empty")
    for number, line in enumerate(asked, 1):
        rate_ok = line.rate.is_finite() and 0 <= line.rate <= _HUNDRED
        if not (rate_ok and line.quantity.is_finite() and line.unit_price.is_finite()):
            return refuse("line_invalid", number=number)
        if abs(line.quantity * line.unit_price) > LARGEST:
            return refuse("line_invalid", number=number)
    nets = [rounded(line.quantity * line.unit_price, currency) for line in asked]
    groups: dict[tuple[TaxTreatment, Decimal], list[int]] = {}
    for place, line in enumerate(asked):
        groups.setdefault((line.treatment, effective_rate(line)), []).append(place)
    taxes: list[Decimal] = [Decimal(0)] * len(asked)
    for (_treatment, rate), places in groups.items():
        exact = [nets[place] * rate / _HUNDRED for place in places]
        if rounding is TaxRounding.PER_LINE:
            shares = [rounded(one, currency) for one in exact]
        else:
            shares = _shared_out(rounded(sum(exact, Decimal(0)), currency), exact, currency)
        for place, share in zip(places, shares, strict=True):
            taxes[place] = share
    billed = tuple(
        BilledLine(net, tax, effective_rate(line), line.treatment)
        for line, net, tax in zip(asked, nets, taxes, strict=True)
    )
    sums = tuple(
        RateSum(
            treatment,
            rate,
            sum((nets[place] for place in places), Decimal(0)),
            sum((taxes[place] for place in places), Decimal(0)),
        )
        for (treatment, rate), places in groups.items()
    )
    return Bill(currency, billed, sums)


def _shared_out(total: Decimal, exact: list[Decimal], currency: str) -> list[Decimal]:
    """``total`` in shares next to ``exact``: each is rounded down, the rest goes to the largest remainders."""
    unit = Decimal(1).scaleb(-digits(currency))
    shares = [one.quantize(unit, rounding=ROUND_FLOOR) for one in exact]
    missing = int((total - sum(shares, Decimal(0))) / unit)
    order = sorted(range(len(exact)), key=lambda at: (shares[at] - exact[at], at))
    for at in order[:missing]:
        shares[at] += unit
    return shares


def settled(asked: Decimal, payments: Iterable[Decimal]) -> Decimal:
    """What is still open of ``asked`` after ``payments`` (refunds are negative); negative when overpaid."""
    return asked - sum(payments, Decimal(0))
