# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients who come back (R9): welcome, quote, checklist; the price list; the old estate against a new import."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Router
from pydantic import Field

from partwell.actions.billing.prices import set_price
from partwell.actions.billing.returning import (
    Offer,
    pain_points,
    send_quote,
    set_step,
    stop_return,
    welcome_back,
)
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Currency, Day, Flag, Given, Money, PathId, Ref, Shown, Text, Words
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.billing import returns as queries
from partwell.records.estate.difference import differences
from partwell.records.estate.queries import import_of
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.returning import ExceptionKind

router = Router()


class StateShown(Shown):
    id: UUID
    name: str
    state: str


class QuoteShown(Shown):
    id: UUID
    client_id: UUID
    state: str
    fee: Decimal
    normal_fee: Decimal
    currency: str
    exception_kind: str
    exception_reason: str
    valid_until: date
    welcome: str
    sent_at: datetime
    answered_at: datetime | None


class OnboardingStepShown(Shown):
    id: UUID
    position: int
    title: str
    done_at: datetime | None


class Steps(Shown):
    items: list[OnboardingStepShown]


class PriceShown(Shown):
    id: UUID
    name: str
    net: Decimal
    currency: str
    valid_from: date
    set_at: datetime


class WordsGiven(Given):
    words: Text = ""


class ReasonGiven(Given):
    reason: Words


class PointAnswer(Given):
    """``pain_point``: its identifier, as the quote's page names it."""

    pain_point: Ref
    answer: Words


class OfferGiven(Given):
    """``fee``: only for an owner's exception, with its ``exception_kind`` and the reason in words as ``exception``;
    else the price list's. ``systems_remain`` is a kind so that it can be refused, on record."""

    valid_until: Day
    answers: list[PointAnswer] = Field(default_factory=list, max_length=5)
    fee: Money | None = None
    exception: Text = ""
    exception_kind: ExceptionKind | None = None
    welcome: Text = ""


class StepGiven(Given):
    done: Flag


class PriceGiven(Given):
    net: Money
    currency: Currency
    valid_from: Day


class PointShown(Shown):
    id: UUID
    position: int
    words: str


class Points(Shown):
    items: list[PointShown]


@operation(
    router,
    "GET",
    "/clients/{client_id}/return/pain-points",
    scope="clients:read",
    verb="return.read",
    response=Points,
)
def list_pain_points(request: HttpRequest, client_id: PathId) -> Points:
    """What the client told when it left, in its own words; each is answered with the quote."""
    client_here(client_id)
    return Points(items=[PointShown.model_validate(one) for one in pain_points(client_id)])


