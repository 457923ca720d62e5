# SPDX-License-Identifier: AGPL-3.0-or-later
"""A departure's plan, and its dates and transition terms (R8, R14)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.offboardings.common import departure_dates
from partwell.actions.offboardings.move_dates import preview_dates, propose_date
from partwell.actions.offboardings.plan_steps import (
    add_step,
    change_step,
    finish_step,
    move_step,
    remove_step,
    reopen_step,
)
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, offboarding_here, today
from partwell.entrypoints.api.endpoints.offboardings import OffboardingShown, Said
from partwell.entrypoints.api.endpoints.offboardings import shown as offboarding_shown
from partwell.entrypoints.api.fields import (
    Currency,
    Day,
    Flag,
    Given,
    Line,
    Money,
    PathId,
    Ref,
    Shown,
    Text,
    Title,
    Words,
)
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.offboardings import lists
from partwell.rules.dates import DATE_LABELS, TransitionTerm, dependent_dates
from partwell.rules.refusals import Refusal
from partwell.rules.terms import OffboardingState, Phase

router = Router()
Keys = Annotated[list[Annotated[Line, Field(max_length=60)]], Field(max_length=100)]


class StepShown(Shown):
    id: UUID
    key: str
    position: int
    title: str
    phase: str
    owner_role: str
    owner_id: UUID | None
    on_client: bool
    due: date
    blocks_closing: bool
    after: list[str]
    note: str
    done_at: datetime | None
    done_by_name: str


class NewStep(Given):
    title: Title
    due: Day
    phase: Phase = Phase.HANDOVER
    owner_id: Ref | None = None
    note: Text = ""
    after: Keys = []
    blocks_closing: Flag = True


class StepChange(Given):
    title: Title | None = None
    due: Day | None = None
    owner_id: Ref | None = Field(None, description="null: nobody.")
    note: Text | None = None
    after: Keys | None = None


class Place(Given):
    earlier: Flag = Field(description="false: later.")


class Why(Given):
    reason: Title


class TermGiven(Given):
    scope: Words
    monthly_fee: Money
    currency: Currency
    ends_on: Day

    def term(self) -> TransitionTerm:
        """As the rule takes it."""
        return TransitionTerm(self.scope, Decimal(self.monthly_fee), self.currency, self.ends_on)


class DatesGiven(Given):
    end_of_service: Day | None = Field(
        None, description="Left out: the end stays, only the term is asked for."
    )
    reason: Text = ""
    term: TermGiven | None = Field(None, description="Service beyond the end needs one (R8).")


class Effect(Shown):
    key: str
    what: str
    before: str
    after: str


class Effects(Shown):
    items: list[Effect]


class OneDate(Shown):
    key: str
    what: str
    on: date


class Dates(Shown):
    items: list[OneDate]


class DateChangeShown(Shown):
    id: UUID
    state: str
    old_end: date
    new_end: date
    asked_by: str
    reason: str
    effects: list[Effect]
    asked_at: datetime
    decided_at: datetime | None


class TermShown(Shown):
    id: UUID
    state: str
    scope: str
    monthly_fee: Decimal
    currency: str
    starts: date
    ends: date
    asked_at: datetime
    decided_at: datetime | None


def _effect(one: dict[str, Any]) -> Effect:
    return Effect(**{name: str(one.get(name, "")) for name in Effect.model_fields})


def _change(row: Any) -> DateChangeShown:
    values = {name: getattr(row, name) for name in DateChangeShown.model_fields if name != "effects"}
    return DateChangeShown(**values, effects=[_effect(one) for one in row.effects])


def _step(row: Any) -> StepShown | Refusal:
    return row if isinstance(row, Refusal) else StepShown.model_validate(row)


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/steps",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[StepShown],
)
def list_steps(
    request: HttpRequest, offboarding_id: PathId, cursor: After = None, limit: Limit = 200
) -> Page[StepShown]:
    """The plan's steps."""
    offboarding_here(offboarding_id)
    rows = lists.steps(offboarding_id)
    return page_of(
        rows,
        StepShown.model_validate,
        of=f"steps:{offboarding_id}",
        cursor=cursor,
        limit=limit,
        by=("position", "id"),
    )


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/plan",
    scope="offboardings:write",
    verb="plan.propose",
    response=OffboardingShown,
    status=201,
)
def post_plan(request: HttpRequest, offboarding_id: PathId) -> OffboardingShown | Refusal:
    """Lay down the plan that reason, destination and dates propose; people edit it then."""
    return offboarding_shown(propose_plan(actor=actor_of(request), offboarding_id=offboarding_id))


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/steps",
    scope="offboardings:write",
    verb="plan.change",
    response=StepShown,
    status=201,
)
def post_step(request: HttpRequest, offboarding_id: PathId, body: NewStep) -> StepShown | Refusal:
    """Add a step of your own."""
    return _step(add_step(actor=actor_of(request), offboarding_id=offboarding_id, **body.model_dump()))


