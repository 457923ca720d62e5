# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's hours: what is left and promised, what the time went on, who allowed what was not paid for."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.hours.standing import HoursStanding, standing
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.hours_words import UNUSED_WORDS, budget_words, entry_row
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import may_here
from partwell.entrypoints.staff.time_forms import StartForm
from partwell.records.hours import lists
from partwell.records.hours.queries import blocks_of, running_timer, time_of
from partwell.rules import hours
from partwell.rules.roles import may

A_PAGE = 40


def start_form(how: HoursStanding, **more: Any) -> StartForm:
    """The form of a timer; in a departure offboarding time is what is meant first."""
    first = hours.WorkClass.OFFBOARDING if how.open_departure else hours.WorkClass.SERVICE
    return StartForm(initial={"work_class": first, "kind": hours.WorkKind.OTHER}, **more)


def clock(timer: Any) -> dict[str, Any]:
    """A running timer with what it ran so far."""
    now = timezone.now()
    return {
        "row": timer,
        "ran": max(1, hours.minutes_between(timer.started_at, now)),
        "forgotten": hours.forgotten(timer.started_at, now),
    }


@staff_door("time.read")
@require_safe
def client_hours(request: HttpRequest, client_id: str) -> HttpResponse:
    """The page: budget, running timers, entries in pages. Queries do not grow with the entries."""
    client, actor = client_or_404(client_id), actor_of(request)
    how = standing(client.id)
    page = Paginator(time_of(client.id), A_PAGE).get_page(request.GET.get("page"))
    may_record = may_here(actor, client, "time.record")
    office = may(actor.role, "time.allow_goodwill") is None
    rows = []
    for entry in page.object_list:
        row = entry_row(entry)
        leaves = [part.leave.given_by.name for part in entry.parts.all() if part.leave is not None]
        row["allowed_by"] = entry.allowed_by.name if entry.allowed_by else next(iter(leaves), "")
        row["may_take_back"] = (
            may_record
            and not row["back"]
            and row["taken_back"] is None
            and (office or entry.staff_id == actor.id)
        )
        rows.append(row)
    timers = [
        {**clock(one), "mine": one.staff_id == actor.id, "may_end": one.staff_id == actor.id or office}
        for one in lists.timers_here(client.id)
    ]
    return render(request, "staff/hours.html", {
        "section": "clients", "client": client, "how": how, "terms": how.terms, "budget": budget_words(how), "page": page, "rows": rows,
        "blocks": list(blocks_of(how.offboarding.id)) if how.offboarding else [], "unused": UNUSED_WORDS[how.terms.unused],
        "timers": timers, "may_record": may_record, "may_import": may_record, "start": start_form(how) if may_record and running_timer(actor.id) is None else None,
        "may_leave": how.open_departure and may_here(actor, client, "leave.give"),
        "requests_url": reverse("staff:client_requests", args=[client.id]),
    })  # fmt: skip
