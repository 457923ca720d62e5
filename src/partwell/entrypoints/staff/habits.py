# SPDX-License-Identifier: AGPL-3.0-or-later
"""A person's own digest and calendar addresses, behind the staff door."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from partwell.entrypoints.door import habits as shared
from partwell.entrypoints.door.gate import staff_door

TEMPLATE = "staff/habits.html"


def _more() -> dict[str, Any]:
    return {"section": ""}


@staff_door("digest.choose")
@require_http_methods(["GET", "HEAD", "POST"])
def habits(request: HttpRequest) -> HttpResponse:
    """Choose how often a digest comes; see one's calendar addresses."""
    return shared.page(request, "staff", TEMPLATE, _more())


@staff_door("feed.make")
@require_POST
def feed_make(request: HttpRequest) -> HttpResponse:
    """A new calendar address, shown once."""
    return shared.make(request, "staff", TEMPLATE, _more())


@staff_door("feed.make")
@require_POST
def feed_end(request: HttpRequest, feed_id: str) -> HttpResponse:
    """End one of one's own calendar addresses."""
    return shared.end(request, "staff", feed_id)
