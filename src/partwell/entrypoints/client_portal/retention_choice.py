# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client decides what happens to its data, waives what only we hold, or objects: plain words, shown exactly, then signed."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.retention.choices import choice_text, make_choice
from partwell.actions.retention.object import object_to_deletion
from partwell.actions.retention.only_copies import waive_only_copies, waiver_text
from partwell.actions.retention.strong import Ways, ways_of
from partwell.entrypoints.client_portal.frame import SignForm, agent_of, client_id_of, first_error, frame
from partwell.entrypoints.client_portal.retention import home_of_data
from partwell.entrypoints.client_portal.retention_words import CHOICES
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.clients import queries as clients
from partwell.records.retention import queries
from partwell.rules.actor import Actor
from partwell.rules.keeping import Choice
from partwell.rules.refusals import Refusal

ALL = "all"
MOST = 200


def _data_frame(**more: Any) -> dict[str, Any]:
    return {**frame(**more), "back": home_of_data()}


def _of(text: str) -> UUID | None:
    """The set that a choice is for; None for all."""
    return None if text in ("", ALL) else uuid_or_404(text)


def _choice(text: str) -> Choice | None:
    return Choice(text) if text in list(Choice) else None


def _ways(actor: Actor) -> Ways | None:
    """What is at hand to sign what cannot be taken back (R1)."""
    contact = clients.contact_of(actor.id)
    return None if contact is None else ways_of(client_id_of(actor), contact, timezone.now())


# --- the choice ---------------------------------------------------------------------------------------------


@client_door("choice.make")
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """First what and of which; then the exact text, to be signed."""
    chosen, of = _choice(request.GET.get("choice", "")), request.GET.get("of", ALL)
    if chosen is None:
        return _asked(request, of)
    return _to_sign(request, chosen, _of(of), SignForm(), request.GET.get("words", "")[:4000])


def _asked(request: HttpRequest, of: str) -> HttpResponse:
    client_id = client_id_of(actor_of(request))
    rows = list(queries.kept_sets(client_id).exclude(keep_until=None).order_by("name", "id")[:MOST])
    begun = queries.has_begun([row.id for row in rows])
    context = _data_frame(choices=CHOICES, sets=[row for row in rows if row.id not in begun], of=of)
    return render(request, "client_portal/choice.html", context)


def _to_sign(
    request: HttpRequest, chosen: Choice, set_id: UUID | None, form: SignForm, said: str, problem: str = ""
) -> HttpResponse:
    actor = actor_of(request)
    text = choice_text(client_id_of(actor), chosen, set_id)
    if isinstance(text, Refusal):
        if text.code == "not_found":
            raise Http404
        return refusal_response(request, text, back=reverse("client:retention"))
    client = clients.client_of(client_id_of(actor))
    context = _data_frame(
        text=text, lines=text.text.splitlines(), form=form, data=form.data, words=said, problem=problem or first_error(form),
        choice=chosen.value, of=str(set_id) if set_id else ALL, heading=next(title for one, title, _why in CHOICES if one is chosen),
        client=client, lasting=chosen.lasting, ways=_ways(actor) if chosen.lasting else None,
        query="?" + urlencode({"choice": chosen.value, "of": str(set_id) if set_id else ALL}),
    )  # fmt: skip
    status = 422 if form.is_bound else 200
    return render(request, "client_portal/choice_sign.html", context, status=status)


@client_door("choice.make")
@require_POST
def choice_sign(request: HttpRequest) -> HttpResponse:
    """Sign exactly what was shown."""
    actor = actor_of(request)
    chosen, set_id = _choice(request.POST.get("choice", "")), _of(request.POST.get("of", ALL))
    if chosen is None:
        raise Http404
    said = request.POST.get("words", "").strip()[:4000]
    form = SignForm(request.POST, signer=actor.name)
    if not form.is_valid():
        return _to_sign(request, chosen, set_id, form, said)
    given = form.cleaned_data
    done = make_choice(
        actor=actor, client_id=client_id_of(actor), choice=chosen, shown_digest=given["digest"], intent=given["read"], set_id=set_id,
        words=said, agent=agent_of(request),
    )  # fmt: skip
    if isinstance(done, Refusal):
        if done.code == "shown_other_text":
            return _to_sign(request, chosen, set_id, form, said, f"{done.sentence} {done.next_step}")
        return refusal_response(request, done, back=reverse("client:retention"))
    messages.success(
        request, _("Signed. A copy goes to your addresses. You can change it until the deletion has begun.")
    )
    if chosen is Choice.SHIP:
        messages.info(
            request, _("Say below where the drive shall go; you approve what it costs before it is ordered.")
        )
        return HttpResponseRedirect(f"{reverse('client:copies')}{f'?set={set_id}' if set_id else ''}#ask")
    return HttpResponseRedirect(reverse("client:retention"))


