# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement: hours and money of a client, each line with the entry of the log that proves it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import Field

from partwell.actions.billing.settle import money_at_closing, settle_prepaid
from partwell.actions.billing.statement import Statement, statement_of, time_lines
from partwell.actions.billing.statement_csv import statement_csv
from partwell.actions.billing.statement_letter import make_statement
from partwell.entrypoints.api.endpoints.common import (
    After,
    Limit,
    actor_of,
    client_here,
    found,
    offboarding_here,
)
from partwell.entrypoints.api.fields import Given, PathId, Ref, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.billing import queries
from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal, refuse

router = Router()
Departure = Annotated[
    Ref | None, Query(None, description="An earlier departure; else the open one, else the last.")
]


class HoursShown(Shown):
    included: int
    included_used: int
    included_left: int
    bought: int
    block_used: int
    settled: int = Field(description="Bought, not used, and given back.")
    used: int
    left: int
    promised: int
    on_account: int
    as_is: int = Field(description="Handed over as it exists beyond the included hours; not charged.")
    goodwill: int
    service: int


class MonthShown(Shown):
    first: date
    included: int
    block: int
    on_account: int
    as_is: int
    goodwill: int
    service: int
    total: int


class MoneyShown(Shown):
    currency: str
    asked: str
    credited: str
    paid: str
    refunded: str
    open: str
    in_favour: str


class BlockShown(Shown):
    id: UUID
    minutes: int
    used: int
    left: int
    net: str
    currency: str
    paid_on: date
    settled_on: date | None
    request_id: UUID | None
    paper_id: UUID | None
    entry: int | None


class PaperShown(Shown):
    id: UUID
    label: str
    kind: str
    issued_on: date
    net: str
    tax: str
    gross: str
    currency: str
    open: str | None = Field(
        description="With its credit notes and payments; below zero to the client's credit."
    )
    entry: int | None


class PaymentShown(Shown):
    id: UUID
    paper_id: UUID
    amount: str = Field(description="Below zero: it was refunded.")
    currency: str
    received_on: date
    entry: int | None


class PassedShown(Shown):
    id: UUID
    what: str
    vendor: str
    vendor_number: str
    billed: str
    vendor_net: str | None
    markup: str | None
    currency: str
    entry: int | None
    borne: str
    approval: int | None
    paper_ids: list[UUID]


class StatementShown(Shown):
    """Minutes are whole and accounted; amounts are decimal strings; ``entry`` is a number of the log."""

    client_id: UUID
    offboarding_id: UUID | None
    at: datetime
    unused_rule: str = Field(description="What becomes of prepaid time that is not used: refund or credit.")
    hours: HoursShown
    entries: int
    real_minutes: int
    months: list[MonthShown]
    blocks: list[BlockShown]
    money: list[MoneyShown]
    papers: list[PaperShown]
    payments: list[PaymentShown]
    passed_through: list[PassedShown]


class WorkShown(Shown):
    id: UUID
    day: date
    minutes: int
    accounted: int
    work_class: str
    kind: str
    note: str
    by: str
    drawn: list[str]
    request_id: UUID | None
    entry: int | None


class StatementMade(Shown):
    id: UUID
    made_at: datetime
    made_by: str
    at_closing: bool
    letter: bool = Field(description="Whether …/letter is there yet.")


class MakeGiven(Given):
    departure: Ref | None = None


class CreditShown(Shown):
    id: UUID
    label: str
    net: str
    gross: str
    currency: str


class Settled(Shown):
    credit_notes: list[CreditShown]
    owed: str = Field(description="What must now go back to the client, in words; empty for nothing.")


def _statement(client_id: UUID, departure: UUID | None) -> Statement:
    client_here(client_id)
    return found(statement_of(client_id, departure))


def _made(row: Any) -> StatementMade:
    return StatementMade(
        id=row.id,
        made_at=row.made_at,
        made_by=row.made_by_name,
        at_closing=row.at_closing,
        letter=row.letter_id is not None,
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/statement",
    scope="billing:read",
    verb="billing.read",
    response=StatementShown,
)
def get_statement(request: HttpRequest, client_id: PathId, departure: Departure) -> StatementShown:
    """A client's statement as it stands: included, used, bought, left, given; asked, paid, credited, passed through."""
    s = _statement(client_id, departure)
    return StatementShown(
        client_id=s.client.id,
        offboarding_id=s.offboarding.id if s.offboarding else None,
        at=s.at,
        unused_rule=str(s.terms.unused),
        hours=HoursShown.model_validate(s.hours),
        entries=s.count,
        real_minutes=s.real,
        months=[MonthShown.model_validate(one) for one in s.months],
        blocks=[
            BlockShown(
                id=one.row.id, minutes=one.facts.minutes, used=one.facts.used, left=one.left,
                net=_money(one.facts.net, one.facts.currency), currency=one.facts.currency, paid_on=one.facts.paid,
                settled_on=one.facts.settled, request_id=one.row.request_id, paper_id=one.row.invoice_id, entry=one.entry,
            )
            for one in s.blocks
        ],
        money=[
            MoneyShown(
                currency=one.currency,
                **{name: _money(getattr(one, name), one.currency) for name in ("asked", "credited", "paid", "refunded", "open", "in_favour")},
            )
            for one in s.money
        ],
        papers=[
            PaperShown(
                id=one.row.id, label=one.row.label, kind=one.row.kind, issued_on=one.row.issued_on,
                net=_money(one.row.net, one.row.currency), tax=_money(one.row.tax, one.row.currency),
                gross=_money(one.row.gross, one.row.currency), currency=one.row.currency,
                open=None if one.balance is None else _money(one.balance, one.row.currency), entry=one.entry,
            )
            for one in s.papers
        ],
        payments=[
            PaymentShown(
                id=one.row.id, paper_id=one.row.invoice_id, amount=_money(one.row.amount, one.row.currency),
                currency=one.row.currency, received_on=one.row.received_on, entry=one.entry,
            )
            for one in s.payments
        ],
        passed_through=[
            PassedShown(
                id=one.row.id, what=one.row.what, vendor=one.row.vendor, vendor_number=one.row.vendor_number,
                billed=_money(one.sums.billed, one.sums.currency),
                vendor_net=None if one.sums.vendor is None else _money(one.sums.vendor, one.sums.currency),
                markup=None if one.sums.markup is None else _money(one.sums.markup, one.sums.currency),
                currency=one.sums.currency, entry=one.entry, borne=_money(one.sums.borne, one.sums.currency), approval=one.approval, paper_ids=[paper.id for paper in one.papers],
            )
            for one in s.passed
        ],
    )  # fmt: skip


