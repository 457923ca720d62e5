# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours as they stand: sums in the database, a fixed number of queries however much time was recorded."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from partwell.records.hours.models import Block, Leave, TimeEntry, TimePart, Timer, WorkRequest
from partwell.rules.charges import RequestState
from partwell.rules.hours import Block as BlockFacts
from partwell.rules.hours import Budget, OnAccount, Source, WorkClass
from partwell.rules.statement import Drawn


def included_used(offboarding_id: UUID) -> int:
    """Included minutes drawn so far, reversals given back."""
    drawn = TimePart.objects.filter(offboarding_id=offboarding_id, source=Source.INCLUDED)
    return int(drawn.aggregate(sum=Sum("minutes"))["sum"] or 0)


def blocks_of(offboarding_id: UUID) -> "QuerySet[Block]":
    """Paid blocks in the order of payment, each with what was drawn from it as ``drawn``."""
    return (
        Block.objects.filter(offboarding_id=offboarding_id, cancelled_at=None, settled_at=None)
        .exclude(paid_at=None)
        .annotate(drawn=Coalesce(Sum("parts__minutes"), 0))
        .order_by("paid_at", "id")
    )


def promised(offboarding_id: UUID) -> int:
    """Minutes of approved estimates that are not yet done, less what was already recorded for each of them."""
    total = 0
    rows = (
        WorkRequest.objects.filter(offboarding_id=offboarding_id, state=RequestState.APPROVED)
        .annotate(spent=Coalesce(Sum("time_entries__accounted"), 0))
        .values_list("estimate", "spent")
    )
    for estimate, spent in rows:
        total += max(0, (estimate or 0) - spent)
    return total


