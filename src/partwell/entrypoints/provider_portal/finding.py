# SPDX-License-Identifier: AGPL-3.0-or-later
"""Search one's own conversation; after the end only one's own held questions are left to find."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.entrypoints.door.finding import found_context
from partwell.entrypoints.door.gate import provider_door
from partwell.entrypoints.provider_portal.common import frame, ids
from partwell.records.correspondence.search import Hit


def nowhere(_hit: Hit) -> str:
    """Messages stand in the conversation and have no page of their own here."""
    return ""


@provider_door("message.read")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The search page."""
    standing, context = frame(request, "messages")
    _, client_id = ids(request)
    sides = {"staff": "the outgoing provider", "client": "the client", "provider": "you"}
    context |= found_context(request, nowhere, client_id=client_id, stands=standing.stands, sides=sides)
    return render(request, "provider_portal/search.html", context)
