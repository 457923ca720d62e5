# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page knows: the MSP's name and look, the actor, the last checkpoint, whether this is the sample."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from partwell.actions.evidence.log import last_checkpoint
from partwell.records.people.queries import the_msp


def house(request: HttpRequest) -> dict[str, Any]:
    """Lazy values for templates; a page that shows none of them asks the database nothing."""
    return {
        "msp": SimpleLazyObject(the_msp),
        "actor": getattr(request, "actor", None),
        "checkpoint": SimpleLazyObject(last_checkpoint),
        "demo": settings.PARTWELL_DEMO,
    }
