# SPDX-License-Identifier: AGPL-3.0-or-later
"""The departure board: every offboarding on one time axis, what blocks it and on whom; overdue first."""

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.actions.offboardings import look
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.records.clients.queries import counts_by_state
from partwell.records.offboardings import queries
from partwell.rules.hours import WARN_AT
from partwell.rules.roles import may

A_PAGE = 40
GROUPS = (
    ("late", "Overdue"),
    ("soon", "Leaving within 30 days"),
    ("far", "Under way"),
    ("kept", "In retention"),
)
SORTS: dict[str, Any] = {
    "end": lambda one: (one.service_ends, one.row.client.name),
    "client": lambda one: one.row.client.name.casefold(),
    "next": lambda one: (one.next_step is None, one.next_step.due if one.next_step else date.max),
    "hours": lambda one: one.minutes_left,
}
FILTERS: dict[str, Any] = {
    "": lambda one, me: True,
    "blocked": lambda one, me: one.block.tone != "open",
    "us": lambda one, me: one.on_us,
    "client": lambda one, me: one.block.tone != "open" and one.block.side == "client",
    "mine": lambda one, me: one.row.owner_id == me,
}
NAMES = {"": "All", "blocked": "Blocked", "us": "On us", "client": "On the client", "mine": "Mine"}


def next_words(one: look.Departure) -> tuple[str, date | None]:
    """What comes next and when."""
    if one.open and one.next_step:
        return one.next_step.title, one.next_step.due
    if one.open:
        return ("Propose a plan" if not one.steps else "Close it"), None
    if one.kept.late:
        return "Data are to be deleted", one.kept.late_since
    return "Data are deleted", one.row.keep_until


def board_row(one: look.Departure) -> dict[str, Any]:
    """A departure as the board shows it."""
    words, on = next_words(one)
    return {
        "id": one.row.id, "url": reverse("staff:offboarding", args=[one.row.id]), "name": one.row.client.name, "to": one.whither,
        "phase": one.phase.value, "notice": one.noticed_on, "end": one.service_ends, "gone": one.row.keep_until,
        "held": bool(one.kept.holds), "alarm": purge_of(one), "late": one.late, "closed": not one.open, "tone": one.block.tone, "gate": one.block.what,
        "on": one.block.whom, "why": one.block.why, "after": words, "after_on": on, "group": one.group,
        "asks": one.to_estimate if one.open and one.block.what != "Request" else 0,
        "asks_url": reverse("staff:client_requests", args=[one.row.client_id]),
        "share": one.used_per_cent if one.open and one.used_per_cent >= WARN_AT[0] else 0,
        "hours": {"included": one.minutes, "used": one.used, "prepaid": one.prepaid} if one.minutes is not None else None,
    }  # fmt: skip


def purge_of(one: look.Departure) -> dict[str, Any] | None:
    """A vendor's purge before the promise ends, for the axis."""
    alarm = one.kept.alarm
    return (
        {"at": alarm.purged_on, "word": "a vendor purges"} if alarm is not None and alarm.purged_on else None
    )


def _window(today: date) -> dict[str, date]:
    """Four months back, nine ahead: retention rows that began earlier are marked as cut."""
    return {"start": today - timedelta(days=120), "end": today + timedelta(days=275)}


def _groups(rows: list[dict[str, Any]], totals: dict[str, int]) -> list[dict[str, Any]]:
    out = []
    for key, name in GROUPS:
        members = [row for row in rows if row["group"] == key]
        if members:
            out.append({"name": name, "rows": members, "total": totals[key]})
    return out


@staff_door("offboarding.read")
@require_safe
def departures(request: HttpRequest) -> HttpResponse:
    """Filtered, sorted and paged on the server; eighteen queries however many departures there are."""
    actor, now = actor_of(request), timezone.now()
    zone_name = zone()
    today = look.consent.day_in(now, zone_name)
    everything = look.departures(queries.on_the_board(today), now, zone_name)
    order = {key: position for position, (key, _) in enumerate(GROUPS)}
    everything.sort(key=lambda one: (order[one.group], one.service_ends, one.row.client.name))
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in FILTERS else ""
    shown = [one for one in everything if FILTERS[chosen](one, actor.id)]
    sort = request.GET.get("sort", "")
    sorted_by = SORTS.get(sort.lstrip("-"))
    if sorted_by:
        shown.sort(key=sorted_by, reverse=sort.startswith("-"))
    page = Paginator(shown, A_PAGE).get_page(request.GET.get("page"))
    rows = [board_row(one) for one in page.object_list]
    totals = {key: sum(one.group == key for one in shown) for key, _ in GROUPS}
    groups = [{"name": "", "rows": rows, "total": len(rows)}] if sorted_by else _groups(rows, totals)
    chips = [{"key": key, "label": NAMES[key], "n": sum(bool(test(one, actor.id)) for one in everything)}
             for key, test in FILTERS.items()]  # fmt: skip
    return render(request, "staff/departures.html", {
        "section": "departures", "groups": groups, "page": page, "chips": chips, "chosen": chosen, "today": today,
        "window": _window(today), "lede": lede(everything), "any": bool(everything),
        "clients": sum(counts_by_state().values()) if not everything else 1,
        "may_open": may(actor.role, "offboarding.open") is None, "may_add": may(actor.role, "client.add") is None,
    })  # fmt: skip


def lede(rows: list[look.Departure]) -> str:
    """The board in one or two sentences."""

    def count(n: int, one: str, many: str) -> str:
        return f"{'One' if n == 1 else n} {one if n == 1 else many}"

    leaving = sum(one.open for one in rows)
    parts = [count(len(rows), "client is leaving or has left.", "clients are leaving or have left.")]
    late = sum(one.late for one in rows)
    waits = sum(one.block.tone == "waiting" and one.block.side in ("client", "provider") for one in rows)
    ours = sum(one.on_us for one in rows)
    said = [text for n, text in ((late, count(late, "is overdue", "are overdue")),
                                 (waits, count(waits, "waits on somebody else", "wait on somebody else")),
                                 (ours, count(ours, "waits on us", "wait on us"))) if n]  # fmt: skip
    if said:
        first = ", ".join(said)
        parts.append(first[:1].upper() + first[1:].replace(", One", ", one") + ".")
    elif leaving:
        parts.append("All gates are open.")
    return " ".join(parts)


@staff_door("offboarding.read")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The staff's front door is the board."""
    return HttpResponseRedirect(reverse("staff:departures"))
