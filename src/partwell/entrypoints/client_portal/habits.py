# SPDX-License-Identifier: AGPL-3.0-or-later
"""A person's own digest and calendar addresses, behind the client door."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partwell.entrypoints.door import habits as shared
from partwell.entrypoints.door.gate import client_door

TEMPLATE = "client_portal/habits.html"


def _more() -> dict[str, Any]:
    return {"home_url": "/client/", "back": {"label": _("Home"), "url": "/client/"}}


@client_door("digest.choose")
@require_http_methods(["GET", "HEAD", "POST"])
def habits(request: HttpRequest) -> HttpResponse:
    """Choose how often a digest comes; see one's calendar addresses."""
    return shared.page(request, "client", TEMPLATE, _more())


@client_door("feed.make")
@require_POST
def feed_make(request: HttpRequest) -> HttpResponse:
    """A new calendar address, shown once."""
    return shared.make(request, "client", TEMPLATE, _more())


@client_door("feed.make")
@require_POST
def feed_end(request: HttpRequest, feed_id: str) -> HttpResponse:
    """End one of one's own calendar addresses."""
    return shared.end(request, "client", feed_id)
