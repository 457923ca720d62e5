# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers with gapless numbers: payment requests, invoices and credit notes, judged line by line (R7, R12)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from partwell.actions.base import Deed
from partwell.actions.hours.standing import time_terms, today
from partwell.records.billing.models import ClientProfile, Invoice, InvoiceLine, Series
from partwell.records.billing.papers import balance_of, paper_count
from partwell.records.clients.models import Client
from partwell.records.hours.models import Block
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import Msp
from partwell.rules import law, money, roles
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState
from partwell.rules.law_profiles import PROFILES
from partwell.rules.refusals import Refusal, refuse

DUE_DAYS, DUE_LIMIT = 14, 731
LINES_MOST = 200
# Usual prefixes; an owner may rename a series, never its numbers.
SERIES = {"request": "PR-", "invoice": "INV-", "credit_note": "CN-"}


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line to be billed, net. ``cost``: what it cost the MSP, where a profile allows cost only;
    ``override``: the owner's reason against a profile; rate and treatment default to the agreement's."""

    text: str
    quantity: Decimal
    unit_price: Decimal
    unit: str = ""
    line_class: law.LineClass = law.LineClass.OUTSIDE
    source_kind: str = ""
    source_id: UUID | None = None
    cost: Decimal | None = None
    override: str = ""
    override_by: UUID | None = None
    rate: Decimal | None = None
    treatment: money.TaxTreatment | None = None


def profiles_of(client_id: UUID) -> tuple[law.LawProfile, ...]:
    """The law profiles that were found to bind work for this client."""
    codes = ClientProfile.objects.filter(client_id=client_id, removed_at=None).values_list("code", flat=True)
    return tuple(PROFILES[code] for code in sorted(codes) if code in PROFILES)


def verdict_as_data(verdict: law.LineVerdict) -> dict[str, Any]:
    """A verdict as it is kept with the line: which version of which profile, and what it said."""
    if not verdict.profile:
        return {}
    return {
        "profile": verdict.profile,
        "version": verdict.version,
        "article": verdict.article,
        "charge": str(verdict.charge),
        "sentence": verdict.sentence,
    }


@dataclass(frozen=True, slots=True)
class Judged:
    """Lines as they would stand on paper: totals, each line's verdict, and what refuses it (None: nothing)."""

    bill: money.Bill
    verdicts: tuple[law.LineVerdict, ...]
    problems: tuple[Refusal | None, ...]
    rounding: money.TaxRounding


def judge_lines(
    client_id: UUID, lines: Sequence[NewLine], day: date, *, credits: Invoice | None = None
) -> Judged | Refusal:
    """The bill of ``lines`` issued on ``day`` and what the client's law profiles say of each line (R12)."""
    if len(lines) > LINES_MOST:
        return refuse("invalid_input", where="The lines", problem=f"at most {LINES_MOST} on one paper")
    terms = time_terms(client_id)
    currency = credits.currency if credits else terms.currency
    profiles = profiles_of(client_id)
    asked = []
    for number, line in enumerate(lines, 1):
        rate = terms.tax_rate if line.rate is None else line.rate
        if not _fits(line, rate):
            return refuse("line_invalid", number=number)
        asked.append(money.Line(line.quantity, line.unit_price, rate, line.treatment or terms.tax_treatment))
    rounding = money.TaxRounding(credits.tax_rounding) if credits else money.TaxRounding.PER_RATE
    found = money.bill(asked, currency, rounding)
    if isinstance(found, Refusal):
        return found
    verdicts = tuple(law.judge_line(profiles, line.line_class, day) for line in lines)
    problems = tuple(
        law.may_charge(verdict, billed.net, line.cost, overridden=line.override)
        for line, verdict, billed in zip(lines, verdicts, found.lines, strict=True)
    )
    return Judged(found, verdicts, problems, rounding)


