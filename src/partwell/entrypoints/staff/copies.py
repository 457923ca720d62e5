# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of backups that a vendor ships (R7): a client's list, one copy's page, and each step as a form of its own."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.billing.shipped_copies import (
    VendorQuote,
    answer_not_shipped,
    ask_for_copy,
    record_quote,
)
from partwell.actions.billing.shipped_copies_bill import VendorInvoice, paper_currency, record_vendor_invoice
from partwell.actions.billing.shipped_copies_order import order_copy, record_key_way, record_shipment
from partwell.actions.hours.standing import today
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.copy_words import AT_COST, STATES, copy_context
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff import copies_forms as shapes
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of, may_here
from partwell.records.billing import copies as queries
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.rules.copies import BILLABLE, COPY_MOVES, CopyState, Settling, Shipment
from partwell.rules.money import TaxTreatment, rounded
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may as may_read

A_PAGE = 30
_BOTH = require_http_methods(["GET", "HEAD", "POST"])


def copy_or_404(text: str) -> Any:
    """The copy of an address."""
    row = queries.copy_of(id_of(text))
    if row is None:
        raise Http404
    return row


@staff_door("copy.read")
@require_safe
def copies(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's copies, the newest first."""
    client, actor = client_or_404(client_id), actor_of(request)
    page = Paginator(queries.copies_of(client.id), A_PAGE).get_page(request.GET.get("page"))
    rows = [
        {"row": one, "tone": STATES[one.state][0], "word": STATES[one.state][1]} for one in page.object_list
    ]
    return render(request, "staff/copies.html", {
        "section": "clients", "client": client, "rows": rows, "page": page, "at_cost": AT_COST,
        "may_ask": may_here(actor, client, "copy.ask"),
    })  # fmt: skip


@staff_door("copy.read")
@require_safe
def copy(request: HttpRequest, copy_id: str) -> HttpResponse:
    """One copy: where it stands, what comes next, and every step with its proof."""
    row, actor = copy_or_404(copy_id), actor_of(request)
    found = timeline_for(actor, Filters(subject=row.id), size=60)
    state = CopyState(row.state)
    moves, may = COPY_MOVES[state], lambda verb: may_here(actor, row.client, verb)
    context = copy_context(row)
    at = [row.id]
    steps = [
        ("quote", "Record the vendor's quote" if row.quote_net is None else "Record another quote", "copy.quote", "quote" in moves),
        ("not_shipped", "This vendor does not ship", "copy.quote", "no_shipping" in moves),
        ("ship", "Record the shipment", "copy.ship", "ship" in moves),
        ("invoice", "Attach the vendor's invoice" if row.vendor_net is None else "Attach a corrected invoice", "copy.bill", state in BILLABLE),
        ("key", "Say how the key gets there", "copy.ship", state in BILLABLE),
    ]  # fmt: skip
    return render(request, "staff/copy.html", {
        "section": "clients", **context, "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered,
        "asked_again": context["settling"] is Settling.ASKED, "may_order": "order" in moves and may("copy.quote"),
        "may_papers": may_read(actor.role, "billing.read") is None,
        "steps": [{"label": label, "url": reverse(f"staff:copy_{name}", args=at)} for name, label, verb, fits in steps if fits and may(verb)],
    })  # fmt: skip


@staff_door("copy.ask")
@_BOTH
def copy_ask(request: HttpRequest, client_id: str) -> HttpResponse:
    """Write down that the client asked."""
    client = client_or_404(client_id)
    back = reverse("staff:copies", args=[client.id])
    form = shapes.AskForm(request.POST or None, client=client, initial={"ship_to": client.address})
    if request.method == "POST" and form.is_valid():
        done = ask_for_copy(actor=actor_of(request), client_id=client.id, **form.values())
        if not isinstance(done, Refusal):
            return answer(request, done, reverse("staff:copy", args=[done.id]), "The wish is on record.")
        if done.status != 422:
            return answer(request, done, back, "")
        form_with_refusal(form, done)
    lede = f"For {client.name}. {AT_COST}"
    return form_page(request, form, title="A copy of a backup on a drive", button="Record it", back=back, back_label="Copies", lede=lede)  # fmt: skip


def _step(request: HttpRequest, row: Any, form: forms.Form, result: Any, said: str, title: str, button: str, lede: str = "") -> HttpResponse:  # fmt: skip
    """Show the form, or what came of it; input that was refused stands above the form again."""
    back = reverse("staff:copy", args=[row.id])
    if result is not None:
        if not isinstance(result, Refusal) or result.status != 422:
            return answer(request, result, back, said)
        form_with_refusal(form, result)
    return form_page(
        request, form, title=title, button=button, back=back, back_label=f"Copy of {row.what}", lede=lede
    )


def _file(form: forms.Form) -> dict[str, Any]:
    file = form.cleaned_data.get("file")
    if file is None:
        return {}
    return {
        "file": file,
        "file_name": file.name,
        "file_type": file.content_type or "application/octet-stream",
    }


@staff_door("copy.quote")
@_BOTH
def copy_not_shipped(request: HttpRequest, copy_id: str) -> HttpResponse:
    """This vendor does not ship: an answer, with alternatives."""
    row = copy_or_404(copy_id)
    form, done = shapes.NotShippedForm(request.POST or None, initial={"vendor": row.vendor}), None
    if request.method == "POST" and form.is_valid():
        done = answer_not_shipped(actor=actor_of(request), copy_id=row.id, **form.cleaned_data)
    return _step(
        request,
        row,
        form,
        done,
        "The client has the answer by mail.",
        "This vendor does not ship",
        "Answer the client",
    )


@staff_door("copy.quote")
@_BOTH
def copy_quote(request: HttpRequest, copy_id: str) -> HttpResponse:
    """What the vendor asks, with source and day."""
    row = copy_or_404(copy_id)
    initial = {
        "vendor": row.vendor,
        "currency": row.quote_currency or paper_currency(row),
        "day": today(timezone.now()),
    }
    form, done = shapes.QuoteForm(request.POST or None, request.FILES or None, initial=initial), None
    if request.method == "POST" and form.is_valid():
        data = {name: form.cleaned_data[name] for name in ("vendor", "net", "currency", "source", "day")}
        done = record_quote(actor=actor_of(request), copy_id=row.id, quote=VendorQuote(**data, **_file(form)))
    return _step(request, row, form, done, "Recorded; the client is asked for exactly this amount.", "The vendor's quote", "Record and ask the client", str(AT_COST))  # fmt: skip


@staff_door("copy.quote")
@require_POST
def copy_order(request: HttpRequest, copy_id: str) -> HttpResponse:
    """Ordered at the vendor, to what was approved."""
    row = copy_or_404(copy_id)
    done = order_copy(actor=actor_of(request), copy_id=row.id)
    return answer(request, done, reverse("staff:copy", args=[row.id]), "Ordered.")


@staff_door("copy.bill")
@_BOTH
def copy_invoice(request: HttpRequest, copy_id: str) -> HttpResponse:
    """The vendor's invoice, and what becomes of a difference."""
    row = copy_or_404(copy_id)
    net = rounded(row.approved_net, row.quote_currency) if row.approved_net is not None else None
    initial = {"currency": row.quote_currency, "net": net}
    form, done = shapes.InvoiceForm(request.POST or None, request.FILES or None, initial=initial), None
    if request.method == "POST" and form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name not in ("file", "treatment")}
        treatment = form.cleaned_data["treatment"]
        bill = VendorInvoice(**data, treatment=TaxTreatment(treatment) if treatment else None, **_file(form))
        done = record_vendor_invoice(actor=actor_of(request), copy_id=row.id, bill=bill)
    lede = f"The client is billed in {paper_currency(row)}. {AT_COST}"
    return _step(request, row, form, done, "The vendor's invoice is on record.", "The vendor's invoice", "Attach and pass on", lede)  # fmt: skip


