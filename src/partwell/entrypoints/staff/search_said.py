# SPDX-License-Identifier: AGPL-3.0-or-later
"""Search what was said: about all clients, or about one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from partwell.entrypoints.door.finding import found_context
from partwell.entrypoints.door.gate import staff_door
from partwell.entrypoints.staff.releases import client_of
from partwell.records.correspondence.search import Hit


def address(hit: Hit) -> str:
    """Where a hit stands among the staff's pages."""
    if hit.kind == "message":
        return reverse("staff:message", args=[hit.id])
    if hit.kind == "call":
        return reverse("staff:call", args=[hit.id])
    if hit.kind == "mail":
        return reverse("staff:mail", args=[hit.id])
    return reverse("staff:client_messages", args=[hit.client_id]) if hit.client_id else ""


@staff_door("message.read")
@require_safe
def search_said(request: HttpRequest) -> HttpResponse:
    """All clients' messages, calls and mails."""
    context = {"section": "messages", "show_client": True, **found_context(request, address)}
    return render(request, "staff/search_said.html", context)


@staff_door("message.read")
@require_safe
def client_search(request: HttpRequest, client_id: str) -> HttpResponse:
    """One client's."""
    client = client_of(client_id)
    context = {
        "section": "messages",
        "client": client,
        **found_context(request, address, client_id=client.id),
    }
    return render(request, "staff/search_said.html", context)
