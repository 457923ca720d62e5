# SPDX-License-Identifier: AGPL-3.0-or-later
"""Decorators of views: which door, and which verb of the roles table (rules.roles). A stranger gets 404, not 403."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused

View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request behind one of the doors."""
    return cast(Actor, request.actor)  # type: ignore[attr-defined]


def _door(kind: str, verb: str, sign_in: str) -> Callable[[View], View]:
    def wrap(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = request.actor  # type: ignore[attr-defined]
            if not actor:
                if request.method == "GET" and not request.headers.get("HX-Request"):
                    return HttpResponseRedirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")
                raise Http404
            if actor.kind != kind:
                raise Http404
            if kind == "staff" and actor.strength not in ("mfa", "passkey"):
                return HttpResponseRedirect("/account/2fa/")
            refusal = roles.may(actor.role, verb)
            if refusal is not None:
                raise Refused(refusal)
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        inner.door, inner.verb = kind, verb  # type: ignore[attr-defined]  # the URL × role test reads them
        return inner

    return wrap


def staff_door(verb: str) -> Callable[[View], View]:
    """For signed-in staff with a second factor whose role has ``verb``."""
    return _door("staff", verb, "/account/login/")


def client_door(verb: str) -> Callable[[View], View]:
    """For a contact of a client whose role has ``verb``; rows are filtered by ``visible_to``."""
    return _door("client", verb, "/client/sign-in/")


def provider_door(verb: str) -> Callable[[View], View]:
    """For a person of a recipient firm; rows are filtered by ``visible_to``."""
    return _door("provider", verb, "/provider/sign-in/")


def open_door(view: View) -> View:
    """For pages that anybody may see (sign-in, set-up, static words). The URL × role test wants it said."""
    view.door, view.verb = "open", ""  # type: ignore[attr-defined]
    return view
