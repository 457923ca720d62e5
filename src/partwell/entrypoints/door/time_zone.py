# SPDX-License-Identifier: AGPL-3.0-or-later
"""Moments are shown in the MSP's zone, with the zone written beside them, and typed in it: pages then say the hour of letters and mails."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from partwell.entrypoints.door.brand import msp_of

# No moment is shown there in words: the API speaks UTC by offset, the others are styles, pictures and documentation.
APART = ("/api/", "/static/", "/theme/", "/brand/", "/problems/")


class TimeZone:
    """Activates the MSP's zone for one page, of the MSP's row that the page's head shows anyway: no query is added."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before set-up, or with a zone this system does not know, it stays UTC, which is then what is written beside."""
        if request.path.startswith(APART):
            return self.get_response(request)
        msp = msp_of(request)
        with timezone.override(zone_named(msp.time_zone if msp else "UTC")):
            return self.get_response(request)


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name; UTC for one that this system does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return ZoneInfo("UTC")