@operation(
    router,
    "POST",
    "/clients/{client_id}/return",
    scope="clients:write",
    verb="return.welcome",
    response=StateShown,
)
def post_return(request: HttpRequest, client_id: PathId, body: WordsGiven) -> StateShown | Refusal:
    """Welcome an inactive client back; it is returning from now on."""
    row = welcome_back(actor=actor_of(request), client_id=client_id, words=body.words)
    return row if isinstance(row, Refusal) else StateShown.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/return/stop",
    scope="clients:write",
    verb="return.quote",
    response=StateShown,
)
def post_return_stop(request: HttpRequest, client_id: PathId, body: ReasonGiven) -> StateShown | Refusal:
    """The client does not come back now: it is inactive again, an open quote lapses."""
    row = stop_return(actor=actor_of(request), client_id=client_id, reason=body.reason)
    return row if isinstance(row, Refusal) else StateShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/return/quotes",
    scope="billing:read",
    verb="return.read",
    response=Page[QuoteShown],
)
def list_return_quotes(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[QuoteShown]:
    """Every quote that the client was sent; it answers in the portal."""
    client_here(client_id)
    rows = queries.quotes_of(client_id).order_by()
    return page_of(
        rows,
        QuoteShown.model_validate,
        of=f"quotes:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("sent_at", "id"),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/return/quotes",
    scope="billing:write",
    verb="return.quote",
    response=QuoteShown,
    status=201,
)
def post_return_quote(request: HttpRequest, client_id: PathId, body: OfferGiven) -> QuoteShown | Refusal:
    """Quote the normal onboarding fee of the price list of today, with an answer to each pain point.

    "Because the systems remain" is refused from everybody; another exception is an owner's, with a reason.
    """
    offer = Offer(
        body.valid_until,
        {one.pain_point: one.answer for one in body.answers},
        None if body.fee is None else Decimal(body.fee),
        body.exception,
        body.exception_kind or "",
        body.welcome,
    )
    row = send_quote(actor=actor_of(request), client_id=client_id, offer=offer)
    return row if isinstance(row, Refusal) else QuoteShown.model_validate(row)


@operation(
    router, "GET", "/return-quotes/{quote_id}/letter", scope="billing:read", verb="return.read", file=True
)
def get_return_letter(request: HttpRequest, quote_id: PathId) -> HttpResponseBase | Refusal:
    """The quote as PDF; 404 until the job has made it."""
    row = found(queries.quote_of(quote_id))
    return file_response(request, row.letter) if row.letter else refuse("not_found")


@operation(
    router, "GET", "/clients/{client_id}/onboarding", scope="clients:read", verb="return.read", response=Steps
)
def list_onboarding(request: HttpRequest, client_id: PathId) -> Steps:
    """The checklist of the newest accepted quote."""
    client_here(client_id)
    return Steps(items=[OnboardingStepShown.model_validate(one) for one in queries.steps_of(client_id)])


@operation(
    router,
    "POST",
    "/onboarding/{step_id}",
    scope="clients:write",
    verb="onboarding.step",
    response=OnboardingStepShown,
)
def post_onboarding_step(
    request: HttpRequest, step_id: PathId, body: StepGiven
) -> OnboardingStepShown | Refusal:
    """Tick a line of the checklist, or open it again."""
    row = set_step(actor=actor_of(request), step_id=step_id, done=body.done)
    return row if isinstance(row, Refusal) else OnboardingStepShown.model_validate(row)


@operation(router, "GET", "/prices", scope="billing:read", verb="billing.read", response=Page[PriceShown])
def list_prices(request: HttpRequest, cursor: After = None, limit: Limit = 50) -> Page[PriceShown]:
    """The price list; older lines stay."""
    rows = queries.prices().order_by()
    return page_of(
        rows, PriceShown.model_validate, of="prices", cursor=cursor, limit=limit, by=("valid_from", "id")
    )


@operation(
    router, "POST", "/prices", scope="billing:write", verb="price.set", response=PriceShown, status=201
)
def post_list_price(request: HttpRequest, body: PriceGiven) -> PriceShown | Refusal:
    """Put the normal onboarding fee from a day on on the list; a line that stands is never edited."""
    row = set_price(
        actor=actor_of(request), net=Decimal(body.net), currency=body.currency, valid_from=body.valid_from
    )
    return row if isinstance(row, Refusal) else PriceShown.model_validate(row)


@operation(
    router,
    "GET",
    "/clients/{client_id}/imports/{import_id}/difference",
    scope="estate:read",
    verb="estate.read",
    file=True,
)
def get_difference(request: HttpRequest, client_id: PathId, import_id: PathId) -> HttpResponseBase | Refusal:
    """What was in the estate before, against what an import brings: a line of JSON for each thing.

    Fields: kind (added, gone, changed, same), title, serial, old and new (identifiers; of a previewed import "line n"),
    fields (name, before, after). Streamed, so that a large estate needs no pages.
    """
    batch = import_of(client_id, import_id)
    if batch is None or batch.state not in ("staged", "confirmed"):
        return refuse("not_found")

    def lines() -> Iterator[bytes]:
        for one in differences(batch):
            row = {
                "kind": one.kind,
                "title": one.title,
                "serial": one.serial,
                "old": one.old,
                "new": one.new,
                "fields": [{"name": name, "before": was, "after": now} for name, was, now in one.fields],
            }
            yield json.dumps(row, ensure_ascii=False).encode() + b"\n"

    headers = {"Cache-Control": "no-store"}
    return StreamingHttpResponse(lines(), content_type="application/x-ndjson", headers=headers)
