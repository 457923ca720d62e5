# SPDX-License-Identifier: AGPL-3.0-or-later
"""The new provider asks for work. It sees the state of its own requests, never hours or money; the client decides (R5)."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.hours.requests import ask_for_work
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import frame, ids
from partwell.records.hours.lists import asked_by_recipient
from partwell.rules.charges import RequestState
from partwell.rules.refusals import Refusal, refuse

WORDS = {
    RequestState.ASKED: ("waiting", "Being estimated"),
    RequestState.ESTIMATED: ("waiting", "Waits for the client"),
    RequestState.APPROVED: ("open", "Will be done"),
    RequestState.DECLINED: ("held", "Declined by the client"),
    RequestState.DONE: ("done", "Done"),
    RequestState.CANCELLED: ("held", "Cancelled"),
}


class WorkForm(forms.Form):
    """What is needed beyond what exists."""

    title = forms.CharField(label="What should be done", max_length=200)
    text = forms.CharField(
        label="What for", required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 5})
    )


@provider_door("request.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest) -> HttpResponse:
    """Ask, and read what became of what was asked. Without a standing consent there is nothing to read or ask."""
    actor = actor_of(request)
    standing, context = frame(request, "requests")
    _, client_id = ids(request)
    here = reverse("provider:requests")
    form = WorkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if (
            not standing.stands
            or standing.authorisation is None
            or standing.authorisation.offboarding_id is None
        ):
            return refusal_response(request, refuse("not_found"), back=here)
        if form.is_valid():
            result = ask_for_work(
                actor=actor, offboarding_id=standing.authorisation.offboarding_id, **form.cleaned_data
            )
            if isinstance(result, Refusal):
                return refusal_response(request, result, back=here)
            messages.success(request, "Asked. The client sees it too, and decides whether it is done.")
            return HttpResponseRedirect(here)
    rows = []
    if standing.stands:
        persons = [one.id for one in standing.recipient.persons.all()]
        rows = [
            {"row": one, "tone": WORDS[RequestState(one.state)][0], "word": WORDS[RequestState(one.state)][1]}
            for one in asked_by_recipient(persons, client_id)[:100]
        ]
    context |= {"form": form, "rows": rows, "may_ask": standing.stands and standing.authorisation is not None}
    return render(request, "provider_portal/requests.html", context, status=422 if form.errors else 200)
