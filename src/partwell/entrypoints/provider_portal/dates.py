# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8: a new provider may ask to move the end of service; the client alone decides. Every date that moves is shown before."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from partwell.actions.offboardings.move_dates import preview_dates, propose_date, visible
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import frame
from partwell.rules.refusals import Refusal

# What a new provider sees of what moves: the end and its own access; the plan is between the client and its provider.
THEIRS = ("effective", "service_ends", "access_ends", "objections_until")


class DateForm(forms.Form):
    """Another end of service, and why."""

    effective_on = forms.DateField(
        label=gettext_lazy("The service should end on"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(
        required=False, max_length=1000, label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3})
    )


@provider_door("date.propose")
@require_http_methods(["GET", "HEAD", "POST"])
def dates(request: HttpRequest) -> HttpResponse:
    """See the end of service, look at what another would move, and ask for it. Without a consent that stands there is nothing here."""
    actor = actor_of(request)
    standing, context = frame(request, "dates")
    offboarding_id = standing.authorisation.offboarding_id if standing.authorisation else None
    row = visible(actor, offboarding_id) if standing.stands and offboarding_id else None
    if row is None:
        raise Http404
    asks = request.method == "POST"
    given = request.POST if asks else request.GET if "effective_on" in request.GET else None
    form = DateForm(given)
    found: Any = None
    if form.is_bound and form.is_valid():
        day, reason = form.cleaned_data["effective_on"], form.cleaned_data["reason"]
        if asks:
            result = propose_date(actor=actor, offboarding_id=row.id, effective_on=day, reason=reason)
            if isinstance(result, Refusal):
                return refusal_response(request, result, back=reverse("provider:dates"))
            messages.success(request, _("Asked. The date moves when the client agrees."))
            return HttpResponseRedirect(reverse("provider:dates"))
        found = preview_dates(row, day, None, timezone.localdate())
    refused = found if isinstance(found, Refusal) else None
    moves = [] if found is None or refused else [one for one in found[1] if one["key"] in THEIRS]
    context |= {
        "departure": row,
        "form": form,
        "refused": refused,
        "moves": [
            (one["what"], date.fromisoformat(one["before"]), date.fromisoformat(one["after"]))
            for one in moves
        ],
        "asked": form.cleaned_data if moves else None,
    }
    wrong = form.is_bound and not form.is_valid()
    return render(request, "provider_portal/dates.html", context, status=422 if wrong else 200)
