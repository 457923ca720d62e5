# SPDX-License-Identifier: AGPL-3.0-or-later
"""How contacts come in: ask for a link, open it (nothing happens), press the button (it is used up), sign out.

Cookies are the portals' own, limited to their paths, so that no door's session opens another.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from partwell.actions.people import enter
from partwell.actions.people.security_log import note_event
from partwell.entrypoints.door.actor import COOKIES, DEMO, portal_actor
from partwell.entrypoints.door.forms import LinkForm
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.door.throttle import throttled
from partwell.peer import address_of
from partwell.records.people.queries import staff_member
from partwell.rules.refusals import Refusal, refuse

# Longer than finding nobody or somebody takes, so that the clock does not tell which it was.
ANSWER_AFTER = 0.25
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _safe_next(kind: str, wanted: str) -> str:
    """A path within this door, or the door itself."""
    home = f"/{kind}/"
    inside = wanted.startswith(home) and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if inside and len(wanted) <= 300 else home


def sign_in_view(kind: str) -> Callable[[HttpRequest], HttpResponse]:
    """The page of one door on which a person asks for a link. Its answer is always the same."""

    @open_door
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def sign_in(request: HttpRequest) -> HttpResponse:
        """Ask for a sign-in link."""
        if request.method != "POST":
            if portal_actor(request, kind) is not None:
                return HttpResponseRedirect(_safe_next(kind, request.GET.get("next", "")))
            return render(request, "door/portal_sign_in.html", {"form": LinkForm(), "kind": kind})
        started = time.monotonic()
        form = LinkForm(request.POST)
        if not form.is_valid():
            return render(request, "door/portal_sign_in.html", {"form": form, "kind": kind}, status=422)
        email = form.cleaned_data["email"]
        if (refusal := throttled(request, "ask_for_link", f"{kind}:{email}")) is not None:
            return refusal_response(request, refusal)
        found = enter.ask_for_link(
            kind, email, address=address_of(request), next_path=_safe_next(kind, request.GET.get("next", ""))
        )
        if not found:
            note_event("link_for_nobody", request, kind)
        time.sleep(max(0.0, ANSWER_AFTER - (time.monotonic() - started)))
        return render(request, "door/link_sent.html", {"kind": kind, "again": request.path})

    return sign_in


def sign_out_view(kind: str) -> Callable[[HttpRequest], HttpResponse]:
    """The address of one door that ends its session."""

    @open_door
    @require_POST
    def sign_out(request: HttpRequest) -> HttpResponse:
        """End the session and forget the cookie."""
        session = enter.session_of(request.COOKIES.get(COOKIES[kind], ""), kind)
        if session is not None:
            enter.end_session(session)
        response = HttpResponseRedirect(f"/{kind}/sign-in/")
        response.delete_cookie(COOKIES[kind], path=f"/{kind}/", samesite="Lax")
        return response

    return sign_out


@open_door
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """A mailed link. Reading the page uses nothing up (mail scanners follow links); the button does."""
    link = enter.find_link(token)
    if link is None or (link.demo and not settings.PARTWELL_DEMO):
        note_event("link_refused", request)
        return _expired(request, refuse("link_expired"))
    if request.method != "POST":
        return render(request, "door/enter.html", {"link": link, "kind": link.kind})
    if (refusal := throttled(request, "use_link")) is not None:
        return refusal_response(request, refusal)
    agent = request.headers.get("User-Agent", "")
    used = enter.use_link(token, address=address_of(request), agent=agent)
    if isinstance(used, Refusal):
        note_event("link_refused", request)
        return _expired(request, used)
    link, key = used
    if link.kind == "staff":
        return _enter_demo(request, link.person_id)
    return _with_cookie(request, link.kind, key, link.next_path)


def _expired(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return refusal_response(request, refusal, next_label="Ask for a new link", next_url="/client/sign-in/")


def _with_cookie(request: HttpRequest, kind: str, key: str, next_path: str) -> HttpResponse:
    """A fresh key for a fresh session; one that was open in this browser ends, and no given key is ever taken over."""
    before = enter.session_of(request.COOKIES.get(COOKIES[kind], ""), kind)
    if before is not None:
        enter.end_session(before)
    response = HttpResponseRedirect(_safe_next(kind, next_path))
    response.set_cookie(
        COOKIES[kind],
        key,
        max_age=int(enter.SESSION_LIFE.total_seconds()),
        path=f"/{kind}/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _enter_demo(request: HttpRequest, staff_id: object) -> HttpResponse:
    """The sample's staff, without password or second factor: only in the demo, which is bound to loopback."""
    staff = staff_member(staff_id)  # type: ignore[arg-type]
    if not settings.PARTWELL_DEMO or staff is None or staff.left_at:
        raise Http404
    login(request, staff.user, backend=BACKEND)  # a fresh session key
    request.session[DEMO] = True
    return HttpResponseRedirect("/")
