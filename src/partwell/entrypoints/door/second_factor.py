# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second factor is required: allauth has no setting for it, so this middleware is the setting.

Before set-up every page leads to it. A session that proved a password only reaches nothing but the second
factor: its set-up where the account has none, its proof where it has one. So a stolen password, even with
an old session, can neither read a page nor change the factor it does not have.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from partwell.entrypoints.door.actor import session_strength
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import refuse

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
# Paths that know no staff session: the portals, the API (tokens), links, and what pages are made of.
APART = (
    "/static/",
    "/theme/",
    "/client/",
    "/provider/",
    "/api/",
    "/in/",
    "/invited/",
    "/setup/",
    "/brand/",
    "/health",
)
ALWAYS = {"account_logout"}
TO_SET_UP = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_add_webauthn_options",
    "account_reauthenticate",
}
TO_PROVE = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_reauthenticate_webauthn_options"}
BEFORE_SET_UP = ("/setup/", "/static/", "/theme/", "/health")

_set_up: set[str] = set()


def is_set_up() -> bool:
    """Whether this installation has its MSP. Once it has, it is not asked again (an Msp is never deleted)."""
    name = str(connection.settings_dict["NAME"])
    if name not in _set_up and the_msp() is not None:
        _set_up.add(name)
    return name in _set_up


def added(sender: Any, request: HttpRequest, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    """allauth's signal (apps.py): the account's first factor was proved by setting it up, a later one proves nothing more."""
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
    if authenticator.type in FACTORS and not others.exists():
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
        # Whoever knew the session's key before had less than it can do now.
        request.session.cycle_key()


class SecondFactorRequired:
    """After the actor's middleware: set-up first, then the second factor, then everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Lead to set-up while there is no MSP."""
        if not is_set_up() and not request.path.startswith(BEFORE_SET_UP):
            if request.path.startswith("/api/") or request.method not in ("GET", "HEAD"):
                return refusal_response(
                    request, refuse("setup_needed"), next_url="/setup/", next_label="Set up"
                )
            return HttpResponseRedirect("/setup/")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Stop a session of staff that proved a password only."""
        if request.path.startswith(APART) or session_strength(request) != "password":
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        enabled = is_mfa_enabled(request.user, FACTORS)
        if name in ALWAYS or name in (TO_PROVE if enabled else TO_SET_UP):
            return None
        if request.method not in ("GET", "HEAD"):
            return refusal_response(
                request, refuse("mfa_required"), next_url="/account/2fa/", next_label="Go on"
            )
        if request.headers.get("HX-Request"):
            raise Http404
        return HttpResponseRedirect(reverse("mfa_reauthenticate" if enabled else "mfa_index"))
