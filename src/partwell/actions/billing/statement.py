# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's statement as it stands: every sum with the lines behind it, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone

from partwell.actions.facts import zone
from partwell.actions.hours.standing import TimeTerms, time_terms
from partwell.records.billing import queries as papers
from partwell.records.billing.models import Invoice, InvoiceLine, Payment, ShippedCopy
from partwell.records.clients.models import Client
from partwell.records.evidence.queries import entries_about
from partwell.records.hours import queries as hours
from partwell.records.hours.models import Block, TimeEntry, WorkRequest
from partwell.records.offboardings.models import Offboarding
from partwell.rules import charges, statement
from partwell.rules.charges import RequestState
from partwell.rules.consent import day_in
from partwell.rules.hours import Source, UnusedRule, WorkClass
from partwell.rules.refusals import Refusal
from partwell.rules.statement import Bought, HoursSum, MoneySum, Passed, Step
from partwell.rules.terms import OffboardingState


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A paid block: how much of it was drawn, who approved it and by which request; ``entry``: of the approval."""

    row: Block
    facts: Bought
    entry: int | None

    @property
    def left(self) -> int:
        """Minutes that may still be drawn."""
        return 0 if self.facts.settled else self.facts.unused


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper as issued; ``balance``: still open on it with its credit notes (None on a credit note about another)."""

    row: Invoice
    lines: tuple[InvoiceLine, ...]
    balance: Decimal | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """Money that came in, or went back (negative)."""

    row: Payment
    entry: int | None


@dataclass(frozen=True, slots=True)
class PassedLine:
    """R7: a copy that a vendor shipped, at the vendor's net. ``entry``: of the vendor's invoice; ``approval``: of the
    client's approval of the amount."""

    row: ShippedCopy
    sums: Passed
    papers: tuple[Invoice, ...]
    entry: int | None
    approval: int | None = None


@dataclass(frozen=True, slots=True)
class PromisedLine:
    """An approved request that still holds minutes."""

    row: WorkRequest
    minutes: int
    entry: int | None