@operation(
    router, "PATCH", "/steps/{step_id}", scope="offboardings:write", verb="plan.change", response=StepShown
)
def patch_step(request: HttpRequest, step_id: PathId, body: StepChange) -> StepShown | Refusal:
    """Change a step's words, due date, owner, note or what comes first."""
    sent = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None or name == "owner_id"}
    return _step(change_step(actor=actor_of(request), step_id=step_id, **changes))


@operation(
    router,
    "POST",
    "/steps/{step_id}/finish",
    scope="offboardings:write",
    verb="plan.step_done",
    response=StepShown,
)
def post_step_done(request: HttpRequest, step_id: PathId, body: Said) -> StepShown | Refusal:
    """Mark a step done; refused while a step it waits for is open (R14)."""
    return _step(finish_step(actor=actor_of(request), step_id=step_id, words=body.words))


@operation(
    router,
    "POST",
    "/steps/{step_id}/move",
    scope="offboardings:write",
    verb="plan.change",
    response=StepShown,
)
def post_step_moved(request: HttpRequest, step_id: PathId, body: Place) -> StepShown | Refusal:
    """Change places with the step before or after it of the same phase and day; days move by the due date."""
    return _step(move_step(actor=actor_of(request), step_id=step_id, earlier=body.earlier))


@operation(
    router,
    "POST",
    "/steps/{step_id}/reopen",
    scope="offboardings:write",
    verb="plan.step_done",
    response=StepShown,
)
def post_step_reopened(request: HttpRequest, step_id: PathId, body: Why) -> StepShown | Refusal:
    """Say that a step was not done after all, with the reason."""
    return _step(reopen_step(actor=actor_of(request), step_id=step_id, reason=body.reason))


@operation(
    router,
    "POST",
    "/steps/{step_id}/remove",
    scope="offboardings:write",
    verb="plan.change",
    response=StepShown,
)
def post_step_removed(request: HttpRequest, step_id: PathId, body: Why) -> StepShown | Refusal:
    """Take a step out of the plan, with the reason."""
    return _step(remove_step(actor=actor_of(request), step_id=step_id, reason=body.reason))


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/dates",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Dates,
)
def list_dates(request: HttpRequest, offboarding_id: PathId) -> Dates:
    """The dates in force: every day that hangs from the end of service. None once the notice was withdrawn (R8)."""
    row = offboarding_here(offboarding_id)
    if row.state == OffboardingState.WITHDRAWN:
        return Dates(items=[])
    found = dependent_dates(departure_dates(row))
    return Dates(items=[OneDate(key=key, what=DATE_LABELS[key], on=on) for key, on in found.items()])


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/date-changes",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[DateChangeShown],
)
def list_date_changes(
    request: HttpRequest, offboarding_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[DateChangeShown]:
    """Proposals to move dates, with every dependent date before and after."""
    offboarding_here(offboarding_id)
    rows = lists.date_changes(offboarding_id)
    return page_of(
        rows, _change, of=f"dates:{offboarding_id}", cursor=cursor, limit=limit, by=("asked_at", "id")
    )


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/date-changes/preview",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Effects,
    does=False,
)
def preview_date_change(request: HttpRequest, offboarding_id: PathId, body: DatesGiven) -> Effects | Refusal:
    """What a proposal would move. Writes nothing."""
    row = offboarding_here(offboarding_id)
    term = body.term.term() if body.term else None
    result = preview_dates(row, body.end_of_service or row.end_of_service, term, today())
    return result if isinstance(result, Refusal) else Effects(items=[_effect(one) for one in result[1]])


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/date-changes",
    scope="offboardings:write",
    verb="date.propose",
    response=DateChangeShown,
    status=201,
)
def post_date_change(
    request: HttpRequest, offboarding_id: PathId, body: DatesGiven
) -> DateChangeShown | Refusal:
    """Ask to move the end of service, with or without a transition term. Nothing moves until the client agrees (R8)."""
    row = propose_date(
        actor=actor_of(request),
        offboarding_id=offboarding_id,
        effective_on=body.end_of_service,
        reason=body.reason,
        term=body.term.term() if body.term else None,
    )
    return row if isinstance(row, Refusal) else _change(row)


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/terms",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[TermShown],
)
def list_terms(
    request: HttpRequest, offboarding_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[TermShown]:
    """Transition terms, agreed or not."""
    offboarding_here(offboarding_id)
    rows = lists.terms(offboarding_id)
    return page_of(
        rows,
        TermShown.model_validate,
        of=f"terms:{offboarding_id}",
        cursor=cursor,
        limit=limit,
        by=("asked_at", "id"),
    )
