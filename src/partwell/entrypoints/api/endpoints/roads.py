# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in: mailboxes and webhooks of mail services. Secrets are stored, never read."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.correspondence.road_settings import service_of, whole
from partwell.actions.correspondence.roads import NewRoad, add_road, change_road, remove_road
from partwell.actions.correspondence.try_road import try_road
from partwell.connectors.secret import Secret
from partwell.entrypoints.api.endpoints.common import actor_of, found
from partwell.entrypoints.api.fields import Flag, Given, Line, PathId, SecretText, Shown, Whole
from partwell.entrypoints.api.operation import operation
from partwell.records.correspondence.inbound_queries import road_here, roads_here
from partwell.rules.refusals import Refusal

router = Router()

Host = Annotated[Line, Field(max_length=253)]
Brief = Annotated[Line, Field(max_length=200)]
SecretGiven = SecretText | None


class RoadSettings(Given):
    """Left out: as it is, or its default. Which belong to which kind stands in docs/install.md."""

    host: Host | None = None
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    security: Literal["tls", "starttls", "none"] | None = None
    user: Brief | None = None
    folder: Brief | None = None
    auth: Literal["password", "xoauth2", "oauth"] | None = None
    after: Literal["seen", "move", "nothing"] | None = None
    into: Brief | None = None
    servers: Annotated[Line, Field(max_length=300)] | None = None
    provider: Literal["microsoft", "google", "other"] | None = None
    grant: Literal["refresh_token", "client_credentials"] | None = None
    client_id: Line | None = None
    tenant: Annotated[Line, Field(max_length=127)] | None = None
    token_url: Line | None = None
    scopes: Line | None = None
    service: Annotated[Line, Field(max_length=20)] | None = None
    topic: Line | None = None
    bucket: Annotated[Line, Field(max_length=63)] | None = None
    region: Annotated[Line, Field(max_length=40)] | None = None
    access_key: Annotated[Line, Field(max_length=128)] | None = None

    def given(self) -> dict[str, Any]:
        """What was said."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class NewRoadGiven(Given):
    kind: Literal["imap", "webhook"]
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    settings: RoadSettings = Field(default_factory=RoadSettings)
    secret: SecretGiven = Field(
        None, repr=False, description="Password, token, signing key or client secret."
    )
    refresh_token: SecretGiven = Field(None, repr=False, description="For OAuth by refresh token.")
    storage_secret: SecretGiven = Field(
        None, repr=False, description="The secret access key, where a bucket is named."
    )


class RoadGiven(Given):
    name: Annotated[Line, Field(min_length=1, max_length=120)] | None = None
    settings: RoadSettings = Field(default_factory=RoadSettings)
    secret: SecretGiven = Field(None, repr=False, description="Replaces what is there; left out, it stays.")
    refresh_token: SecretGiven = Field(None, repr=False)
    storage_secret: SecretGiven = Field(None, repr=False)
    enabled: Flag | None = Field(None, description="False pauses it, true resumes it.")


class RoadShown(Shown):
    id: UUID
    kind: str
    name: str
    settings: dict[str, Any] = Field(description="Never a secret.")
    enabled: bool
    added_at: datetime
    last_look_at: datetime | None
    last_good_at: datetime | None = Field(description="When it last worked: a look, or a mail taken.")
    last_error: str = Field(description="In words; empty where the last look worked.")
    waiting: int = Field(description="Mails that lie in the mailbox and were not taken.")
    address: str = Field(description="For a webhook: where the service posts to, without user and password.")


class RoadList(Shown):
    items: list[RoadShown]


def _shown(row: Any) -> RoadShown:
    ending = service_of(row.settings).ending if row.kind == "webhook" else ""
    return RoadShown(
        id=row.id, kind=row.kind, name=row.name, settings=whole(row.kind, row.settings), enabled=row.enabled, added_at=row.added_at,
        last_look_at=row.last_polled_at, last_good_at=row.last_good_at, last_error=row.last_error, waiting=row.waiting,
        address=f"{settings.ENV.url}/mail/in/{row.id}/{ending}" if row.kind == "webhook" else "",
    )  # fmt: skip


def _given(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _answer(row: Any) -> Any:
    return row if isinstance(row, Refusal) else _shown(row)


@operation(router, "GET", "/roads", scope="roads:read", verb="msp.configure", response=RoadList)
def list_roads(request: HttpRequest) -> RoadList:
    """Every road with its state: last good look, last error, mails that wait in it."""
    return RoadList(items=[_shown(one) for one in roads_here()])


@operation(
    router, "POST", "/roads", scope="roads:write", verb="msp.configure", response=RoadShown, status=201
)
def post_road(request: HttpRequest, body: NewRoadGiven) -> RoadShown | Refusal:
    """Add a mailbox or a webhook. Its secrets are sealed at once and never given out."""
    road = NewRoad(
        body.kind,
        body.name,
        Secret(body.secret or ""),
        body.settings.given(),
        Secret(body.refresh_token or ""),
        Secret(body.storage_secret or ""),
    )
    return _answer(add_road(actor=actor_of(request), road=road))


@operation(router, "GET", "/roads/{road_id}", scope="roads:read", verb="msp.configure", response=RoadShown)
def get_road(request: HttpRequest, road_id: PathId) -> RoadShown:
    """One road with its state."""
    return _shown(found(road_here(road_id)))


@operation(router, "PATCH", "/roads/{road_id}", scope="roads:write", verb="msp.configure", response=RoadShown)
def patch_road(request: HttpRequest, road_id: PathId, body: RoadGiven) -> RoadShown | Refusal:
    """Change a road, replace its secret, pause or resume it.

    Another server, or another way of signing in, wants its secret anew.
    """
    row = change_road(
        actor=actor_of(request), road_id=road_id, name=body.name, settings=body.settings.given(), secret=_given(body.secret),
        refresh=_given(body.refresh_token), storage=_given(body.storage_secret), enabled=body.enabled,
    )  # fmt: skip
    return _answer(row)


@operation(
    router, "POST", "/roads/{road_id}/try", scope="roads:write", verb="msp.configure", response=RoadShown
)
def post_road_try(request: HttpRequest, road_id: PathId) -> RoadShown | Refusal:
    """Sign in to a mailbox and open its folder; nothing is taken. What went wrong stands in last_error."""
    return _answer(try_road(actor=actor_of(request), road_id=road_id))


@operation(
    router, "POST", "/roads/{road_id}/remove", scope="roads:write", verb="msp.configure", response=RoadShown
)
def post_road_remove(request: HttpRequest, road_id: PathId) -> RoadShown | Refusal:
    """Remove a road and wipe its secrets; what came by it stays."""
    return _answer(remove_road(actor=actor_of(request), road_id=road_id))
