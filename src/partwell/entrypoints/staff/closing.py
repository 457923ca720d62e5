# SPDX-License-Identifier: AGPL-3.0-or-later
"""Closing: the list that the client signs, what still stops closing and on whom, and the end."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.billing.settle import money_at_closing
from partwell.actions.offboardings import look
from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.sign_acceptance import confirm_acceptance_by_call
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.offboarding import head
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_of,
    url_or,
    words_field,
)
from partwell.records.offboardings import queries
from partwell.rules.actor import Actor
from partwell.rules.lifecycle import Blocker
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

STATES = {"requested": ("waiting", "Lies with the client"), "accepted": ("done", "Accepted"), "exceptions": ("done", "Accepted with exceptions"),
          "objected": ("refusing", "Objected"), "replaced": ("held", "Replaced")}  # fmt: skip
STANDING = {
    "released": ("waiting", "Released"),
    "confirmed": ("done", "Confirmed"),
    "objected": ("refusing", "Objected"),
    "still_here": ("", "Still here"),
}
ANSWERS = {
    "accepted": ("done", "Accepted"),
    "rejected": ("refusing", "Rejected"),
    "waived": ("held", "Waived"),
    "": ("", ""),
}


# What the link beside a blocker leads to.
LEADS_TO = {
    "unknown_owner": "Items of unknown owner",
    "unreleased": "Release items",
    **dict.fromkeys(("approvals", "objections", "windows"), "Releases and receipts"),
    **dict.fromkeys(("unknown_envelopes", "failed_envelopes", "moving_envelopes"), "Every mail"),
    "steps": "The plan",
    "timers": "Hours",
    "requests": "Requests",
    "copies": "Copies of backups",
    **dict.fromkeys(("unsettled", "owed"), "The statement"),
    "acceptance": "The acceptance",
}


@staff_door("offboarding.read")
@require_safe
def closing(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """What still stops it, and on whom; the list with its answers, paged."""
    shown, actor = head(request, offboarding_id, "closing"), actor_of(request)
    one = shown.one
    blockers = still_stops(one.row.id)
    rows = [] if isinstance(blockers, Refusal) else [_blocker(b, one, actor) for b in blockers]
    # Copies alone: whoever closes may say that they go on.
    asked = rows[0]["sentence"] if len(rows) == 1 and rows[0]["b"].code == "copies" else ""
    acceptance = one.acceptance
    context: dict[str, Any] = {
        **shown.context,
        "blockers": rows,
        "acceptance": acceptance,
        "unpaid": [],
        "asked": asked,
    }
    if one.open and may(actor.role, "billing.read") is None:
        context["unpaid"] = money_at_closing(one.row).unpaid
    if acceptance is not None:
        page = Paginator(queries.acceptance_lines(acceptance.id), 50).get_page(request.GET.get("page"))
        tally = queries.acceptance_tally(acceptance.id)
        tone, word = STATES[acceptance.state]
        waits = acceptance.state == "requested" and bool(acceptance.signature_event.get("awaits_call_back"))
        context.update(page=page, lines=[{"line": line, "standing": STANDING[line.standing], "answer": ANSWERS[line.answer]} for line in page.object_list],
                       tone="waiting" if waits else tone, word="Signed, waits for a call-back" if waits else word, waits=waits,
                       tally=[(tally["standing"].get(key, 0), words[1].lower()) for key, words in STANDING.items()])  # fmt: skip
    return render(request, "staff/closing.html", {
        **context, "may_prepare": one.open and may(actor.role, "acceptance.prepare") is None, "may_close": one.open and may(actor.role, "offboarding.close") is None,
        "may_call": one.open and may(actor.role, "authorisation.call_back") is None, "caller": actor,
    })  # fmt: skip


def _blocker(blocker: Blocker, one: look.Departure, actor: Actor) -> dict[str, Any]:
    """One thing that stops closing, with where to settle it. Many open steps are counted, not all read out."""
    client, sentence, whom = one.row.client_id, blocker.sentence, look.name_of(blocker.on_whom, one)
    releases, mails = url_or("client_releases", client), url_or("client_mails", client)
    places = {
        "unknown_owner": f"{url_or('client_estate', client)}?owner=unknown#items",
        "unreleased": url_or("release_choose", client),
        **dict.fromkeys(("approvals", "objections", "windows"), releases),
        **dict.fromkeys(("unknown_envelopes", "failed_envelopes", "moving_envelopes"), mails),
        "steps": reverse("staff:plan", args=[one.row.id]),
        "acceptance": f"{reverse('staff:closing', args=[one.row.id])}#acceptance",
        "timers": url_or("hours", client),
        "requests": url_or("client_requests", client),
        "copies": reverse("staff:copies", args=[client]),
    }
    if may(actor.role, "billing.read") is None:
        places |= dict.fromkeys(("unsettled", "owed"), reverse("staff:statement", args=[client]))
    if blocker.code == "steps":
        steps = [step for step in one.open_steps if step.blocks_closing and step.key != "accept"]
        more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
        sentence = f"Steps of the plan are open: {', '.join(step.title for step in steps[:3])}{more}."
        people = list(dict.fromkeys(look.whom(step) for step in steps))
        whom = people[0] if len(people) == 1 else f"{people[0]} and others" if people else whom
    url = places.get(blocker.code, "")
    return {
        "b": blocker,
        "sentence": sentence,
        "whom": whom,
        "url": url,
        "label": LEADS_TO.get(blocker.code, "Look"),
    }


class PrepareForm(forms.Form):
    """Until when the client is asked to answer."""

    deadline = day_field(
        "Answer asked by",
        required=False,
        help_text="Left empty, the agreement's days for objections count from today.",
    )


@staff_door("acceptance.prepare")
@require_http_methods(["GET", "POST"])
def acceptance_prepare(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Fix the list as it is now and ask the signatory to go through it."""
    shown = head(request, offboarding_id, "closing")
    row, back = shown.one.row, reverse("staff:closing", args=[shown.one.row.id])
    form = PrepareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = prepare_acceptance(
            actor=actor_of(request), offboarding_id=row.id, deadline=form.cleaned_data["deadline"]
        )
        if not (isinstance(result, Refusal) and result.status in (409, 422)):
            return answer(request, result, back, "The list lies with the client.")
        form_with_refusal(form, result, deadline="date_in_past")
    lede = "The list holds everything of the client's, with its standing as it is now. If it changes before they sign, it is prepared anew."
    return form_page(
        request,
        form,
        title=f"Put the list before {row.client.name}",
        lede=lede,
        button="Ask the client",
        back=back,
        back_label="Closing",
        section="departures",
    )


