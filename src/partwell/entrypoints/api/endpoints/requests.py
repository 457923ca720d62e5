# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests for work (R5): asked, estimated, finished, cancelled. The client alone approves, in its portal."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.hours import requests as actions
from partwell.actions.hours.price import Price, price_of
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, Line, Money, PathId, Shown, Text, Whole
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.hours import lists
from partwell.rules.charges import ESTIMATE_LIMIT, RequestState
from partwell.rules.hours import WorkKind
from partwell.rules.law import LineClass
from partwell.rules.refusals import Refusal, refuse

router = Router()
Minutes = Annotated[Whole, Field(ge=-100_000, le=100_000)]


class WorkRequestShown(Shown):
    id: UUID
    client_id: UUID
    offboarding_id: UUID
    title: str
    text: str
    kind: str
    line_class: str
    asked_by_kind: str = Field(description="staff, client or provider")
    asked_by_name: str
    asked_at: datetime
    state: str = Field(description="asked, estimated, approved, declined, done or cancelled")
    estimate: int | None = Field(description="Minutes.")
    estimated_at: datetime | None
    override: str
    answered_by_id: UUID | None
    answered_at: datetime | None
    answer: str
    done_at: datetime | None
    spent: int = Field(description="Accounted minutes recorded for it.")


class WorkRequestGiven(Given):
    title: Annotated[Line, Field(max_length=200)]
    text: Annotated[Text, Field(max_length=8000)] = ""
    kind: WorkKind = WorkKind.OTHER


class WorkEstimateGiven(Given):
    minutes: Minutes
    kind: WorkKind
    line_class: LineClass = LineClass.FURTHER_SERVICE
    cost: Money | None = Field(
        None, description="What it costs the MSP, net, where a law profile allows cost only."
    )
    override: Annotated[Text, Field(max_length=1000)] = Field(
        "", description="An owner's reason against a law profile."
    )


class WorkPriceShown(Shown):
    minutes: int
    left: int
    promised: int
    beyond: int = Field(description="Minutes beyond what is left and not promised.")
    blocks: int
    prepaid: int = Field(description="Minutes of those blocks.")
    net: str
    tax: str
    gross: str
    currency: str
    unused_time: str
    law: str = Field(description="What the client's law profiles say of the line; no legal advice.")
    refused: str | None = Field(description="Why the client could not approve it like this.")


class WorkCancelGiven(Given):
    words: Annotated[Text, Field(max_length=1000)] = ""


def _price(price: Price) -> WorkPriceShown:
    return WorkPriceShown(
        minutes=price.minutes, left=price.left, promised=price.promised, beyond=price.beyond, blocks=price.blocks,
        prepaid=price.prepaid, net=str(price.net), tax=str(price.tax), gross=str(price.gross), currency=price.currency,
        unused_time=str(price.unused), law=price.verdict.sentence, refused=price.refused.sentence if price.refused else None,
    )  # fmt: skip


def _shown(row: Any) -> WorkRequestShown | Refusal:
    return row if isinstance(row, Refusal) else WorkRequestShown.model_validate(lists.request_of(row.id))


def _values(body: WorkEstimateGiven) -> dict[str, Any]:
    return {**body.model_dump(), "cost": None if body.cost is None else Decimal(body.cost)}


@operation(
    router, "GET", "/clients/{client_id}/requests", scope="hours:read", verb="time.read", response=Page[WorkRequestShown]
)  # fmt: skip
def list_requests(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[WorkRequestShown]:
    """A client's requests for work, the newest first"""
    client_here(client_id)
    return page_of(
        lists.requests(client_id), WorkRequestShown.model_validate, of=f"requests:{client_id}", cursor=cursor, limit=limit,
        by=("asked_at", "id"), newest_first=True,
    )  # fmt: skip


@operation(
    router, "POST", "/offboardings/{offboarding_id}/requests", scope="hours:write", verb="request.ask", response=WorkRequestShown,
    status=201,
)  # fmt: skip
def post_request(
    request: HttpRequest, offboarding_id: PathId, body: WorkRequestGiven
) -> WorkRequestShown | Refusal:
    """Write down what was asked for"""
    return _shown(
        actions.ask_for_work(actor=actor_of(request), offboarding_id=offboarding_id, **body.model_dump())
    )


@operation(
    router, "GET", "/requests/{request_id}", scope="hours:read", verb="time.read", response=WorkRequestShown
)
def get_request(request: HttpRequest, request_id: PathId) -> WorkRequestShown:
    """One request"""
    return WorkRequestShown.model_validate(found(lists.request_of(request_id)))


@operation(
    router, "POST", "/requests/{request_id}/price", scope="hours:read", verb="time.read", response=WorkPriceShown, does=False
)  # fmt: skip
def preview_price(
    request: HttpRequest, request_id: PathId, body: WorkEstimateGiven
) -> WorkPriceShown | Refusal:
    """What an estimate would mean: blocks, price, what the law says. Writes nothing"""
    row = found(lists.request_of(request_id))
    if not 1 <= body.minutes <= ESTIMATE_LIMIT:
        return refuse("estimate_invalid", hours=ESTIMATE_LIMIT // 60)
    if row.state not in (RequestState.ASKED, RequestState.ESTIMATED):
        return refuse("request_not_open", subject=row.title, state=row.state)
    return _price(price_of(row, **_values(body)))


@operation(
    router, "POST", "/requests/{request_id}/estimate", scope="hours:write", verb="request.estimate", response=WorkRequestShown
)  # fmt: skip
def post_estimate(
    request: HttpRequest, request_id: PathId, body: WorkEstimateGiven
) -> WorkRequestShown | Refusal:
    """Send the estimate; the client has it by mail and decides in its portal"""
    return _shown(actions.estimate_request(actor=actor_of(request), request_id=request_id, **_values(body)))


@operation(
    router, "POST", "/requests/{request_id}/finish", scope="hours:write", verb="request.finish", response=WorkRequestShown
)  # fmt: skip
def post_finish(request: HttpRequest, request_id: PathId) -> WorkRequestShown | Refusal:
    """The approved work is done; what was promised beyond it is free again"""
    return _shown(actions.finish_request(actor=actor_of(request), request_id=request_id))


@operation(
    router, "POST", "/requests/{request_id}/cancel", scope="hours:write", verb="request.finish", response=WorkRequestShown
)  # fmt: skip
def post_cancel(
    request: HttpRequest, request_id: PathId, body: WorkCancelGiven
) -> WorkRequestShown | Refusal:
    """Take a request off the list, with a reason that the client reads"""
    return _shown(actions.cancel_request(actor=actor_of(request), request_id=request_id, words=body.words))
