# SPDX-License-Identifier: AGPL-3.0-or-later
"""Closing with nothing of the client's money left behind (R5): what was paid in advance and not used is credited, and
paid back where the agreement says so."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import Coalesce

from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, write_invoice
from partwell.actions.billing.letter import amount
from partwell.actions.billing.refund import credit_unused
from partwell.actions.billing.statement import bought, paper_facts
from partwell.actions.facts import zone
from partwell.actions.hours.standing import time_terms
from partwell.records.billing import queries as papers
from partwell.records.billing.models import Invoice, InvoiceLine
from partwell.records.hours.models import Block, Timer, WorkRequest
from partwell.records.hours.queries import bought_of
from partwell.records.offboardings.models import Offboarding
from partwell.rules import hours, law, roles, statement
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState, RequestState
from partwell.rules.money import TaxTreatment
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Prepaid time of one paper that was neither used nor credited: minutes and net value; ``late``: it was given
    back to a block by a correction after the block was settled."""

    paper: Invoice
    block: Block
    minutes: int
    net: Decimal
    late: bool


@dataclass(frozen=True, slots=True)
class MoneyAtClosing:
    """What closing asks of hours and money. ``owed``: by currency, what must go back to the client; ``unpaid``: papers
    that are not paid, for information only: they stop nothing (R11)."""

    timers: int
    requests: int
    unsettled: tuple[Unsettled, ...]
    owed: tuple[tuple[Decimal, str], ...]
    unpaid: tuple[tuple[Invoice, Decimal], ...]

    @property
    def unsettled_words(self) -> str:
        """Unused time and its value, for the sentence; empty for none."""
        if not self.unsettled:
            return ""
        values: dict[str, Decimal] = {}
        for one in self.unsettled:
            values[one.paper.currency] = values.get(one.paper.currency, Decimal(0)) + one.net
        worth = " and ".join(amount(net, code) for code, net in sorted(values.items()))
        return f"{hours.as_hours(sum(one.minutes for one in self.unsettled))}, {worth} net"

    @property
    def owed_words(self) -> str:
        """What must go back, for the sentence; empty for nothing."""
        return " and ".join(amount(value, code) for value, code in self.owed)


def money_at_closing(row: Offboarding) -> MoneyAtClosing:
    """How a departure's hours and money stand, in a fixed number of queries."""
    unpaid, owed = _papers(row)
    open_ones = (RequestState.ASKED, RequestState.ESTIMATED, RequestState.APPROVED)
    return MoneyAtClosing(
        Timer.objects.filter(client_id=row.client_id, stopped_at=None).count(),
        WorkRequest.objects.filter(offboarding=row, state__in=open_ones).count(),
        tuple(unsettled_of(row.id)),
        tuple((value, code) for code, value in sorted(owed.items())),
        tuple(unpaid),
    )


def unsettled_of(offboarding_id: UUID) -> list[Unsettled]:
    """Prepaid time of a departure that still has to be credited."""
    rows = list(bought_of(offboarding_id).annotate(drawn=Coalesce(Sum("parts__minutes"), 0)))
    used = {row.id.hex: int(row.drawn) for row in rows}
    found = []
    for row, facts in zip(rows, bought(rows, used, zone()), strict=True):
        net = statement.unsettled(facts)
        if row.invoice is None or not facts.unused:
            continue
        if facts.settled is None:
            found.append(Unsettled(row.invoice, row, facts.unused, net, False))
        elif net:
            # What was credited before is settled: the rest, as minutes at the block's own price.
            minutes = round(net * facts.minutes / facts.net)
            found.append(Unsettled(row.invoice, row, minutes, net, True))
    return found


