# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients, their sites, backup sets, lawful pauses and exit facts."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.actions.clients.add_client import add_client
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.change_client import change_client
from partwell.actions.clients.lift_pause import lift_pause
from partwell.actions.clients.set_pause import set_pause
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, today
from partwell.entrypoints.api.fields import (
    Day,
    Flag,
    Given,
    Line,
    Name,
    PathId,
    Ref,
    Shown,
    Text,
    Title,
    Whole,
    Words,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.clients import lists
from partwell.records.clients.queries import readiness
from partwell.records.offboardings import lists as departures
from partwell.records.retention import lists as retention
from partwell.rules.readiness import exit_facts, score
from partwell.rules.refusals import Refusal
from partwell.rules.terms import ClientState

router = Router()
Domains = Annotated[list[Line], Field(max_length=50)]


class ClientShown(Shown):
    id: UUID
    name: str
    legal_name: str
    registration: str
    address: str
    domains: list[str]
    state: str
    account_manager_id: UUID | None
    served_since: date | None
    added_at: datetime
    row_version: int


class NewClient(Given):
    name: Name
    legal_name: Annotated[Line, Field(max_length=200)] = ""
    registration: Annotated[Line, Field(max_length=120)] = ""
    address: Annotated[Text, Field(max_length=2000)] = ""
    domains: Domains = []
    account_manager_id: Ref | None = None
    served_since: Day | None = None


class ClientChange(Given):
    name: Name | None = None
    legal_name: Annotated[Line, Field(max_length=200)] | None = None
    registration: Annotated[Line, Field(max_length=120)] | None = None
    address: Annotated[Text, Field(max_length=2000)] | None = None
    domains: Domains | None = None
    account_manager_id: Ref | None = None
    served_since: Day | None = None


class Fact(Shown):
    key: str
    title: str
    present: bool
    todo: str


class Readiness(Shown):
    score: int
    facts: list[Fact]


class SiteShown(Shown):
    id: UUID
    name: str
    address: str
    note: str


class NewSite(Given):
    name: Name
    address: Annotated[Text, Field(max_length=2000)] = ""
    note: Line = ""


class BackupSetShown(Shown):
    id: UUID
    name: str
    location: str
    vendor: str
    vendor_window_days: int | None
    note: str
    recorded_at: datetime


class NewBackupSet(Given):
    name: Annotated[Line, Field(max_length=200)] = ""
    location: Line = ""
    vendor: Annotated[Line, Field(max_length=160)] = ""
    vendor_window_days: Annotated[Whole, Field(ge=0, le=32_000)] | None = None
    note: Line = ""
    none_kept: Flag = False


class PauseShown(Shown):
    id: UUID
    ground: str
    note: str
    placed_at: datetime
    lifted_at: datetime | None


class PauseGround(StrEnum):
    """The four of R11; the last two are taken so that the refusal can be on record."""

    RIVAL_SIGNATORIES = "rival_signatories"
    INSOLVENCY_OFFICER = "insolvency_officer"
    COURT_ORDER = "court_order"
    SUSPECTED_COMPROMISE = "suspected_compromise"
    DEBT = "debt"
    OTHER = "other"


class NewPause(Given):
    """``item``: which somebody would hold back; a refusal is on record about it, a pause is of all releases."""

    ground: PauseGround
    note: Words
    item: Ref | None = None


class Lift(Given):
    reason: Title


def given(body: Given) -> dict[str, Any]:
    """What a change names; a field set to null only where the row may have none."""
    sent = body.model_dump(exclude_unset=True)
    return {
        name: value
        for name, value in sent.items()
        if value is not None or name in ("account_manager_id", "served_since")
    }


@operation(router, "GET", "/clients", scope="clients:read", verb="client.read", response=Page[ClientShown])
def list_clients(
    request: HttpRequest,
    state: Annotated[ClientState | None, Query(None)] = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[ClientShown]:
    """All clients in the order they were added, or those in one state."""
    wanted = state.value if state else ""
    return page_of(
        lists.clients(wanted), ClientShown.model_validate, of=f"clients:{wanted}", cursor=cursor, limit=limit
    )


@operation(
    router, "POST", "/clients", scope="clients:write", verb="client.add", response=ClientShown, status=201
)
def post_client(request: HttpRequest, body: NewClient) -> ClientShown | Refusal:
    """Add a client."""
    row = add_client(actor=actor_of(request), **body.model_dump())
    return row if isinstance(row, Refusal) else ClientShown.model_validate(row)


@operation(
    router, "GET", "/clients/{client_id}", scope="clients:read", verb="client.read", response=ClientShown
)
def get_client(request: HttpRequest, client_id: PathId) -> ClientShown:
    """One client."""
    return ClientShown.model_validate(client_here(client_id))


@operation(
    router, "PATCH", "/clients/{client_id}", scope="clients:write", verb="client.change", response=ClientShown
)
def patch_client(request: HttpRequest, client_id: PathId, body: ClientChange) -> ClientShown | Refusal:
    """Change some of a client's fields; what is not named stays."""
    row = change_client(actor=actor_of(request), client_id=client_id, **given(body))
    return row if isinstance(row, Refusal) else ClientShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/readiness",
    scope="clients:read",
    verb="client.read",
    response=Readiness,
)
def get_readiness(request: HttpRequest, client_id: PathId) -> Readiness:
    """The five exit facts, present or missing, and what to do (R10)."""
    client_here(client_id)
    facts = readiness([client_id], today())[client_id]
    return Readiness(score=score(facts), facts=[Fact.model_validate(one) for one in exit_facts(facts)])


@operation(
    router,
    "GET",
    "/clients/{client_id}/sites",
    scope="clients:read",
    verb="client.read",
    response=Page[SiteShown],
)
def list_sites(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[SiteShown]:
    """A client's sites."""
    client_here(client_id)
    return page_of(
        lists.sites(client_id),
        SiteShown.model_validate,
        of=f"sites:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("id",),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/sites",
    scope="clients:write",
    verb="site.change",
    response=SiteShown,
    status=201,
)
def post_site(request: HttpRequest, client_id: PathId, body: NewSite) -> SiteShown | Refusal:
    """Add a site."""
    row = add_site(actor=actor_of(request), client_id=client_id, **body.model_dump())
    return row if isinstance(row, Refusal) else SiteShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/backup-sets",
    scope="clients:read",
    verb="client.read",
    response=Page[BackupSetShown],
)
def list_backup_sets(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[BackupSetShown]:
    """Known backup sets: where each lies, with whom, and the vendor's window (R13)."""
    client_here(client_id)
    rows = retention.backup_sets(client_id)
    return page_of(
        rows,
        BackupSetShown.model_validate,
        of=f"backups:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("recorded_at", "id"),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/backup-sets",
    scope="clients:write",
    verb="client.change",
    response=BackupSetShown,
    status=201,
)
def post_backup_set(request: HttpRequest, client_id: PathId, body: NewBackupSet) -> BackupSetShown | Refusal:
    """Record a backup set, or (none_kept) that there is none."""
    row = add_backup_set(actor=actor_of(request), client_id=client_id, **body.model_dump())
    return row if isinstance(row, Refusal) else BackupSetShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/pauses",
    scope="clients:read",
    verb="client.read",
    response=Page[PauseShown],
)
def list_pauses(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[PauseShown]:
    """Lawful pauses, lifted ones too (R11: never for a debt)."""
    client_here(client_id)
    rows = departures.pauses(client_id)
    return page_of(
        rows,
        PauseShown.model_validate,
        of=f"pauses:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("placed_at", "id"),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/pauses",
    scope="clients:write",
    verb="pause.set",
    response=PauseShown,
    status=201,
)
def post_pause(request: HttpRequest, client_id: PathId, body: NewPause) -> PauseShown | Refusal:
    """Place a lawful pause on releases; a debt is refused (R11), and the attempt is on record."""
    row = set_pause(
        actor=actor_of(request),
        client_id=client_id,
        ground=body.ground.value,
        note=body.note,
        item_id=body.item,
    )
    return row if isinstance(row, Refusal) else PauseShown.model_validate(row)


@operation(
    router, "POST", "/pauses/{pause_id}/lift", scope="clients:write", verb="pause.lift", response=PauseShown
)
def post_lift(request: HttpRequest, pause_id: PathId, body: Lift) -> PauseShown | Refusal:
    """Lift a pause, with what settled it."""
    row = lift_pause(actor=actor_of(request), pause_id=pause_id, reason=body.reason)
    return row if isinstance(row, Refusal) else PauseShown.model_validate(row)
