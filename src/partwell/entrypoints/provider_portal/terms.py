# SPDX-License-Identifier: AGPL-3.0-or-later
"""The terms of confidentiality and use, accepted in one's own name before the first release (R1)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import agent, frame
from partwell.rules.refusals import Refusal, Refused


@provider_door("terms.accept")
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """Read and accept. The digest of what was on screen goes with the click."""
    standing, context = frame(request, "terms")
    if request.method == "POST":
        if standing.refusal is not None:
            raise Refused(standing.refusal)
        if not request.POST.get("accept"):
            messages.warning(request, "Tick that you accept, then send.")
            return HttpResponseRedirect(reverse("provider:terms"))
        result = accept_terms(
            actor=actor_of(request), shown_digest=request.POST.get("shown", ""), agent=agent(request)
        )
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=reverse("provider:terms"))
        messages.success(request, "Accepted in your name, and on record.")
        return HttpResponseRedirect(reverse("provider:home"))
    if standing.refusal is not None and not standing.terms:
        raise Refused(standing.refusal)
    shown, digest = terms_for(standing.recipient)
    return render(request, "provider_portal/terms.html", {**context, "paragraphs": shown, "digest": digest})
