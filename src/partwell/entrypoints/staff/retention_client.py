# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's data and retention: its sets on a time axis, its choice, notices, conflicts, holds, certificates. Also a tab of the departure."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.erasure.record import schedule_of
from partwell.actions.facts import zone
from partwell.actions.retention import look
from partwell.actions.retention.choices import choice_wanted
from partwell.entrypoints.door.certificate_words import row_of as certificate_row
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.retention_words import NOTICES, marks, set_row, window_of
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.offboarding import head
from partwell.entrypoints.staff.parts import may_here
from partwell.records.clients.queries import offboardings_of
from partwell.records.retention import queries
from partwell.records.retention.certificates import certificates_of
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.keeping import Choice, NoticeKind, next_notice_on
from partwell.rules.roles import may

SHOWN = 12


def choice_row(row: queries.DataChoice) -> dict[str, Any]:
    """A signed choice as pages show it."""
    return {"row": row, "label": Choice(row.choice).label, "set": row.backup_set.name if row.backup_set_id and row.backup_set else ""}  # fmt: skip


def coming(until: date | None, given: set[NoticeKind], gone: bool) -> tuple[date, Any] | None:
    """The next notice of a set: its day and its name."""
    if until is None or gone:
        return None
    day = next_notice_on(until, given)
    if day is None:
        return None
    ahead = (until - day).days
    kind = {60: NoticeKind.SIXTY, 30: NoticeKind.THIRTY, 7: NoticeKind.SEVEN}.get(ahead, NoticeKind.AFTER)
    return day, NOTICES[kind]


def data_context(client: Any, actor: Actor, now: datetime) -> dict[str, Any]:
    """Everything that the page shows; some forty queries however many sets there are."""
    today = day_in(now, zone())
    found = look.sets_of(client.id, now)
    rows = [set_row(one, reverse("staff:set", args=[one.row.id])) for one in found]
    told = queries.notices_of(client.id)
    given = queries.given([one.row.id for one in found])
    due: dict[tuple[date, Any], list[str]] = {}
    for one in found:
        until = one.row.keep_until
        had = given.get((one.row.id, until), set()) if until else set()
        following = coming(until, had, one.row.gone_at is not None)
        if following is not None:
            due.setdefault(following, []).append(one.row.name)
    notices: dict[tuple[Any, ...], list[str]] = {}
    for notice in told:
        notices.setdefault((notice.given_on, notice.kind, notice.until), []).append(notice.backup_set.name)
    history = [choice_row(one) for one in queries.choice_history(client.id)]
    holds = queries.holds_of(client.id)
    certificates = certificates_of(client.id)
    return {
        "rows": rows, "board": [{"name": "", "rows": rows}], "window": window_of(found, today), "today": today,
        "urgent": _urgent(found), "notices": [{"day": key[0], "kind": NOTICES[key[1]], "until": key[2], "sets": names} for key, names in list(notices.items())[:SHOWN]],
        "coming": [{"day": key[0], "kind": key[1], "sets": names} for key, names in sorted(due.items(), key=lambda one: one[0][0])],
        "choices": [one for one in history if one["row"].replaced_at is None], "older": [one for one in history if one["row"].replaced_at is not None][:SHOWN],
        "wanted": choice_wanted(client.id), "holds": [one for one in holds if one.lifted_at is None], "lifted": [one for one in holds if one.lifted_at is not None],
        "certificates": [certificate_row(one) for one in certificates[:5]], "certificates_all": certificates.count(),
        "schedule": schedule_of(client.id, now), "may_record": may(actor.role, "erasure.read") is None,
        "may_add": may_here(actor, client, "set.record"), "may_hold": may_here(actor, client, "hold.place"),
    }  # fmt: skip


def _urgent(found: list[look.SetView]) -> list[dict[str, Any]]:
    """Conflicts and alarms of all sets, each with its sides and what to do; the same words of several sets once."""
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        for mark in marks(one):
            if mark["next"] and mark["tone"] == "refusing":
                row = out.setdefault((mark["word"], mark["why"]), {**mark, "sets": []})
                row["sets"].append({"name": one.row.name, "url": reverse("staff:set", args=[one.row.id])})
    return list(out.values())


@staff_door("retention.read")
@require_safe
def client_data(request: HttpRequest, client_id: str) -> HttpResponse:
    """The page of its own."""
    client, actor, now = client_or_404(client_id), actor_of(request), timezone.now()
    departures = offboardings_of(client.id)
    departure = next((one for one in departures if one.state != "withdrawn"), None)
    return render(request, "staff/client_data.html", {"section": "clients", "client": client, "departure": departure, **data_context(client, actor, now)})  # fmt: skip


@staff_door("retention.read")
@require_safe
def offboarding_data(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """The same as a tab of the departure."""
    shown = head(request, offboarding_id, "offboarding_data")
    row = shown.one.row
    context = data_context(row.client, actor_of(request), timezone.now())
    return render(request, "staff/offboarding_data.html", {**shown.context, "departure": row, **context})
