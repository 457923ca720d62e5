# SPDX-License-Identifier: AGPL-3.0-or-later
"""R12 on a client's page: which law profiles bind work for it, and what each kind of line may cost. No legal advice."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.billing.law_profiles import law_of, remove_profile, set_profile
from partwell.actions.hours.standing import today
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.paper_words import NO_ADVICE
from partwell.entrypoints.staff.billing_forms import ProfileForm, RemoveProfileForm
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, day_field, form_page, form_with_refusal, id_of
from partwell.records.billing.papers import profiles_of
from partwell.rules.law import Charge
from partwell.rules.law_profiles import PROFILES
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

TONES = {Charge.FREE_TO_AGREE: "open", Charge.AT_COST: "waiting", Charge.BANNED: "refusing"}
WORDS = {Charge.FREE_TO_AGREE: "Free to agree", Charge.AT_COST: "At cost only", Charge.BANNED: "Not to be charged"}  # fmt: skip


class DayForm(forms.Form):
    """The day of the bill: the law may change between today and then."""

    day = day_field("The day of the bill", required=False)


@staff_door("profile.read")
@require_safe
def client_law(request: HttpRequest, client_id: str) -> HttpResponse:
    """Profiles in force and removed ones, every kind of line on a day (``?day=``, else today), and what Partwell knows."""
    client, actor = client_or_404(client_id), actor_of(request)
    rows = [{"row": one, "profile": PROFILES.get(one.code)} for one in profiles_of(client.id)]
    now = today(timezone.now())
    form = DayForm(request.GET if "day" in request.GET else None, initial={"day": now})
    day = (form.cleaned_data["day"] if form.is_valid() else None) or now
    verdicts = [
        {"one": one, "tone": TONES[one.verdict.charge], "word": WORDS[one.verdict.charge]}
        for one in law_of(client.id, day)
    ]
    return render(request, "staff/law.html", {
        "section": "clients", "client": client, "in_force": [one for one in rows if one["row"].removed_at is None],  # type: ignore[union-attr]
        "removed": [one for one in rows if one["row"].removed_at], "verdicts": verdicts, "known": PROFILES.values(),  # type: ignore[union-attr]
        "form": form, "day": day, "is_today": day == now, "no_advice": NO_ADVICE, "may_set": may(actor.role, "profile.set") is None,
    }, status=422 if form.errors else 200)  # fmt: skip


@staff_door("profile.set")
@require_http_methods(["GET", "POST"])
def profile_set(request: HttpRequest, client_id: str) -> HttpResponse:
    """Find that a profile binds work for this client."""
    client = client_or_404(client_id)
    back = reverse("staff:client_law", args=[client.id])
    taken = {one.code for one in profiles_of(client.id) if one.removed_at is None}
    form = ProfileForm(request.POST or None, taken=taken)
    if request.method == "POST" and form.is_valid():
        result = set_profile(actor=actor_of(request), client_id=client.id, **form.cleaned_data)
        if not isinstance(result, Refusal) or result.status != 422:
            return answer(request, result, back, _("The profile is set; lines are judged by it from now on."))
        form_with_refusal(form, result)
    return form_page(
        request, form, title=_("Set a law profile for %(name)s") % {"name": client.name}, button=_("Set the profile"),
        back=back, back_label=_("Law profiles"), lede=NO_ADVICE,
    )  # fmt: skip


@staff_door("profile.set")
@require_http_methods(["GET", "POST"])
def profile_remove(request: HttpRequest, client_id: str, profile_id: str) -> HttpResponse:
    """Find that it no longer does."""
    client = client_or_404(client_id)
    wanted: Any = next(
        (one for one in profiles_of(client.id) if one.id == id_of(profile_id) and one.removed_at is None), None
    )  # fmt: skip
    if wanted is None:
        raise Http404
    back = reverse("staff:client_law", args=[client.id])
    form = RemoveProfileForm(request.POST or None)
    title = PROFILES[wanted.code].title if wanted.code in PROFILES else wanted.code
    if request.method == "POST" and form.is_valid():
        result = remove_profile(
            actor=actor_of(request), profile_id=wanted.id, reason=form.cleaned_data["reason"]
        )
        if not isinstance(result, Refusal) or result.status != 422:
            return answer(request, result, back, _("Removed. Lines judged by it keep their verdict."))
        form_with_refusal(form, result)
    return form_page(
        request, form, title=_("Remove %(title)s") % {"title": title}, button=_("Remove the profile"), danger=True,
        back=back, back_label=_("Law profiles"), lede=_("Lines that were judged by it keep their verdict."),
    )  # fmt: skip
