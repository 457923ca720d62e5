# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the doors' pages of papers share: how a paper, its state and its lines read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.entrypoints.theme.formats import money_words
from partwell.records.billing.papers import Balance, Invoice, InvoiceLine, balances
from partwell.rules.law import Charge
from partwell.rules.law_profiles import PROFILES
from partwell.rules.money import rounded

KINDS = {
    "request": later("Payment request"),
    "invoice": later("Invoice"),
    "credit_note": later("Credit note"),
}
TREATMENTS = {
    "standard": "",
    "zero": later("zero rate"),
    "exempt": later("exempt"),
    "reverse_charge": later("reverse charge"),
    "outside": later("not subject to tax"),
}
ONLY_BILLABLE = later(
    "An unpaid paper stops billable work and nothing else. What belongs to the client is released and handed over "
    "whether or not it is paid."
)
NO_ADVICE = later("This is no legal advice: it shows what a dated reading of the source says of a line.")


@dataclass(frozen=True)
class PaperRow:
    """One paper in a list."""

    paper: Invoice
    balance: Balance
    kind: str
    tone: str
    word: str


def state_of(paper: Invoice, balance: Balance, today: date) -> tuple[str, str]:
    """Tone and word: open, overdue, paid, cancelled; a credit note stands by itself."""
    if paper.kind == "credit_note":
        return "held", _("Credit")
    if paper.state == "cancelled":
        return "held", _("Cancelled")
    if paper.state == "paid":
        return ("waiting", _("Paid; a credit is left")) if balance.open < 0 else ("done", _("Paid"))
    if paper.due_on < today:
        return "refusing", _("Overdue")
    return ("waiting", _("Paid in part")) if balance.received else ("waiting", _("Open"))


def rows_of(papers: Iterable[Invoice], today: date) -> list[PaperRow]:
    """Papers for a list, with their balances; two queries."""
    found = list(papers)
    out = []
    for paper, balance in zip(found, balances(found), strict=True):
        tone, word = state_of(paper, balance, today)
        out.append(PaperRow(paper, balance, str(KINDS.get(paper.kind, paper.kind)), tone, word))
    return out


def plain(value: Decimal) -> str:
    """A quantity or rate without idle zeros: 2.5, not 2.5000."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price(value: Decimal, currency: str) -> str:
    """A unit price with all its places, at least the currency's: 0.0125 EUR stays what was billed."""
    exact = Decimal(plain(value))
    return (
        money_words(value, currency)
        if rounded(exact, currency) == exact
        else f"{plain(value)}\u00a0{currency}"
    )


def line_of(line: InvoiceLine) -> dict[str, Any]:
    """A line for a page: what, how much, its tax, and the law's verdict as it was kept with the line (R12)."""
    verdict = line.verdict or {}
    profile = PROFILES.get(str(verdict.get("profile", "")))
    return {
        "line": line,
        "price": price(line.unit_price, line.invoice.currency),
        "quantity": f"{plain(line.quantity)} {line.unit}".strip(),
        "tax": str(TREATMENTS.get(line.treatment, "")) or f"{plain(line.rate)} %",
        "sentence": verdict.get("sentence", ""),
        "tone": "refusing" if verdict.get("charge") == Charge.BANNED else "waiting",
        "source": profile.source if profile else "",
        "version": verdict.get("version"),
        "newer": bool(profile and verdict.get("version") != profile.version),
    }