def _fits(line: NewLine, rate: Decimal) -> bool:
    """What the columns hold: else a number would be printed otherwise than it was billed."""
    for value, places, whole in ((line.quantity, 4, 8), (line.unit_price, 4, 10), (rate, 3, 3)):
        if not value.is_finite() or abs(value) >= 10**whole or value != round(value, places):
            return False
    return bool(line.text.strip()) and len(line.text) <= 300


def locked_series(kind: str) -> Series | None:
    """A kind's series, locked to the end of the transaction; None for one that nothing was numbered in or set for."""
    rows = Series.objects.all()
    if connection.vendor == "postgresql":
        rows = rows.select_for_update()
    row = rows.filter(code=kind).first()
    if row is None and connection.vendor == "postgresql":
        # Two first papers at once would both make the series: the MSP's one row is the lock until it is there.
        Msp.objects.select_for_update().first()
        row = rows.filter(code=kind).first()
    return row


def take_number(deed: Deed, kind: str) -> tuple[Series, int]:
    """The next number of a kind's series. Its row stays locked to the end of the transaction: rolled back,
    the number is the next one again, so that none is skipped and none is used twice."""
    row = locked_series(kind) or deed.add(Series(code=kind, prefix=SERIES[kind]))
    number = row.next_number
    deed.save(row, next_number=number + 1)
    return row, number


def write_invoice(
    deed: Deed,
    kind: str,
    lines: Sequence[NewLine],
    *,
    offboarding: Offboarding | None,
    credits: Invoice | None = None,
    note: str = "",
    due_on: date | None = None,
    external_number: str = "",
) -> Invoice | Refusal:
    """Write a paper within a deed that holds the client; its PDF is a job of the same transaction.

    Refuses a line that a law profile of the client does not allow (a credit is never refused).
    """
    client = deed.client
    msp = Msp.objects.first()
    if client is None or msp is None:
        raise RuntimeError("Lock the client of a set-up installation before a paper is written.")
    day = today(deed.now)
    judged = judge_lines(client.id, lines, day, credits=credits)
    if isinstance(judged, Refusal):
        return judged
    if (problem := next(filter(None, judged.problems), None)) is not None:
        return problem
    found, verdicts, currency = judged.bill, judged.verdicts, judged.bill.currency
    if due_on is not None and not day <= due_on <= day + timedelta(days=DUE_LIMIT):
        return refuse(
            "invalid_input", where="The day it is due", problem="between today and two years from now"
        )
    series, number = take_number(deed, kind)
    row = deed.add(
        Invoice(
            client=client,
            offboarding=offboarding,
            kind=kind,
            series=series,
            number=number,
            label=f"{series.prefix}{number}",
            external_number=external_number.strip(),
            issued_on=day,
            due_on=due_on or day + timedelta(days=0 if credits else DUE_DAYS),
            currency=currency,
            tax_rounding=judged.rounding,
            net=found.net,
            tax=found.tax,
            gross=found.gross,
            state=InvoiceState.PAID if credits else InvoiceState.OPEN,
            credits=credits,
            parties={
                "from": {"name": msp.legal_name or msp.name, "address": msp.address, "email": msp.email},
                "to": {"name": client.legal_name, "address": client.address},
            },
            note=note.strip(),
            issued_at=deed.now,
        )
    )
    for position, (line, verdict, one) in enumerate(zip(lines, verdicts, found.lines, strict=True), 1):
        deed.add(
            InvoiceLine(
                invoice=row,
                position=position,
                text=line.text.strip(),
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                rate=one.rate,
                treatment=one.treatment,
                net=one.net,
                tax=one.tax,
                line_class=line.line_class,
                verdict=verdict_as_data(verdict),
                override=line.override.strip(),
                override_by_id=line.override_by,
                source_kind=line.source_kind,
                source_id=line.source_id,
            )
        )
    uid = deed.record(
        "invoice.issued" if deed.actor.is_staff else "invoice.issued_on_approval",
        subjects=[row.id] + ([offboarding.id] if offboarding else []),
        public={"label": row.label},
        to_client={
            "kind": kind,
            "net": str(row.net),
            "tax": str(row.tax),
            "gross": str(row.gross),
            "currency": currency,
            "due": row.due_on.isoformat(),
            "lines": [f"{line.text}: {one.net}" for line, one in zip(lines, found.lines, strict=True)],
        },
    )
    deed.job(
        "letter.invoice", f"letter.invoice:{row.id.hex}", client=client.id, invoice=row.id.hex, entry=uid.hex
    )
    return row


