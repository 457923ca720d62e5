# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page knows: brand, newest checkpoint, demonstration or not, who is signed in.

Settings, all optional: ``THEME_BRAND``, ``THEME_CHECKPOINT`` and ``THEME_PERSON`` name callables
``(request) -> dict | None``; ``PARTWELL_DEMO`` says whether this is the demonstration.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from partwell.entrypoints.theme.brand import current_brand


def _from_setting(name: str, request: HttpRequest) -> Any:
    source = getattr(settings, name, None)
    if not source:
        return None
    return (import_string(source) if isinstance(source, str) else source)(request)


def theme(request: HttpRequest) -> dict[str, Any]:
    """The context processor: ``brand``, ``checkpoint`` {at, size, digest, url}, ``demo``, ``person``.

    All are looked up when a template uses them, and a view's own context wins.
    """
    return {
        "brand": SimpleLazyObject(lambda: current_brand(request)),
        "checkpoint": SimpleLazyObject(lambda: _from_setting("THEME_CHECKPOINT", request)),
        "person": SimpleLazyObject(lambda: _from_setting("THEME_PERSON", request)),
        "demo": getattr(settings, "PARTWELL_DEMO", False),
    }
