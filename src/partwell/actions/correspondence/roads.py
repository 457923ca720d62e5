# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in: added, changed and removed by the owner; their secrets sealed (R16).

An IMAP road's settings: host, port, security (tls, starttls; none on loopback), user, folder, auth (password, xoauth2),
after (seen, move, nothing) and into. A webhook needs a secret of 32 signs or more, by which its sender signs. LMTP is no
row: PARTWELL_LMTP opens it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.keys import INSTALLATION, open_unit, unit_for
from partwell.connectors.imap import ImapPlace, loopback
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import Road
from partwell.records.vault.models import KeyUnit
from partwell.rules import roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse

IMAP_DEFAULTS: dict[str, Any] = {
    "port": 993,
    "security": "tls",
    "folder": "INBOX",
    "auth": "password",
    "after": "seen",
    "into": "",
}
_CHOICES = {
    "security": ("tls", "starttls", "none"),
    "auth": ("password", "xoauth2"),
    "after": ("seen", "move", "nothing"),
}
SHORTEST_SECRET = 32


@dataclass(frozen=True)
class NewRoad:
    """``kind``: imap or webhook. ``settings``: see above; what is left out has its default."""

    kind: str
    name: str
    secret: Secret = field(repr=False)
    settings: dict[str, Any] = field(default_factory=dict)


def _problem(kind: str, settings: dict[str, Any], secret: Secret | None) -> Refusal | None:
    def wrong(where: str, problem: str) -> Refusal:
        return refuse("invalid_input", where=where, problem=problem)

    if kind == "webhook":
        if secret is not None and len(secret.reveal()) < SHORTEST_SECRET:
            return wrong("The secret", f"it has fewer than {SHORTEST_SECRET} signs")
        return None
    if kind != "imap":
        return wrong("The kind", "it is imap or webhook")
    if secret is not None and not secret:
        return refuse("required", where="The password or token")
    host, port = str(settings.get("host", "")), settings.get("port")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?", host):
        return wrong("The host", "it is no host name or address")
    if not isinstance(port, int) or not 0 < port < 65536:
        return wrong("The port", "it is a number from 1 to 65535")
    for name, choices in _CHOICES.items():
        if settings.get(name) not in choices:
            return wrong(name.capitalize(), f"it is one of {', '.join(choices)}")
    if settings["security"] == "none" and not loopback(host):
        return wrong("Security", "without TLS a mailbox is read on this machine only")
    for name in ("user", "folder", "into"):
        if any(ord(sign) < 32 for sign in str(settings.get(name, ""))):
            return refuse("header_injection", where=name.capitalize())
    if not settings.get("user") or not settings.get("folder"):
        return refuse("required", where="The user and the folder")
    if settings["after"] == "move" and settings.get("into") in ("", settings["folder"]):
        return wrong("The folder to move to", "it is another one than the folder that is read")
    return None


def add_road(*, actor: Actor, road: NewRoad) -> Road | Refusal:
    """Add a road; it is read from the worker's next look on. Its secret is sealed under the installation's key unit."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    settings = {**IMAP_DEFAULTS, **road.settings} if road.kind == "imap" else dict(road.settings)
    if not road.name.strip():
        return refuse("required", where="The name")
    if (problem := _problem(road.kind, settings, road.secret)) is not None:
        return problem
    unit = unit_for(actor, None, INSTALLATION)
    with Deed(actor) as deed:
        row = Road(kind=road.kind, name=road.name.strip()[:120], settings=settings, added_at=deed.now)
        row.sealed = unit.seal("correspondence.Road", row.id, "road", road.secret.reveal().encode())
        deed.add(row)
        deed.record("road.added", subjects=[row.id], public={"road": row.name, "kind": row.kind})
        return row


def change_road(*, actor: Actor, road_id: UUID, settings: dict[str, Any] | None = None, secret: Secret | None = None,
                enabled: bool | None = None) -> Road | Refusal:  # fmt: skip
    """Change a road's settings, secret, or whether it is read; what is None stays. Another place is read from its beginning."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    row = Road.objects.filter(pk=road_id, removed_at=None).first()
    if row is None:
        return refuse("not_found")
    new = {**row.settings, **(settings or {})}
    if (problem := _problem(row.kind, new, secret)) is not None:
        return problem
    unit = unit_for(actor, None, INSTALLATION)
    with Deed(actor) as deed:
        row = Road.objects.get(pk=road_id)
        what = [name for name in sorted(new) if new[name] != row.settings.get(name)]
        changes: dict[str, Any] = {"settings": new} if what else {}
        if any(name in what for name in ("host", "port", "user", "folder")):
            changes.update(uid_validity=None, last_uid=0)
        if secret is not None:
            changes["sealed"] = unit.seal("correspondence.Road", row.id, "road", secret.reveal().encode())
            what.append("how it signs in")
        if enabled is not None and enabled != row.enabled:
            changes["enabled"] = enabled
            what.append("switched on" if enabled else "switched off")
        if not changes:
            return row
        deed.save(row, last_error="", **changes)
        deed.record("road.changed", subjects=[row.id], public={"road": row.name}, internal={"what": what})
        return row


def remove_road(*, actor: Actor, road_id: UUID) -> Road | Refusal:
    """Remove a road and wipe its secret; what came by it stays."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    with Deed(actor) as deed:
        row = Road.objects.filter(pk=road_id, removed_at=None).first()
        if row is None:
            return refuse("not_found")
        deed.save(row, removed_at=deed.now, enabled=False, sealed=None)
        deed.record("road.removed", subjects=[row.id], public={"road": row.name})
        return row


def secret_of(road: Road) -> Secret:
    """The road's password, token or signing secret; empty where it was wiped. For the road itself, never for a page."""
    unit = KeyUnit.objects.filter(client=None, purpose=INSTALLATION, destroyed_at=None).first()
    if not road.sealed or unit is None:
        return Secret("")
    return Secret(open_unit(unit).open("correspondence.Road", road.id, "road", bytes(road.sealed)).decode())


def place_of(road: Road) -> ImapPlace:
    """An IMAP road as the connector wants it."""
    values = {**IMAP_DEFAULTS, **road.settings}
    return ImapPlace(
        host=values["host"], port=values["port"], security=values["security"], user=values["user"], secret=secret_of(road),
        folder=values["folder"], auth=values["auth"], after=values["after"], into=values["into"],
    )  # fmt: skip


def note_progress(road_id: UUID, *, validity: int | None = None, uid: int | None = None, error: str = "", now: datetime | None = None) -> None:  # fmt: skip
    """Where the poller stands, after what it took was committed: progress, not evidence. Never counts back within a validity."""
    with Deed(SYSTEM, now=now):
        changes: dict[str, Any] = {"last_polled_at": now or timezone.now(), "last_error": error[:300]}
        if validity is not None:
            changes["uid_validity"] = validity
        if uid is not None:
            changes["last_uid"] = uid
        Road.objects.filter(pk=road_id).update(**changes)
