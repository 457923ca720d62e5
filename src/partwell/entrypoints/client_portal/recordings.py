# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's answers to “may it be recorded?”, and the recordings of its conversations."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.recording_asks import answer_recording
from partwell.entrypoints.client_portal.frame import client_id_of
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.recording_words import played, shown
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.correspondence import recording_queries as found
from partwell.rules.refusals import Refusal


@client_door("message.read")
@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """Every question about this client's conversations, the newest first."""
    actor = actor_of(request)
    page = found.asks_page(actor, client_id_of(actor), request.GET.get("page"))
    context = {
        "page": page, "asks": [shown(one, actor.id) for one in page.object_list], "home_url": "/client/",
        "back": {"label": _("Messages"), "url": reverse("client:messages")},
    }  # fmt: skip
    return render(request, "client_portal/recordings.html", context)


def _ask_or_404(request: HttpRequest, ask_id: str) -> Any:
    row = found.ask_seen(actor_of(request), uuid_or_404(ask_id))
    if row is None:
        raise Http404
    return row


@client_door("message.read")
@require_safe
def recording(request: HttpRequest, ask_id: str) -> HttpResponse:
    """One question: who answered what, one's own answer, and what was recorded."""
    context = {
        "one": shown(_ask_or_404(request, ask_id), actor_of(request).id), "home_url": "/client/", "play": "client:recording_file", "may_hear": True,
        "answer": "client:recording_answer", "back": {"label": _("Recordings"), "url": reverse("client:recordings")},
    }  # fmt: skip
    return render(request, "client_portal/recording.html", context)


@client_door("recording.answer")
@require_POST
def answer(request: HttpRequest, ask_id: str) -> HttpResponse:
    """One's own answer, changed at any time."""
    row = _ask_or_404(request, ask_id)
    back = reverse("client:recording", args=[row.id])
    result = answer_recording(
        actor=actor_of(request), ask_id=row.id, given=request.POST.get("answer") == "yes"
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Noted."))
    return HttpResponseRedirect(back)


@client_door("recording.hear")
@require_safe
def recording_file(request: HttpRequest, recording_id: str) -> Any:
    """The recording itself, to play or to download."""
    row = found.recording_seen(actor_of(request), uuid_or_404(recording_id))
    return played(request, recording_id, reverse("client:call", args=[row.call_id]) if row else "/client/")
