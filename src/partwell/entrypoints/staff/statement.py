# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's statement of hours and money: the page, its CSV and letters, and settling unused prepaid time."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.billing.settle import money_at_closing, settle_prepaid
from partwell.actions.billing.statement import Statement, departures_of, statement_of
from partwell.actions.billing.statement_letter import make_statement
from partwell.actions.offboardings.common import find
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.statement_words import Ways, context_of, csv_response
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, id_of, may_here, url_or
from partwell.records.billing import queries
from partwell.rules.refusals import Refusal


def _shown(request: HttpRequest, client_id: str) -> Statement:
    """The statement of an address; ``?departure=`` chooses an earlier departure."""
    chosen = request.GET.get("departure", "")
    found = statement_of(client_or_404(client_id).id, id_of(chosen) if chosen else None)
    if found is None:
        raise Http404
    return found


@staff_door("billing.read")
@require_safe
def statement(request: HttpRequest, client_id: str) -> HttpResponse:
    """The page: sums, chart, papers, and every piece of work in pages. Queries do not grow with the entries."""
    shown, actor = _shown(request, client_id), actor_of(request)
    client = shown.client
    ways = Ways(
        "/evidence/",
        lambda row_id: url_or("paper", row_id),
        lambda row_id: url_or("request", row_id),
        lambda file_id: reverse("staff:client_file", args=[client.id, file_id]),
        lambda payment: url_or("payment_proof", payment.invoice_id, payment.id),
        lambda row_id: url_or("copy", row_id),
    )
    departures = departures_of(client.id)
    money = money_at_closing(shown.offboarding) if shown.offboarding else None
    return render(request, "staff/statement.html", {
        "section": "clients", "client": client, **context_of(shown, request.GET, ways),
        "departures": departures if len(departures) > 1 else [], "made": list(queries.statements_of(client.id)[:20]),
        "may_make": may_here(actor, client, "statement.make"), "may_settle": may_here(actor, client, "billing.issue"),
        "unsettled": money.unsettled_words if money else "", "owed": money.owed_words if money else "",
        "departure_query": f"?departure={shown.offboarding.id}" if shown.offboarding and "departure" in request.GET else "",
    })  # fmt: skip


@staff_door("billing.read")
@require_safe
def statement_file(request: HttpRequest, client_id: str) -> Any:
    """Every line and sum as CSV."""
    return csv_response(_shown(request, client_id))


@staff_door("statement.make")
@require_POST
def statement_make(request: HttpRequest, client_id: str) -> HttpResponse:
    """Fix the sums of this moment and have the letter written, filed and mailed."""
    client = client_or_404(client_id)
    chosen = request.POST.get("departure", "")
    result = make_statement(
        actor=actor_of(request), client_id=client.id, offboarding_id=id_of(chosen) if chosen else None
    )
    to = reverse("staff:statement", args=[client.id])
    return answer(
        request, result, to, "The statement is being written; it goes to the client as a letter with a mail."
    )


@staff_door("billing.read")
@require_safe
def statement_letter(request: HttpRequest, client_id: str, statement_id: str) -> Any:
    """The letter of a statement that was made."""
    row = queries.statement(id_of(statement_id))
    if row is None or row.client_id != client_or_404(client_id).id or row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


@staff_door("billing.issue")
@require_POST
def settle(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Credit all prepaid time of a departure that was not used, by the agreement's rule."""
    row = find(id_of(offboarding_id))
    if row is None:
        raise Http404
    result = settle_prepaid(actor=actor_of(request), offboarding_id=row.id)
    labels = "" if isinstance(result, Refusal) else ", ".join(one.label for one in result)
    to = f"{reverse('staff:statement', args=[row.client_id])}?departure={row.id}"
    return answer(request, result, to, f"Unused time is credited: {labels}.")
