# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's meetings, and each call with the way to say that it was otherwise."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.log_call import correct_call
from partwell.entrypoints.client_portal.frame import client_id_of
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.correspondence import queries
from partwell.records.correspondence import recording_queries as found
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

STATES = {
    "planned": ("waiting", gettext_lazy("planned")),
    "cancelled": ("refusing", gettext_lazy("cancelled")),
    "held": ("open", gettext_lazy("took place")),
}


@client_door("message.read")
@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """Every meeting, the latest first."""
    actor = actor_of(request)
    page = queries.meetings_page(actor, client_id_of(actor), request.GET.get("page"))
    rows = [{"row": one, "tone": STATES[one.state][0], "word": STATES[one.state][1]} for one in page.object_list]  # fmt: skip
    back = {"label": _("Messages"), "url": reverse("client:messages")}
    return render(
        request,
        "client_portal/meetings.html",
        {"page": page, "rows": rows, "back": back, "home_url": "/client/"},
    )


@client_door("message.read")
@require_safe
def meeting(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """One meeting: when, where, and who is invited."""
    actor = actor_of(request)
    row = queries.meeting_seen(actor, uuid_or_404(meeting_id))
    if row is None:
        raise Http404
    tone, word = STATES[row.state]
    context = {
        "row": row, "tone": tone, "word": word, "home_url": "/client/", "mails": queries.meeting_mails(row.id),
        "recording_ask": found.ask_of_meeting(actor, row.id),
        "ahead": row.state == "planned" and row.ends_at > timezone.now(), "back": {"label": _("Meetings"), "url": reverse("client:meetings")},
    }  # fmt: skip
    return render(request, "client_portal/meeting.html", context)


def _call(request: HttpRequest, call_id: str) -> Any:
    row = queries.call_seen(actor_of(request), uuid_or_404(call_id))
    if row is None:
        raise Http404
    return row


@client_door("message.read")
@require_safe
def call(request: HttpRequest, call_id: str) -> HttpResponse:
    """One call or meeting as it was written down, what was promised, and how to say it was otherwise."""
    row, actor = _call(request, call_id), actor_of(request)
    context = {
        "row": row, "may_correct": may(actor.role, "call.correct") is None, "home_url": "/client/",
        "answers": queries.answers_to_call(actor, row.id),
        "recordings": found.recordings_of(actor, row.id), "may_hear": True, "play": "client:recording_file",
        "back": {"label": _("Messages"), "url": reverse("client:messages")},
    }  # fmt: skip
    return render(request, "client_portal/call.html", context)


@client_door("call.correct")
@require_POST
def correct(request: HttpRequest, call_id: str) -> HttpResponse:
    """Say that it was otherwise; both versions stay, and the office has a copy."""
    row = _call(request, call_id)
    text = request.POST.get("correction", "")[:20000]
    result = correct_call(actor=actor_of(request), call_id=row.id, correction=text)
    back = reverse("client:call", args=[row.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Added beside what we wrote. You and we have it by mail."))
    return HttpResponseRedirect(back)
