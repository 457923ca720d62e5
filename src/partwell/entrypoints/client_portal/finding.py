# SPDX-License-Identifier: AGPL-3.0-or-later
"""Search your messages: messages, calls and mails about one's own organisation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from partwell.actions.releases import look
from partwell.entrypoints.door.finding import found_context
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.records.correspondence.search import Hit


def address(hit: Hit) -> str:
    """A mail has a page; messages and calls stand in the conversation."""
    return reverse("client:mail", args=[hit.id]) if hit.kind == "mail" else ""


@client_door("message.read")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The search page."""
    actor = actor_of(request)
    sides = {"staff": look.msp_name(), "client": "you", "provider": "the new provider"}
    context = found_context(request, address, client_id=actor.client_id, sides=sides)
    context |= {"back": {"label": "Messages", "url": reverse("client:messages")}, "home_url": "/client/"}
    return render(request, "client_portal/search.html", context)
