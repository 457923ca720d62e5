# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments and refunds of papers with their proofs (R5), and the export for accounting and PSA tools."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from ninja import File, Form, Query, Router, UploadedFile
from pydantic import Field

from partwell.actions.billing.export import Wanted, export_lines, export_time
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.billing.refund import GivenBack, refund_payment
from partwell.entrypoints.api.endpoints.billing import paper_here
from partwell.entrypoints.api.endpoints.common import LETTER_MOST, After, Limit, actor_of, content_of
from partwell.entrypoints.api.fields import Currency, Day, Given, Line, PathId, Ref, Shown, Signed, Title
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.billing import papers
from partwell.rules.refusals import Refusal, Refused, refuse

router = Router()


class PaymentOfPaper(Shown):
    id: UUID
    amount: str = Field(description="Below zero: money that went back.")
    currency: str
    received_on: date
    reference: str
    reason: str
    has_proof: bool
    recorded_at: datetime


class PaymentForm(Given):
    amount: Signed
    currency: Currency
    received_on: Day
    reference: Annotated[Line, Field(max_length=160)] = ""


class RefundForm(Given):
    amount: Signed = Field(description="Above zero.")
    currency: Currency
    paid_on: Day
    reason: Title
    reference: Annotated[Line, Field(max_length=160)] = ""


def _payment(row: papers.Payment) -> PaymentOfPaper:
    return PaymentOfPaper(
        id=row.id, amount=f"{row.amount:f}", currency=row.currency, received_on=row.received_on, reference=row.reference,
        reason=row.reason, has_proof=row.proof_id is not None, recorded_at=row.recorded_at,
    )  # fmt: skip


@operation(
    router,
    "GET",
    "/papers/{paper_id}/payments",
    scope="billing:read",
    verb="billing.read",
    response=Page[PaymentOfPaper],
)
def list_payments(
    request: HttpRequest, paper_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[PaymentOfPaper]:
    """What came in for a paper, and what went back."""
    rows = papers.payments_of(paper_here(request, paper_id).id)
    return page_of(rows, _payment, of=f"payments:{paper_id}", cursor=cursor, limit=limit, by=("recorded_at", "id"))  # fmt: skip


@operation(
    router,
    "POST",
    "/papers/{paper_id}/payments",
    scope="billing:write",
    verb="payment.record",
    response=PaymentOfPaper,
    status=201,
)
def post_payment(
    request: HttpRequest, paper_id: PathId, form: Form[PaymentForm], proof: File[UploadedFile | None] = None
) -> PaymentOfPaper | Refusal:
    """Record money that came in (form data), with its proof as a file; paid in full, the hours it asks for are open."""
    given = Received(Decimal(form.amount), form.currency, form.received_on, form.reference)
    if proof is not None:
        content = content_of(proof, LETTER_MOST)
        given = Received(
            given.amount,
            given.currency,
            given.received_on,
            given.reference,
            content,
            proof.name or "proof",
            proof.content_type or "application/octet-stream",
        )
    row = record_payment(actor=actor_of(request), invoice_id=paper_id, received=given)
    return row if isinstance(row, Refusal) else _payment(row)


@operation(
    router,
    "POST",
    "/papers/{paper_id}/refunds",
    scope="billing:write",
    verb="payment.record",
    response=PaymentOfPaper,
    status=201,
)
def post_refund(
    request: HttpRequest, paper_id: PathId, form: Form[RefundForm], proof: File[UploadedFile]
) -> PaymentOfPaper | Refusal:
    """Record money that went back (form data), with its reason and its proof as a file."""
    given = GivenBack(
        Decimal(form.amount),
        form.currency,
        form.paid_on,
        form.reason,
        content_of(proof, LETTER_MOST),
        proof.name or "proof",
        proof.content_type or "application/octet-stream",
        form.reference,
    )
    row = refund_payment(actor=actor_of(request), invoice_id=paper_id, given=given)
    return row if isinstance(row, Refusal) else _payment(row)


@operation(
    router,
    "GET",
    "/papers/{paper_id}/payments/{payment_id}/proof",
    scope="billing:read",
    verb="billing.read",
    file=True,
)
def get_payment_proof(request: HttpRequest, paper_id: PathId, payment_id: PathId) -> HttpResponseBase | Refusal:  # fmt: skip
    """What proves a payment or a refund."""
    row = papers.payments_of(paper_here(request, paper_id).id).filter(pk=payment_id).first()
    return refuse("not_found") if row is None or row.proof is None else file_response(request, row.proof)


@operation(router, "GET", "/billing/export", scope="billing:read", verb="billing.read", file=True)
def export_billing(
    request: HttpRequest,
    first: Annotated[Day, Query(...)],
    last: Annotated[Day, Query(...)],
    what: Annotated[Literal["lines", "time"], Query("lines")] = "lines",
    client: Annotated[Ref | None, Query(None)] = None,
) -> HttpResponseBase:
    """Lines of papers or time of these days as CSV (both days included), streamed; docs/api.md says what the columns are."""
    export = export_time if what == "time" else export_lines
    made = export(actor=actor_of(request), wanted=Wanted(first, last, client))
    if isinstance(made, Refusal):
        raise Refused(made)
    name = f"{what}-{first:%Y%m%d}-{last:%Y%m%d}.csv"
    return StreamingHttpResponse(
        made, content_type="application/octet-stream", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )  # fmt: skip
