# SPDX-License-Identifier: AGPL-3.0-or-later
"""Legal holds: placed at once, looked at again on a day, lifted by two (R6, R15)."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.facts import zone
from partwell.actions.retention.lift_hold import WHAT, ask_lift, candidates, decline_lift, lift_hold
from partwell.actions.retention.place_hold import HoldWish, place_hold, review_hold
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_of,
    may_here,
    words_field,
)
from partwell.entrypoints.staff.set_forms import WordsForm
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import queries
from partwell.rules import deletion
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal

_BOTH = require_http_methods(["GET", "HEAD", "POST"])
REVIEW_DAYS = 90


class HoldForm(forms.Form):
    """A hold as it is described."""

    title = forms.CharField(
        label=_("Title"), max_length=200, help_text=_("A few words that colleagues recognise.")
    )
    asked_by = forms.CharField(label=_("Who asked for it"), max_length=200, help_text=_("A court, a lawyer, an insurer, the client."))  # fmt: skip
    description = words_field(_("What must be kept, and why"), 4, help_text=_("The client reads it."))
    scope = forms.ChoiceField(label=_("What it covers"), widget=forms.RadioSelect, choices=[
        ("whole", _("Everything of the client, also what is recorded later, and its record")), ("sets", _("Only the sets ticked below"))])  # fmt: skip
    sets = forms.MultipleChoiceField(label=_("Sets"), required=False, widget=forms.CheckboxSelectMultiple)
    review_on = day_field(_("Look at it again on"), help_text=_("The office is reminded. It stays in force until two people lift it."))  # fmt: skip
    internal_note = words_field(_("Internal note"), 2, required=False, help_text=_("Privileged: it never leaves the house."))  # fmt: skip

    def __init__(self, *args: Any, rows: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sets"].choices = [(str(one.id), f"{one.name} ({one.location})") for one in rows]  # type: ignore[attr-defined]
        if not rows:
            self.fields.pop("sets")

    def clean(self) -> dict[str, Any]:
        """Sets are ticked where only sets are covered."""
        data = super().clean() or self.cleaned_data
        if data.get("scope") == "sets" and not data.get("sets"):
            self.add_error("scope" if "sets" not in self.fields else "sets", _("Tick at least one set, or choose everything."))  # fmt: skip
        return data

    def wish(self) -> HoldWish:
        """As the action takes it."""
        data = self.cleaned_data
        whole = data["scope"] == "whole"
        return HoldWish(
            title=data["title"], description=data["description"], asked_by=data["asked_by"], review_on=data["review_on"], whole_client=whole,
            set_ids=[] if whole else [id_of(one) for one in data.get("sets", [])], internal_note=data["internal_note"],
        )  # fmt: skip


class ReviewForm(forms.Form):
    """It is still needed."""

    words = words_field(_("What you found"), 3, help_text=_("Whom you asked, and what they said."))
    review_on = day_field(_("Look at it again on"))


def hold_or_404(text: str) -> queries.Hold:
    """The hold of an address."""
    found = queries.hold_of(id_of(text))
    if found is None:
        raise Http404
    return found


@staff_door("hold.place")
@_BOTH
def hold_place(request: HttpRequest, client_id: str) -> HttpResponse:
    """Place a hold; every deletion that it covers stops at once."""
    client, actor = client_or_404(client_id), actor_of(request)
    back = reverse("staff:client_data", args=[client.id])
    rows = list(queries.kept_sets(client.id).order_by("name", "id"))
    ticked = [str(one.id) for one in rows if str(one.id) == request.GET.get("set")]
    initial = {"scope": "sets" if ticked else "whole", "sets": ticked, "review_on": day_in(timezone.now(), zone()) + timedelta(days=REVIEW_DAYS)}  # fmt: skip
    form = HoldForm(request.POST or None, rows=rows, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = place_hold(actor=actor, client_id=client.id, wish=form.wish())
        if not isinstance(done, Refusal):
            return answer(request, done, reverse("staff:hold", args=[done.id]), now_("The hold is in force. What it covers is not deleted."))  # fmt: skip
        if done.status not in (409, 422):
            return answer(request, done, back, "")
        form_with_refusal(form, done, review_on="hold_incomplete")
    lede = now_(
        "From this moment nothing that it covers is deleted; a deletion that is running stops before its next batch."
    )
    return form_page(request, form, title=now_("Place a hold on data of %(name)s") % {"name": client.name}, lede=lede, button=now_("Place the hold"),
                     back=back, back_label=client.name)  # fmt: skip


@staff_door("retention.read")
@require_safe
def hold(request: HttpRequest, hold_id: str) -> HttpResponse:
    """One hold: what it covers, who placed it, and whether somebody asks to lift it."""
    row, actor = hold_or_404(hold_id), actor_of(request)
    client, today = row.client, day_in(timezone.now(), zone())
    found = timeline_for(actor, Filters(subject=row.id), size=40, zone=zone())
    force, asker = row.lifted_at is None, row.lift_asked_by_ref
    problem = None
    if force and asker is not None:
        second = deletion.Second(actor.id.hex, actor.name, actor.role)
        problem = deletion.may_second(
            asker.hex, row.lift_asked_by_role, second, staff_count=candidates(asker), what=WHAT
        )
    may_lift = may_here(actor, client, "hold.lift")
    return render(request, "staff/hold.html", {
        "section": "clients", "client": client, "h": row, "force": force, "covered": list(queries.covered_by(row).order_by("name")) if force else [],
        "named": [one.backup_set for one in row.sets.all()], "overdue": force and row.review_on <= today, "asked": asker is not None,
        "mine": asker == actor.id, "problem": problem, "may_lift": force and may_lift and asker is not None and problem is None,
        "may_keep": force and may_lift and asker is not None, "may_ask": force and asker is None and may_here(actor, client, "hold.ask_lift"),
        "may_review": force and may_here(actor, client, "hold.place"), "alone": force and asker is not None and candidates(asker) <= 1,
        "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered,
    })  # fmt: skip


@staff_door("hold.place")
@_BOTH
def hold_review(request: HttpRequest, hold_id: str) -> HttpResponse:
    """Somebody asked again: it is still needed."""
    row, back = hold_or_404(hold_id), reverse("staff:hold", args=[id_of(hold_id)])
    form = ReviewForm(request.POST or None, initial={"review_on": day_in(timezone.now(), zone()) + timedelta(days=REVIEW_DAYS)})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        done = review_hold(actor=actor_of(request), hold_id=row.id, **form.cleaned_data)
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("It stays in force."))
        form_with_refusal(form, done, review_on="hold_incomplete")
    return form_page(request, form, title=now_("“%(title)s” is still needed") % {"title": row.title}, button=now_("Keep it in force"), back=back, back_label=row.title)  # fmt: skip


@staff_door("hold.ask_lift")
@_BOTH
def hold_ask_lift(request: HttpRequest, hold_id: str) -> HttpResponse:
    """One person asks, with a reason."""
    row, back = hold_or_404(hold_id), reverse("staff:hold", args=[id_of(hold_id)])
    form = WordsForm(
        request.POST or None, label=_("Why it is no longer needed"), hint=_("The client reads it.")
    )
    if request.method == "POST" and form.is_valid():
        done = ask_lift(actor=actor_of(request), hold_id=row.id, reason=form.cleaned_data["words"])
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("Asked. Another person lifts it, or keeps it in force."))
        form_with_refusal(form, done)
    lede = now_("Somebody else decides; one of the two is an owner.")
    return form_page(request, form, title=now_("Ask for “%(title)s” to be lifted") % {"title": row.title}, button=now_("Ask for it"), lede=lede, back=back, back_label=row.title)  # fmt: skip


@staff_door("hold.lift")
@require_POST
def hold_lift(request: HttpRequest, hold_id: str) -> HttpResponse:
    """The second person lifts it."""
    row = hold_or_404(hold_id)
    done = lift_hold(actor=actor_of(request), hold_id=row.id)
    said = now_("Lifted. What it had stopped stays stopped until somebody takes it up again.")
    return answer(request, done, reverse("staff:hold", args=[row.id]), said)


@staff_door("hold.lift")
@_BOTH
def hold_keep(request: HttpRequest, hold_id: str) -> HttpResponse:
    """The hold stays in force."""
    row, back = hold_or_404(hold_id), reverse("staff:hold", args=[id_of(hold_id)])
    form = WordsForm(request.POST or None, label=_("Why it stays"), hint=_("The client reads it."))
    if request.method == "POST" and form.is_valid():
        done = decline_lift(actor=actor_of(request), hold_id=row.id, reason=form.cleaned_data["words"])
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("It stays in force."))
        form_with_refusal(form, done)
    return form_page(request, form, title=now_("Keep “%(title)s” in force") % {"title": row.title}, button=now_("Keep it in force"), back=back, back_label=row.title)  # fmt: skip