class CallForm(forms.Form):
    """The call-back that carries a signature (R1)."""

    confirmed = forms.ChoiceField(
        label="The signatory said",
        widget=forms.RadioSelect,
        choices=[("yes", "Yes, I signed this list"), ("no", "No, that was not me")],
    )
    note = words_field("What was said", 3, required=False)


@staff_door("authorisation.call_back")
@require_http_methods(["GET", "POST"])
def acceptance_call(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """A second employee called the number on file since before the notice."""
    shown = head(request, offboarding_id, "closing")
    acceptance, back = shown.one.acceptance, reverse("staff:closing", args=[shown.one.row.id])
    if acceptance is None or acceptance.signed_by is None:
        raise Http404
    form = CallForm(request.POST or None)
    signer = acceptance.signed_by
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = confirm_acceptance_by_call(
            actor=actor_of(request),
            acceptance_id=acceptance.id,
            confirmed=data["confirmed"] == "yes",
            note=data["note"],
        )
        if not (isinstance(result, Refusal) and result.status in (409, 422)):
            return answer(request, result, back, "The signature stands.")
        form_with_refusal(form, result, confirmed="callback_not_confirmed")
    lede = f"Call {signer.name} on {signer.phone or 'a number that is not on file'}. Whoever prepared the list cannot make this call."
    return form_page(
        request,
        form,
        title="Log the call-back",
        lede=lede,
        button="Log it",
        back=back,
        back_label="Closing",
        section="departures",
    )


@staff_door("offboarding.close")
@require_POST
def close(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Close it; what cannot be undone asks for the client's name typed."""
    shown = head(request, offboarding_id, "closing")
    row, back = shown.one.row, reverse("staff:closing", args=[shown.one.row.id])
    if request.POST.get("typed_name", "").strip() != row.client.name:
        messages.warning(request, "The name typed is not the client's name. Nothing was closed.")
        return HttpResponseRedirect(back)
    result = close_offboarding(
        actor=actor_of(request),
        offboarding_id=id_of(offboarding_id),
        copies_go_on=request.POST.get("also") == "yes",
    )
    return answer(
        request,
        result,
        back if isinstance(result, Refusal) else reverse("staff:client", args=[row.client_id]),
        f"We have parted with {row.client.name}.",
    )
