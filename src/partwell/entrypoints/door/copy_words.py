# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a copy of a backup, and a returning client's quote, stand: what both doors say of them."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.actions.billing.shipped_copies_bill import billed_as_quoted, billed_words, settling_of
from partwell.records.billing import copies as queries
from partwell.rules.copies import CopyState, Settling
from partwell.rules.returning import QuoteState

# tone, word
STATES: dict[str, tuple[str, Any]] = {
    CopyState.ASKED: ("waiting", later("Asked for")),
    CopyState.NO_SHIPPING: ("held", later("This vendor does not ship")),
    CopyState.QUOTED: ("waiting", later("Quoted, waits for an answer")),
    CopyState.APPROVED: ("open", later("Approved, to be ordered")),
    CopyState.DECLINED: ("held", later("Declined")),
    CopyState.ORDERED: ("open", later("Ordered")),
    CopyState.SHIPPED: ("open", later("On its way")),
    CopyState.ARRIVED: ("done", later("Arrived")),
}
QUOTES: dict[str, tuple[str, Any]] = {
    QuoteState.SENT: ("waiting", later("Waits for an answer")),
    QuoteState.ACCEPTED: ("done", later("Accepted")),
    QuoteState.DECLINED: ("held", later("Declined")),
    QuoteState.LAPSED: ("held", later("Lapsed")),
}
AT_COST = later(
    "What the vendor charges is passed on at its own net, without a markup; its invoice is the proof."
)
SETTLED: dict[str, Any] = {
    Settling.NOT_BILLED: later("The vendor has not billed yet."),
    Settling.TO_BILL: later("The vendor has billed; no paper of ours stands for it."),
    Settling.ASKED: later("The vendor billed more than was approved; the client is asked again."),
    Settling.SETTLED: later("Passed on: the client's line is the vendor's net."),
}


def amount_or_none(text: object) -> Decimal | None:
    """An amount out of a hidden field, as it was shown; None for anything else."""
    try:
        found = Decimal(str(text or "")[:30])
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def copy_context(row: Any) -> dict[str, Any]:
    """Everything that a copy's page shows, for both doors."""
    settling, compared = settling_of(row), billed_as_quoted(row)
    tone, word = STATES[row.state]
    way, _sep, day = row.key_handed_over.rpartition("; ")
    return {
        "copy": row, "tone": tone, "word": word, "settling": settling, "settling_words": SETTLED[settling],
        "compared": compared, "billed": billed_words(row), "other_currency": row.vendor_net is not None and row.vendor_currency != row.quote_currency,
        "difference": None if compared is None else compared - (row.approved_net or 0),
        "lines": queries.paper_lines(row.id), "key_way": way, "key_day": _day(day), "at_cost": AT_COST,
        "alternatives": [one.strip() for one in row.alternatives.splitlines() if one.strip()],
    }  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def key_choices() -> list[tuple[str, str]]:
    """The ways of a key, for a list."""
    return [
        ("client_holds", _("The client holds it already")),
        ("release", _("Released as a credential in the portal, shown once")),
        ("call", _("Told by a call to a number on file")),
        ("letter", _("By letter, apart from the drive")),
        ("person", _("In person")),
    ]
