# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the client itself received: answering, fetching, seeing a credential once."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.receive import confirm_receipt, confirm_rotation, object_to_receipt
from partwell.actions.releases.reveal import claim_reveal, find_reveal, make_reveal
from partwell.entrypoints.door.actor import COOKIES
from partwell.entrypoints.door.answers import answer_of, uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.rules.refusals import Refusal


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:200]


def _key(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIES["client"], "")


@client_door("receipt.confirm")
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Confirm, object or confirm a rotation: one line, or all that are ticked."""
    actor, given, back = actor_of(request), answer_of(request), reverse("client:releases")
    if given.rotated:
        result = confirm_rotation(actor=actor, line_ids=given.rotated)
        said = "Thank you. The change is on record."
    elif given.objections:
        result = object_to_receipt(actor=actor, reasons=given.objections)
        said = "Your objection is on record; we answer it here and by mail."
    elif given.confirm:
        result = confirm_receipt(actor=actor, line_ids=given.confirm)
        said = "Thank you. Your receipt is on record."
    else:
        messages.warning(request, "Tick at least one item first.")
        return HttpResponseRedirect(back)
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, said)
    return HttpResponseRedirect(back)


@client_door("release.read")
@require_safe
def line_file(request: HttpRequest, line_id: str) -> HttpResponse:
    """The document of a released line; its first opening is evidence."""
    result = open_line(
        actor=actor_of(request),
        line_id=uuid_or_404(line_id),
        agent=_agent(request),
        looks=request.method == "HEAD",
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("client:releases"))
    return cast(HttpResponse, file_response(request, result))


@client_door("credential.receive")
@require_POST
def reveal_ask(request: HttpRequest, line_id: str) -> HttpResponse:
    """Open the page that shows a credential once. Shows nothing itself."""
    result = make_reveal(
        actor=actor_of(request),
        line_id=uuid_or_404(line_id),
        session_key=_key(request),
        agent=_agent(request),
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("client:releases"))
    return HttpResponseRedirect(reverse("client:reveal", args=[result.id]))


@client_door("credential.receive")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, reveal_id: str) -> HttpResponse:
    """GET: the page with the button. POST: the secret, once, in this one answer."""
    actor, back = actor_of(request), reverse("client:releases")
    row = find_reveal(actor=actor, reveal_id=uuid_or_404(reveal_id))
    if row is None:
        raise Http404
    context = {
        "reveal": row,
        "line": row.line,
        "home": back,
        "home_url": "/client/",
        "answer_url": reverse("client:answer"),
        "back": {"label": "All releases", "url": back},
    }
    if request.method != "POST":
        return render(request, "client_portal/reveal.html", context)
    shown = claim_reveal(actor=actor, reveal_id=row.id, session_key=_key(request), agent=_agent(request))
    if isinstance(shown, Refusal):
        return refusal_response(request, shown, back=back)
    values = [(name, secret.reveal()) for name, secret in shown.values.items()]
    response = render(
        request, "client_portal/revealed.html", {**context, "account": shown.account, "values": values}
    )
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
