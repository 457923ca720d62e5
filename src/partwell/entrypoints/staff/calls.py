# SPDX-License-Identifier: AGPL-3.0-or-later
"""Logging a call in under a minute, and correcting one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call, settle_promise
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import loop_contacts
from partwell.actions.releases import look
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.moments import MomentField, typed_now
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import may_here
from partwell.entrypoints.staff.pictures import pictured
from partwell.entrypoints.staff.releases import client_of
from partwell.records.correspondence import queries
from partwell.records.correspondence import recording_queries as found
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


class CallForm(forms.Form):
    """Four fields for the common case; the rest is optional."""

    kind = forms.ChoiceField(label="What it was", choices=[("call", "A call"), ("meeting", "A meeting")])
    with_whom = forms.CharField(label="Who took part", max_length=300)
    happened_at = MomentField(label="When")
    minutes = forms.IntegerField(label="Minutes", min_value=0, max_value=1440, required=False)
    summary = forms.CharField(label="What was said", max_length=20000, widget=forms.Textarea(attrs={"rows": 6, "autofocus": True}),
                              help_text="Goes to the client by mail.")  # fmt: skip
    promised = forms.CharField(label="What was promised", max_length=300, required=False)
    promised_by = forms.CharField(label="By whom", max_length=160, required=False)
    promised_for = forms.DateField(
        label="By when", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    meeting = forms.UUIDField(required=False, widget=forms.HiddenInput)
    recipient = forms.ChoiceField(label="A new provider took part", required=False)
    to_provider = forms.BooleanField(label="Send them the summary too", required=False)
    internal_note = forms.CharField(label="Internal note", required=False, max_length=20000, widget=forms.Textarea(attrs={"rows": 2}),
                                    help_text="Stays inside.")  # fmt: skip

    def __init__(self, *args: Any, client: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(str(row.id), row.firm) for row, _ in look.recipients_of(client.id)]
        self.fields["recipient"].choices = [("", "No"), *found]  # type: ignore[attr-defined]


@staff_door("call.log")
@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest, client_id: str) -> HttpResponse:
    """Log a call; the summary goes to the client."""
    client = client_of(client_id)
    if request.method != "POST":
        form = CallForm(initial=_usual(request, client), client=client)
        return render(request, "staff/call_log.html", {"section": "messages", "client": client, "form": form})
    form = CallForm(request.POST, client=client)
    if not form.is_valid():
        return render(
            request,
            "staff/call_log.html",
            {"section": "messages", "client": client, "form": form},
            status=422,
        )
    given = dict(form.cleaned_data)
    recipient, meeting = given.pop("recipient"), given.pop("meeting")
    notes = CallNotes(
        **{**given, "minutes": given["minutes"] or 0},
        recipient_id=uuid_or_404(recipient) if recipient else None,
        meeting_id=meeting,
    )
    back = reverse("staff:client_messages", args=[client.id])
    try:
        result = log_call(actor=actor_of(request), client_id=client.id, notes=notes)
    except NotInTheLoop as stopped:
        result = stopped.refusal
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, "Logged; the summary is on its way to the client.")
    return HttpResponseRedirect(back)


def _usual(request: HttpRequest, client: Any) -> dict[str, Any]:
    """What the form begins with: the first contact, now, us as who promises, a week; or a meeting's own facts."""
    actor = actor_of(request)
    contacts = loop_contacts(client.id)
    usual: dict[str, Any] = {
        "kind": "call", "happened_at": typed_now(), "minutes": 10, "with_whom": contacts[0].name if contacts else "",
        "promised_by": actor.name, "promised_for": timezone.localdate() + timedelta(days=7),
    }  # fmt: skip
    if request.GET.get("meeting"):
        row = queries.meeting_seen(actor, uuid_or_404(request.GET["meeting"]))
        if row is None or row.client_id != client.id:
            raise Http404
        usual |= {
            "kind": "meeting", "happened_at": row.starts_at, "minutes": int((row.ends_at - row.starts_at).total_seconds() // 60),
            "with_whom": ", ".join(one["name"] for one in row.attendees)[:300], "recipient": str(row.recipient_id or ""), "meeting": row.id,
        }  # fmt: skip
    return usual


@staff_door("promise.settle")
@require_POST
def promise(request: HttpRequest, call_id: str) -> HttpResponse:
    """Tick a promise off, or put it back."""
    actor = actor_of(request)
    call = queries.call_seen(actor, uuid_or_404(call_id))
    if call is None:
        raise Http404
    kept = request.POST.get("do") != "reopen"
    result = settle_promise(actor=actor, call_id=call.id, kept=kept)
    back = reverse("staff:call", args=[call.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, "Ticked off." if kept else "Open again.")
    return HttpResponseRedirect(back)


@staff_door("call.log")
@require_POST
def correct(request: HttpRequest, call_id: str) -> HttpResponse:
    """Add a correction to a call; what was written stays."""
    actor = actor_of(request)
    call = queries.call_seen(actor, uuid_or_404(call_id))
    if call is None:
        raise Http404
    result = correct_call(actor=actor, call_id=call.id, correction=request.POST.get("correction", "")[:20000])
    back = reverse("staff:call", args=[call.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, "Added; the client has the correction by mail.")
    return HttpResponseRedirect(back)


@staff_door("message.read")
@require_safe
def call_page(request: HttpRequest, call_id: str) -> HttpResponse:
    """One call with its corrections and pictures."""
    actor = actor_of(request)
    call = queries.call_seen(actor, uuid_or_404(call_id))
    if call is None:
        raise Http404
    context = {
        "section": "messages",
        "call": call,
        "client": call.client,
        "may_correct": may(actor.role, "call.log") is None,
        "answers": queries.answers_to_call(actor, call.id),
        "recordings": found.recordings_of(actor, call.id),
        "may_hear": may(actor.role, "recording.hear") is None,
        "may_record": may_here(actor, call.client, "recording.ask"),
        "play": "staff:recording_file",
        "may_settle": may(actor.role, "promise.settle") is None,
        **pictured(actor, call.client, "call", call.id),
    }
    return render(request, "staff/call.html", context)
