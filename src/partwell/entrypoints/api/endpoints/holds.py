# SPDX-License-Identifier: AGPL-3.0-or-later
"""Legal holds: placed by one, lifted by two (R6, R15); and what is due, late, held or in danger, of all clients and of one."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from partwell.actions.retention import look
from partwell.actions.retention.lift_hold import ask_lift, decline_lift, lift_hold
from partwell.actions.retention.place_hold import HoldWish, place_hold, review_hold
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.retention_shown import (
    ChoiceShown,
    HoldGiven,
    HoldShown,
    NoticeShown,
    Reason,
    Review,
    SetShown,
    hold_shown,
    set_shown,
)
from partwell.entrypoints.api.fields import PathId, Shown
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, make_cursor, page_of, read_cursor
from partwell.records.retention import lists, queries
from partwell.rules.refusals import Refusal

router = Router()
Show = Literal["due", "late", "held", "unprovable", "conflicts", "alarms", "not_told", "all"]
_LISTS: dict[str, Callable[[datetime, str | None, int], look.Page]] = {
    "due": look.due, "late": look.late, "held": look.held, "unprovable": look.unprovable, "conflicts": look.in_conflict,
    "alarms": look.with_alarms, "not_told": look.not_told, "all": look.every,
}  # fmt: skip


class CountsShown(Shown):
    """``every``: sets with a day; ``due``: within 60 days; ``not_told``: notices that reach nobody; ``under_way``: deletions."""

    every: int
    due: int
    late: int
    held: int
    not_told: int
    under_way: int


def _shown(made: Any) -> Any:
    return made if isinstance(made, Refusal) else hold_shown(found(queries.hold_of(made.id)))


@operation(router, "GET", "/retention", scope="retention:read", verb="retention.read", response=Page[SetShown])  # fmt: skip
def list_retention(
    request: HttpRequest,
    show: Annotated[Show, Query(description="Which sets of all clients, the oldest day first.")] = "due",
    cursor: After = None,
    limit: Limit = 50,
) -> Page[SetShown]:
    """Sets of all clients: due, late, held, unprovable, in conflict, in danger by a vendor's window (R13), not told, or all."""
    of = f"retention:{show}"
    after = str(read_cursor(of, cursor, 1)[0]) if cursor is not None else None
    page = _LISTS[show](timezone.now(), after, limit)
    following = make_cursor(of, [page.after]) if page.after else None
    return Page(items=[set_shown(one) for one in page.rows], next=following)


@operation(router, "GET", "/retention/counts", scope="retention:read", verb="retention.read", response=CountsShown)  # fmt: skip
def get_retention_counts(request: HttpRequest) -> CountsShown:
    """How many sets are due, late and held."""
    return CountsShown.model_validate(look.counts())


@operation(router, "GET", "/clients/{client_id}/choices", scope="retention:read", verb="retention.read", response=Page[ChoiceShown])  # fmt: skip
def list_choices(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[ChoiceShown]:
    """What the client decided about its data, replaced decisions too. It signs in its portal, not here (decision 0009)."""
    client_here(client_id)
    return page_of(
        lists.choices(client_id), ChoiceShown.model_validate, of=f"choices:{client_id}", cursor=cursor, limit=limit, by=("made_at", "id")
    )  # fmt: skip


@operation(router, "GET", "/clients/{client_id}/retention-notices", scope="retention:read", verb="retention.read", response=Page[NoticeShown])  # fmt: skip
def list_retention_notices(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[NoticeShown]:
    """What the client was told before and after the day of each set."""
    client_here(client_id)
    return page_of(
        lists.notices(client_id), NoticeShown.model_validate, of=f"notices:{client_id}", cursor=cursor, limit=limit, by=("given_at", "id")
    )  # fmt: skip


@operation(router, "GET", "/clients/{client_id}/holds", scope="retention:read", verb="retention.read", response=Page[HoldShown])  # fmt: skip
def list_holds(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[HoldShown]:
    """Legal holds of a client, lifted ones too."""
    client_here(client_id)
    return page_of(
        lists.holds(client_id), hold_shown, of=f"holds:{client_id}", cursor=cursor, limit=limit, by=("placed_at", "id")
    )  # fmt: skip


@operation(router, "POST", "/clients/{client_id}/holds", scope="retention:write", verb="hold.place", response=HoldShown, status=201)  # fmt: skip
def post_hold(request: HttpRequest, client_id: PathId, body: HoldGiven) -> HoldShown | Refusal:
    """Place a hold: it stops every deletion that it covers at once, one that is running too."""
    given = body.model_dump()
    wish = HoldWish(set_ids=given.pop("sets"), **given)
    return _shown(place_hold(actor=actor_of(request), client_id=client_id, wish=wish))


@operation(router, "GET", "/holds/{hold_id}", scope="retention:read", verb="retention.read", response=HoldShown)  # fmt: skip
def get_hold(request: HttpRequest, hold_id: PathId) -> HoldShown | Refusal:
    """One hold."""
    return hold_shown(found(queries.hold_of(hold_id)))


@operation(router, "POST", "/holds/{hold_id}/review", scope="retention:write", verb="hold.place", response=HoldShown)  # fmt: skip
def post_hold_review(request: HttpRequest, hold_id: PathId, body: Review) -> HoldShown | Refusal:
    """It is still needed, and is looked at again on another day."""
    return _shown(
        review_hold(actor=actor_of(request), hold_id=hold_id, review_on=body.review_on, words=body.words)
    )


@operation(router, "POST", "/holds/{hold_id}/ask-lift", scope="retention:write", verb="hold.ask_lift", response=HoldShown)  # fmt: skip
def post_hold_lift_request(request: HttpRequest, hold_id: PathId, body: Reason) -> HoldShown | Refusal:
    """Ask for a hold to be lifted; another person lifts it (R15)."""
    return _shown(ask_lift(actor=actor_of(request), hold_id=hold_id, reason=body.reason))


@operation(router, "POST", "/holds/{hold_id}/lift", scope="retention:write", verb="hold.lift", response=HoldShown)  # fmt: skip
def post_hold_lift(request: HttpRequest, hold_id: PathId) -> HoldShown | Refusal:
    """Lift it as the second person. What it stopped stays stopped."""
    return _shown(lift_hold(actor=actor_of(request), hold_id=hold_id))


@operation(router, "POST", "/holds/{hold_id}/decline-lift", scope="retention:write", verb="hold.lift", response=HoldShown)  # fmt: skip
def post_hold_lift_refusal(request: HttpRequest, hold_id: PathId, body: Reason) -> HoldShown | Refusal:
    """Keep it in force."""
    return _shown(decline_lift(actor=actor_of(request), hold_id=hold_id, reason=body.reason))