def issue_invoice(
    *,
    actor: Actor,
    client_id: UUID,
    kind: str,
    lines: Sequence[NewLine],
    note: str = "",
    due_on: date | None = None,
    external_number: str = "",
    shown: tuple[int, Decimal] | None = None,
) -> Invoice | Refusal:
    """Issue a payment request or invoice by hand, for whatever was agreed; an override of a profile is an owner's,
    kept on the line with who. ``external_number``: of the MSP's own accounting, where it has one already.
    ``shown``: how many papers the client had and the gross total, as they stood on the page that was confirmed:
    asked again with the client locked, so that two confirmations of one page issue one paper."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.issue")) is not None:
        return refusal
    if (
        any(line.override.strip() for line in lines)
        and (refusal := roles.may(actor.role, "billing.override")) is not None
    ):
        return refusal
    if kind not in ("request", "invoice"):
        return refuse("not_found")
    lines = [replace(line, override_by=actor.id) if line.override.strip() else line for line in lines]
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if shown is not None and not _as_shown(deed, client.id, lines, shown):
            return deed.refuse(refuse("paper_shown_before"), subject=client.id, verb="billing.issue")
        departing = Offboarding.objects.filter(client=client).order_by("opened_at").last()
        row = write_invoice(
            deed,
            kind,
            lines,
            offboarding=departing,
            note=note,
            due_on=due_on,
            external_number=external_number,
        )
        if isinstance(row, Refusal):
            return deed.refuse(row, subject=client.id, verb="billing.issue")
        return row


def _as_shown(deed: Deed, client_id: UUID, lines: Sequence[NewLine], shown: tuple[int, Decimal]) -> bool:
    judged = judge_lines(client_id, lines, today(deed.now))
    gross = None if isinstance(judged, Refusal) else judged.bill.gross
    return (paper_count(client_id), gross) == shown


def cancel_invoice(*, actor: Actor, invoice_id: UUID, reason: str) -> Invoice | Refusal:
    """Cancel a paper for which no money is here (none came, or all went back) by a credit note over all of it;
    blocks on it are gone. Gives the credit note."""
    row = Invoice.objects.select_related("offboarding").filter(pk=invoice_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.issue")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = None
        balance = balance_of(row)
        if row.state != InvoiceState.OPEN or row.kind == "credit_note":
            problem = refuse("invoice_settled", number=row.label, state=row.state)
        elif balance.received:
            problem = refuse("invoice_settled", number=row.label, state="paid in part")
        elif balance.credited:
            problem = refuse("credited_in_part", number=row.label)
        elif not reason.strip():
            problem = refuse("cancel_without_reason")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="billing.issue")
        lines = [
            NewLine(
                line.text,
                -line.quantity,
                line.unit_price,
                line.unit,
                law.LineClass(line.line_class),
                line.source_kind,
                line.source_id,
                rate=line.rate,
                treatment=money.TaxTreatment(line.treatment),
            )
            for line in row.lines.all()
        ]
        credit = write_invoice(
            deed, "credit_note", lines, offboarding=row.offboarding, credits=row, note=reason
        )
        if isinstance(credit, Refusal):
            return deed.refuse(credit, subject=row.id, verb="billing.issue")
        deed.save(row, state=InvoiceState.CANCELLED, cancelled_at=deed.now)
        for block in Block.objects.filter(invoice=row, cancelled_at=None):
            deed.save(block, cancelled_at=deed.now)
        deed.record(
            "invoice.cancelled",
            subjects=[row.id, credit.id],
            public={"label": row.label},
            to_client={"credit_note": credit.label, "reason": reason.strip()},
        )
        return credit
