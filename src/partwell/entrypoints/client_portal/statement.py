# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's statement: hours and money on one page, every line with its way to what is behind it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from partwell.actions.billing.statement import Statement, departures_of, statement_of
from partwell.entrypoints.client_portal.frame import client_id_of, frame, maybe
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.statement_words import Ways, context_of, csv_response
from partwell.records.billing import queries


def _shown(request: HttpRequest) -> Statement:
    chosen = request.GET.get("departure", "")
    found = statement_of(client_id_of(actor_of(request)), uuid_or_404(chosen) if chosen else None)
    if found is None:
        raise Http404
    return found


@client_door("billing.read")
@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    """The page."""
    shown = _shown(request)

    def vendor_file(file_id: UUID) -> str:
        return reverse("client:statement_vendor", args=[file_id])

    ways = Ways(
        "/client/evidence/",
        lambda row_id: maybe("client:paper", row_id),
        lambda row_id: maybe("client:request", row_id),
        vendor_file,
        lambda payment: "",  # a bank's slip of the provider may show others' money
        lambda row_id: maybe("client:copy", row_id),
    )
    departures = departures_of(shown.client.id)
    return render(
        request,
        "client_portal/statement.html",
        frame(
            **context_of(shown, request.GET, ways),
            departures=departures if len(departures) > 1 else [],
            departure_query=f"?departure={shown.offboarding.id}"
            if shown.offboarding and "departure" in request.GET
            else "",
            made=[one for one in queries.statements_of(shown.client.id)[:20] if one.letter_id],
        ),
    )


@client_door("billing.read")
@require_safe
def statement_file(request: HttpRequest) -> Any:
    """Every line and sum as CSV."""
    return csv_response(_shown(request))


@client_door("billing.read")
@require_safe
def statement_letter(request: HttpRequest, statement_id: str) -> Any:
    """The letter of a statement that was made."""
    row = queries.statement(uuid_or_404(statement_id))
    if row is None or row.client_id != client_id_of(actor_of(request)) or row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


@client_door("billing.read")
@require_safe
def statement_vendor(request: HttpRequest, file_id: str) -> Any:
    """A vendor's invoice that was passed through at cost: the proof that nothing was added (R7)."""
    copy = queries.copy_of_invoice(client_id_of(actor_of(request)), uuid_or_404(file_id))
    if copy is None or copy.vendor_invoice is None:
        raise Http404
    return file_response(request, copy.vendor_invoice, inline="show" in request.GET)
