# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who the token is, the MSP's people, and jobs under way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import PathId, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.jobs import lists
from partwell.records.jobs.queries import job_by_id
from partwell.records.people.queries import staff_here

router = Router()


class Me(Shown):
    id: UUID
    name: str
    role: str
    scopes: list[str]


class Person(Shown):
    id: UUID
    name: str
    title: str
    role: str


class People(Shown):
    items: list[Person]


class JobShown(Shown):
    id: UUID
    kind: str
    client: UUID | None
    state: str
    stage: str
    done: int
    total: int
    error: str
    created_at: datetime
    finished_at: datetime | None


def show_job(row: Any) -> JobShown:
    """A job without its payload and result."""
    return JobShown.model_validate(
        {
            **{name: getattr(row, name) for name in JobShown.model_fields if name != "client"},
            "client": row.client_ref,
        }
    )


@operation(router, "GET", "/me", scope="", verb="", response=Me)
def get_me(request: HttpRequest) -> Me:
    """Who this token acts as."""
    actor = actor_of(request)
    return Me(id=actor.id, name=actor.name, role=actor.role, scopes=list(actor.scopes or ()))


@operation(router, "GET", "/staff", scope="clients:read", verb="staff.read", response=People)
def list_staff(request: HttpRequest) -> People:
    """The MSP's people who are here, by name."""
    return People(items=[Person.model_validate(row) for row in staff_here()])


@operation(
    router, "GET", "/clients/{client_id}/jobs", scope="clients:read", verb="job.read", response=Page[JobShown]
)
def list_jobs(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[JobShown]:
    """A client's jobs, newest first."""
    client_here(client_id)
    rows = lists.jobs(client_id)
    return page_of(
        rows,
        show_job,
        of=f"jobs:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("created_at", "id"),
        newest_first=True,
    )


@operation(router, "GET", "/jobs/{job_id}", scope="clients:read", verb="job.read", response=JobShown)
def get_job(request: HttpRequest, job_id: PathId) -> JobShown:
    """A job's state and progress."""
    return show_job(found(job_by_id(job_id)))
