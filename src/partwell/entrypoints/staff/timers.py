# SPDX-License-Identifier: AGPL-3.0-or-later
"""Timers: start from a client, a departure, an item, a message or a request; stop, or throw away with a reason."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.hours import timers as actions
from partwell.actions.hours.standing import standing
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.hours_words import CLASS_WORDS, KIND_WORDS, budget_words, left_words
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.hours import clock, start_form
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of
from partwell.entrypoints.staff.time_forms import (
    AT,
    About,
    ReasonForm,
    StartForm,
    StopForm,
    without_goodwill,
)
from partwell.entrypoints.staff.time_work import SHORT, fits_now, made_of
from partwell.entrypoints.theme.formats import when_words
from partwell.records.hours.lists import timer_of
from partwell.records.hours.queries import running_timers
from partwell.rules.hours import Rest, WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def timer_start(request: HttpRequest, client_id: str) -> HttpResponse:
    """Start one's timer, perhaps about something (``?about=item:…``)."""
    client, actor = client_or_404(client_id), actor_of(request)
    about = About(actor, client.id, request.POST.get("about") or request.GET.get("about", ""))
    back = reverse("staff:hours", args=[client.id])
    extra: dict[str, str] | None = None
    form = StartForm(request.POST) if request.method == "POST" else start_form(standing(client.id))
    if request.method == "POST" and form.is_valid():
        chosen = actions.About(
            WorkClass(form.cleaned_data["work_class"]), WorkKind(form.cleaned_data["kind"]), **about.subject()
        )
        result = actions.start_timer(actor=actor, client_id=client.id, about=chosen)
        if not isinstance(result, Refusal):
            messages.success(request, "The timer runs. It stays in sight on every page until you stop it.")
            return HttpResponseRedirect(back)
        if result.code not in ("hours_used_up", *AT["work_class"].split("|")):
            return refusal_response(request, result, back=back)
        form_with_refusal(form, result, work_class=f"hours_used_up|{AT['work_class']}")
        if result.code == "hours_used_up":
            extra = {
                "url": reverse("staff:client_requests", args=[client.id]),
                "label": "Sell a block: the requests",
            }
    return form_page(
        request, form, title="Start a timer", back=back, back_label=f"Hours of {client.name}", button="Start it",
        lede=" ".join(filter(None, [f"About “{about.label}”." if about.label else "", left_words(standing(client.id))])),
        hidden=[("about", about.text)], extra=extra,
    )  # fmt: skip


@staff_door("time.read")
@require_safe
def timers(request: HttpRequest) -> HttpResponse:
    """All running timers, the oldest first: a forgotten one is asked about, never billed as it stands."""
    actor = actor_of(request)
    office = may(actor.role, "time.allow_goodwill") is None
    rows = [
        {**clock(one), "mine": one.staff_id == actor.id, "may_end": one.staff_id == actor.id or office,
         "class": CLASS_WORDS[WorkClass(one.work_class)], "kind": KIND_WORDS[WorkKind(one.kind)]}
        for one in running_timers()[:200]
    ]  # fmt: skip
    return render(request, "staff/timers.html", {"section": "clients", "rows": rows})


def _timer(request: HttpRequest, timer_id: str, *, mine: bool) -> Any:
    """A timer that this person may end; what was stopped meanwhile is said by the action."""
    row, actor = timer_of(id_of(timer_id)), actor_of(request)
    if row is None or (
        row.staff_id != actor.id and (mine or may(actor.role, "time.allow_goodwill") is not None)
    ):
        raise Http404
    return row


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def timer_stop(request: HttpRequest, timer_id: str) -> HttpResponse:
    """Stop one's timer; refused time leaves it running, so nothing is lost."""
    row = _timer(request, timer_id, mine=True)
    back = reverse("staff:hours", args=[row.client_id])
    if request.method != "POST":
        form = StopForm(initial={"work_class": row.work_class, "kind": row.kind})
        return _stop_page(request, row, form)
    posted = request.POST.copy()  # the strip posts the note alone: the rest is what the timer is for
    for name in ("work_class", "kind"):
        if not posted.get(name):
            posted[name] = getattr(row, name)
    form = StopForm(posted)
    if not form.is_valid():
        return _stop_page(request, row, form)
    given = form.cleaned_data
    said = actions.Said(
        note=given["note"],
        minutes=given["minutes"],
        work_class=WorkClass(given["work_class"]),
        kind=WorkKind(given["kind"]),
        internal_note=given["internal_note"],
        reason=given["reason"],
        asked_by=given["asked_by"],
        rest=Rest(given["rest"]) if given.get("rest") else None,
    )
    result = actions.stop_and_split(actor=actor_of(request), timer_id=row.id, said=said)
    if isinstance(result, Refusal):
        if result.code in ("duplicate", "not_found", "client_inactive"):
            return refusal_response(request, result, back=back)
        form_with_refusal(form, result, **AT)
        return _stop_page(request, row, form, result.code)
    return made_of(request, row.client_id, result)


def _stop_page(request: HttpRequest, row: Any, form: StopForm, code: str = "") -> HttpResponse:
    how = standing(row.client_id)
    if not how.open_departure:
        del form.fields["rest"]
    elif may(actor_of(request).role, "time.allow_goodwill") is not None:
        without_goodwill(form)
    return render(
        request,
        "staff/timer_stop.html",
        {
            "section": "clients",
            "client": row.client,
            "timer": row,
            "clock": clock(row),
            "form": form,
            "short": code in SHORT,
            "fits": fits_now(how),
            "budget": budget_words(how),
            "stopped": row.stopped_at is not None,
            "timer_running": None,
        },
        status=422 if form.errors else 200,
    )


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def timer_away(request: HttpRequest, timer_id: str) -> HttpResponse:
    """Drop a timer without time: one's own, or a colleague's by the office."""
    row = _timer(request, timer_id, mine=False)
    back = reverse("staff:hours", args=[row.client_id])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = actions.throw_away_timer(
            actor=actor_of(request), timer_id=row.id, reason=form.cleaned_data["reason"]
        )
        if not isinstance(result, Refusal):
            return answer(request, result, back, "Thrown away; no time was recorded.")
        if result.code != "taken_back_without_reason":
            return refusal_response(request, result, back=back)
        form_with_refusal(form, result, **AT)
    return form_page(
        request, form, title="Throw the timer away", back=back, back_label=f"Hours of {row.client.name}", danger=True,
        button="Throw it away", lede=f"{row.staff.name}'s timer runs since {when_words(row.started_at)} and becomes no time.",
    )  # fmt: skip
