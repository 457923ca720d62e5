# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in: added, changed and removed by the owner; their secrets sealed (R16).

Kinds: imap and webhook; their settings stand in road_settings.py. LMTP is no row: PARTWELL_LMTP opens it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence import road_secrets, road_settings
from partwell.actions.correspondence.road_secrets import RoadSecrets, access_token, secrets_of
from partwell.connectors.imap import ImapPlace
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import Road
from partwell.rules import roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse

NONE = Secret("")


@dataclass(frozen=True)
class NewRoad:
    """``kind``: imap or webhook. ``settings``: what is left out has its default. ``refresh``: for OAuth by refresh token.

    ``storage``: the secret access key where a bucket stands beside a webhook.
    """

    kind: str
    name: str
    secret: Secret = field(repr=False)
    settings: dict[str, Any] = field(default_factory=dict)
    refresh: Secret = field(default_factory=lambda: Secret(""), repr=False)
    storage: Secret = field(default_factory=lambda: Secret(""), repr=False)


def add_road(*, actor: Actor, road: NewRoad) -> Road | Refusal:
    """Add a road; it is read from the worker's next look on. Its secret is sealed under the installation's key unit."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    settings = road_settings.whole(road.kind, road.settings)
    given = RoadSecrets(road.secret, road.refresh, road.storage)
    if not road.name.strip():
        return refuse("required", where="The name")
    if (
        problem := road_settings.problem_of(road.kind, settings)
        or road_secrets.problem_of(road.kind, settings, given)
    ) is not None:
        return problem
    unit = road_secrets.unit_of(actor)
    with Deed(actor) as deed:
        row = Road(kind=road.kind, name=road.name.strip()[:120], settings=settings, added_at=deed.now)
        row.sealed = road_secrets.seal(unit, row, settings, given)
        deed.add(row)
        deed.record("road.added", subjects=[row.id], public={"road": row.name, "kind": row.kind})
        return row


def change_road(*, actor: Actor, road_id: UUID, name: str | None = None, settings: dict[str, Any] | None = None,
                secret: Secret | None = None, refresh: Secret | None = None, storage: Secret | None = None,
                enabled: bool | None = None) -> Road | Refusal:  # fmt: skip
    """Change a road's name, settings, secrets, or whether mail is taken by it; what is None stays.

    Another place is read from its beginning. Another way of signing in wants its own secrets; no secret is given out.
    """
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    row = Road.objects.filter(pk=road_id, removed_at=None).first()
    if row is None:
        return refuse("not_found")
    if name is not None and not name.strip():
        return refuse("required", where="The name")
    new = road_settings.whole(row.kind, {**row.settings, **(settings or {})})
    if (problem := road_settings.problem_of(row.kind, new)) is not None:
        return problem
    given = _secrets(row, new, secret, refresh, storage)
    if given is not None and (problem := road_secrets.problem_of(row.kind, new, given)) is not None:
        return problem
    unit = road_secrets.unit_of(actor)
    with Deed(actor) as deed:
        row = Road.objects.get(pk=road_id)
        before = road_settings.whole(row.kind, row.settings)
        what = [one for one in sorted(new) if new[one] != before[one]]
        changes: dict[str, Any] = {"settings": new} if what else {}
        if any(one in what for one in ("host", "port", "user", "folder")):
            changes.update(uid_validity=None, last_uid=0, waiting=0)
        if name is not None and name.strip()[:120] != row.name:
            changes["name"] = name.strip()[:120]
            what.append("its name")
        if given is not None:
            changes.update(sealed=road_secrets.seal(unit, row, new, given), fresh=None)
            what.append("how it signs in")
        if enabled is not None and enabled != row.enabled:
            changes["enabled"] = enabled
            what.append("resumed" if enabled else "paused")
        if not changes:
            return row
        deed.save(row, last_error="", **changes)
        deed.record("road.changed", subjects=[row.id], public={"road": row.name}, internal={"what": what})
    road_secrets.forget_token(row.id)
    return row


_SIGNS_IN = ("auth", "service", "provider", "grant", "token_url")


def _secrets(
    row: Road, new: dict[str, Any], main: Secret | None, refresh: Secret | None, storage: Secret | None
) -> RoadSecrets | None:
    """The secrets to seal, or None where they stay. Another way of signing in, or another server to show them to, wants them anew."""
    before = road_settings.whole(row.kind, row.settings)
    anew = any(new.get(one) != before.get(one) for one in _SIGNS_IN)
    if row.kind == "imap" and new["host"] != before.get("host"):
        anew = True
    other = any(new.get(one) != before.get(one) for one in ("bucket", "access_key"))
    if not anew and not other and main is None and refresh is None and storage is None:
        return None
    old = RoadSecrets(NONE) if anew else secrets_of(row)
    kept = NONE if other else old.storage  # another key, or another bucket to show it to
    return RoadSecrets(
        main if main is not None else old.main, refresh if refresh is not None else old.refresh, kept if storage is None else storage,
    )  # fmt: skip


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
        deed.save(row, removed_at=deed.now, enabled=False, sealed=None, fresh=None, waiting=0)
        deed.record("road.removed", subjects=[row.id], public={"road": row.name})
    road_secrets.forget_token(row.id)
    return row


def secret_of(road: Road) -> Secret:
    """The road's password, token or signing secret; empty where it was wiped. For the road itself, never for a page."""
    return secrets_of(road).main


def place_of(road: Road) -> ImapPlace:
    """An IMAP road as the connector wants it. For OAuth it asks for an access token first: ImapError where none is given."""
    values = road_settings.whole("imap", road.settings)
    oauth = values["auth"] == "oauth"
    return ImapPlace(
        host=values["host"], port=values["port"], security=values["security"], user=values["user"],
        secret=access_token(road) if oauth else secret_of(road), folder=values["folder"],
        auth="xoauth2" if oauth else values["auth"], after=values["after"], into=values["into"],
    )  # fmt: skip


def note_progress(road_id: UUID, *, validity: int | None = None, uid: int | None = None, error: str = "", waiting: int | None = None, now: datetime | None = None) -> None:  # fmt: skip
    """Where a road stands, after what it took was committed: progress, not evidence. Never counts back within a validity.

    ``waiting``: how many mails lie in the mailbox that were not taken.
    """
    with Deed(SYSTEM, now=now):
        when = now or timezone.now()
        changes: dict[str, Any] = {"last_polled_at": when, "last_error": error[:300]}
        if not error:
            changes["last_good_at"] = when
        if validity is not None:
            changes["uid_validity"] = validity
        if uid is not None:
            changes["last_uid"] = uid
        if waiting is not None:
            changes["waiting"] = waiting
        Road.objects.filter(pk=road_id).update(**changes)
