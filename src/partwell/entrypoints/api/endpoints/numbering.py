# SPDX-License-Identifier: AGPL-3.0-or-later
"""Series of gapless numbers, and the law profiles that bind work for a client (R12). No legal advice."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.actions.billing.law_profiles import law_of, remove_profile, set_profile
from partwell.actions.billing.series import NAMES, Numbers, numbers, set_series
from partwell.entrypoints.api.endpoints.common import actor_of, client_here, found, today
from partwell.entrypoints.api.fields import Day, Given, Line, PathId, Shown, Title, Whole
from partwell.entrypoints.api.operation import operation
from partwell.records.billing import papers
from partwell.rules.law_profiles import PROFILES
from partwell.rules.refusals import Refusal

router = Router()

OnDay = Annotated[Day | None, Query(None, description="The day of the bill; today without one.")]


class SeriesShown(Shown):
    kind: str
    name: str
    prefix: str
    next_number: int
    used: bool


class SeriesList(Shown):
    items: list[SeriesShown]


class SeriesGiven(Given):
    prefix: Annotated[Line, Field(max_length=20)]
    next_number: Annotated[Whole, Field(ge=1, le=99_999_999)]


class ProfileShown(Shown):
    id: UUID
    code: str
    version: int
    reason: str
    set_at: datetime
    removed_at: datetime | None
    removed_reason: str


class KnownProfile(Shown):
    code: str
    title: str
    version: int
    source: str
    last_checked: date
    binds: str


class ClassVerdict(Shown):
    line_class: str
    charge: str
    sentence: str
    profile: str
    version: int
    source: str
    last_checked: date | None


class ClientLaw(Shown):
    """``day``: on which ``lines`` are judged; without one, today."""

    profiles: list[ProfileShown]
    day: date
    lines: list[ClassVerdict]
    known: list[KnownProfile]
    notice: str


class NewProfile(Given):
    code: Annotated[str, Field(pattern="^[a-z0-9_]{1,30}$")]
    reason: Title


class Why(Given):
    reason: Title


def _series(kind: str) -> SeriesShown:
    row: Numbers = found(numbers(kind))
    return SeriesShown(
        kind=row.kind, name=row.name, prefix=row.prefix, next_number=row.next_number, used=row.used
    )


@operation(router, "GET", "/series", scope="billing:read", verb="billing.read", response=SeriesList)
def list_series(request: HttpRequest) -> SeriesList:
    """The rows of numbers, and what comes next in each."""
    return SeriesList(items=[_series(kind) for kind in NAMES])


@operation(
    router,
    "PUT",
    "/series/{kind}",
    scope="billing:write",
    verb="series.set",
    response=SeriesShown,
    does=True,
)
def put_series(
    request: HttpRequest, kind: Literal["request", "invoice", "credit_note"], body: SeriesGiven
) -> SeriesShown | Refusal:
    """Set what stands before the number, and before the first paper the number itself."""
    row = set_series(actor=actor_of(request), kind=kind, prefix=body.prefix, next_number=body.next_number)
    return row if isinstance(row, Refusal) else _series(kind)


@operation(
    router, "GET", "/clients/{client_id}/law", scope="billing:read", verb="profile.read", response=ClientLaw
)
def get_client_law(request: HttpRequest, client_id: PathId, day: OnDay = None) -> ClientLaw:
    """A client's law profiles, what each kind of line may cost on a day, and what Partwell knows. No legal advice."""
    client_here(client_id)
    return ClientLaw(
        day=day or today(),
        profiles=[ProfileShown.model_validate(one) for one in papers.profiles_of(client_id)],
        lines=[
            ClassVerdict(
                line_class=one.line_class,
                charge=one.verdict.charge,
                sentence=one.verdict.sentence,
                profile=one.verdict.profile,
                version=one.verdict.version,
                source=one.verdict.source,
                last_checked=one.verdict.last_checked,
            )
            for one in law_of(client_id, day or today())
        ],
        known=[KnownProfile.model_validate(one) for one in PROFILES.values()],
        notice="This is no legal advice.",
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/law/profiles",
    scope="billing:write",
    verb="profile.set",
    response=ProfileShown,
    status=201,
)
def post_profile(request: HttpRequest, client_id: PathId, body: NewProfile) -> ProfileShown | Refusal:
    """Record that a law profile binds work for a client, and why."""
    row = set_profile(actor=actor_of(request), client_id=client_id, code=body.code, reason=body.reason)
    return row if isinstance(row, Refusal) else ProfileShown.model_validate(row)


@operation(
    router,
    "POST",
    "/law-profiles/{profile_id}/remove",
    scope="billing:write",
    verb="profile.set",
    response=ProfileShown,
)
def post_profile_remove(request: HttpRequest, profile_id: PathId, body: Why) -> ProfileShown | Refusal:
    """Record that it no longer does, and why."""
    row = remove_profile(actor=actor_of(request), profile_id=profile_id, reason=body.reason)
    return row if isinstance(row, Refusal) else ProfileShown.model_validate(row)
