# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings with a client: planned, changed and cancelled by invitation, and what was said logged from them."""

import secrets
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.meetings import Invited, cancel_meeting, change_meeting, plan_meeting
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import loop_contacts
from partwell.actions.releases import look
from partwell.actions.releases.standing import named_persons
from partwell.entrypoints.door.answers import uuid_or_404, uuids
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.moments import MomentField
from partwell.entrypoints.door.recording_words import shown
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import may_here
from partwell.entrypoints.staff.release_page import mail_rows
from partwell.entrypoints.staff.releases import client_of
from partwell.records.correspondence import queries
from partwell.records.correspondence import recording_queries as found
from partwell.records.people.queries import staff_here
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal

STATES = {
    "planned": ("waiting", "planned"),
    "cancelled": ("refusing", "cancelled"),
    "held": ("open", "took place"),
}


class WhenForm(forms.Form):
    """What a change may change."""

    title = forms.CharField(label="What it is about", max_length=200)
    starts_at = MomentField(label="Begins")
    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=1440, initial=60)
    place = forms.CharField(
        label="Where", max_length=300, required=False, help_text="A room, a number to dial, a link."
    )
    agenda = forms.CharField(
        label="Agenda", required=False, max_length=8000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Everybody who is invited reads it.",
    )  # fmt: skip

    def appointment(self) -> Appointment:
        """The cleaned fields as the rule reads them."""
        given = self.cleaned_data
        ends = given["starts_at"] + timedelta(minutes=given["minutes"])
        return Appointment(given["title"], given["starts_at"], ends, given["place"], given["agenda"])


class PlanForm(WhenForm):
    """A meeting and who is to come; a new provider's people stand here as their authorisation does."""

    contacts = forms.MultipleChoiceField(
        label="From the client", widget=forms.CheckboxSelectMultiple, required=False
    )
    persons = forms.MultipleChoiceField(
        label="From a new provider", widget=forms.CheckboxSelectMultiple, required=False
    )
    staff = forms.MultipleChoiceField(label="From us", widget=forms.CheckboxSelectMultiple, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, client: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = timezone.now()
        self.firms: dict[str, str] = {}
        people = []
        for row, standing in look.recipients_of(client.id):
            if not standing.stands:
                people.append((f"firm:{row.id}", f"{row.firm} (refused: no valid authorisation)"))
            for one in named_persons(row.id, now):
                people.append((str(one.id), f"{one.name}, {row.firm}"))
                self.firms[str(one.id)] = str(row.id)
        self.fields["contacts"].choices = [(str(one.id), f"{one.name} ({one.role})") for one in loop_contacts(client.id)]  # type: ignore[attr-defined]  # fmt: skip
        self.fields["staff"].choices = [(str(one.id), one.name) for one in staff_here()]  # type: ignore[attr-defined]
        if people:
            self.fields["persons"].choices = people  # type: ignore[attr-defined]
        else:
            del self.fields["persons"]

    def invited(self) -> Invited:
        """Who was chosen. One firm a meeting: two new providers do not learn of each other."""
        given = self.cleaned_data
        chosen = given.get("persons", [])
        whole = [one.removeprefix("firm:") for one in chosen if one.startswith("firm:")]
        persons = [one for one in chosen if not one.startswith("firm:")]
        firms = list(dict.fromkeys([*whole, *(self.firms[one] for one in persons)]))
        if len(firms) > 1:
            raise forms.ValidationError("Invite people of one firm only; plan another meeting for the other.")
        return Invited(
            contact_ids=uuids(given["contacts"]),
            recipient_id=uuid_or_404(firms[0]) if firms else None,
            person_ids=uuids(persons),
            staff_ids=uuids(given["staff"]),
        )

    def clean(self) -> dict[str, Any]:
        """Everything, and one firm at most."""
        given = super().clean() or {}
        if not self.errors:
            self.invited()
        return given


@staff_door("message.read")
@require_safe
def meetings(request: HttpRequest, client_id: str) -> HttpResponse:
    """Every meeting with a client, the latest first."""
    client, actor = client_of(client_id), actor_of(request)
    page = queries.meetings_page(actor, client.id, request.GET.get("page"))
    rows = [{"row": one, "tone": STATES[one.state][0], "word": STATES[one.state][1]} for one in page.object_list]  # fmt: skip
    context = {
        "section": "messages",
        "client": client,
        "page": page,
        "rows": rows,
        "may_plan": may_here(actor, client, "meeting.plan"),
    }
    return render(request, "staff/meetings.html", context)


@staff_door("meeting.plan")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, client_id: str) -> HttpResponse:
    """Plan a meeting; invitations go out with the client on them."""
    client, actor = client_of(client_id), actor_of(request)
    if request.method == "POST":
        form = PlanForm(request.POST, client=client)
    else:
        contacts = loop_contacts(client.id)
        initial = {
            "starts_at": _next_hour(), "minutes": 60, "key": secrets.token_urlsafe(24), "staff": [str(actor.id)],
            "contacts": [str(contacts[0].id)] if contacts else [],
        }  # fmt: skip
        form = PlanForm(initial=initial, client=client)
    if request.method == "POST" and form.is_valid():
        try:
            result = plan_meeting(
                actor=actor,
                client_id=client.id,
                what=form.appointment(),
                invited=form.invited(),
                idempotency=form.cleaned_data["key"],
            )
        except NotInTheLoop as stopped:
            result = stopped.refusal
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=reverse("staff:meeting_plan", args=[client.id]))
        messages.success(request, "Planned; the invitations are on their way, the client’s among them.")
        return HttpResponseRedirect(reverse("staff:meeting", args=[result.id]))
    context = {"section": "messages", "client": client, "form": form}
    return render(request, "staff/meeting_plan.html", context, status=422 if form.is_bound else 200)


