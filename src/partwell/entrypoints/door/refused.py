# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a refusal looks like: a sentence, its reason, a button for the next step. Never a bare "forbidden"."""

import logging
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from partwell.actions.base import Conflict
from partwell.actions.people.security_log import note_event
from partwell.rules.refusals import Refusal, Refused, refuse

log = logging.getLogger("partwell.door")


def refusal_response(
    request: HttpRequest, refusal: Refusal, *, back: str = "", next_label: str = "", next_url: str = ""
) -> HttpResponse:
    """A page (or, for htmx, a part) that shows one refusal, with its status."""
    part = bool(request.headers.get("HX-Request"))
    template = "theme/refused_part.html" if part else "theme/refused.html"
    context = {
        "refusal": refusal,
        "back": back or request.headers.get("Referer", "") or "/",
        "next_label": next_label,
        "next_url": next_url,
    }
    # htmx swaps only successful answers, so a part says 200; the page keeps the true status.
    return render(request, template, context, status=200 if part else refusal.status)


class RefusalMiddleware:
    """Turns ``Refused`` and ``Conflict`` into pages, and notes 404s and malformed input in the security log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through; the security log keeps what was not found."""
        response = self.get_response(request)
        if response.status_code in (400, 404, 413) and not request.path.startswith("/static/"):
            note_event(f"http_{response.status_code}", request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what rules and the deed raise before or instead of writing."""
        if request.path.startswith("/api/"):
            return None
        if isinstance(exception, Refused):
            return refusal_response(request, exception.refusal)
        if isinstance(exception, Conflict):
            return refusal_response(request, refuse("version_conflict"))
        if not isinstance(exception, Http404):
            log.error("A page failed: %s", type(exception).__name__, exc_info=exception)
        return None
