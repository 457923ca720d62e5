# SPDX-License-Identifier: AGPL-3.0-or-later
"""Throttling of what strangers can ask for; the counters lie in the cache table, so all processes share them."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse

from partwell.actions.people.security_log import note_event
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.rules.refusals import Refusal, refuse

RATES = {
    "ask_for_link": "20/10m/ip,4/10m/key",
    "calendar": "300/10m/ip,60/10m/key",
    "use_link": "60/10m/ip",
    "set_up": "20/10m/ip",
    "invited": "30/10m/ip",
}
WAIT = 600


def throttled(request: HttpRequest, action: str, key: str = "") -> Refusal | None:
    """None while there were few POSTs of ``action`` (by address, and by ``key`` such as a mail address), else the refusal."""
    usage = ratelimit.consume(
        request,
        app="partwell",
        action=action,
        config=RATES,
        key=(key.strip().lower() or "none"),
        limit_get=True,
    )
    if usage:
        return None
    note_event("throttled", request, action)
    return refuse("throttled", seconds=WAIT)


@open_door
def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """``handler429``: what django-allauth answers when its own limits are reached."""
    note_event("throttled", request, "account")
    return refusal_response(request, refuse("throttled", seconds=60))