# --- the waiver ---------------------------------------------------------------------------------------------


def _ids(values: list[str]) -> list[UUID]:
    return list(dict.fromkeys(uuid_or_404(one) for one in values[:MOST]))


def _waiver(
    request: HttpRequest, ids: list[UUID], form: SignForm, said: str = "", problem: str = ""
) -> HttpResponse:
    actor = actor_of(request)
    text = waiver_text(client_id_of(actor), ids)
    if isinstance(text, Refusal):
        raise Http404
    context = _data_frame(
        text=text, lines=text.text.splitlines(), form=form, data=form.data, words=said, problem=problem or first_error(form),
        ids=ids, client=clients.client_of(client_id_of(actor)), ways=_ways(actor),
        query="?" + urlencode([("copy", str(one)) for one in ids]),
    )  # fmt: skip
    status = 422 if form.is_bound else 200
    return render(request, "client_portal/waiver_sign.html", context, status=status)


@client_door("only_copy.waive")
@require_safe
def waive(request: HttpRequest) -> HttpResponse:
    """The exact words by which the only copies that were ticked may go."""
    ids = _ids(request.GET.getlist("copy"))
    if not ids:
        messages.info(request, _("Tick what you do not want, then go on."))
        return HttpResponseRedirect(reverse("client:retention"))
    return _waiver(request, ids, SignForm())


@client_door("only_copy.waive")
@require_POST
def waive_sign(request: HttpRequest) -> HttpResponse:
    """Sign the waiver."""
    actor, ids = actor_of(request), _ids(request.POST.getlist("copy"))
    said = request.POST.get("words", "").strip()[:4000]
    form = SignForm(request.POST, signer=actor.name)
    if not form.is_valid():
        return _waiver(request, ids, form, said)
    given = form.cleaned_data
    done = waive_only_copies(
        actor=actor, client_id=client_id_of(actor), copy_ids=ids, shown_digest=given["digest"], intent=given["read"], words=said,
        agent=agent_of(request),
    )  # fmt: skip
    if isinstance(done, Refusal):
        if done.code == "not_found":
            raise Http404
        if done.code == "shown_other_text":
            return _waiver(request, ids, form, said, f"{done.sentence} {done.next_step}")
        return refusal_response(request, done, back=reverse("client:retention"))
    messages.success(request, _("Signed. A copy goes to your addresses."))
    return HttpResponseRedirect(reverse("client:retention"))


# --- the objection ------------------------------------------------------------------------------------------


class ObjectionForm(forms.Form):
    """Why, in the client's words."""

    words = forms.CharField(
        label=gettext_lazy("Why it is not to be deleted"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


def _mine(request: HttpRequest, set_id: str) -> queries.BackupSet:
    row = queries.set_of(uuid_or_404(set_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


def _objection(request: HttpRequest, row: queries.BackupSet, form: ObjectionForm) -> HttpResponse:
    held = queries.held(row.client_id, row.id)
    context = _data_frame(row=row, form=form, held=held)
    return render(request, "client_portal/objection.html", context, status=422 if form.errors else 200)


@client_door("deletion.object")
@require_safe
def objection(request: HttpRequest, set_id: str) -> HttpResponse:
    """Object to a coming deletion, ask for a later day or for a copy."""
    return _objection(request, _mine(request, set_id), ObjectionForm())


@client_door("deletion.object")
@require_POST
def objection_send(request: HttpRequest, set_id: str) -> HttpResponse:
    """It is stopped at once."""
    row, form = _mine(request, set_id), ObjectionForm(request.POST)
    if not form.is_valid():
        return _objection(request, row, form)
    actor = actor_of(request)
    done = object_to_deletion(
        actor=actor, client_id=client_id_of(actor), set_id=row.id, words=form.cleaned_data["words"]
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=reverse("client:retention"))
    messages.success(request, _("Nothing of it is deleted until this is settled. We get back to you."))
    return HttpResponseRedirect(reverse("client:retention"))
