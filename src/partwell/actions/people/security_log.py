# SPDX-License-Identifier: AGPL-3.0-or-later
"""The security log: strangers' 404s, malformed input, throttled sign-ins. No evidence, no secrets, never fatal."""

import logging

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from partwell.hush import hush
from partwell.peer import address_of
from partwell.records.people.models import SecurityEvent

log = logging.getLogger("partwell.security")


def note_event(kind: str, request: HttpRequest, note: str = "") -> None:
    """Keep one line: kind, path without tokens, the visitor's address."""
    try:
        SecurityEvent.objects.create(
            at=timezone.now(),
            kind=kind[:40],
            path=hush(request.path)[:300],
            address=address_of(request),
            note=hush(note)[:300],
        )
    except DatabaseError:
        log.warning("The security log could not be written: %s", kind)
