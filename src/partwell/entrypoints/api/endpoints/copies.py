# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of backups that a vendor ships (R7). The client's own words, its approval and its arrival, are the portal's."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.billing.shipped_copies import (
    VendorQuote,
    answer_not_shipped,
    ask_for_copy,
    record_quote,
)
from partwell.actions.billing.shipped_copies_bill import VendorInvoice, record_vendor_invoice, settling_of
from partwell.actions.billing.shipped_copies_order import order_copy, record_key_way, record_shipment
from partwell.entrypoints.api.endpoints.common import (
    LETTER_MOST,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    found,
    json_part,
)
from partwell.entrypoints.api.fields import (
    Currency,
    Day,
    Flag,
    Given,
    Line,
    Money,
    Name,
    PathId,
    Rate,
    Ref,
    Shown,
    Text,
    Title,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.billing import copies as queries
from partwell.rules.copies import Shipment
from partwell.rules.money import TaxTreatment
from partwell.rules.refusals import Refusal, refuse

router = Router()


class CopyShown(Shown):
    """``settling``: not_billed, to_bill, asked (the client is asked about more than it approved), settled."""

    id: UUID
    client_id: UUID
    backup_set_id: UUID | None
    what: str
    ship_to: str
    state: str
    asked_by_id: UUID
    asked_at: datetime
    vendor: str
    alternatives: str
    quote_net: Decimal | None
    quote_currency: str
    quote_source: str
    quote_day: date | None
    approved_net: Decimal | None
    approved_at: datetime | None
    vendor_number: str
    vendor_net: Decimal | None
    vendor_currency: str
    rate: Decimal | None
    rate_day: date | None
    rate_source: str
    quote_rate: Decimal | None
    carrier: str
    tracking: str
    drive_serial: str
    encryption: str
    key_handed_over: str
    shipped_on: date | None
    arrived_at: datetime | None


class CopyWhole(CopyShown):
    settling: str


class CopyAsked(Given):
    """``asked_by``: the contact who asked; ``ship_to``: empty for the client's address."""

    asked_by: Ref
    what: Line = ""
    backup_set: Ref | None = None
    ship_to: Text = ""
    words: Text = ""


class NotShipped(Given):
    vendor: Name
    alternatives: Text


class QuoteGiven(Given):
    vendor: Name
    net: Money
    currency: Currency
    source: Title
    day: Day


class InvoiceGiven(Given):
    """``rate``: units of the client's currency for one of the invoice's; ``quote_rate``: of the quote's, where the invoice
    is in another; both of ``rate_day`` and ``rate_source``. ``bear``: what lies above the approved amount is credited
    instead of asked for. ``treatment`` and ``tax_rate``: the line's own tax, else the agreement's."""

    number: Name
    net: Money
    currency: Currency
    rate: Line | None = None
    rate_day: Day | None = None
    rate_source: Line = ""
    quote_rate: Line | None = None
    bear: Flag = False
    treatment: TaxTreatment | None = None
    tax_rate: Rate | None = None
    override: Text = ""


class QuoteForm(Given):
    quote: Annotated[str, Field(max_length=10_000, description="JSON: vendor, net, currency, source, day.")]


class InvoiceForm(Given):
    invoice: Annotated[
        str,
        Field(
            max_length=40_000,
            description="JSON: number, net, currency; rate, rate_day, rate_source, quote_rate; bear; treatment, tax_rate; override.",
        ),
    ]


class ShipmentGiven(Given):
    carrier: Name
    drive_serial: Name
    encryption: Title
    shipped_on: Day
    tracking: Line = ""


class KeyWay(Given):
    """``way``: client_holds, release, call, letter or person; never the key."""

    way: Line
    day: Day


def _whole(row: Any) -> CopyWhole | Refusal:
    if isinstance(row, Refusal):
        return row
    shown = CopyShown.model_validate(row).model_dump()
    return CopyWhole(**shown, settling=settling_of(row))


@operation(
    router,
    "GET",
    "/clients/{client_id}/copies",
    scope="billing:read",
    verb="copy.read",
    response=Page[CopyShown],
)
def list_copies(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[CopyShown]:
    """Copies that a client asked for."""
    client_here(client_id)
    rows = queries.copies_of(client_id).order_by()
    return page_of(
        rows,
        CopyShown.model_validate,
        of=f"copies:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("asked_at", "id"),
    )


@operation(router, "GET", "/copies/{copy_id}", scope="billing:read", verb="copy.read", response=CopyWhole)
def get_copy(request: HttpRequest, copy_id: PathId) -> CopyWhole | Refusal:
    """One copy, and where the client's line stands against the vendor's invoice."""
    return _whole(found(queries.copy_of(copy_id)))


@operation(
    router,
    "POST",
    "/clients/{client_id}/copies",
    scope="billing:write",
    verb="copy.ask",
    response=CopyWhole,
    status=201,
)
def post_copy(request: HttpRequest, client_id: PathId, body: CopyAsked) -> CopyWhole | Refusal:
    """Write down that a contact asked for a copy of a backup set, or of ``what``."""
    return _whole(
        ask_for_copy(
            actor=actor_of(request),
            client_id=client_id,
            what=body.what,
            backup_set_id=body.backup_set,
            ship_to=body.ship_to,
            words=body.words,
            asked_by_id=body.asked_by,
        )
    )


@operation(
    router,
    "POST",
    "/copies/{copy_id}/not-shipped",
    scope="billing:write",
    verb="copy.quote",
    response=CopyWhole,
)
def post_copy_not_shipped(request: HttpRequest, copy_id: PathId, body: NotShipped) -> CopyWhole | Refusal:
    """This vendor does not ship: an answer, with what the client can do instead."""
    return _whole(
        answer_not_shipped(
            actor=actor_of(request), copy_id=copy_id, vendor=body.vendor, alternatives=body.alternatives
        )
    )


@operation(
    router, "POST", "/copies/{copy_id}/quote", scope="billing:write", verb="copy.quote", response=CopyWhole
)
def post_copy_quote(
    request: HttpRequest, copy_id: PathId, form: Form[QuoteForm], file: File[UploadedFile | None] = None
) -> CopyWhole | Refusal:
    """Record the vendor's quote; the client is asked for exactly this amount.

    A multipart form: ``quote`` is JSON (vendor, net, currency, source, day), ``file`` the vendor's paper.
    """
    given = json_part(QuoteGiven, form.quote)
    what = VendorQuote(
        given.vendor,
        Decimal(given.net),
        given.currency,
        given.source,
        given.day,
        content_of(file, LETTER_MOST) if file else None,
        (file.name or "") if file else "",
        (file.content_type or "application/octet-stream") if file else "application/octet-stream",
    )
    return _whole(record_quote(actor=actor_of(request), copy_id=copy_id, quote=what))


@operation(
    router, "POST", "/copies/{copy_id}/order", scope="billing:write", verb="copy.quote", response=CopyWhole
)
def post_copy_order(request: HttpRequest, copy_id: PathId) -> CopyWhole | Refusal:
    """Record the order at the vendor: only what the client approved, to exactly that amount."""
    return _whole(order_copy(actor=actor_of(request), copy_id=copy_id))


@operation(
    router, "POST", "/copies/{copy_id}/invoice", scope="billing:write", verb="copy.bill", response=CopyWhole
)
def post_copy_invoice(
    request: HttpRequest, copy_id: PathId, form: Form[InvoiceForm], file: File[UploadedFile]
) -> CopyWhole | Refusal:
    """Attach the vendor's invoice and pass it on: the client's line is its net.

    A multipart form: ``invoice`` is JSON (number, net, currency; rate, rate_day and rate_source where the currencies
    differ, quote_rate where it is not the quote's; bear; treatment, tax_rate; override), ``file`` the vendor's paper. Above the approved amount the client is asked again.
    """
    given = json_part(InvoiceGiven, form.invoice)
    rate, quote_rate = _rate(given.rate), _rate(given.quote_rate)
    if isinstance(rate, Refusal):
        return rate
    if isinstance(quote_rate, Refusal):
        return quote_rate
    bill = VendorInvoice(
        given.number,
        Decimal(given.net),
        given.currency,
        content_of(file, LETTER_MOST),
        file.name or "",
        file.content_type or "application/octet-stream",
        rate,
        given.rate_day,
        given.rate_source,
        quote_rate,
        given.bear,
        None if given.tax_rate is None else Decimal(given.tax_rate),
        given.treatment,
        override=given.override,
    )
    return _whole(record_vendor_invoice(actor=actor_of(request), copy_id=copy_id, bill=bill))


def _rate(text: str | None) -> Decimal | Refusal | None:
    """A rate as digits, at most 8 of them on either side of the point."""
    if text is None:
        return None
    whole, _point, rest = text.partition(".")
    fits = whole.isascii() and whole.isdecimal() and len(whole) <= 8 and len(rest) <= 8
    if not fits or (rest and not (rest.isascii() and rest.isdecimal())):
        return refuse("rate_undated")
    return Decimal(text.rstrip("."))


@operation(
    router, "POST", "/copies/{copy_id}/shipment", scope="billing:write", verb="copy.ship", response=CopyWhole
)
def post_copy_shipment(request: HttpRequest, copy_id: PathId, body: ShipmentGiven) -> CopyWhole | Refusal:
    """The drive has left."""
    return _whole(
        record_shipment(actor=actor_of(request), copy_id=copy_id, shipment=Shipment(**body.model_dump()))
    )


@operation(
    router, "POST", "/copies/{copy_id}/key", scope="billing:write", verb="copy.ship", response=CopyWhole
)
def post_copy_key(request: HttpRequest, copy_id: PathId, body: KeyWay) -> CopyWhole | Refusal:
    """How the key reaches the client, apart from the drive; there is no field for the key."""
    return _whole(record_key_way(actor=actor_of(request), copy_id=copy_id, way=body.way, day=body.day))


@operation(router, "GET", "/copies/{copy_id}/quote", scope="billing:read", verb="copy.read", file=True)
def get_copy_quote(request: HttpRequest, copy_id: PathId) -> HttpResponseBase | Refusal:
    """The vendor's quote as it was attached."""
    row = found(queries.copy_of(copy_id))
    return file_response(request, row.quote_file) if row.quote_file else refuse("not_found")


@operation(router, "GET", "/copies/{copy_id}/invoice", scope="billing:read", verb="copy.read", file=True)
def get_copy_invoice(request: HttpRequest, copy_id: PathId) -> HttpResponseBase | Refusal:
    """The vendor's invoice: the proof of what was passed on."""
    row = found(queries.copy_of(copy_id))
    return file_response(request, row.vendor_invoice) if row.vendor_invoice else refuse("not_found")
