# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is done with a paper: its number in the accounting, payments, refunds, credits. Each page is one form and one action."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partwell.actions.billing.external_number import note_external_number
from partwell.actions.billing.issue import cancel_invoice
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.billing.refund import GivenBack, credit_unused, refund_payment, unused_of
from partwell.actions.hours.standing import today
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff import billing_forms as shapes
from partwell.entrypoints.staff.billing import paper_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal
from partwell.entrypoints.theme.formats import duration_words, money_words
from partwell.records.billing.papers import Invoice, balance_of
from partwell.rules.hours import UnusedRule
from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal

_BOTH = require_http_methods(["GET", "POST"])
# Refusals that are about what was typed stand above the form again.
_TYPED = ("payment_too_much", "refund_invalid", "payment_invalid")


def _given(request: HttpRequest, form: type[forms.Form], initial: dict[str, Any] | None = None) -> forms.Form:
    return form(request.POST, request.FILES) if request.method == "POST" else form(initial=initial)


def _page(request: HttpRequest, form: forms.Form, row: Invoice, **said: Any) -> HttpResponse:
    back = reverse("staff:paper", args=[row.id])
    return form_page(request, form, section="papers", back=back, back_label=row.label, **said)


def _done(
    request: HttpRequest, form: forms.Form, row: Invoice, result: object, flash: str, **said: Any
) -> HttpResponse:
    if isinstance(result, Refusal) and (result.status == 422 or result.code in _TYPED):
        form_with_refusal(form, result)
        return _page(request, form, row, **said)
    return answer(request, result, reverse("staff:paper", args=[row.id]), flash)


@staff_door("billing.issue")
@_BOTH
def paper_number(request: HttpRequest, paper_id: str) -> HttpResponse:
    """The number that the MSP's accounting gave it."""
    row = paper_or_404(actor_of(request), paper_id)
    form = _given(request, shapes.NumberForm, {"number": row.external_number})
    said = {"title": _("%(label)s in our accounting") % {"label": row.label}, "button": _("Note the number")}
    if request.method == "POST" and form.is_valid():
        result = note_external_number(
            actor=actor_of(request), invoice_id=row.id, number=form.cleaned_data["number"]
        )
        return _done(request, form, row, result, _("Noted."), **said)
    return _page(request, form, row, **said)


def _tidy(amount: Decimal, currency: str) -> Decimal:
    return rounded(amount, currency)


@staff_door("payment.record")
@_BOTH
def payment_add(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Money that came in; paid in full, the hours that were asked for are open."""
    row = paper_or_404(actor_of(request), paper_id)
    still = balance_of(row).open
    day: date = today(timezone.now())
    form = _given(
        request, shapes.PaymentForm, {"amount": _tidy(max(still, Decimal(0)), row.currency), "received_on": day}
    )  # fmt: skip
    said = {
        "title": _("Record a payment for %(label)s") % {"label": row.label},
        "button": _("Record the payment"),
        "lede": _("Open: %(amount)s. Paid in full, the hours that it asks for are open from then on.")
        % {"amount": money_words(still, row.currency)},
    }
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        proof = data["proof"]
        received = Received(
            data["amount"],
            row.currency,
            data["received_on"],
            data["reference"],
            proof,
            proof.name if proof else "",
            (proof.content_type if proof else "") or "application/octet-stream",
        )
        result = record_payment(actor=actor_of(request), invoice_id=row.id, received=received)
        return _done(request, form, row, result, _("The payment is on record."), **said)
    return _page(request, form, row, **said)


@staff_door("payment.record")
@_BOTH
def refund_add(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Money that went back, with its reason and proof."""
    row = paper_or_404(actor_of(request), paper_id)
    balance = balance_of(row)
    owed = max(-balance.open, Decimal(0))
    day: date = today(timezone.now())
    form = _given(
        request,
        shapes.RefundForm,
        {"amount": _tidy(owed or balance.received, row.currency), "paid_on": day},
    )
    words = {
        "received": money_words(balance.received, row.currency),
        "owed": money_words(owed, row.currency),
    }
    said = {
        "title": _("Give money back on %(label)s") % {"label": row.label},
        "button": _("Record the refund"),
        "lede": _(
            "%(received)s came in, %(owed)s of it is credited to the client. Beyond that the paper is open again, "
            "and the hours it opened are closed until it is paid."
        )
        % words,
    }
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        proof = data["proof"]
        given = GivenBack(
            data["amount"],
            row.currency,
            data["paid_on"],
            data["reason"],
            proof,
            proof.name,
            proof.content_type or "application/octet-stream",
            data["reference"],
        )
        result = refund_payment(actor=actor_of(request), invoice_id=row.id, given=given)
        return _done(request, form, row, result, _("The refund is on record."), **said)
    return _page(request, form, row, **said)


@staff_door("billing.issue")
@_BOTH
def paper_cancel(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Cancel by a credit note over all of it; the number stays taken."""
    row = paper_or_404(actor_of(request), paper_id)
    form = _given(request, shapes.CancelForm)
    said = {
        "title": _("Cancel %(label)s") % {"label": row.label},
        "button": _("Cancel it by a credit note"),
        "danger": True,
        "lede": _(
            "A credit note over all of it is issued and mailed to the client. The number stays taken, so that there is "
            "no gap; hours that it asked for will not open."
        ),
    }
    if request.method == "POST" and form.is_valid():
        result = cancel_invoice(
            actor=actor_of(request), invoice_id=row.id, reason=form.cleaned_data["reason"]
        )
        label = "" if isinstance(result, Refusal) else result.label
        return _done(request, form, row, result, _("Cancelled by %(label)s.") % {"label": label}, **said)
    return _page(request, form, row, **said)


@staff_door("billing.issue")
@_BOTH
def paper_unused(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Credit prepaid time that was not used, by the agreement's rule."""
    row = paper_or_404(actor_of(request), paper_id)
    unused = unused_of(row)
    form = _given(request, shapes.SureForm)
    back = unused.rule is UnusedRule.REFUND
    words = {
        "time": duration_words(unused.minutes),
        "net": money_words(unused.net, row.currency),
        "then": _("Then it is paid back; record the refund here.")
        if back
        else _("It then stands to the client's credit."),
    }
    said = {
        "title": _("Credit what was not used of %(label)s") % {"label": row.label},
        "button": _("Issue the credit note"),
        "lede": _(
            "%(time)s are unused, %(net)s net. A credit note over them is issued and the time is closed. %(then)s"
        )
        % words,
    }
    if request.method == "POST" and form.is_valid():
        result = credit_unused(actor=actor_of(request), invoice_id=row.id)
        label = "" if isinstance(result, Refusal) else result.label
        return _done(request, form, row, result, _("Credited by %(label)s.") % {"label": label}, **said)
    return _page(request, form, row, **said)
