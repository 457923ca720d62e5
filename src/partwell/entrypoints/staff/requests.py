# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests for work: what was asked and by whom, an estimate with all that it would mean, finishing and cancelling."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.hours import requests as actions
from partwell.actions.hours.price import price_of
from partwell.actions.hours.standing import standing
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.hours_words import (
    KIND_WORDS,
    LINE_WORDS,
    UNUSED_WORDS,
    budget_words,
    request_row,
)
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import (
    answer,
    form_page,
    form_with_refusal,
    id_of,
    may_here,
    words_field,
)
from partwell.records.hours import lists
from partwell.records.hours.queries import requests_of
from partwell.rules.charges import RequestState
from partwell.rules.hours import WorkKind
from partwell.rules.law import LineClass
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 40


class AskForm(forms.Form):
    """Work that was asked for by word of mouth, or that staff see coming."""

    title = forms.CharField(label="What is asked for", max_length=200, required=False)
    text = words_field("In their words", 4, required=False)
    kind = forms.ChoiceField(
        label="What kind of work",
        choices=[(one.value, KIND_WORDS[one]) for one in WorkKind],
        initial=WorkKind.OTHER,
    )


class EstimateForm(forms.Form):
    """How long it takes, and what kind of line it is on paper."""

    minutes = forms.IntegerField(label="Minutes", help_text="All of it; the client approves at most that.")
    kind = forms.ChoiceField(
        label="What kind of work", choices=[(one.value, KIND_WORDS[one]) for one in WorkKind],
        help_text="Handing over what exists, as it exists, is never paid for.",
    )  # fmt: skip
    line_class = forms.ChoiceField(
        label="What the line is for", choices=[(one.value, LINE_WORDS[one]) for one in LineClass],
        help_text="Law profiles speak of lines of work, not of clients only.",
    )  # fmt: skip
    cost = forms.DecimalField(
        label="What it costs us, net", required=False, min_value=0, max_digits=12, decimal_places=2,
        help_text="Only where a law profile allows cost and no more.",
    )  # fmt: skip
    override = forms.CharField(
        label="Why the law profile does not apply", required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="An owner's reason; it stays on record.",
    )  # fmt: skip

    def __init__(self, *args: Any, owner: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not owner:
            del self.fields["override"]

    def values(self) -> dict[str, Any]:
        """As the action takes them."""
        data = self.cleaned_data
        return {
            "minutes": data["minutes"],
            "kind": WorkKind(data["kind"]),
            "line_class": LineClass(data["line_class"]),
            "cost": data["cost"],
            "override": data.get("override", ""),
        }


@staff_door("time.read")
@require_safe
def all_requests(request: HttpRequest) -> HttpResponse:
    """What is asked for everywhere and not settled: what waits for us first."""
    page = Paginator(lists.open_requests_everywhere(), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/requests.html", {
        "section": "clients", "client": None, "page": page, "rows": [request_row(one) for one in page.object_list]})  # fmt: skip


@staff_door("time.read")
@require_safe
def client_requests(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's requests, open ones first."""
    client = client_or_404(client_id)
    how = standing(client.id)
    page = Paginator(requests_of(client.id), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/requests.html", {
        "section": "clients", "client": client, "page": page, "rows": [request_row(one) for one in page.object_list],
        "budget": budget_words(how), "may_ask": how.open_departure and may_here(actor_of(request), client, "request.ask"),
    })  # fmt: skip


