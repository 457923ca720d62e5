# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5 and R7 where money moves: requests and their estimates, payments, and what a vendor's charge may become."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from partwell.rules.hours import ENTRY_LIMIT, WorkClass, WorkKind
from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal, refuse

ESTIMATE_LIMIT = 10 * ENTRY_LIMIT  # minutes of one request; a larger one is a project and is split

NUMBER_LIMIT = 99_999_999  # of a paper in its series


class RequestState(StrEnum):
    """A request for work, from the question to the work done."""

    ASKED = "asked"
    ESTIMATED = "estimated"
    APPROVED = "approved"
    DECLINED = "declined"
    DONE = "done"
    CANCELLED = "cancelled"


class InvoiceState(StrEnum):
    """A payment request or invoice; numbers are never used twice, a wrong one is cancelled by a credit note."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


def check_estimate(state: RequestState, minutes: int, subject: str) -> Refusal | None:
    """Staff estimate a request that nobody has answered yet; the estimate may be revised until it is approved."""
    if state not in (RequestState.ASKED, RequestState.ESTIMATED):
        return refuse("request_not_open", subject=subject, state=state)
    if not 1 <= minutes <= ESTIMATE_LIMIT:
        return refuse("estimate_invalid", hours=ESTIMATE_LIMIT // 60)
    return None


def may_answer(state: RequestState, subject: str) -> Refusal | None:
    """The client approves or declines what was estimated, once."""
    return (
        None if state is RequestState.ESTIMATED else refuse("request_not_open", subject=subject, state=state)
    )


def may_work_for(state: RequestState, subject: str, work_class: WorkClass, kind: WorkKind) -> Refusal | None:
    """Nothing billable of a request begins before the client approved it (R5); what is added to done work still may."""
    if work_class is not WorkClass.OFFBOARDING or kind is WorkKind.AS_IS:
        return None
    if state in (RequestState.APPROVED, RequestState.DONE):
        return None
    return refuse("request_not_approved", subject=subject, state=state)


def on_account(reason: str, minutes: int) -> Refusal | None:
    """An owner's leave to work without prepayment (R5): a reason and a number of minutes."""
    if not reason.strip() or not 0 < minutes <= ESTIMATE_LIMIT:
        return refuse("on_account_without_reason")
    return None


def may_pay(
    state: InvoiceState, number: str, amount: Decimal, still_open: Decimal, given: str, currency: str
) -> Refusal | None:
    """A payment fits an open invoice: its currency, more than nothing, no more than is open."""
    if state is not InvoiceState.OPEN:
        return refuse("invoice_settled", number=number, state=state)
    if given != currency:
        return refuse("currency_mismatch", given=given, expected=currency)
    if not amount.is_finite() or amount <= 0 or rounded(amount, currency) != amount:
        return refuse("payment_invalid")
    if amount > still_open:
        return refuse("payment_too_much", amount=amount, open_amount=still_open)
    return None


def payment_proved(reference: str, *, attached: bool) -> Refusal | None:
    """A payment is recorded with its proof: the bank's slip, or the reference under which it stands on the account."""
    return None if attached or reference.strip() else refuse("payment_unproved")


def may_refund(
    number: str, amount: Decimal, received: Decimal, given: str, currency: str, *, reason: str, proved: bool
) -> Refusal | None:
    """Money goes back for a reason and with its proof: the paper's currency, at most what came in for it."""
    if given != currency:
        return refuse("currency_mismatch", given=given, expected=currency)
    whole = amount.is_finite() and rounded(amount, currency) == amount
    if not whole or not 0 < amount <= received:
        return refuse("refund_invalid", amount=amount, received=received, number=number)
    if not reason.strip() or not proved:
        return refuse("refund_unproved")
    return None


# A prefix that ends in a digit would make two papers' labels one: A1 and 1, A and 11.
_PREFIX = re.compile(r"(?:[A-Za-z0-9/._-]{0,19}[A-Za-z/._-])?\Z")


def check_series(
    series: str, *, prefix: str, next_number: int, now: int, used: bool, taken: Iterable[str]
) -> Refusal | None:
    """An owner chooses prefix and first number before the first paper; afterwards the numbers stay gapless.

    ``now``: the number that comes next today; ``used``: whether the series has a paper; ``taken``: other series'
    prefixes, past ones too.
    """
    if not _PREFIX.match(prefix) or prefix in set(taken):
        return refuse("series_prefix", prefix=prefix)
    if not 1 <= next_number <= NUMBER_LIMIT:
        return refuse("invalid_input", where="The first number", problem="between 1 and 99,999,999")
    if used and next_number != now:
        return refuse("series_in_use", series=series, next=now)
    return None


@dataclass(frozen=True, slots=True)
class VendorCharge:
    """What a vendor charged: ``net`` in ``currency``; the rate turns one unit of it into the client's currency."""

    net: Decimal
    currency: str
    rate: Decimal = Decimal(1)
    rate_day: date | None = None
    rate_source: str = ""
    invoice_attached: bool = False


def in_clients_currency(charge: VendorCharge, currency: str) -> Decimal | Refusal:
    """R7: the vendor's net in the client's currency, at a rate with its day and source where they differ."""
    if charge.currency == currency:
        return charge.net
    if (
        charge.rate_day is None
        or not charge.rate_source.strip()
        or not charge.rate.is_finite()
        or charge.rate <= 0
    ):
        return refuse("rate_undated")
    return rounded(charge.net * charge.rate, currency)


def approve_quote(quoted: Decimal, approved: Decimal | None) -> Refusal | None:
    """The client approves exactly the amount that was quoted, or nothing is ordered."""
    if approved is None or approved != quoted:
        return refuse("quote_not_approved", amount=quoted)
    return None


def pass_through(charge: VendorCharge, line_net: Decimal, currency: str) -> Refusal | None:
    """R7: the client's line equals the vendor's net, no more and no less, and the vendor's invoice is the proof."""
    if not charge.invoice_attached:
        return refuse("vendor_proof_missing")
    net = in_clients_currency(charge, currency)
    if isinstance(net, Refusal):
        return net
    if line_net != net:
        return refuse("passed_through_differs", line=line_net, vendor=net)
    return None


def difference(approved: Decimal, vendor_net: Decimal) -> Decimal:
    """What the vendor's invoice leaves against what the client approved: above zero it is asked for again,
    below zero credited."""
    return vendor_net - approved
