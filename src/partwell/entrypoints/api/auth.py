# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who calls: a bearer token of a staff member, never a cookie. Then its scope, then the role, as at every door."""

from django.core.cache import cache
from django.http import HttpRequest

from partwell.actions.people.security_log import note_event
from partwell.actions.people.tokens import token_actor, token_of
from partwell.peer import address_of
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused, refuse
from partwell.rules.scopes import scope_missing

# Tokens are 256 random bits: this only keeps a broken client from filling the security log.
FAILURES, WINDOW = 30, 60


class BearerToken:
    """One operation's check; ``scope`` may be "" (any token), ``verb`` names a line of ``rules.roles``."""

    openapi_security_schema = {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made by an owner under Settings. It acts as one staff member, narrowed by its scopes.",
    }

    def __init__(self, scope: str, verb: str) -> None:
        self.scope, self.verb = scope, verb

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor; ``Refused`` for no token (401), a dead one (401), too many of those (429), no scope, no role."""
        kind, _, raw = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not raw.strip():
            raise Refused(refuse("not_signed_in"))
        row = token_of(raw.strip())
        if row is None:
            self._failed(request)
            raise Refused(refuse("token_revoked"))
        actor = token_actor(row, address_of(request))
        request.actor, request.token_id = actor, row.id  # type: ignore[attr-defined]
        if self.scope and (missing := scope_missing(actor.scopes, self.scope)) is not None:
            raise Refused(missing)
        if self.verb and (refusal := roles.may(actor.role, self.verb)) is not None:
            raise Refused(refusal)
        return actor

    def _failed(self, request: HttpRequest) -> None:
        key = f"api-failed:{address_of(request)}"
        count = cache.get_or_set(key, 0, WINDOW) or 0
        if count >= FAILURES:
            raise Refused(refuse("throttled", seconds=WINDOW))
        cache.set(key, count + 1, WINDOW)
        note_event("api_token_refused", request)
