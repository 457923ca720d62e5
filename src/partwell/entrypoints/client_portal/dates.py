# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8 in the client's hands: agree to a date or decline it, ask for another, see what moves; withdraw the notice."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.offboardings.move_dates import decide_date, preview_dates, propose_date
from partwell.actions.offboardings.withdraw_notice import consequences, withdraw_notice
from partwell.entrypoints.client_portal.ending import WordsForm
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.clients import queries as clients
from partwell.records.offboardings import queries as departures
from partwell.rules.actor import Actor
from partwell.rules.dates import moves_once
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import OffboardingState


class DateForm(forms.Form):
    """Another end of service, and why."""

    effective_on = forms.DateField(
        label=gettext_lazy("Our service should end on"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(
        required=False, max_length=1000, label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3})
    )


def open_departure(actor: Actor) -> Any | None:
    """The client's open departure."""
    return next(
        (one for one in clients.offboardings_of(client_id_of(actor)) if one.state == OffboardingState.OPEN),
        None,
    )


def rows_of(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What moves, with days as days; what stays where it is is said too."""
    return [{"what": one["what"], "before": date.fromisoformat(one["before"]), "after": date.fromisoformat(one["after"]),
             "moves": one["before"] != one["after"]} for one in moves_once(effects) if one.get("before") and one.get("after")]  # fmt: skip


@client_door("offboarding.read")
@require_safe
def dates(request: HttpRequest) -> HttpResponse:
    """Dates as they stand, what is asked, what was decided; ``?effective_on`` shows what another end would move."""
    return _page(request, DateForm(request.GET if "effective_on" in request.GET else None))


def _page(request: HttpRequest, form: DateForm) -> HttpResponse:
    actor = actor_of(request)
    row = open_departure(actor)
    history = departures.date_history(row.id) if row else []
    found: Any = None
    if row is not None and form.is_bound and form.is_valid():
        found = preview_dates(row, form.cleaned_data["effective_on"], None, timezone.localdate())
    context = frame(
        departure=row, form=form, may_decide=may(actor.role, "date.agree") is None, may_ask=may(actor.role, "date.propose") is None,
        waiting=[{"row": one, "moves": rows_of(one.effects), "terms": list(one.terms.all())} for one in history if one.state == "proposed"],
        decided=[one for one in history if one.state != "proposed"],
        refused=found if isinstance(found, Refusal) else None,
        preview=rows_of(found[1]) if found is not None and not isinstance(found, Refusal) else None,
        asked=form.cleaned_data if found is not None else None,
        may_withdraw=may(actor.role, "offboarding.withdraw_notice") is None,
    )  # fmt: skip
    return render(
        request,
        "client_portal/dates.html",
        context,
        status=422 if form.is_bound and not form.is_valid() else 200,
    )


@client_door("date.propose")
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Ask for what the preview showed. The signatory's own agreement is asked separately, of the same page."""
    actor = actor_of(request)
    row = open_departure(actor)
    form = DateForm(request.POST)
    if row is None:
        raise Http404
    if not form.is_valid():
        return _page(request, form)
    done = propose_date(
        actor=actor,
        offboarding_id=row.id,
        effective_on=form.cleaned_data["effective_on"],
        reason=form.cleaned_data["reason"],
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=reverse("client:dates"))
    messages.success(
        request, _("Asked. Everybody has it by mail; it moves when a signatory of yours agrees here.")
    )
    return HttpResponseRedirect(reverse("client:dates"))


@client_door("date.agree")
@require_POST
def decide(request: HttpRequest, change_id: str) -> HttpResponse:
    """Agree or decline."""
    agree = request.POST.get("do") == "agree"
    words = request.POST.get("words", "").strip()[:1000]
    done = decide_date(actor=actor_of(request), change_id=uuid_or_404(change_id), agree=agree, words=words)
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=reverse("client:dates"))
    messages.success(
        request,
        _("Agreed. These dates hold from now on.") if agree else _("Declined. The dates stay as they are."),
    )
    return HttpResponseRedirect(reverse("client:dates"))


@client_door("offboarding.withdraw_notice")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """Stay with us: what ends, what is stopped and what should be changed, before it is done."""
    actor = actor_of(request)
    row = open_departure(actor)
    if row is None:
        raise Http404
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = withdraw_notice(actor=actor, offboarding_id=row.id, words=form.cleaned_data["words"].strip())
        if isinstance(done, Refusal):
            return refusal_response(request, done, back=reverse("client:withdraw_notice"))
        messages.success(
            request, _("Your notice is withdrawn, and it costs no fee. We are glad that you stay.")
        )
        return HttpResponseRedirect(reverse("client:home"))
    found = consequences(row.id)
    context = frame(
        departure=row,
        form=form,
        refused=found if isinstance(found, Refusal) else None,
        found=None if isinstance(found, Refusal) else found,
    )
    return render(request, "client_portal/withdraw_notice.html", context)