@dataclass(frozen=True)
class Statement:
    """One departure's statement (or, without one, of the client's time and papers so far). Minutes; decimals."""

    client: Client
    offboarding: Offboarding | None
    at: datetime
    terms: TimeTerms
    hours: HoursSum
    count: int
    real: int
    months: tuple[statement.Month, ...]
    course: tuple[Step, ...]
    blocks: tuple[BlockLine, ...]
    promised: tuple[PromisedLine, ...]
    papers: tuple[PaperLine, ...]
    payments: tuple[PaymentLine, ...]
    passed: tuple[PassedLine, ...]
    money: tuple[MoneySum, ...]
    passed_sums: tuple[tuple[str, Decimal], ...]
    entries: "QuerySet[TimeEntry]"

    @property
    def unused_rule(self) -> str:
        """What becomes of prepaid time that is not used, in a sentence."""
        return statement.unused_words(self.terms.unused)

    @property
    def refunds(self) -> bool:
        """Whether the agreement pays unused time back (else it is credited)."""
        return self.terms.unused is UnusedRule.REFUND


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One time entry of the statement with its evidence; ``papers``: of the blocks it drew on, id by label."""

    row: TimeEntry
    parts: tuple[tuple[str, int], ...]
    entry: int | None
    papers: dict[str, UUID]


def departure_of(client_id: UUID, offboarding_id: UUID | None = None) -> Offboarding | None:
    """The departure named, else the open one, else the last."""
    rows = Offboarding.objects.filter(client_id=client_id)
    if offboarding_id is not None:
        return rows.filter(pk=offboarding_id).first()
    return rows.filter(state=OffboardingState.OPEN).first() or rows.order_by("opened_at").last()


def departures_of(client_id: UUID) -> list[Offboarding]:
    """Every departure of a client, the newest first."""
    return list(Offboarding.objects.filter(client_id=client_id).order_by("-opened_at"))


def statement_of(client_id: UUID, offboarding_id: UUID | None = None) -> Statement | None:
    """The statement now; None where there is no such client or departure. About twenty queries, whatever there is."""
    client = Client.objects.filter(pk=client_id).first()
    row = departure_of(client_id, offboarding_id)
    if client is None or (offboarding_id is not None and row is None):
        return None
    terms, now, here = time_terms(client_id), timezone.now(), zone()
    ended = (row.closed_at or row.withdrawn_at) if row else None
    first = day_in(row.noticed_at, here) if row else None
    entries = hours.entries_between(
        client_id, row.id if row else None, first, day_in(ended, here) if ended else None
    )
    drawn = hours.drawn_by_day(entries)
    count, real = hours.counted(entries)
    blocks = _blocks(row, drawn, here)
    bought = [one.facts for one in blocks]
    promised = _promised(client_id, row)
    money = list(
        papers.papers_between(client_id, row.id if row else None, row.opened_at if row else None, ended)
    )
    shown, moved, sums = _papers(money)
    passed = _passed(client_id, row, [line for one in shown for line in one.lines], money)
    included = terms.included if row else 0
    start = min((one.day for one in drawn), default=None)
    return Statement(
        client=client,
        offboarding=row,
        at=now,
        terms=terms,
        hours=statement.hours_sum(included, drawn, bought, sum(one.minutes for one in promised)),
        count=count,
        real=real,
        months=statement.months(drawn),
        course=statement.course(included, drawn, bought, first or start or day_in(now, here)),
        blocks=blocks,
        promised=promised,
        papers=shown,
        payments=moved,
        passed=passed,
        money=sums,
        passed_sums=statement.passed_sums(one.sums for one in passed),
        entries=entries,
    )


def bought(rows: Sequence[Block], used: dict[str, int], here: str) -> list[Bought]:
    """Paid blocks as the rules see them; ``used``: minutes drawn by block id, ``here``: the MSP's zone."""
    credited = papers.credited_of("block", [row.id for row in rows])
    return [
        Bought(
            row.id.hex,
            row.minutes,
            used.get(row.id.hex, 0),
            row.net,
            row.currency,
            day_in(row.paid_at or row.approved_at, here),
            credited.get(row.id, Decimal(0)),
            day_in(row.settled_at, here) if row.settled_at else None,
        )
        for row in rows
    ]


def _blocks(row: Offboarding | None, drawn: list[statement.Drawn], here: str) -> tuple[BlockLine, ...]:
    rows = list(hours.bought_of(row.id)) if row else []
    used: dict[str, int] = {}
    for one in drawn:
        if one.block_id:
            used[one.block_id] = used.get(one.block_id, 0) + one.minutes
    proofs = entries_about([each.request_id for each in rows if each.request_id], "request.approved")
    return tuple(
        BlockLine(each, facts, proofs.get(each.request_id) if each.request_id else None)
        for each, facts in zip(rows, bought(rows, used, here), strict=True)
    )


def _promised(client_id: UUID, row: Offboarding | None) -> tuple[PromisedLine, ...]:
    if row is None:
        return ()
    rows: Any = hours.requests_of(client_id).filter(offboarding=row, state=RequestState.APPROVED)
    found = [(each, max(0, (each.estimate or 0) - each.spent)) for each in rows]
    proofs = entries_about([each.id for each, _ in found], "request.approved")
    return tuple(PromisedLine(each, minutes, proofs.get(each.id)) for each, minutes in found if minutes)


def _papers(
    rows: list[Invoice],
) -> tuple[tuple[PaperLine, ...], tuple[PaymentLine, ...], tuple[MoneySum, ...]]:
    ids = [row.id for row in rows]
    lines: dict[UUID, list[InvoiceLine]] = {}
    for line in papers.lines_of(ids):
        lines.setdefault(line.invoice_id, []).append(line)
    payments = list(papers.payments_of(ids))
    facts = paper_facts(rows)
    moved = [statement.Paid(one.invoice_id.hex, one.amount) for one in payments]
    left = statement.balances(facts, moved)
    proofs = entries_about([*ids, *(one.id for one in payments)], "invoice.", "payment.")
    shown = tuple(
        PaperLine(row, tuple(lines.get(row.id, ())), left.get(row.id.hex), proofs.get(row.id)) for row in rows
    )
    return (
        shown,
        tuple(PaymentLine(one, proofs.get(one.id)) for one in payments),
        statement.money_sums(facts, moved),
    )


