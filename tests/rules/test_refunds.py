# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: what may go back, as a truth table."""

from decimal import Decimal
from itertools import product

import pytest

from partwell.rules.charges import may_refund


@pytest.mark.parametrize(
    ("amount", "given", "reason", "proved"),
    list(product(("0", "-1", "0.01", "100", "100.01", "1.001", "NaN", "Infinity"), ("EUR", "USD"), ("Paid twice", " "), (True, False))),
)  # fmt: skip
def test_money_goes_back_for_a_reason_with_proof_and_never_more_than_came_in(
    amount: str, given: str, reason: str, proved: bool
) -> None:
    found = may_refund("INV-1", Decimal(amount), Decimal(100), given, "EUR", reason=reason, proved=proved)
    code = found.code if found else None
    if given != "EUR":
        assert code == "currency_mismatch"
    elif amount not in ("0.01", "100"):
        assert code == "refund_invalid"
    elif not (reason.strip() and proved):
        assert code == "refund_unproved"
    else:
        assert code is None


def test_nothing_goes_back_where_nothing_came_in() -> None:
    found = may_refund("INV-1", Decimal(1), Decimal(0), "EUR", "EUR", reason="x", proved=True)
    assert found is not None and found.code == "refund_invalid" and "INV-1" in found.sentence
