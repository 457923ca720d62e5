# SPDX-License-Identifier: AGPL-3.0-or-later
"""Work that was asked for: the client asks, sees what an estimate would cost, and alone says yes or no (R5)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.hours import requests as actions
from partwell.actions.hours.price import price_of
from partwell.actions.hours.standing import standing
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.hours_words import UNUSED_WORDS, budget_words, request_row
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.hours import lists
from partwell.records.hours.queries import requests_of
from partwell.rules.charges import RequestState
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


def shown_row(row: Any) -> dict[str, Any]:
    """One request in the client's words."""
    found = request_row(row)
    return {**found, "word": _("Waits for you")} if row.state == RequestState.ESTIMATED else found


class WorkForm(forms.Form):
    """What is wanted, in one's own words."""

    title = forms.CharField(max_length=200, label=gettext_lazy("What you would like us to do"))
    text = forms.CharField(
        required=False,
        max_length=8000,
        label=gettext_lazy("What for"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@client_door("time.read")
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """What was asked for, by whom, and what became of it."""
    actor = actor_of(request)
    how = standing(client_id_of(actor))
    rows = [shown_row(one) for one in requests_of(client_id_of(actor))[:100]]
    context = frame(
        rows=rows,
        budget=budget_words(how),
        may_ask=how.open_departure and may(actor.role, "request.ask") is None,
    )
    return render(request, "client_portal/requests.html", context)


@client_door("request.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for work; nothing of it begins before the estimate is approved."""
    actor = actor_of(request)
    how = standing(client_id_of(actor))
    if how.offboarding is None:
        raise Http404
    form = WorkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = actions.ask_for_work(actor=actor, offboarding_id=how.offboarding.id, **form.cleaned_data)
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=reverse("client:requests"))
        messages.success(request, _("Asked. You hear what it would take before anything begins."))
        return HttpResponseRedirect(reverse("client:requests"))
    context = frame(form=form, budget=budget_words(how))
    return render(request, "client_portal/request_ask.html", context, status=422 if form.errors else 200)


def _mine(request: HttpRequest, request_id: str) -> Any:
    row = lists.request_of(uuid_or_404(request_id))
    if row is None or row.client_id != client_id_of(actor_of(request)):
        raise Http404
    return row


@client_door("time.read")
@require_safe
def one(request: HttpRequest, request_id: str) -> HttpResponse:
    """One request: blocks, net, tax and gross before the click, and what becomes of unused time."""
    row, actor = _mine(request, request_id), actor_of(request)
    waits = row.state == RequestState.ESTIMATED
    context = frame(
        row=row, shown=shown_row(row), price=price_of(row) if waits else None, blocks=list(row.blocks.all()),
        unused=UNUSED_WORDS[standing(row.client_id).terms.unused],
        may_answer=waits and may(actor.role, "request.answer") is None,
    )  # fmt: skip
    return render(request, "client_portal/request.html", context)


@client_door("request.answer")
@require_POST
def answer(request: HttpRequest, request_id: str) -> HttpResponse:
    """Approve exactly what was shown, or decline."""
    row = _mine(request, request_id)
    approve = request.POST.get("do") == "approve"
    try:
        shown = Decimal(request.POST.get("net", "")[:20]) if approve else None
    except InvalidOperation:
        raise Http404 from None
    result = actions.answer_request(
        actor=actor_of(request),
        request_id=row.id,
        approve=approve,
        words=request.POST.get("words", "")[:2000],
        shown_net=shown,
    )
    back = reverse("client:request", args=[row.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Approved. Thank you.") if approve else _("Declined; nothing of it begins."))
    return HttpResponseRedirect(back)
