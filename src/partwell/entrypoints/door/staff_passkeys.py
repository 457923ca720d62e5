# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passkeys of staff, by the theme's passkey part: POST for options, POST the credential, an address or a sentence back.

allauth's own pages carry inline data for its scripts and would accept a key that nobody unlocked; here the
user must be verified (PIN, finger, face), which is what makes a passkey two factors.
"""

import json
from collections.abc import Callable
from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.models import Login
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal import ratelimit
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth, flows
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from fido2.utils import websafe_decode
from fido2.webauthn import AuthenticatorData

from partwell.actions.people.security_log import note_event
from partwell.entrypoints.door.gate import open_door

BIGGEST = 64 * 1024
NOT_ACCEPTED = "The passkey was not accepted. Try again, or choose another way."


def _no(detail: str, status: int = 400) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


def _credential(request: HttpRequest) -> dict[str, Any] | None:
    """The posted credential when it is made on our own origin by a verified user; None otherwise."""
    if len(request.body) > BIGGEST:
        return None
    try:
        given = json.loads(request.body)
        client = json.loads(websafe_decode(given["response"]["clientDataJSON"]))
        if client["origin"] != f"{request.scheme}://{request.get_host()}" or client.get("crossOrigin"):
            return None
        if "authenticatorData" in given["response"]:
            data = AuthenticatorData(websafe_decode(given["response"]["authenticatorData"]))
            if not data.is_user_verified():
                return None
    except Exception:  # noqa: BLE001  hostile CBOR and base64 raise almost anything
        return None
    return dict(given)


def _checked(make: Callable[[dict[str, Any]], Form], request: HttpRequest) -> Form | None:
    """The form of this credential, valid; None (and a line in the security log) otherwise."""
    given = _credential(request)
    try:
        form = make({"credential": json.dumps(given)}) if given else None
        if form is not None and form.is_valid():
            return form
    except Exception:  # noqa: BLE001, S110  hostile credentials reach allauth's parser; the line below keeps them
        pass
    note_event("passkey_refused", request)
    return None


def _address(response: HttpResponse, fallback: str = "/") -> JsonResponse:
    return JsonResponse({"url": response.headers.get("Location", fallback)})


# sign-in ----------------------------------------------------------------------


@open_door
@require_POST
@ratelimit.decorator(app="allauth.mfa", action="webauthn_login")
def login_options(request: HttpRequest) -> HttpResponse:
    """A challenge for any passkey of this site."""
    return JsonResponse(auth.begin_authentication(user=None))


@open_door
@require_POST
@ratelimit.decorator(app="allauth.mfa", action="webauthn_login")
def login(request: HttpRequest) -> HttpResponse:
    """Sign in by passkey alone: it is two factors."""
    form = _checked(lambda data: LoginWebAuthnForm(data=data), request)
    if form is None:
        return _no(NOT_ACCEPTED)
    authenticator = form.cleaned_data["credential"]
    wanted = request.GET.get("next", "")
    target = wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else None
    found = Login(user=authenticator.user, redirect_url=target)
    return _address(flows.perform_passwordless_login(request, authenticator, found))


# the second step of a sign-in ---------------------------------------------------


@open_door
@require_POST
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
def second_options(request: HttpRequest) -> HttpResponse:
    """A challenge for the passkeys of whoever just gave the right password."""
    return JsonResponse(auth.begin_authentication(request._login_stage.login.user))  # type: ignore[attr-defined]


@open_door
@require_POST
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")
def second(request: HttpRequest) -> HttpResponse:
    """Finish the sign-in with a passkey."""
    stage = request._login_stage  # type: ignore[attr-defined]
    form = _checked(lambda data: AuthenticateWebAuthnForm(user=stage.login.user, data=data), request)
    if form is None:
        return _no(NOT_ACCEPTED)
    form.save()  # type: ignore[attr-defined]
    return _address(stage.exit())


# adding and proving anew --------------------------------------------------------


@open_door
@require_POST
def add_options(request: HttpRequest) -> HttpResponse:
    """Options to make a passkey: resident, its user verified."""
    if not request.user.is_authenticated:
        return _no("Sign in first.", 401)
    try:
        validate_can_add_authenticator(request.user)
        return JsonResponse(flows.begin_registration(request, request.user, True))
    except ReauthenticationRequired:
        return _no("Sign in again first: it is more than five minutes ago.", 401)
    except ValidationError as error:
        return _no(" ".join(error.messages))


@open_door
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey; recovery codes are made with the first factor."""
    if not request.user.is_authenticated:
        return _no("Sign in first.", 401)
    user = request.user
    form = _checked(lambda data: AddWebAuthnForm(user=user, data={**data, "passwordless": "on"}), request)
    if form is None:
        return _no(NOT_ACCEPTED)
    try:
        _, codes = flows.add_authenticator(
            request, form.cleaned_data["name"], form.cleaned_data["credential"]
        )
    except ReauthenticationRequired:
        return _no("Sign in again first: it is more than five minutes ago.", 401)
    return JsonResponse({"url": reverse("mfa_view_recovery_codes" if codes else "mfa_index")})


@open_door
@require_POST
def again_options(request: HttpRequest) -> HttpResponse:
    """A challenge to prove anew, in a session that is open."""
    if not request.user.is_authenticated:
        return _no("Sign in first.", 401)
    return JsonResponse(auth.begin_authentication(request.user))


@open_door
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Prove anew with a passkey; the session has its second factor from here on."""
    if not request.user.is_authenticated:
        return _no("Sign in first.", 401)
    user = request.user
    form = _checked(lambda data: ReauthenticateWebAuthnForm(user=user, data=data), request)
    if form is None:
        return _no(NOT_ACCEPTED)
    flows.reauthenticate(request, form.cleaned_data["credential"])
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return JsonResponse({"url": wanted if safe else reverse("mfa_index")})
