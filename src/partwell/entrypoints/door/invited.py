# SPDX-License-Identifier: AGPL-3.0-or-later
"""An invited person opens the page (which consumes nothing), sets name and password, and goes on to the second factor."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from partwell.actions.people.staff import accept_invitation, find_invitation
from partwell.entrypoints.door.forms import PasswordPair
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.door.throttle import throttled
from partwell.rules.refusals import Refusal, refuse


@open_door
@sensitive_post_parameters("password", "again")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation to the staff."""
    if (refusal := throttled(request, "invited")) is not None:
        return refusal_response(request, refusal)
    invitation = find_invitation(token)
    if invitation is None:
        return refusal_response(
            request, refuse("invitation_used"), next_label="Sign in", next_url="/account/login/"
        )
    form = PasswordPair(request.POST or None, initial={"person": invitation.name})
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "invitation": invitation}
        return render(request, "door/invited.html", context, status=422 if request.method == "POST" else 200)
    done = accept_invitation(
        token=token, name=form.cleaned_data["person"], password=form.cleaned_data["password"]
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done)
    if request.user.is_authenticated:
        logout(request)
    return perform_password_login(request, {"email": done.user.email}, Login(user=done.user))