def paper_facts(rows: list[Invoice]) -> list[statement.Paper]:
    """Papers as the rules see them."""
    return [
        statement.Paper(
            row.id.hex, row.kind, row.currency, row.net, row.tax, row.gross,
            row.credits_id.hex if row.credits_id else "",
        )
        for row in rows
    ]  # fmt: skip


def _passed(
    client_id: UUID, row: Offboarding | None, lines: list[InvoiceLine], rows: list[Invoice]
) -> tuple[PassedLine, ...]:
    labels = {one.id: one for one in rows}
    billed: dict[tuple[UUID, str], list[InvoiceLine]] = {}
    borne: dict[tuple[UUID, str], Decimal] = {}
    for line in lines:
        if line.source_kind == statement.PASSED_THROUGH and line.source_id:
            currency = labels[line.invoice_id].currency
            billed.setdefault((line.source_id, currency), []).append(line)
        elif line.source_kind == statement.BORNE and line.source_id:
            key = (line.source_id, labels[line.invoice_id].currency)
            borne[key] = borne.get(key, Decimal(0)) - line.net
    copies = {one.id: one for one in papers.copies_between(client_id, row.id if row else None)}
    billed_by = entries_about(copies, "copy.billed")
    proofs = entries_about([one for one in copies if one not in billed_by]) | billed_by
    said = entries_about(copies, "copy.approved") | entries_about(copies, "copy.difference_approved")
    found = []
    for (source, currency), own in billed.items():
        copy = copies.get(source)
        if copy is None:
            continue
        net = sum((line.net for line in own), Decimal(0))
        on = tuple(labels[one] for one in dict.fromkeys(line.invoice_id for line in own))
        found.append(
            PassedLine(
                copy,
                Passed(currency, net, vendor_net(copy, currency), borne.get((source, currency), Decimal(0))),
                on,
                proofs.get(source),
                said.get(source),
            )
        )
    return tuple(found)


def vendor_net(copy: ShippedCopy, currency: str) -> Decimal | None:
    """The vendor's net in ``currency`` by the dated rate on record; None while its invoice is not attached."""
    if copy.vendor_net is None or copy.vendor_invoice_id is None:
        return None
    charge = charges.VendorCharge(
        copy.vendor_net, copy.vendor_currency, copy.rate or Decimal(1), copy.rate_day, copy.rate_source, True
    )
    net = charges.in_clients_currency(charge, currency)
    return None if isinstance(net, Refusal) else net


def time_page(
    shown: Statement, page: str | int | None, size: int = 50
) -> tuple[list[TimeLine], "Page[TimeEntry]"]:
    """One page of the statement's time, newest first, each line with its sources and its entry in the log."""
    rows = shown.entries.select_related("staff", "request", "reverses", "allowed_by").prefetch_related(
        "parts__block__invoice"
    )
    found = Paginator(rows.order_by("-started_at", "-recorded_at", "-id"), size).get_page(page)
    return time_lines(list(found.object_list)), found


def time_lines(rows: list[TimeEntry]) -> list[TimeLine]:
    """Entries (with their parts fetched) as lines of the statement."""
    proofs = entries_about([row.id for row in rows], "time.")
    return [TimeLine(row, tuple(_parts(row)), proofs.get(row.id), _drawn_on(row)) for row in rows]


def _drawn_on(row: TimeEntry) -> dict[str, UUID]:
    on = [part.block.invoice for part in row.parts.all() if part.block and part.block.invoice]
    return {one.label: one.id for one in on}


def _parts(row: TimeEntry) -> list[tuple[str, int]]:
    found = []
    for part in row.parts.all():
        facts = statement.Drawn(row.day, Source(part.source), WorkClass(row.work_class), part.minutes)
        label = part.block.invoice.label if part.block and part.block.invoice else ""
        found.append((f"{facts.column} {label}".strip(), part.minutes))
    return found