@staff_door("copy.ship")
@_BOTH
def copy_ship(request: HttpRequest, copy_id: str) -> HttpResponse:
    """The drive has left."""
    row = copy_or_404(copy_id)
    form, done = (
        shapes.ShipmentForm(request.POST or None, initial={"shipped_on": today(timezone.now())}),
        None,
    )
    if request.method == "POST" and form.is_valid():
        done = record_shipment(
            actor=actor_of(request), copy_id=row.id, shipment=Shipment(**form.cleaned_data)
        )
    lede = "The key never travels with the drive, and is never written here."
    return _step(
        request,
        row,
        form,
        done,
        "The client knows that it is on its way.",
        "The drive has left",
        "Record it",
        lede,
    )


@staff_door("copy.ship")
@_BOTH
def copy_key(request: HttpRequest, copy_id: str) -> HttpResponse:
    """How the key reaches the client, apart from the drive."""
    row = copy_or_404(copy_id)
    form, done = shapes.KeyForm(request.POST or None, initial={"day": today(timezone.now())}), None
    if request.method == "POST" and form.is_valid():
        done = record_key_way(actor=actor_of(request), copy_id=row.id, **form.cleaned_data)
    return _step(request, row, form, done, "Recorded.", "The key goes its own way", "Record it", "The key itself is never written here.")  # fmt: skip


@staff_door("copy.read")
@require_safe
def copy_file(request: HttpRequest, copy_id: str, what: str) -> Any:
    """The vendor's quote or invoice."""
    row = copy_or_404(copy_id)
    file = {"quote": row.quote_file, "invoice": row.vendor_invoice}.get(what)
    if file is None:
        raise Http404
    return file_response(request, file, inline="show" in request.GET)
