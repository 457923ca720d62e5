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

# Strangers write here without being asked: an address that tries for days must not fill the disk.
NEWEST = 100_000


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


def forget_oldest(keep: int = NEWEST) -> int:
    """Keep the newest ``keep`` lines; gives how many went. No evidence is among them."""
    last = SecurityEvent.objects.order_by("-pk").values_list("pk", flat=True)[keep : keep + 1].first()
    return 0 if last is None else SecurityEvent.objects.filter(pk__lte=last).delete()[0]
