# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gallery: every part in its states with invented data, to be looked at and to be tested in a browser."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.theme import errors
from partwell.entrypoints.theme.gallery_data import page_data

PAGES = ("parts", "departures", "offboarding", "item", "readiness", "import", "client", "provider", "signin")


def _allowed() -> None:
    if not (settings.DEBUG or getattr(settings, "PARTWELL_DEMO", False)):
        raise Http404


@open_door
def gallery(request: HttpRequest, page: str = "parts") -> HttpResponse:
    """GET /theme/gallery/[page]/: one page of parts; 404 unless DEBUG or a demonstration."""
    _allowed()
    if page in ("403", "404", "500", "409"):
        if page == "409":
            return errors.conflict(
                request, "The release was not sent.", "Mara Ellery narrowed the authorisation a minute ago."
            )
        return {"403": errors.forbidden, "404": errors.not_found, "500": errors.server_error}[page](request)
    if page not in PAGES:
        raise Http404
    name = "theme/gallery.html" if page == "parts" else f"theme/gallery/{page}.html"
    return render(request, name, {"section": "departures", "pages": PAGES, **page_data(request)})


@open_door
def gallery_job(request: HttpRequest) -> HttpResponse:
    """GET /theme/gallery/job/: a job that has ended, as its live part would answer."""
    _allowed()
    job = {
        "label": "Bundle for Alder Row IT",
        "state": "done",
        "done": 1212,
        "total": 1212,
        "unit": "files",
        "result_url": "#",
        "result_label": "Download, 41.3 GB",
    }
    return render(request, "theme/gallery/job.html", {"ended": job})
