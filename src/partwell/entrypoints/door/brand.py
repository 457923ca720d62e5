# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP's name, colour and logo, as the theme asks for them (settings.THEME_BRAND), and the logo's address."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from partwell.actions.files import open_file
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.door.headers import STRANGERS
from partwell.importers import images
from partwell.importers.base import ImportRefused
from partwell.records.people.queries import Msp, the_msp

LOGO_SIZE = 2 * 1024 * 1024


def msp_of(request: HttpRequest) -> Msp | None:
    """The MSP's row, read once a request: zone, name and look come of it."""
    known: Msp | None = getattr(request, "msp_row", None)
    if known is None:
        known = request.msp_row = the_msp()  # type: ignore[attr-defined]
    return known


def brand_of(request: HttpRequest | None) -> dict[str, Any]:
    """Name, accent and logo; nothing before set-up."""
    msp = msp_of(request) if request is not None else the_msp()
    if msp is None:
        return {}
    logo = f"/brand/logo/{msp.logo.sha256[:16]}/" if msp.logo else ""
    return {"name": msp.name, "accent": msp.colour, "logo_url": logo}


def clean_logo(data: bytes) -> images.Picture:
    """A logo decoded and encoded anew in a bounded child process; ``ImportRefused`` with a sentence otherwise."""
    if len(data) > LOGO_SIZE:
        raise ImportRefused("image_too_large", "The logo is larger than 2 MiB.", remedy="Make it smaller.")
    return images.guarded("clean_image", data)


@open_door
@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """The logo under an address that changes with it, so that it may be cached for long."""
    msp = the_msp()
    if msp is None or msp.logo is None or not msp.logo.sha256.startswith(digest) or len(digest) != 16:
        raise Http404
    with open_file(msp.logo) as stream:
        response = HttpResponse(stream.read(), content_type=msp.logo.media_type)
    response["Cache-Control"] = "public, max-age=86400"
    response["Content-Security-Policy"] = STRANGERS
    return response
