# SPDX-License-Identifier: AGPL-3.0-or-later
"""One request a set: the signatory says yes or no to each line, on one page (R1)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.releases.approve import approve_release
from partwell.actions.releases.release_items import AnnouncementRefused
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.releases import queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


@client_door("release.read")
@require_http_methods(["GET", "HEAD", "POST"])
def approval(request: HttpRequest, request_id: str) -> HttpResponse:
    """Read and answer. Every open line needs a yes or a no; nothing is chosen beforehand."""
    actor = actor_of(request)
    found = queries.request_seen(actor, uuid_or_404(request_id))
    if found is None:
        raise Http404
    lines = found.release.open_lines  # type: ignore[attr-defined]  # prefetched by the query
    asked = [line for line in lines if line.state == "asked"]
    back = reverse("client:releases")
    missing = False
    if request.method == "POST":
        given = {line.id: request.POST.get(f"line-{line.id}", "") for line in asked}
        missing = not all(word in ("yes", "no") for word in given.values())
        if not missing or found.state != "open":
            yes = [line_id for line_id, word in given.items() if word == "yes"]
            try:
                result = approve_release(
                    actor=actor,
                    request_id=found.id,
                    yes=yes,
                    words=request.POST.get("words", "").strip()[:2000],
                )
            except AnnouncementRefused as stopped:
                result = stopped.refusal
            if isinstance(result, Refusal):
                return refusal_response(request, result, back=back)
            messages.success(request, {"approved": "Approved. It is on its way, and you are on the message.",
                                       "partly": "Answered. What you approved is on its way."}.get(result.state, "Answered. Nothing leaves."))  # fmt: skip
            return HttpResponseRedirect(reverse("client:release", args=[found.release_id]))
    context = {
        "request_row": found,
        "release": found.release,
        "lines": asked or lines,
        "open": found.state == "open",
        "missing": missing,
        "given": {key[5:]: value for key, value in request.POST.items() if key.startswith("line-")},
        "may_approve": may(actor.role, "release.approve") is None,
        "back": {"label": "All releases", "url": back},
        "home_url": "/client/",
    }
    return render(request, "client_portal/approval.html", context, status=422 if missing else 200)
