# SPDX-License-Identifier: AGPL-3.0-or-later
"""A contact's passkeys: what they are good for, add one, remove one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.facts import open_offboarding
from partwell.actions.people import passkeys as keys
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.rules.refusals import Refusal

BIGGEST = 64 * 1024


def _answer(refusal: Refusal) -> JsonResponse:
    return JsonResponse({"detail": f"{refusal.sentence} {refusal.next_step}"}, status=refusal.status)


@client_door("passkey.own")
@require_safe
def passkeys(request: HttpRequest) -> HttpResponse:
    """The list, each with whether it counts as second factor in the open departure."""
    actor = actor_of(request)
    departure = open_offboarding(actor.client_id) if actor.client_id else None
    rows = [
        {"row": row, "why": keys.usable_for_signing(row, departure.noticed_at) if departure else None}
        for row in keys.passkeys_of(actor.id)
    ]
    context = {"rows": rows, "departure": departure, "back": {"label": _("Back"), "url": "/client/"}}
    return render(request, "client_portal/passkeys.html", context)


@client_door("passkey.own")
@require_POST
def options(request: HttpRequest) -> HttpResponse:
    """Options for the browser to make one."""
    session = request.portal_session  # type: ignore[attr-defined]
    made = keys.registration_options(actor=actor_of(request), session=session)
    return _answer(made) if isinstance(made, Refusal) else HttpResponse(made, content_type="application/json")


@client_door("passkey.own")
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Keep it; a receipt goes to both addresses of the contact."""
    session = request.portal_session  # type: ignore[attr-defined]
    body = request.body[: BIGGEST + 1].decode("utf-8", "replace")
    label = _device(request.headers.get("User-Agent", ""))
    done = keys.register_passkey(actor=actor_of(request), session=session, response=body, label=label)
    if isinstance(done, Refusal):
        return _answer(done)
    messages.success(request, _("The passkey is added. A mail about it went to you."))
    return JsonResponse({"url": reverse("client:passkeys")})


@client_door("passkey.own")
@require_POST
def remove(request: HttpRequest, passkey_id: str) -> HttpResponse:
    """Give one up."""
    done = keys.remove_passkey(actor=actor_of(request), passkey_id=uuid_or_404(passkey_id))
    if isinstance(done, Refusal):
        return refusal_response(request, done)
    messages.success(request, _("The passkey is removed."))
    return HttpResponseRedirect(reverse("client:passkeys"))


def _device(agent: str) -> str:
    """A plain name for a passkey from the browser that made it."""
    places = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
    )
    place = next((name for sign, name in places if sign in agent), "this device")
    return _("Passkey of {place}").format(place=place)
