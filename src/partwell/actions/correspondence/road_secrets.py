# SPDX-License-Identifier: AGPL-3.0-or-later
"""A road's secrets: sealed with the road, opened for the road itself, never for a page; and access tokens for OAuth.

An OAuth road keeps two, the client's and the refresh token, in one sealed value; so does a webhook beside which a bucket
stands, with the key that opens the bucket. Access tokens stay in this process's
memory until a minute before their end. A refresh token that the server gives in place of ours is sealed beside it; the
owner's own stays, so that a crash between the answer and the disk loses nothing where the server still takes the old one.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.road_settings import scopes, service_of, token_address, whole, wrong
from partwell.actions.keys import INSTALLATION, OpenUnit, open_unit, unit_for
from partwell.connectors.imap import ImapRefused
from partwell.connectors.oauth import App, fetch
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import Road
from partwell.records.vault.models import KeyUnit
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse

_BEFORE_END = 60.0
_tokens: dict[UUID, tuple[int, float, Secret]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class RoadSecrets:
    """``main``: password, token, webhook secret, or the OAuth client's secret; ``refresh``: the OAuth refresh token.

    ``storage``: the secret access key of the bucket beside a webhook.
    """

    main: Secret = field(repr=False)
    refresh: Secret = field(default_factory=lambda: Secret(""), repr=False)
    storage: Secret = field(default_factory=lambda: Secret(""), repr=False)


def problem_of(kind: str, settings: dict[str, object], given: RoadSecrets) -> Refusal | None:
    """What is wrong with a road's secrets, or None."""
    main = given.main.reveal()
    if kind == "webhook":
        service = service_of(settings)
        if len(main) < service.shortest:
            return wrong("The secret", f"it has fewer than {service.shortest} signs")
        if not main.isascii() or any(ord(sign) <= 32 or ord(sign) == 127 for sign in main):
            return wrong("The secret", "it has signs other than letters, digits and marks")
        return _bucket_problem(settings, given.storage.reveal())
    if settings.get("auth") != "oauth":
        return None if main else refuse("required", where="The password or token")
    if settings["grant"] == "refresh_token" and not given.refresh:
        return refuse("required", where="The refresh token")
    if settings["grant"] == "client_credentials" and not main:
        return refuse("required", where="The client's secret")
    return None


def _bucket_problem(settings: dict[str, object], storage: str) -> Refusal | None:
    if settings.get("bucket") and not 16 <= len(storage) <= 200:
        return wrong("The secret access key", "it has 16 to 200 signs")
    if storage and not settings.get("bucket"):
        return wrong("The secret access key", "it goes with a bucket; name that too")
    return None


def seal(unit: OpenUnit, row: Road, settings: dict[str, object], given: RoadSecrets) -> bytes:
    """The sealed value of a road; ``unit`` is the installation's."""
    text = given.main.reveal()
    if settings.get("auth") == "oauth":
        text = json.dumps({"client": text, "refresh": given.refresh.reveal()})
    elif settings.get("bucket"):
        text = json.dumps({"main": text, "storage": given.storage.reveal()})
    return unit.seal("correspondence.Road", row.id, "road", text.encode())


def unit_of(actor: Actor) -> OpenUnit:
    """The installation's key unit, made on first use; before a deed, never inside one."""
    return unit_for(actor, None, INSTALLATION)


def secrets_of(road: Road) -> RoadSecrets:
    """A road's secrets, with the newest refresh token; empty where they were wiped."""
    unit = KeyUnit.objects.filter(client=None, purpose=INSTALLATION, destroyed_at=None).first()
    if not road.sealed or unit is None:
        return RoadSecrets(Secret(""))
    key = open_unit(unit)
    text = key.open("correspondence.Road", road.id, "road", bytes(road.sealed)).decode()
    if road.settings.get("bucket"):
        both = json.loads(text)
        return RoadSecrets(Secret(both["main"]), storage=Secret(both["storage"]))
    if road.settings.get("auth") != "oauth":
        return RoadSecrets(Secret(text))
    held = json.loads(text)
    fresh = (
        key.open("correspondence.Road", road.id, "fresh", bytes(road.fresh)).decode() if road.fresh else ""
    )
    return RoadSecrets(Secret(held["client"]), Secret(fresh or held["refresh"]))


def access_token(road: Road) -> Secret:
    """An OAuth road's access token, fetched where none is at hand. Raises connectors' ImapError or ImapRefused."""
    with _lock:
        version, until, token = _tokens.get(road.id, (0, 0.0, Secret("")))
    if token and version == road.row_version and time.monotonic() < until:
        return token
    try:
        granted = fetch(_app(road))
    except ImapRefused:
        if not road.fresh:
            raise
        road.fresh = None  # the newest was refused; the owner's own may still hold
        granted = fetch(_app(road))
    if granted.refresh is not None:
        _keep(road, granted.refresh)
    with _lock:
        _tokens[road.id] = (
            road.row_version,
            time.monotonic() + granted.seconds - _BEFORE_END,
            granted.access,
        )
    return granted.access


def forget_token(road_id: UUID) -> None:
    """The mailbox refused the access token: the next look fetches another."""
    with _lock:
        _tokens.pop(road_id, None)


def _app(road: Road) -> App:
    values, held = whole("imap", road.settings), secrets_of(road)
    return App(
        token_address(values), values["client_id"], values["grant"], held.main, held.refresh, scopes(values)
    )


def _keep(road: Road, refresh: Secret) -> None:
    sealed = unit_of(SYSTEM).seal("correspondence.Road", road.id, "fresh", refresh.reveal().encode())
    with Deed(SYSTEM):
        # Not where the owner changed the road meanwhile: then it would belong to another client.
        Road.objects.filter(pk=road.id, row_version=road.row_version, removed_at=None).update(fresh=sealed)
    road.fresh = sealed
