# SPDX-License-Identifier: AGPL-3.0-or-later
"""Handover bundles: ask for one, watch it being built, download it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from pydantic import Field

from partwell.actions.releases.bundle_scope import Order
from partwell.actions.releases.download_bundle import Bundle, bundle_for, download_bundle, ended_of, shown
from partwell.actions.releases.request_bundle import request_bundle
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Flag, Given, Line, PathId, Ref, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import continues, file_response
from partwell.records.authorisations.lists import recipients
from partwell.records.jobs.lists import bundles
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, Party

router = Router()


class BundleResult(Shown):
    name: str
    size: int
    sha256: str
    manifest_sha256: str
    files: int
    encrypted: bool
    left_out: list[str] = Field(description="What is not in it, and why.")


class BundleShown(Shown):
    id: UUID
    client_id: UUID
    to: Party
    recipient_id: UUID | None
    for_whom: str
    state: str = Field(description="queued, running, done or failed")
    stage: str
    done: int
    total: int
    error: str
    created_at: datetime
    ended: str | None = Field(
        None, description="Why nobody fetches it any more, and what to do; null while it is fetched as ever."
    )
    result: BundleResult | None = Field(description="null until it is built.")


class BundleWanted(Given):
    to: Party
    recipient_id: Ref | None = Field(None, description="The firm, where it goes to a provider.")
    categories: Annotated[list[Category], Field(max_length=9)] = []
    correspondence: Flag | None = Field(
        None, description="Messages, calls and mails; true for the client, false for a provider."
    )
    only: Literal["", "correspondence"] = Field(
        "", description="“correspondence”: what was said and nothing else."
    )
    credentials: Flag = Field(False, description="Refused here: a person asks for credentials (R16).")
    age: Annotated[list[Annotated[Line, Field(min_length=10, max_length=200)]], Field(max_length=10)] = Field(
        [], description="age public keys to encrypt to."
    )


def show(one: Bundle) -> BundleShown:
    """A bundle's job with what became of it."""
    job, order = one.job, one.order
    values = {
        name: getattr(job, name) for name in ("id", "state", "stage", "done", "total", "error", "created_at")
    }
    result = BundleResult.model_validate(one.result) if one.result else None
    return BundleShown(
        **values,
        client_id=order.client_id,
        to=order.party,
        recipient_id=order.recipient_id,
        for_whom=one.name,
        ended=f"{one.ended.sentence} {one.ended.next_step}" if one.ended else None,
        result=result,
    )


def _bundle(request: HttpRequest, job_id: UUID) -> Bundle:
    return found(bundle_for(actor_of(request), job_id))


@operation(
    router,
    "GET",
    "/clients/{client_id}/bundles",
    scope="bundles:read",
    verb="release.read",
    response=Page[BundleShown],
)
def list_bundles(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[BundleShown]:
    """A client's bundles, newest first."""
    client_here(client_id)
    firms = dict(recipients(client_id).prefetch_related(None).values_list("pk", "firm"))

    ended = ended_of(client_id)

    def one(job: Any) -> BundleShown:
        order = Order.of(job.payload["order"])
        firm = firms.get(order.recipient_id, "the client") if order.recipient_id else "the client"
        return show(shown(job, order, firm, ended))

    of = f"bundles:{client_id}"
    return page_of(
        bundles(client_id), one, of=of, cursor=cursor, limit=limit, by=("created_at", "id"), newest_first=True
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/bundles",
    scope="bundles:write",
    verb="bundle.request",
    response=BundleShown,
    status=202,
)
def post_bundle(request: HttpRequest, client_id: PathId, body: BundleWanted) -> BundleShown | Refusal:
    """Ask for a bundle; a job builds it. To a new provider only what was released to it and whose consent stands (R1)."""
    given = body.model_dump()
    if given["correspondence"] is None:
        given["correspondence"] = body.to is Party.CLIENT
    job = request_bundle(actor=actor_of(request), client_id=client_id, **given)
    return job if isinstance(job, Refusal) else show(_bundle(request, job.id))


@operation(
    router, "GET", "/bundles/{bundle_id}", scope="bundles:read", verb="release.read", response=BundleShown
)
def get_bundle(request: HttpRequest, bundle_id: PathId) -> BundleShown:
    """A bundle's progress, then its digests."""
    return show(_bundle(request, bundle_id))


@operation(
    router, "GET", "/bundles/{bundle_id}/file", scope="bundles:read", verb="bundle.download", file=True
)
def get_bundle_file(request: HttpRequest, bundle_id: PathId) -> HttpResponseBase | Refusal:
    """The bundle itself, streamed; Range continues a broken download. The download is evidence (R1)."""
    file = download_bundle(
        actor=actor_of(request),
        job_id=bundle_id,
        agent=request.headers.get("User-Agent", "")[:200],
        begins=not continues(request),
    )
    return file if isinstance(file, Refusal) else file_response(request, file)