def waiting_requests(offboarding_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """For a list of departures: how many requests for work wait for an estimate or for the client, by state; one query."""
    waits = (RequestState.ASKED, RequestState.ESTIMATED)
    rows = WorkRequest.objects.filter(offboarding_id__in=list(offboarding_ids), state__in=waits)
    found: dict[UUID, dict[str, int]] = {}
    for one, state, count in rows.order_by().values_list("offboarding_id", "state").annotate(n=Count("pk")):
        found.setdefault(one, {})[state] = count
    return found


def to_estimate(offboarding_id: UUID) -> "QuerySet[WorkRequest]":
    """A departure's requests that nobody has estimated yet, the oldest first."""
    rows = WorkRequest.objects.filter(offboarding_id=offboarding_id, state=RequestState.ASKED)
    return rows.order_by("asked_at")


def to_do(offboarding_id: UUID) -> "QuerySet[WorkRequest]":
    """A departure's approved requests that are not done, none of whose blocks waits for its payment; the oldest first."""
    rows = WorkRequest.objects.filter(offboarding_id=offboarding_id, state=RequestState.APPROVED)
    unpaid = Block.objects.filter(request=OuterRef("pk"), paid_at=None, cancelled_at=None)
    return rows.exclude(Exists(unpaid)).order_by("answered_at")


def budget_of(offboarding_id: UUID, included_minutes: int) -> Budget:
    """The budget of a departure in three queries; ``included_minutes`` by the agreement in force."""
    rows: Any = blocks_of(offboarding_id)  # the annotation is lost on the way through the function's type
    blocks = tuple(BlockFacts(row.id.hex, row.minutes, row.drawn) for row in rows)
    return Budget(included_minutes, included_used(offboarding_id), blocks, promised(offboarding_id))


def used_by_departure(offboarding_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """For a list of departures: minutes drawn (included and open blocks) and minutes prepaid, in two queries.

    A block that was settled or whose payment went back is in neither, as in ``budget_of``."""
    ids = list(offboarding_ids)
    open_block = Q(source=Source.BLOCK, block__cancelled_at=None, block__settled_at=None) & ~Q(
        block__paid_at=None
    )
    drawn = dict(
        TimePart.objects.filter(Q(source=Source.INCLUDED) | open_block, offboarding_id__in=ids)
        .values_list("offboarding_id")
        .annotate(sum=Sum("minutes"))
    )
    paid = dict(
        Block.objects.filter(offboarding_id__in=ids, cancelled_at=None, settled_at=None)
        .exclude(paid_at=None)
        .values_list("offboarding_id")
        .annotate(sum=Sum("minutes"))
    )
    return {one: (int(drawn.get(one) or 0), int(paid.get(one) or 0)) for one in ids}


def leave_of(offboarding_id: UUID) -> tuple[Leave, OnAccount] | None:
    """The owner's leave in force with its minutes left, or None."""
    row = (
        Leave.objects.filter(offboarding_id=offboarding_id, ended_at=None)
        .select_related("given_by")
        .annotate(drawn=Coalesce(Sum("parts__minutes"), 0))
        .order_by("given_at")
        .last()
    )
    return (
        None
        if row is None
        else (row, OnAccount(row.reason, max(0, row.minutes - row.drawn), row.given_by.name))
    )


def time_of(client_id: UUID) -> "QuerySet[TimeEntry]":
    """A client's time, newest first, with who worked, what it was drawn from and who allowed what was not paid."""
    return (
        TimeEntry.objects.filter(client_id=client_id)
        .select_related("staff", "allowed_by", "request", "reverses", "reversed_by")
        .prefetch_related(Prefetch("parts", TimePart.objects.select_related("leave__given_by")))
    )


def running_timer(staff_id: UUID) -> Timer | None:
    """The one timer that this person has running, with its client."""
    return Timer.objects.select_related("client").filter(staff_id=staff_id, stopped_at=None).first()


def running_timers() -> "QuerySet[Timer]":
    """All running timers, the oldest first: a forgotten one is asked about."""
    return (
        Timer.objects.filter(stopped_at=None).select_related("client", "staff").order_by("started_at", "id")
    )


def requests_of(client_id: UUID) -> "QuerySet[WorkRequest]":
    """A client's requests for work: open ones first, then the newest."""
    open_ones = Q(state__in=(RequestState.ASKED, RequestState.ESTIMATED, RequestState.APPROVED))
    return (
        WorkRequest.objects.filter(client_id=client_id)
        .annotate(is_open=open_ones, spent=Coalesce(Sum("time_entries__accounted"), 0))
        .select_related("estimated_by", "answered_by")
        .order_by("-is_open", "-asked_at")
    )


def _in_scope(client_id: UUID, offboarding_id: UUID | None, first: date | None, last: date | None) -> Q:
    """A departure's time, and what was recorded beside it (running service) between two days; without one, all such."""
    beside = Q(offboarding=None)
    if first is not None:
        beside &= Q(day__gte=first)
    if last is not None:
        beside &= Q(day__lte=last)
    return Q(client_id=client_id) & (beside | Q(offboarding_id=offboarding_id) if offboarding_id else beside)


def entries_between(
    client_id: UUID, offboarding_id: UUID | None, first: date | None, last: date | None
) -> "QuerySet[TimeEntry]":
    """The entries that a statement is about; ``first`` and ``last`` bound the time beside a departure."""
    return TimeEntry.objects.filter(_in_scope(client_id, offboarding_id, first, last))


def drawn_by_day(entries: "QuerySet[TimeEntry]") -> list[Drawn]:
    """Those entries' minutes, summed by the database for each day, source, class and block; one query."""
    rows = (
        TimePart.objects.filter(entry__in=entries.order_by().values("pk"))
        .values_list("entry__day", "source", "entry__work_class", "block_id")
        .annotate(sum=Sum("minutes"))
        .order_by("entry__day")
    )
    return [
        Drawn(day, Source(source), WorkClass(kind), int(minutes), block.hex if block else "")
        for day, source, kind, block, minutes in rows
    ]


def counted(entries: "QuerySet[TimeEntry]") -> tuple[int, int]:
    """How many entries, and their real minutes."""
    found = entries.aggregate(count=Count("pk"), real=Sum("minutes"))
    return found["count"], int(found["real"] or 0)


def bought_of(offboarding_id: UUID) -> "QuerySet[Block]":
    """Blocks that were paid, settled ones too, with request, paper and who approved, in the order of payment."""
    return (
        Block.objects.filter(offboarding_id=offboarding_id, cancelled_at=None)
        .exclude(paid_at=None)
        .select_related("request", "invoice", "approved_by")
        .order_by("paid_at", "id")
    )