@staff_door("request.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def request_ask(request: HttpRequest, client_id: str) -> HttpResponse:
    """Write down what was asked for; then it is estimated like any other."""
    client = client_or_404(client_id)
    how = standing(client.id)
    if how.offboarding is None:
        raise Http404
    back = reverse("staff:client_requests", args=[client.id])
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        result = actions.ask_for_work(
            actor=actor_of(request),
            offboarding_id=how.offboarding.id,
            title=given["title"],
            text=given["text"],
            kind=WorkKind(given["kind"]),
        )
        if not isinstance(result, Refusal):
            return answer(
                request, result, reverse("staff:request", args=[result.id]), "Noted. Now estimate it."
            )
        form_with_refusal(form, result, title="request_without_title")
    return form_page(
        request, form, title="A request for work", back=back, back_label=f"Requests of {client.name}", button="Note it",
        lede="What goes beyond handing over what exists. Nothing of it begins before the client has approved the estimate.",
    )  # fmt: skip


def _request_or_404(request_id: str) -> Any:
    row = lists.request_of(id_of(request_id))
    if row is None:
        raise Http404
    return row


@staff_door("time.read")
@require_http_methods(["GET", "HEAD"])
def request_page(request: HttpRequest, request_id: str) -> HttpResponse:
    """One request; ``?minutes=…`` shows what an estimate would mean before it is sent."""
    row = _request_or_404(request_id)
    form = None
    if _estimable(request, row):
        owner = may(actor_of(request).role, "billing.override") is None
        shown = {
            "minutes": row.estimate,
            "kind": row.kind,
            "line_class": row.line_class,
            "cost": row.cost,
            "override": row.override,
        }
        form = (
            EstimateForm(request.GET, owner=owner)
            if "minutes" in request.GET
            else EstimateForm(initial=shown, owner=owner)
        )
    return _page(request, row, form)


def _estimable(request: HttpRequest, row: Any) -> bool:
    open_ = row.state in (RequestState.ASKED, RequestState.ESTIMATED)
    return open_ and may_here(actor_of(request), row.client, "request.estimate")


def _page(request: HttpRequest, row: Any, form: EstimateForm | None, code: int = 200) -> HttpResponse:
    actor = actor_of(request)
    preview = None
    if form is not None and form.is_bound and form.is_valid() and 0 < form.cleaned_data["minutes"] <= 9600:
        preview = price_of(row, **form.values())
    elif form is not None and form.is_bound and code == 200:
        code = 422
    state = RequestState(row.state)
    working = may_here(actor, row.client, "request.finish")
    how = standing(row.client_id)
    context = {
        "section": "clients", "client": row.client, "request_row": request_row(row), "row": row, "form": form, "preview": preview,
        "price": price_of(row) if state is RequestState.ESTIMATED else None, "blocks": list(row.blocks.all()),
        "budget": budget_words(how), "unused": UNUSED_WORDS[how.terms.unused], "line": LINE_WORDS[LineClass(row.line_class)],
        "may_finish": working and state is RequestState.APPROVED, "may_cancel": working and state in lists.OPEN,
        "may_record": may_here(actor, row.client, "time.record") and state is RequestState.APPROVED,
    }  # fmt: skip
    return render(request, "staff/request.html", context, status=code)


@staff_door("request.estimate")
@require_POST
def request_estimate(request: HttpRequest, request_id: str) -> HttpResponse:
    """Send the estimate: the client decides in its portal and has it by mail."""
    row = _request_or_404(request_id)
    form = EstimateForm(request.POST, owner=may(actor_of(request).role, "billing.override") is None)
    if not form.is_valid():
        return _page(request, row, form, 422)
    result = actions.estimate_request(actor=actor_of(request), request_id=row.id, **form.values())
    if isinstance(result, Refusal) and result.code == "estimate_invalid":
        form_with_refusal(form, result, minutes="estimate_invalid")
        return _page(request, row, form, 422)
    return answer(
        request, result, reverse("staff:request", args=[row.id]), "Sent. The client decides in its portal."
    )


@staff_door("request.finish")
@require_POST
def request_finish(request: HttpRequest, request_id: str) -> HttpResponse:
    """The work is done; what was promised beyond the time recorded is free again."""
    row = _request_or_404(request_id)
    result = actions.finish_request(actor=actor_of(request), request_id=row.id)
    return answer(request, result, reverse("staff:request", args=[row.id]), "Finished.")


@staff_door("request.finish")
@require_http_methods(["GET", "HEAD", "POST"])
def request_cancel(request: HttpRequest, request_id: str) -> HttpResponse:
    """Take a request off the list, with a reason that the client reads."""
    row = _request_or_404(request_id)
    back = reverse("staff:request", args=[row.id])
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = actions.cancel_request(
            actor=actor_of(request), request_id=row.id, words=form.cleaned_data["words"]
        )
        if not isinstance(result, Refusal) or result.code != "cancel_without_reason":
            return answer(request, result, back, "Cancelled.")
        form_with_refusal(form, result, words="cancel_without_reason")
    return form_page(
        request, form, title="Cancel the request", back=back, back_label=row.title, button="Cancel it", danger=True,
        lede=f"“{row.title}”. Blocks that were paid stay the client's.",
    )  # fmt: skip


class CancelForm(forms.Form):
    """Why; the client reads it."""

    words = forms.CharField(
        label="Why", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The client reads it.",
    )  # fmt: skip
