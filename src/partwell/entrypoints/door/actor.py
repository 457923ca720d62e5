# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who stands at the door. Staff come by Django's session and a second factor; contacts by a cookie of their own."""

from collections.abc import Callable
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from partwell.actions.people.enter import person_actor, session_of
from partwell.actions.people.set_up import actor_of
from partwell.actions.people.tokens import auditor_over
from partwell.peer import address_of
from partwell.records.people.queries import staff_of
from partwell.rules.actor import Actor, Strength
from partwell.rules.terms import StaffRole

COOKIES = {"client": "pw_client", "provider": "pw_provider"}
DEMO = "pw_demo"


def session_strength(request: HttpRequest) -> Strength:
    """How strongly *this session* signed in, from what it proved itself; that the account has a second factor proves nothing.

    allauth's records count only together with ``request.user``: they exist already while the second step is open.
    """
    if not request.user.is_authenticated:
        return "none"
    if settings.PARTWELL_DEMO and request.session.get(DEMO):
        return "mfa"
    proofs = [one for one in get_authentication_records(request, request.user) if one.get("method") == "mfa"]
    if any(one.get("passwordless") for one in proofs):
        return "passkey"
    return "mfa" if proofs else "password"


def staff_actor(request: HttpRequest) -> Actor | None:
    """The signed-in staff member, or None. One who left, or an auditor whose time is over, is nobody at once."""
    if not request.user.is_authenticated:
        return None
    staff = staff_of(request.user.pk)
    if staff is None or staff.left_at or not request.user.is_active:
        return None
    if staff.role == StaffRole.AUDITOR and auditor_over(staff):
        return None
    return actor_of(staff, strength=session_strength(request), address=address_of(request))


def portal_actor(request: HttpRequest, kind: str) -> Actor | None:
    """The contact or recipient person of this door's cookie, or None."""
    session = session_of(request.COOKIES.get(COOKIES[kind], ""), kind)
    request.portal_session = session  # type: ignore[attr-defined]
    if session is None:
        return None
    return person_actor(
        kind,
        session.person_id,
        strength=session.strength,  # type: ignore[arg-type]  # kept as text
        address=address_of(request),
    )


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
