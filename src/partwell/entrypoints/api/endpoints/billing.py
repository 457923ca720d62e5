# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers with their lines, payments and refunds; the number in the accounting; credits (R5, R7). An unpaid paper stops billable work only."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import Field

from partwell.actions.billing.external_number import note_external_number
from partwell.actions.billing.issue import NewLine, cancel_invoice, issue_invoice, judge_lines
from partwell.actions.billing.refund import credit_unused
from partwell.entrypoints.api.endpoints.common import (
    After,
    Limit,
    actor_of,
    client_here,
    found,
    today,
)
from partwell.entrypoints.api.fields import (
    Day,
    Given,
    Line,
    PathId,
    Rate,
    Shown,
    Signed,
    Text,
    Title,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.billing import papers
from partwell.rules.law import LineClass, LineVerdict
from partwell.rules.money import TaxTreatment
from partwell.rules.refusals import Refusal, refuse

router = Router()


class PaperLine(Shown):
    position: int
    text: str
    quantity: str
    unit: str
    unit_price: str
    tax_rate: str
    tax_treatment: str
    net: str
    tax: str
    line_class: str
    law: dict[str, Any] = Field(description="What a law profile said of the line when it was issued; {} for none.")  # fmt: skip
    override: str
    override_by_id: UUID | None
    source_kind: str
    source_id: UUID | None


class PaperInList(Shown):
    id: UUID
    client_id: UUID
    offboarding_id: UUID | None
    kind: str
    label: str
    number: int
    external_number: str
    issued_on: date
    due_on: date
    currency: str
    net: str
    tax: str
    gross: str
    credited: str
    received: str
    open: str
    state: str
    credits_id: UUID | None
    note: str
    has_letter: bool
    issued_at: datetime


class PaperWithLines(PaperInList):
    lines: list[PaperLine]


class LineGiven(Given):
    text: Title
    quantity: Signed = "1"
    unit: Annotated[Line, Field(max_length=20)] = ""
    unit_price: Signed = Field(description="Net; below zero gives a credit.")
    line_class: LineClass = LineClass.OUTSIDE
    cost: Signed | None = Field(None, description="Where a law allows the line at cost only.")
    override: Text = Field("", description="An owner's reason why a law profile does not apply.")
    tax_rate: Rate | None = Field(None, description="Per cent; null: as in the agreement.")
    tax_treatment: TaxTreatment | None = None

    def line(self) -> NewLine:
        """As the action takes it."""
        return NewLine(
            self.text,
            Decimal(self.quantity),
            Decimal(self.unit_price),
            self.unit,
            self.line_class,
            cost=None if self.cost is None else Decimal(self.cost),
            override=self.override,
            rate=None if self.tax_rate is None else Decimal(self.tax_rate),
            treatment=self.tax_treatment,
        )


class NewPaper(Given):
    kind: Literal["request", "invoice"]
    lines: Annotated[list[LineGiven], Field(min_length=1, max_length=200)]
    note: Text = ""
    due_on: Day | None = Field(None, description="null: in 14 days.")
    external_number: Annotated[Line, Field(max_length=60)] = ""


class LinesGiven(Given):
    lines: Annotated[list[LineGiven], Field(min_length=1, max_length=200)]


class LineJudged(Shown):
    net: str
    tax: str
    charge: str
    sentence: str
    profile: str
    version: int
    source: str
    refused: str = Field(description="The code of what would refuse the paper; empty for nothing.")


class Preview(Shown):
    currency: str
    net: str
    tax: str
    gross: str
    lines: list[LineJudged]
    notice: str


class Number(Given):
    number: Annotated[Line, Field(min_length=1, max_length=60)]


class Why(Given):
    reason: Title


def paper_here(request: HttpRequest, paper_id: UUID) -> papers.Invoice:
    """The paper, or 404."""
    return found(papers.paper_of(actor_of(request), paper_id))


def _shown(row: papers.Invoice, balance: papers.Balance) -> dict[str, Any]:
    return {
        "id": row.id, "client_id": row.client_id, "offboarding_id": row.offboarding_id, "kind": row.kind, "label": row.label,
        "number": row.number, "external_number": row.external_number, "issued_on": row.issued_on, "due_on": row.due_on,
        "currency": row.currency, "net": f"{row.net:f}", "tax": f"{row.tax:f}", "gross": f"{row.gross:f}",
        "credited": f"{balance.credited:f}", "received": f"{balance.received:f}", "open": f"{balance.open:f}", "state": row.state,
        "credits_id": row.credits_id, "note": row.note, "has_letter": row.letter_id is not None, "issued_at": row.issued_at,
    }  # fmt: skip


def shown_paper(request: HttpRequest, row: papers.Invoice) -> PaperWithLines:
    """A paper with its lines, read anew so that amounts have the places they are kept with."""
    fresh = paper_here(request, row.id)
    lines = [
        PaperLine(
            position=one.position, text=one.text, quantity=f"{one.quantity:f}", unit=one.unit, unit_price=f"{one.unit_price:f}",
            tax_rate=f"{one.rate:f}", tax_treatment=one.treatment, net=f"{one.net:f}", tax=f"{one.tax:f}", line_class=one.line_class,
            law=one.verdict or {}, override=one.override, override_by_id=one.override_by_id, source_kind=one.source_kind,
            source_id=one.source_id,
        )
        for one in papers.lines_of(fresh.id)
    ]  # fmt: skip
    return PaperWithLines(**_shown(fresh, papers.balance_of(fresh)), lines=lines)


def _page(request: HttpRequest, show: str, client_id: UUID | None, cursor: str | None, limit: int) -> Page[PaperInList]:  # fmt: skip
    rows = papers.papers(actor_of(request), today=today(), client_id=client_id, show=show)
    page = page_of(rows, lambda row: row, of=f"papers:{client_id}:{show}", cursor=cursor, limit=limit,
                   by=("issued_at", "id"), newest_first=True)  # fmt: skip
    shown = [
        PaperInList(**_shown(row, balance))
        for row, balance in zip(page.items, papers.balances(page.items), strict=True)
    ]  # fmt: skip
    return Page[PaperInList](items=shown, next=page.next)


Show = Annotated[Literal["open", "overdue", "paid", "cancelled", "credit"] | None, Query(None)]


@operation(router, "GET", "/papers", scope="billing:read", verb="billing.read", response=Page[PaperInList])
def list_papers(request: HttpRequest, show: Show = None, cursor: After = None, limit: Limit = 50) -> Page[PaperInList]:  # fmt: skip
    """Papers of all clients, newest first, or those open, overdue, paid, cancelled, or credit notes."""
    return _page(request, show or "", None, cursor, limit)


@operation(
    router,
    "GET",
    "/clients/{client_id}/papers",
    scope="billing:read",
    verb="billing.read",
    response=Page[PaperInList],
)
def list_client_papers(
    request: HttpRequest, client_id: PathId, show: Show = None, cursor: After = None, limit: Limit = 50
) -> Page[PaperInList]:
    """Papers of one client."""
    client_here(client_id)
    return _page(request, show or "", client_id, cursor, limit)


@operation(
    router,
    "POST",
    "/clients/{client_id}/papers",
    scope="billing:write",
    verb="billing.issue",
    response=PaperWithLines,
    status=201,
)
def post_client_paper(request: HttpRequest, client_id: PathId, body: NewPaper) -> PaperWithLines | Refusal:
    """Issue a payment request or invoice. Its number has no gap; each line is judged by the client's law profiles (R12)."""
    row = issue_invoice(
        actor=actor_of(request),
        client_id=client_id,
        kind=body.kind,
        lines=[one.line() for one in body.lines],
        note=body.note,
        due_on=body.due_on,
        external_number=body.external_number,
    )
    return row if isinstance(row, Refusal) else shown_paper(request, row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/papers/preview",
    scope="billing:read",
    verb="billing.read",
    response=Preview,
    does=False,
)
def preview_paper_here(request: HttpRequest, client_id: PathId, body: LinesGiven) -> Preview | Refusal:
    """Totals of these lines, and what the law says of each; nothing is issued. No legal advice."""
    client_here(client_id)
    judged = judge_lines(client_id, [one.line() for one in body.lines], today())
    if isinstance(judged, Refusal):
        return judged
    rows = zip(judged.bill.lines, judged.verdicts, judged.problems, strict=True)
    return Preview(
        currency=judged.bill.currency,
        net=f"{judged.bill.net:f}",
        tax=f"{judged.bill.tax:f}",
        gross=f"{judged.bill.gross:f}",
        lines=[_judgement(billed.net, billed.tax, verdict, problem) for billed, verdict, problem in rows],
        notice="This is no legal advice.",
    )


def _judgement(net: Decimal, tax: Decimal, verdict: LineVerdict, problem: Refusal | None) -> LineJudged:
    return LineJudged(
        net=f"{net:f}",
        tax=f"{tax:f}",
        charge=verdict.charge,
        sentence=verdict.sentence,
        profile=verdict.profile,
        version=verdict.version,
        source=verdict.source,
        refused=problem.code if problem else "",
    )


@operation(
    router, "GET", "/papers/{paper_id}", scope="billing:read", verb="billing.read", response=PaperWithLines
)
def getpaper_here(request: HttpRequest, paper_id: PathId) -> PaperWithLines:
    """One paper with its lines."""
    return shown_paper(request, paper_here(request, paper_id))


@operation(router, "GET", "/papers/{paper_id}/letter", scope="billing:read", verb="billing.read", file=True)
def get_paper_letter(request: HttpRequest, paper_id: PathId) -> HttpResponseBase | Refusal:
    """The paper as PDF, as it was mailed; 404 until it is made."""
    row = paper_here(request, paper_id)
    return refuse("not_found") if row.letter is None else file_response(request, row.letter)


@operation(
    router,
    "POST",
    "/papers/{paper_id}/number",
    scope="billing:write",
    verb="billing.issue",
    response=PaperWithLines,
)
def post_paper_number(request: HttpRequest, paper_id: PathId, body: Number) -> PaperWithLines | Refusal:
    """Note the number that the paper has in the MSP's accounting."""
    row = note_external_number(actor=actor_of(request), invoice_id=paper_id, number=body.number)
    return row if isinstance(row, Refusal) else shown_paper(request, row)


@operation(
    router,
    "POST",
    "/papers/{paper_id}/cancel",
    scope="billing:write",
    verb="billing.issue",
    response=PaperWithLines,
)
def post_paper_cancel(request: HttpRequest, paper_id: PathId, body: Why) -> PaperWithLines | Refusal:
    """Cancel a paper that is not paid by a credit note over all of it, which is the answer."""
    row = cancel_invoice(actor=actor_of(request), invoice_id=paper_id, reason=body.reason)
    return row if isinstance(row, Refusal) else shown_paper(request, row)


@operation(
    router,
    "POST",
    "/papers/{paper_id}/credit-unused",
    scope="billing:write",
    verb="billing.issue",
    response=PaperWithLines,
)
def post_credit_unused(request: HttpRequest, paper_id: PathId) -> PaperWithLines | Refusal:
    """Credit the prepaid time of a paper that was not used; the credit note is the answer."""
    row = credit_unused(actor=actor_of(request), invoice_id=paper_id)
    return row if isinstance(row, Refusal) else shown_paper(request, row)