def _papers(row: Offboarding) -> tuple[list[tuple[Invoice, Decimal]], dict[str, Decimal]]:
    """Papers not paid, with what is open; and by currency what the client must have back."""
    rows = list(papers.papers_between(row.client_id, row.id, row.opened_at, row.closed_at))
    payments = list(papers.payments_of([one.id for one in rows]))
    moved = [statement.Paid(one.invoice_id.hex, one.amount) for one in payments]
    left = statement.balances(paper_facts(rows), moved)
    blocks: dict[UUID | None, list[Block]] = {}
    for block in Block.objects.filter(offboarding=row):
        blocks.setdefault(block.invoice_id, []).append(block)
    refunds = time_terms(row.client_id).unused is hours.UnusedRule.REFUND
    unpaid, owed = [], dict[str, Decimal]()
    for paper in rows:
        balance = left.get(paper.id.hex, Decimal(0))
        own = blocks.get(paper.id, [])
        if paper.kind != "credit_note" and paper.state == InvoiceState.OPEN and balance > 0:
            unpaid.append((paper, balance))
        back = Decimal(0)
        if own and balance < 0 and refunds:
            back = -balance
        elif own and paper.state == InvoiceState.OPEN and all(one.paid_at is None for one in own):
            # Paid in part: the hours never opened, so the money was for nothing.
            back = max(
                Decimal(0),
                sum((one.amount for one in payments if one.invoice_id == paper.id), Decimal(0)),
            )
        if back:
            owed[paper.currency] = owed.get(paper.currency, Decimal(0)) + back
    return unpaid, owed


def settle_prepaid(*, actor: Actor, offboarding_id: UUID) -> list[Invoice] | Refusal:
    """Credit all prepaid time of a departure that was not used, a credit note for each paper at the price and with the
    tax it was bought with. By the agreement's rule it is then paid back (``refund_payment``) or stands to the client's
    credit. Refuses while approved work still needs the hours, and where nothing is unused.
    """
    row = Offboarding.objects.filter(pk=offboarding_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.issue")) is not None:
        return refusal
    waiting = unsettled_of(row.id)
    if not waiting:
        with Deed(actor) as deed:
            deed.lock(row.client_id)
            return deed.refuse(
                refuse("nothing_unused", number="any paper"), subject=row.id, verb="billing.issue"
            )
    made: list[Invoice] = []
    for paper_id in dict.fromkeys(one.paper.id for one in waiting if not one.late):
        credit = credit_unused(actor=actor, invoice_id=paper_id)
        if isinstance(credit, Refusal):
            return credit
        made.append(credit)
    if any(one.late for one in waiting):
        rest = _credit_rest(actor, row)
        if isinstance(rest, Refusal):
            return rest
        made += rest
    return made


def _credit_rest(actor: Actor, row: Offboarding) -> list[Invoice] | Refusal:
    """Credit what corrections gave back to blocks after they were settled."""
    made: list[Invoice] = []
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        for one in unsettled_of(row.id):
            if not one.late:
                continue
            line = InvoiceLine.objects.filter(
                invoice=one.paper, source_kind="block", source_id=one.block.id
            ).first()
            credit = write_invoice(
                deed,
                "credit_note",
                [
                    NewLine(
                        "Prepaid time that a correction gave back",
                        Decimal(-1),
                        one.net,
                        "",
                        law.LineClass(line.line_class) if line else law.LineClass.OUTSIDE,
                        "block",
                        one.block.id,
                        rate=line.rate if line else None,
                        treatment=TaxTreatment(line.treatment) if line else None,
                    )
                ],
                offboarding=row,
                credits=one.paper,
            )
            if isinstance(credit, Refusal):
                return deed.refuse(credit, subject=one.paper.id, verb="billing.issue")
            deed.save(one.block, settled_at=deed.now)
            deed.record(
                "block.rest_settled",
                subjects=[one.paper.id, credit.id, one.block.id],
                public={"label": one.paper.label},
                to_client={
                    "net": str(-credit.net),
                    "currency": credit.currency,
                    "credit_note": credit.label,
                },
            )
            made.append(credit)
    return made