def _next_hour() -> Any:
    """Tomorrow at ten in the house's zone: what is seldom wrong and easily changed."""
    tomorrow = timezone.localtime() + timedelta(days=1)
    return tomorrow.replace(hour=10, minute=0, second=0, microsecond=0)


def _meeting(request: HttpRequest, meeting_id: str) -> Any:
    row = queries.meeting_seen(actor_of(request), uuid_or_404(meeting_id))
    if row is None:
        raise Http404
    return row


@staff_door("message.read")
@require_safe
def meeting(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """One meeting: who is invited, every invitation that left, what may still be done."""
    row, actor = _meeting(request, meeting_id), actor_of(request)
    tone, word = STATES[row.state]
    open_ = row.state == "planned" and may_here(actor, row.client, "meeting.plan")
    context = {
        "section": "messages", "row": row, "client": row.client, "tone": tone, "word": word, "may_change": open_ and row.starts_at > timezone.now(),
        "may_cancel": open_, "may_log": row.state == "planned" and row.starts_at <= timezone.now() and may_here(actor, row.client, "call.log"),
        "mails": mail_rows(queries.meeting_mails(row.id)), "recording": shown(ask) if (ask := found.ask_of_meeting(actor, row.id)) else None,
        "may_ask": row.state == "planned" and may_here(actor, row.client, "recording.ask"),
    }  # fmt: skip
    return render(request, "staff/meeting.html", context)


@staff_door("meeting.plan")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """Move or rename a meeting; everybody invited has the change."""
    row = _meeting(request, meeting_id)
    minutes = int((row.ends_at - row.starts_at).total_seconds() // 60)
    initial = {"title": row.title, "starts_at": row.starts_at, "minutes": minutes, "place": row.place, "agenda": row.agenda}  # fmt: skip
    form = WhenForm(request.POST if request.method == "POST" else None, initial=initial)
    back = reverse("staff:meeting", args=[row.id])
    if request.method == "POST" and form.is_valid():
        try:
            result = change_meeting(actor=actor_of(request), meeting_id=row.id, what=form.appointment())
        except NotInTheLoop as stopped:
            result = stopped.refusal
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=back)
        messages.success(request, "Changed; everybody who was invited has the change.")
        return HttpResponseRedirect(back)
    context = {"section": "messages", "row": row, "client": row.client, "form": form}
    return render(request, "staff/meeting_change.html", context, status=422 if form.is_bound else 200)


@staff_door("meeting.plan")
@require_POST
def cancel(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """Cancel a meeting, with the reason that everybody reads."""
    row = _meeting(request, meeting_id)
    back = reverse("staff:meeting", args=[row.id])
    try:
        result = cancel_meeting(
            actor=actor_of(request), meeting_id=row.id, reason=request.POST.get("reason", "")[:300]
        )
    except NotInTheLoop as stopped:
        result = stopped.refusal
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, "Cancelled; the cancellations are on their way.")
    return HttpResponseRedirect(back)
