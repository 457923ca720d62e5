# SPDX-License-Identifier: AGPL-3.0-or-later
"""Find anything (page and palette), and the security log."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from partwell.actions.people.find import Found, Group, find
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.records.people import queries

EACH = 100
KINDS = {
    "http_404": "Asked for what is not there",
    "http_400": "Sent what could not be understood",
    "http_413": "Sent too much",
    "sign_in_failed": "Wrong password",
    "passkey_refused": "Passkey not accepted",
    "throttled": "Too many tries",
    "link_refused": "Used or old sign-in link",
    "link_for_nobody": "Asked for a link for an unknown address",
    "api_token_refused": "Dead API token",
}


def _url(one: Found) -> str:
    """Where a thing stands; its client's page where it has none of its own."""
    try:
        if one.kind == "offboarding":
            return reverse("staff:offboarding", args=[one.id])
        if one.kind == "item":
            return reverse("staff:item", args=[one.client_id, one.id])
        if one.kind == "message":
            return reverse("staff:message", args=[one.id])
        if one.kind == "call":
            return reverse("staff:call", args=[one.id])
        if one.kind == "mail":
            return reverse("staff:mail", args=[one.id])
        return reverse("staff:client", args=[one.client_id])
    except NoReverseMatch:
        return f"/clients/{one.client_id}/"


def _groups(groups: list[Group]) -> list[dict[str, Any]]:
    return [
        {
            "label": group.label,
            "results": [
                {"title": one.title, "note": one.note, "url": _url(one), "icon": one.icon}
                for one in group.results
            ],
        }
        for group in groups
    ]


@staff_door("search.read")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The search page."""
    text = request.GET.get("q", "")[:200]
    groups = _groups(find(actor=actor_of(request), text=text, each=25)) if text.strip() else []
    return render(request, "staff/search.html", {"text": text, "groups": groups})


@staff_door("search.read")
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """The palette's answer: {"groups": [{"label", "results": [{"title", "note", "url", "icon"}]}]}."""
    groups = find(actor=actor_of(request), text=request.GET.get("q", "")[:200])
    return JsonResponse({"groups": _groups(groups)})


@staff_door("security.read")
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """The security log: what is no evidence but worth a look."""
    kinds = queries.security_kinds()
    kind = request.GET.get("kind", "")
    page = Paginator(queries.security_events(kind if kind in kinds else ""), EACH).get_page(
        request.GET.get("page")
    )
    rows = [{"row": row, "word": KINDS.get(row.kind, row.kind.replace("_", " "))} for row in page]
    shown = [(one, KINDS.get(one, one.replace("_", " "))) for one in kinds]
    return render(request, "staff/security.html", {"page": page, "rows": rows, "kinds": shown, "kind": kind})
