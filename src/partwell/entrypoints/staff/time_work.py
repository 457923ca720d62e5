# SPDX-License-Identifier: AGPL-3.0-or-later
"""Entering time, taking it back, and an owner's leave; each page is one form and calls one action."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from partwell.actions.hours.give_leave import end_leave, give_leave
from partwell.actions.hours.record_time import record_time, reverse_time
from partwell.actions.hours.split_time import Split, split_time
from partwell.actions.hours.standing import HoursStanding, standing
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.hours_words import budget_words, entry_row
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of
from partwell.entrypoints.staff.time_forms import (
    AT,
    About,
    LeaveForm,
    ReasonForm,
    TimeForm,
    without_goodwill,
)
from partwell.entrypoints.theme.formats import duration_words, when_words
from partwell.records.hours.lists import entry_of
from partwell.rules import hours
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

SHORT = ("hours_short", "hours_used_up")


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def time_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """Enter time. What does not fit is said at its field, with what to do instead."""
    client, actor = client_or_404(client_id), actor_of(request)
    about = About(actor, client.id, request.POST.get("about") or request.GET.get("about", ""))
    how = standing(client.id)
    if request.method != "POST":
        first = hours.WorkClass.OFFBOARDING if how.open_departure else hours.WorkClass.SERVICE
        wanted = request.GET.get("class", "")
        form = TimeForm(client_id=client.id, about=about, initial={
            "work_class": wanted if wanted in set(hours.WorkClass) else first, "kind": hours.WorkKind.OTHER})  # fmt: skip
        return _time_page(request, client, how, form)
    form = TimeForm(request.POST, client_id=client.id, about=about)
    if not form.is_valid():
        return _time_page(request, client, how, form)
    rest = form.cleaned_data.get("rest")
    result: Any = (
        split_time(actor=actor, client_id=client.id, work=form.work(), rest=hours.Rest(rest))
        if rest
        else record_time(actor=actor, client_id=client.id, work=form.work())
    )
    if isinstance(result, Refusal):
        if result.code in ("not_found", "client_inactive"):
            return refusal_response(request, result, back=reverse("staff:hours", args=[client.id]))
        form_with_refusal(form, result, **AT)
        return _time_page(request, client, how, form, result.code)
    return made_of(request, client.id, result)


def made_of(request: HttpRequest, client_id: UUID, result: Any) -> HttpResponse:
    """Say what was recorded; a rest that was asked for leads to its request, which wants an estimate."""
    made = result if isinstance(result, Split) else Split((result,))
    said = [_said(one) for one in made.entries]
    if made.request is not None:
        messages.success(
            request, " ".join([*said, "The rest is asked for: estimate it, then the client decides."])
        )
        return HttpResponseRedirect(reverse("staff:request", args=[made.request.id]))
    messages.success(request, " ".join(said))
    return HttpResponseRedirect(reverse("staff:hours", args=[client_id]))


def _said(entry: Any) -> str:
    row = entry_row(entry)
    return f"{duration_words(entry.minutes)} recorded: {row['drawn']}."


def fits_now(how: HoursStanding) -> int:
    """The most minutes that fit into what is left, in whole units."""
    if not how.open_departure:
        return 0
    return hours.fitting(hours.ENTRY_LIMIT, how.budget, how.terms.unit, how.leave)


def _time_page(
    request: HttpRequest, client: Any, how: HoursStanding, form: TimeForm, code: str = ""
) -> HttpResponse:
    office = may(actor_of(request).role, "time.allow_goodwill") is None
    if not how.open_departure:
        del form.fields["rest"]
    elif not office:
        without_goodwill(form)
    return render(request, "staff/time_add.html", {
        "section": "clients", "client": client, "form": form, "about": form.about, "budget": budget_words(how), "terms": how.terms,
        "fits": fits_now(how), "short": code in SHORT,
    }, status=422 if form.errors else 200)  # fmt: skip


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def time_back(request: HttpRequest, client_id: str, entry_id: str) -> HttpResponse:
    """Take an entry back by one of its own; what it drew is there again."""
    client, entry = client_or_404(client_id), entry_of(id_of(entry_id))
    if entry is None or entry.client_id != client.id:
        raise Http404
    back = reverse("staff:hours", args=[client.id])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = reverse_time(actor=actor_of(request), entry_id=entry.id, why=form.cleaned_data["reason"])
        if not isinstance(result, Refusal):
            return answer(request, result, back, f"{duration_words(entry.minutes)} taken back.")
        if result.code != "taken_back_without_reason":
            return refusal_response(request, result, back=back)
        form_with_refusal(form, result, **AT)
    row = entry_row(entry)
    return form_page(
        request, form, title="Take time back", back=back, back_label=f"Hours of {client.name}", button="Take it back",
        lede=f"{when_words(entry.started_at)}, {entry.staff.name}: {duration_words(row['minutes'])}, {row['drawn']}. "
        f"“{entry.client_note}” Both entries stay; what was drawn is there again.",
    )  # fmt: skip


@staff_door("leave.give")
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, client_id: str) -> HttpResponse:
    """An owner allows work on account: so many minutes, for a reason."""
    client = client_or_404(client_id)
    back = reverse("staff:hours", args=[client.id])
    form = LeaveForm(request.POST or None, initial={"minutes": 60})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        result = give_leave(
            actor=actor_of(request), client_id=client.id, minutes=given["minutes"], reason=given["reason"]
        )
        if not isinstance(result, Refusal):
            said = f"{duration_words(result.minutes)} may be worked on account."
            return answer(request, result, back, said)
        if result.code != "on_account_without_reason":
            return refusal_response(request, result, back=back)
        form_with_refusal(form, result, **AT)
    return form_page(
        request, form, title="Allow work on account", back=back, back_label=f"Hours of {client.name}",
        button="Allow it", lede="Work is paid in advance. This lets it go on without, up to so many minutes; the client sees "
        "it with your reason. An earlier leave of this departure ends with it.",
    )  # fmt: skip


@staff_door("leave.give")
@require_POST
def leave_end(request: HttpRequest, client_id: str) -> HttpResponse:
    """End the leave before it is used up."""
    client = client_or_404(client_id)
    result = end_leave(actor=actor_of(request), client_id=client.id)
    return answer(request, result, reverse("staff:hours", args=[client.id]), "No more work on account.")
