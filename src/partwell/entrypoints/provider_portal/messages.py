# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking for an item, and messages. Without consent both are held: kept, shown to the client, answered by nobody."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.correspondence.delivery import came_back, provider_words
from partwell.actions.correspondence.write_message import ALL, Draft, NotInTheLoop, write_message
from partwell.actions.releases.request_item import request_item
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import frame, ids
from partwell.records.correspondence import queries
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState

MAIL_STATES: dict[str, tuple[str, str]] = {
    EnvelopeState.QUEUED: ("waiting", "Waits for its turn"),
    EnvelopeState.CLAIMED: ("waiting", "About to leave"),
    EnvelopeState.DATA_STARTED: ("waiting", "Leaving now"),
    EnvelopeState.ACCEPTED: ("done", "Left and accepted"),
    EnvelopeState.FAILED: ("refusing", "Could not be delivered; it is here all the same"),
    EnvelopeState.UNKNOWN: ("waiting", "Nobody knows yet whether it left"),
    EnvelopeState.STOPPED: ("held", "Stopped before it left"),
}
HELD = "Your message was passed on to the client. Without their consent it is answered by nobody here."


class AskForm(forms.Form):
    """What is needed, in one's own words: there is no list of what was not released."""

    wanted = forms.CharField(label="What you need", max_length=150)
    words = forms.CharField(
        label="What for", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )


class MessageForm(forms.Form):
    """One message to everybody concerned."""

    subject = forms.CharField(label="What it is about", max_length=200)
    text = forms.CharField(label="Message", max_length=20000, widget=forms.Textarea(attrs={"rows": 7}))


def _done(request: HttpRequest, result: Any, back: str, said: str) -> HttpResponse:
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, HELD if result.held else said)
    return HttpResponseRedirect(back)


@provider_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for something that was not released yet."""
    _, context = frame(request, "ask")
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            result: Any = request_item(
                actor=actor_of(request), wanted=form.cleaned_data["wanted"], words=form.cleaned_data["words"]
            )
        except NotInTheLoop as stopped:
            result = stopped.refusal
        return _done(
            request,
            result,
            reverse("provider:home"),
            "Asked. The client has it too, and you hear as soon as it is decided.",
        )
    return render(
        request, "provider_portal/ask.html", {**context, "form": form}, status=422 if form.is_bound else 200
    )


@provider_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest) -> HttpResponse:
    """Read and write messages. After the end only one's own held questions are left to see."""
    actor = actor_of(request)
    standing, context = frame(request, "messages")
    _, client_id = ids(request)
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        draft = Draft(form.cleaned_data["subject"], form.cleaned_data["text"], ALL)
        try:
            result: Any = write_message(actor=actor, client_id=client_id, draft=draft)
        except NotInTheLoop as stopped:
            result = stopped.refusal
        return _done(request, result, reverse("provider:messages"), "Sent to everybody concerned.")
    found = queries.said_page(actor, client_id, request.GET.get("page"), stands=standing.stands)
    back = came_back([one.envelope for one in found.said if one.envelope])
    rows = []
    for one in found.said:
        mail = one.envelope
        tone, word = provider_words(MAIL_STATES, mail, back.get(mail.id, [])) if mail else ("", "")
        rows.append(
            {
                "row": one.row,
                "at": one.at,
                "tone": tone,
                "word": word,
                "moment": mail.settled_at if mail else None,
            }
        )
    context |= {"form": form, "said": rows, "page": found.page}
    return render(request, "provider_portal/messages.html", context, status=422 if form.is_bound else 200)
