# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first visitor sets up the MSP and becomes its first owner; afterwards this page does not exist."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters

from partwell.actions.people.configure import configure_msp
from partwell.actions.people.set_up import MspPolicy, actor_of, set_up
from partwell.entrypoints.door.forms import SetUpForm
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.door.throttle import throttled
from partwell.peer import address_of
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import Refusal


@open_door
@sensitive_post_parameters("password", "again")
def first_visit(request: HttpRequest) -> HttpResponse:
    """Name, look, policy, first owner; then a signed-in owner who must set up a second factor."""
    if the_msp() is not None:
        raise Http404
    if request.method != "POST":
        return render(request, "door/set_up.html", {"form": SetUpForm()})
    if (refusal := throttled(request, "set_up")) is not None:
        return refusal_response(request, refusal)
    form = SetUpForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "door/set_up.html", {"form": form}, status=422)
    data = form.cleaned_data
    owner = set_up(
        MspPolicy(**form.policy()),
        owner_name=data["person"],
        owner_email=data["person_email"],
        owner_password=data["password"],
    )
    if isinstance(owner, Refusal):
        return refusal_response(request, owner, next_label="Sign in", next_url="/account/login/")
    if data["logo"] is not None:
        actor = actor_of(owner, strength="password", address=address_of(request))
        configure_msp(actor=actor, changes={}, logo=data["logo"].data, logo_type=data["logo"].media_type)
    return perform_password_login(request, {"email": owner.user.email}, Login(user=owner.user))
