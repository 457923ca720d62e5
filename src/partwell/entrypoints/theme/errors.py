# SPDX-License-Identifier: AGPL-3.0-or-later
"""Error pages: a sentence, its reason and the next step (UI.md, "Habits").

For ``partwell.urls``: ``handler403``, ``handler404``, ``handler500``; for settings: ``CSRF_FAILURE_VIEW``.
None of them says whether a thing exists that the viewer may not see.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def _page(
    request: HttpRequest, code: int, title: str, reason: str, label: str, url: str, reference: str = ""
) -> HttpResponse:
    context = {
        "code": code,
        "title": title,
        "reason": reason,
        "next_label": label,
        "next_url": url,
        "reference": reference,
    }
    return HttpResponse(render_to_string("theme/error.html", context, request), status=code)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: also what strangers see of things that exist."""
    return _page(
        request,
        404,
        _("There is nothing here for you."),
        _("The address is wrong, the page has ended, or it is not yours to see."),
        _("Go to your start page"),
        "/",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: signed in, but this role may not do that."""
    return _page(
        request,
        403,
        _("This is not yours to do."),
        _("Your role does not include it. The owner of your organisation can change roles."),
        _("Go to your start page"),
        "/",
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form that is too old or came from elsewhere; nothing was done."""
    return _page(
        request,
        403,
        _("Nothing was done: this form is too old."),
        _(
            "You signed in or out since the page was opened, or cookies are switched off. Open the page again and repeat the step."
        ),
        _("Open the page again"),
        request.path,
    )


def conflict(
    request: HttpRequest, title: str, reason: str, next_label: str = "", next_url: str = ""
) -> HttpResponse:
    """409: somebody or something was quicker; ``title`` says what did not happen and ``reason`` why."""
    return _page(request, 409, title, reason, next_label or _("Look again"), next_url or request.path)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: runs no context processor; falls back to plain text when the template or the database fails."""
    reference = request.headers.get("X-Request-Id", "")[:64]
    try:
        context = {
            "code": 500,
            "title": _("Something of ours broke."),
            "next_label": _("Go to your start page"),
            "next_url": "/",
            "reason": _(
                "Nothing was half done: what was under way was taken back whole. Try once more; if it stays, tell us."
            ),
            "reference": reference,
        }
        return HttpResponse(render_to_string("theme/error.html", context), status=500)
    except Exception:  # noqa: BLE001 - the last door must open: whatever broke may have broken the templates too
        return HttpResponse(
            "Something of ours broke. Nothing was half done. Try once more.",
            status=500,
            content_type="text/plain",
        )
