# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page knows: the MSP's name and look, the actor, the last checkpoint, whether this is the sample."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from partwell.actions.evidence.log import last_checkpoint
from partwell.entrypoints.door.brand import msp_of
from partwell.rules import roles

SIGN_OUT = {"staff": "account_logout", "client": "client:sign_out", "provider": "provider:sign_out"}
# label, address by name, verb of the roles table ("" for everybody of this door)
LINKS = {
    "staff": (
        (_("Sign-in and passkeys"), "mfa_index", ""),
        (_("Settings"), "staff:settings", "msp.configure"),
        (_("People"), "staff:people", "staff.read"),
        (_("API access"), "staff:tokens", "token.make"),
        (_("Security log"), "staff:security", "security.read"),
    ),
    "client": ((_("Passkeys"), "client:passkeys", "passkey.own"),),
    "provider": (),
}


def person_of(request: HttpRequest) -> dict[str, Any] | None:
    """Who is signed in, for the menu: name, role, links that this role may follow, where to sign out."""
    actor = getattr(request, "actor", None)
    if not actor or actor.kind not in LINKS:
        return None
    links = []
    for label, name, verb in LINKS[actor.kind]:
        try:
            if not verb or roles.may(actor.role, verb) is None:
                links.append({"label": label, "url": reverse(name)})
        except NoReverseMatch:
            continue
    role = "" if actor.role == "person" else roles.ROLE_LABELS.get(actor.role, "").capitalize()
    return {"name": actor.name, "role": role, "links": links, "sign_out_url": reverse(SIGN_OUT[actor.kind])}


def house(request: HttpRequest) -> dict[str, Any]:
    """Lazy values for templates; a page that shows none of them asks the database nothing."""
    caught = settings.PARTWELL_DEMO and not settings.ENV.smtp
    return {
        "msp": SimpleLazyObject(lambda: msp_of(request)),
        "actor": getattr(request, "actor", None),
        "person": SimpleLazyObject(lambda: person_of(request)),
        "checkpoint": SimpleLazyObject(last_checkpoint),
        "demo": {"inbox_url": reverse("post_office") if caught else ""} if settings.PARTWELL_DEMO else None,
    }
