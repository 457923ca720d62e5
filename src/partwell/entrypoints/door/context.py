# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page knows: the MSP's name and look, the actor, the last checkpoint, whether this is the sample."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from partwell.actions.evidence.log import last_checkpoint
from partwell.entrypoints.door.brand import msp_of
from partwell.records.hours.queries import running_timer
from partwell.rules import hours, roles
from partwell.rules.actor import Actor

SIGN_OUT = {"staff": "account_logout", "client": "client:sign_out", "provider": "provider:sign_out"}
# label, address by name, verb of the roles table ("" for everybody of this door)
LINKS = {
    "staff": (
        (_("Requests for work"), "staff:requests", "time.read"),
        (_("Running timers"), "staff:timers", "time.read"),
        (_("Sign-in and passkeys"), "mfa_index", ""),
        (_("Settings"), "staff:settings", "msp.configure"),
        (_("People"), "staff:people", "staff.read"),
        (_("Prices"), "staff:prices", "price.set"),
        (_("Letters"), "staff:letters", "letter.change"),
        (_("Mail that comes in"), "staff:roads", "msp.configure"),
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


def records_time(request: HttpRequest) -> bool:
    """Whether who is at the door may record time."""
    actor: Actor | None = getattr(request, "actor", None)
    if not actor:  # not "is None": it may be a lazy object around nobody
        return False
    return actor.is_staff and roles.may(actor.role, "time.record") is None


def timer_of(request: HttpRequest) -> dict[str, Any] | None:
    """The running timer of the staff member at the door, for the strip under the header; one small query a page."""
    row = running_timer(request.actor.id) if records_time(request) else None  # type: ignore[attr-defined]
    if row is None:
        return None
    now = timezone.now()
    return {
        "client": row.client.name,
        "label": row.subject_label,
        "ran": max(1, hours.minutes_between(row.started_at, now)),
        "forgotten": hours.forgotten(row.started_at, now),
        "stop_url": reverse("staff:timer_stop", args=[row.id]),
    }


def house(request: HttpRequest) -> dict[str, Any]:
    """Lazy values for templates; a page that shows none of them asks the database nothing."""
    caught = settings.PARTWELL_DEMO and not settings.ENV.smtp
    return {
        "msp": SimpleLazyObject(lambda: msp_of(request)),
        "actor": getattr(request, "actor", None),
        "person": SimpleLazyObject(lambda: person_of(request)),
        "may_record_time": SimpleLazyObject(lambda: records_time(request)),
        "timer_running": SimpleLazyObject(lambda: timer_of(request)),
        "checkpoint": SimpleLazyObject(last_checkpoint),
        "demo": {"inbox_url": reverse("post_office") if caught else ""} if settings.PARTWELL_DEMO else None,
    }
