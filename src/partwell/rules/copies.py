# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7: a copy of a backup on a drive, from the client's wish to its arrival, at the vendor's own price.

States as a table, what a quote and a shipment must say, and what the client's line comes to when the vendor's
invoice is there. A copy may be asked for while the backups exist, after the service has ended too (R6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from partwell.rules.charges import VendorCharge, in_clients_currency
from partwell.rules.money import amount_stands, rounded
from partwell.rules.refusals import Refusal, refuse


class CopyState(StrEnum):
    """From the question to the drive in the client's hands."""

    ASKED = "asked"
    NO_SHIPPING = "no_shipping"
    QUOTED = "quoted"
    APPROVED = "approved"
    DECLINED = "declined"
    ORDERED = "ordered"
    SHIPPED = "shipped"
    ARRIVED = "arrived"

    @property
    def label(self) -> str:
        """The state in words."""
        return _LABELS[self]


_LABELS = {
    CopyState.ASKED: "asked for",
    CopyState.NO_SHIPPING: "not shipped by this vendor",
    CopyState.QUOTED: "quoted",
    CopyState.APPROVED: "approved",
    CopyState.DECLINED: "declined",
    CopyState.ORDERED: "ordered",
    CopyState.SHIPPED: "on its way",
    CopyState.ARRIVED: "arrived",
}

# A quote may be corrected, or found at another vendor, until it is ordered; the client may say no until then.
COPY_MOVES: Mapping[CopyState, Mapping[str, CopyState]] = {
    CopyState.ASKED: {"no_shipping": CopyState.NO_SHIPPING, "quote": CopyState.QUOTED, "decline": CopyState.DECLINED},
    CopyState.NO_SHIPPING: {"quote": CopyState.QUOTED, "decline": CopyState.DECLINED},
    CopyState.QUOTED: {
        "no_shipping": CopyState.NO_SHIPPING, "quote": CopyState.QUOTED, "approve": CopyState.APPROVED,
        "decline": CopyState.DECLINED,
    },
    CopyState.APPROVED: {"quote": CopyState.QUOTED, "decline": CopyState.DECLINED, "order": CopyState.ORDERED},
    CopyState.DECLINED: {"quote": CopyState.QUOTED},
    CopyState.ORDERED: {"ship": CopyState.SHIPPED},
    CopyState.SHIPPED: {"arrive": CopyState.ARRIVED},
    CopyState.ARRIVED: {},
}  # fmt: skip
WORDS: Mapping[str, str] = {
    "no_shipping": "be answered with alternatives",
    "quote": "be quoted",
    "approve": "be approved",
    "decline": "be declined",
    "order": "be ordered",
    "ship": "be shipped",
    "arrive": "be confirmed as arrived",
}
# The vendor's invoice comes with or after the order.
BILLABLE = (CopyState.ORDERED, CopyState.SHIPPED, CopyState.ARRIVED)

# How the key reaches the client: never with the drive, and a way only, so that no key can be typed in (R16).
KEY_WAYS: Mapping[str, str] = {
    "client_holds": "the client holds it already",
    "release": "released as a credential in the portal, shown once",
    "call": "told by a call to a number on file",
    "letter": "by letter, apart from the drive",
    "person": "in person",
}


def copy_after(state: CopyState, move: str, subject: str) -> CopyState | Refusal:
    """The copy's state after ``move``, or why it cannot be."""
    after = COPY_MOVES[state].get(move)
    if after is None:
        return refuse("copy_step", subject=subject, state=state.label, wanted=WORDS[move])
    return after


def check_wish(what: str, ship_to: str) -> Refusal | None:
    """A copy of something, to somewhere."""
    if not what.strip():
        return refuse("copy_of_what")
    return None if ship_to.strip() else refuse("copy_without_address")


def check_no_shipping(vendor: str, alternatives: str) -> Refusal | None:
    """“This vendor does not ship” is an answer when it comes with alternatives."""
    if not vendor.strip():
        return refuse("copy_vendor_missing")
    return None if alternatives.strip() else refuse("copy_without_alternatives")


def check_quote(
    net: Decimal, currency: str, *, vendor: str, source: str, day: date, today: date
) -> Refusal | None:
    """A quote of the vendor's: an amount that can stand on paper, above zero, with who said so and when."""
    if not vendor.strip():
        return refuse("copy_vendor_missing")
    if (problem := amount_stands(net, currency, what=str(net))) is not None:
        return problem
    if net <= 0:
        return refuse("copy_amount_not_positive")
    if not source.strip() or day > today:
        return refuse("quote_without_source")
    return None


@dataclass(frozen=True, slots=True)
class Shipment:
    """What leaves: ``encryption``: with what the drive is encrypted, never the key itself."""

    carrier: str
    drive_serial: str
    encryption: str
    shipped_on: date
    tracking: str = ""


def check_shipment(given: Shipment, today: date) -> Refusal | None:
    """A drive leaves with a carrier, its serial and encrypted, and not tomorrow."""
    if not given.encryption.strip():
        return refuse("copy_not_encrypted")
    if not given.carrier.strip() or not given.drive_serial.strip():
        return refuse("copy_shipment_incomplete")
    return refuse("copy_shipped_in_future") if given.shipped_on > today else None


def check_key_way(way: str, day: date, today: date) -> Refusal | None:
    """The key goes its own way, which is one of ``KEY_WAYS``."""
    return None if way in KEY_WAYS and day <= today else refuse("copy_key_way")


class Settling(StrEnum):
    """Where the client's line stands against the vendor's invoice."""

    NOT_BILLED = "not_billed"  # the vendor has not billed yet
    TO_BILL = "to_bill"  # the vendor has; no paper of ours stands (it was cancelled)
    ASKED = "asked"  # more than was approved: the client is asked again
    SETTLED = "settled"


def settling(
    approved: Decimal | None, vendor_net: Decimal | None, target: Decimal | None, billed: Decimal
) -> Settling:
    """``approved`` and ``vendor_net`` in the quote's currency; ``target`` (the vendor's net) and ``billed`` (the lines
    that the client has for it) in the client's. R7: settled when the client's lines are the vendor's net."""
    if vendor_net is None or target is None:
        return Settling.NOT_BILLED
    if billed == target:
        return Settling.SETTLED
    return Settling.ASKED if approved is None or vendor_net > approved else Settling.TO_BILL


def check_vendor_invoice(net: Decimal, currency: str, *, number: str, attached: bool) -> Refusal | None:
    """The vendor's invoice as proof: its number, its file, and an amount that can stand on paper."""
    if not attached or not number.strip():
        return refuse("vendor_proof_missing")
    if (problem := amount_stands(net, currency, what=str(net))) is not None:
        return problem
    return refuse("copy_amount_not_positive") if net <= 0 else None


def as_quoted(charge: VendorCharge, quoted: str) -> Decimal | Refusal:
    """What the vendor billed, in the currency that was quoted and approved, so that the two can be compared (R7).

    ``charge.rate``: units of ``quoted`` for one of the invoice's currency, with its day and where it was published.
    """
    found = in_clients_currency(charge, quoted)
    if isinstance(found, Refusal):
        return refuse("copy_other_currency", given=charge.currency, expected=quoted)
    return found


def approved_for_client(
    approved: Decimal, *, quoted: str, client: str, to_client: Decimal, to_quote: Decimal
) -> Decimal:
    """The approved amount (in ``quoted``) in the client's currency, by the rates of the vendor's invoice: from its own
    currency to the client's and to the quote's (1 where they are the same; above zero)."""
    if quoted == client:
        return approved
    return rounded(approved / to_quote * to_client, client)


@dataclass(frozen=True, slots=True)
class Due:
    """What the client's paper must bring: ``line`` up to the vendor's net, and ``credit`` (zero or less) for what
    was not approved and the provider bears. A ``line`` below zero is a credit note."""

    line: Decimal
    credit: Decimal

    @property
    def net(self) -> Decimal:
        """What the paper comes to."""
        return self.line + self.credit


def due(target: Decimal, billed: Decimal, approved: Decimal, *, bear: bool) -> Due:
    """The paper that settles the copy: the vendor's net less what stands on earlier papers; with ``bear`` what lies
    above ``approved`` (all in the client's currency) is credited in the same paper."""
    return Due(target - billed, min(Decimal(0), approved - max(target, approved)) if bear else Decimal(0))
