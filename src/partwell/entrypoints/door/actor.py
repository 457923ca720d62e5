# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who stands at the door. Staff come by Django's session and a second factor; contacts by a cookie of their own."""

from collections.abc import Callable
from datetime import date
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from partwell.actions.people.enter import person_actor, session_of
from partwell.actions.people.set_up import actor_of
from partwell.records.people.queries import staff_of
from partwell.rules.actor import Actor

COOKIES = {"client": "pw_client", "provider": "pw_provider"}


def address_of(request: HttpRequest) -> str:
    """The peer's address (the proxy in front sets REMOTE_ADDR; headers of strangers are not believed)."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def staff_actor(request: HttpRequest) -> Actor | None:
    """The signed-in staff member, or None. One who left, or an auditor whose time is over, is nobody at once."""
    if not request.user.is_authenticated:
        return None
    staff = staff_of(request.user.pk)
    if staff is None or staff.left_at or not request.user.is_active:
        return None
    if staff.auditor_until and staff.auditor_until < _today():
        return None
    strength = "mfa" if request.session.get("pw_demo") or is_mfa_enabled(request.user) else "password"
    return actor_of(staff, strength=strength, address=address_of(request))


def _today() -> date:
    return timezone.now().date()


def portal_actor(request: HttpRequest, kind: str) -> Actor | None:
    """The contact or recipient person of this door's cookie, or None."""
    session = session_of(request.COOKIES.get(COOKIES[kind], ""), kind)
    request.portal_session = session  # type: ignore[attr-defined]
    if session is None:
        return None
    return person_actor(kind, session.person_id, strength=session.strength, address=address_of(request))  # type: ignore[arg-type]


class ActorMiddleware:
    """Sets ``request.actor`` lazily: by the client portal's cookie under /client/, the provider's under /provider/, else staff."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Attach the actor; nothing is read from the database until a view asks."""
        def find() -> Any:
            for kind in COOKIES:
                if request.path.startswith(f"/{kind}/"):
                    return portal_actor(request, kind)
            return staff_actor(request)

        request.actor = SimpleLazyObject(find)  # type: ignore[attr-defined]
        return self.get_response(request)
