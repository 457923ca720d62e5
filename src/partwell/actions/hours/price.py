# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a request would cost before anybody clicks: blocks, price with tax, what the law says, what refuses it (R5, R12)."""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal

from partwell.actions.hours.requests import what_it_costs
from partwell.actions.hours.standing import TimeTerms, standing
from partwell.records.hours.models import WorkRequest
from partwell.rules import hours, law, money
from partwell.rules.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Price:
    """Minutes and money of one request; ``blocks`` 0 where what is left suffices. ``refused``: why it may not be charged."""

    minutes: int
    left: int
    promised: int
    beyond: int
    blocks: int
    block_minutes: int
    prepaid: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    tax_rate: Decimal
    currency: str
    hourly_rate: Decimal
    unused: hours.UnusedRule
    verdict: law.LineVerdict
    refused: Refusal | None


def price_of(
    row: WorkRequest,
    *,
    minutes: int | None = None,
    kind: hours.WorkKind | None = None,
    line_class: law.LineClass | None = None,
    cost: Decimal | None = None,
    override: str | None = None,
) -> Price:
    """The price of a request as it stands, or as it would with another estimate. Writes nothing.

    What an approved request itself promised is not counted against it twice.
    """
    asked = copy(row)
    if minutes is not None:
        asked.estimate, asked.cost = minutes, cost
        asked.kind, asked.line_class = kind or row.kind, line_class or row.line_class
        asked.override = override or ""
    need, verdict, refused = what_it_costs(asked)
    how = standing(row.client_id)
    net, tax, gross = with_tax(need.net, how.terms)
    return Price(
        asked.estimate or 0,
        how.budget.left,
        how.budget.promised,
        need.beyond,
        need.blocks,
        how.terms.block,
        need.minutes,
        net,
        tax,
        gross,
        how.terms.tax_rate if how.terms.tax_treatment is money.TaxTreatment.STANDARD else Decimal(0),
        how.terms.currency,
        how.terms.hourly_rate,
        how.terms.unused,
        verdict,
        refused if need.blocks else None,
    )


def with_tax(net: Decimal, terms: TimeTerms) -> tuple[Decimal, Decimal, Decimal]:
    """Net, tax and gross by the agreement's tax, as the paper will say them."""
    line = money.Line(Decimal(1), net, terms.tax_rate, terms.tax_treatment)
    found = money.bill([line], terms.currency)
    if isinstance(found, Refusal):
        return net, Decimal(0), net
    return found.net, found.tax, found.gross