def _money(value: Any, currency: str) -> str:
    return f"{rounded(value, currency):f}"


@operation(
    router,
    "GET",
    "/clients/{client_id}/statement/time",
    scope="billing:read",
    verb="billing.read",
    response=Page[WorkShown],
)
def list_statement_time(
    request: HttpRequest, client_id: PathId, departure: Departure, cursor: After = None, limit: Limit = 50
) -> Page[WorkShown]:
    """Every piece of work on the statement, newest first, with what it was drawn from and its entry in the log."""
    s = _statement(client_id, departure)
    of = f"statement:{client_id}:{departure or ''}"
    rows = s.entries.select_related("staff", "request").prefetch_related("parts__block__invoice")
    page = page_of(
        rows, _itself, of=of, cursor=cursor, limit=limit, by=("recorded_at", "id"), newest_first=True
    )
    return Page[WorkShown](items=[_work(one) for one in time_lines(page.items)], next=page.next)


def _itself(row: Any) -> Any:
    return row


def _work(line: Any) -> WorkShown:
    row = line.row
    return WorkShown(
        id=row.id,
        day=row.day,
        minutes=row.minutes,
        accounted=row.accounted,
        work_class=row.work_class,
        kind=row.kind,
        note=row.client_note,
        by=row.staff.name,
        drawn=[f"{name} {minutes}" for name, minutes in line.parts],
        request_id=row.request_id,
        entry=line.entry,
    )


@operation(
    router, "GET", "/clients/{client_id}/statement/csv", scope="billing:read", verb="billing.read", file=True
)
def get_statement_csv(request: HttpRequest, client_id: PathId, departure: Departure) -> HttpResponseBase:
    """Every line and sum of the statement as CSV (UTF-8 with a byte order mark)."""
    return StreamingHttpResponse(
        statement_csv(_statement(client_id, departure)),
        content_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="statement.csv"', "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )  # fmt: skip


@operation(
    router,
    "GET",
    "/clients/{client_id}/statements",
    scope="billing:read",
    verb="billing.read",
    response=Page[StatementMade],
)
def list_statements(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[StatementMade]:
    """Statements that were made for a client, newest first; the last one is made at closing."""
    client_here(client_id)
    rows = queries.statements_of(client_id)
    return page_of(
        rows,
        _made,
        of=f"statements:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("made_at", "id"),
        newest_first=True,
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/statements",
    scope="billing:write",
    verb="statement.make",
    response=StatementMade,
    status=201,
)
def post_statement(request: HttpRequest, client_id: PathId, body: MakeGiven) -> StatementMade | Refusal:
    """Fix the statement as it stands; its letter is sealed, filed and mailed to the client."""
    row = make_statement(actor=actor_of(request), client_id=client_id, offboarding_id=body.departure)
    return row if isinstance(row, Refusal) else _made(row)


@operation(
    router, "GET", "/statements/{statement_id}/letter", scope="billing:read", verb="billing.read", file=True
)
def get_statement_letter(request: HttpRequest, statement_id: PathId) -> HttpResponseBase | Refusal:
    """The letter (PDF); 404 until the job has made it."""
    row = found(queries.statement(statement_id))
    return file_response(request, row.letter) if row.letter else refuse("not_found")


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/settlement",
    scope="billing:write",
    verb="billing.issue",
    response=Settled,
    status=201,
)
def post_settlement(request: HttpRequest, offboarding_id: PathId) -> Settled | Refusal:
    """Credit all prepaid time of a departure that was not used, by the agreement's rule; closing waits for it."""
    row = offboarding_here(offboarding_id)
    made = settle_prepaid(actor=actor_of(request), offboarding_id=offboarding_id)
    if isinstance(made, Refusal):
        return made
    return Settled(
        credit_notes=[
            CreditShown(
                id=one.id,
                label=one.label,
                net=_money(one.net, one.currency),
                gross=_money(one.gross, one.currency),
                currency=one.currency,
            )
            for one in made
        ],
        owed=money_at_closing(row).owed_words,
    )
