# SPDX-License-Identifier: AGPL-3.0-or-later
"""Single rows and lists of time, timers and requests, as pages and the API read them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from partwell.records.hours.models import TimeEntry, Timer, WorkRequest
from partwell.rules.charges import RequestState

OPEN = (RequestState.ASKED, RequestState.ESTIMATED, RequestState.APPROVED)


def entry_of(entry_id: UUID) -> TimeEntry | None:
    """One time entry with all that its page names."""
    return (
        TimeEntry.objects.filter(pk=entry_id)
        .select_related("client", "staff", "allowed_by", "request", "reverses", "reversed_by")
        .prefetch_related("parts")
        .first()
    )


def time_for_client(client_id: UUID) -> "QuerySet[TimeEntry]":
    """As the client reads its time, newest first; pages show its own note, never the internal one."""
    return (
        TimeEntry.objects.filter(client_id=client_id)
        .select_related("staff", "request", "reverses", "reversed_by")
        .prefetch_related("parts")
        .defer("internal_note")
    )


def entries(client_id: UUID) -> "QuerySet[TimeEntry]":
    """A client's time for the API, in no order yet."""
    return (
        TimeEntry.objects.filter(client_id=client_id)
        .select_related("staff", "reversed_by")
        .prefetch_related("parts")
    )


def timer_of(timer_id: UUID) -> Timer | None:
    """One timer, running or not, with its client and person."""
    return Timer.objects.select_related("client", "staff").filter(pk=timer_id).first()


def timers_here(client_id: UUID) -> list[Timer]:
    """The timers that run for this client, the oldest first."""
    rows = Timer.objects.filter(client_id=client_id, stopped_at=None).select_related("staff")
    return list(rows.order_by("started_at"))


def request_of(request_id: UUID) -> Any | None:
    """One request with its client, departure, answer and the minutes recorded for it (``spent``)."""
    return (
        WorkRequest.objects.filter(pk=request_id)
        .select_related("client", "offboarding", "estimated_by", "answered_by", "override_by")
        .prefetch_related("blocks__invoice")
        .annotate(spent=Coalesce(Sum("time_entries__accounted"), 0))
        .first()
    )


def requests(client_id: UUID) -> "QuerySet[Any]":
    """A client's requests for the API, in no order yet."""
    return (
        WorkRequest.objects.filter(client_id=client_id)
        .select_related("estimated_by", "answered_by")
        .annotate(spent=Coalesce(Sum("time_entries__accounted"), 0))
    )


def approved_requests(client_id: UUID) -> list[WorkRequest]:
    """Requests whose work may be recorded now, by title."""
    return list(
        WorkRequest.objects.filter(client_id=client_id, state=RequestState.APPROVED).order_by("title")
    )


def to_answer(client_id: UUID) -> list[WorkRequest]:
    """Estimated requests of an open departure that wait for the client's word."""
    rows = WorkRequest.objects.filter(client_id=client_id, state=RequestState.ESTIMATED)
    return list(rows.order_by("estimated_at"))


def asked_by_recipient(recipient_person_ids: list[UUID], client_id: UUID) -> list[WorkRequest]:
    """What these persons of a new provider asked for: their own requests and nothing of the others'."""
    rows = WorkRequest.objects.filter(
        client_id=client_id, asked_by_kind="provider", asked_by__in=recipient_person_ids
    )
    return list(
        rows.only("id", "title", "state", "asked_at", "asked_by_name", "done_at").order_by("-asked_at")
    )


def open_requests_everywhere() -> "QuerySet[WorkRequest]":
    """Requests that are not settled, of all clients: what waits for us first, then the oldest."""
    return WorkRequest.objects.filter(state__in=OPEN).select_related("client").order_by("state", "asked_at")
