# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answering, fetching and seeing once: everything is decided again when it happens."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.receive import confirm_receipt, confirm_rotation, object_to_receipt
from partwell.actions.releases.reveal import claim_reveal, find_reveal, make_reveal
from partwell.entrypoints.door.answers import answer_of, uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import agent, frame, session_key
from partwell.rules.refusals import Refusal, Refused


@provider_door("receipt.confirm")
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Confirm, object or confirm a rotation: one line, or all that are ticked."""
    actor, given = actor_of(request), answer_of(request)
    back = reverse("provider:home")
    if given.rotated:
        result = confirm_rotation(actor=actor, line_ids=given.rotated)
        said = "Thank you. The change is on record."
    elif given.objections:
        result = object_to_receipt(actor=actor, reasons=given.objections)
        said = "Your objection is on record; the client has a copy, and you are answered here."
    elif given.confirm:
        result = confirm_receipt(actor=actor, line_ids=given.confirm)
        said = f"{len(given.confirm)} confirmed. The client has a copy."
    else:
        messages.warning(request, "Tick at least one item first.")
        return HttpResponseRedirect(back)
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, said)
    return HttpResponseRedirect(back)


@provider_door("release.read")
@require_safe
def line_file(request: HttpRequest, line_id: str) -> HttpResponse:
    """The document of a released line; its first opening is evidence."""
    result = open_line(
        actor=actor_of(request),
        line_id=uuid_or_404(line_id),
        agent=agent(request),
        looks=request.method == "HEAD",
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("provider:home"))
    return cast(HttpResponse, file_response(request, result))


@provider_door("credential.receive")
@require_POST
def reveal_ask(request: HttpRequest, line_id: str) -> HttpResponse:
    """Open the page that shows a credential once. Shows nothing itself."""
    result = make_reveal(
        actor=actor_of(request),
        line_id=uuid_or_404(line_id),
        session_key=session_key(request),
        agent=agent(request),
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("provider:home"))
    return HttpResponseRedirect(reverse("provider:reveal", args=[result.id]))


@provider_door("credential.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, reveal_id: str) -> HttpResponse:
    """GET: the page with the button. POST: the secret, once, in this one answer."""
    actor, back = actor_of(request), reverse("provider:home")
    row = find_reveal(actor=actor, reveal_id=uuid_or_404(reveal_id))
    if row is None:
        raise Http404
    standing, context = frame(request)
    if standing.refusal is not None and request.method != "POST":
        raise Refused(standing.refusal)  # what a POST is refused for goes on record in its action
    context |= {
        "reveal": row,
        "line": row.line,
        "back": {"label": "Back to the list", "url": back},
        "home": back,
        "answer_url": reverse("provider:answer"),
    }
    if request.method != "POST":
        return render(request, "provider_portal/reveal.html", context)
    shown = claim_reveal(
        actor=actor, reveal_id=row.id, session_key=session_key(request), agent=agent(request)
    )
    if isinstance(shown, Refusal):
        return refusal_response(request, shown, back=back)
    context["account"] = shown.account
    context["values"] = [(name, secret.reveal()) for name, secret in shown.values.items()]
    response = render(request, "provider_portal/revealed.html", context)
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
