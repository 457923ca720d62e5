# SPDX-License-Identifier: AGPL-3.0-or-later
"""May it be recorded? Everybody who will be heard is asked; with everybody's yes the recording is kept beside the call."""

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

from partwell.actions.correspondence.recording_asks import (
    Asked,
    Heard,
    answer_recording,
    ask_recording,
    word_for,
)
from partwell.actions.correspondence.recordings import add_recording
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import loop_contacts
from partwell.actions.releases import look
from partwell.actions.releases.standing import named_persons
from partwell.entrypoints.door.answers import uuid_or_404, uuids
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.moments import MomentField, typed_now
from partwell.entrypoints.door.recording_words import played, shown
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import form_with_refusal, may_here
from partwell.entrypoints.staff.releases import client_of
from partwell.records.correspondence import queries
from partwell.records.correspondence import recording_queries as found
from partwell.records.people.queries import staff_here
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


class AskForm(forms.Form):
    """What, and who will be heard. Whoever asks is one of them."""

    title = forms.CharField(label=gettext_lazy("What it is about"), max_length=200)
    contacts = forms.MultipleChoiceField(
        label=gettext_lazy("From the client"), widget=forms.CheckboxSelectMultiple, required=False
    )
    persons = forms.MultipleChoiceField(
        label=gettext_lazy("From a new provider"), widget=forms.CheckboxSelectMultiple, required=False
    )
    staff = forms.MultipleChoiceField(
        label=gettext_lazy("From us, beside you"), widget=forms.CheckboxSelectMultiple, required=False
    )
    others = forms.CharField(
        label=gettext_lazy("Anybody else, one a line"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("People without a page here: you write down what they answer."),
    )  # fmt: skip
    agreed_how = forms.CharField(
        label=gettext_lazy("They all said yes just now: how?"), required=False, max_length=300,
        help_text=gettext_lazy("“On the phone, before I pressed record.” Then nobody is mailed, it stands as your word, and you agree yourself. Empty: everybody is asked."),
    )  # fmt: skip

    def __init__(self, *args: Any, client: Any, me: Any, now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.firms: dict[str, str] = {}
        people = []
        for row, standing in look.recipients_of(client.id):
            for one in named_persons(row.id, now) if standing.stands else ():
                people.append((str(one.id), f"{one.name}, {row.firm}"))
                self.firms[str(one.id)] = str(row.id)
        self.fields["contacts"].choices = [(str(one.id), f"{one.name} ({one.role})") for one in loop_contacts(client.id)]  # type: ignore[attr-defined]  # fmt: skip
        self.fields["staff"].choices = [(str(one.id), one.name) for one in staff_here() if one.id != me]  # type: ignore[attr-defined]
        self.fields["persons"].choices = people  # type: ignore[attr-defined]
        for name in ("persons", "staff", "contacts"):
            if not self.fields[name].choices:  # type: ignore[attr-defined]
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """One firm at most: two new providers do not learn of each other."""
        given = super().clean() or {}
        if len({self.firms[one] for one in given.get("persons", [])}) > 1:
            raise forms.ValidationError(_("Choose people of one firm only."))
        return given

    def asked(self) -> Asked:
        """The cleaned fields as the action reads them."""
        given = self.cleaned_data
        persons = given.get("persons", [])
        heard = Heard(
            uuids(given.get("contacts", [])), uuid_or_404(self.firms[persons[0]]) if persons else None, uuids(persons),
            uuids(given.get("staff", [])), given["others"].splitlines(),
        )  # fmt: skip
        return Asked(given["title"], heard, agreed_how=given["agreed_how"])


class WordForm(forms.Form):
    """What somebody answered who has no page here."""

    given = forms.ChoiceField(
        label=gettext_lazy("What they said"), widget=forms.RadioSelect,
        choices=[("yes", gettext_lazy("They agree")), ("no", gettext_lazy("They do not agree, or take it back"))],
    )  # fmt: skip
    how = forms.CharField(
        label=gettext_lazy("How they said it"), max_length=300, help_text=gettext_lazy("“On the phone”, “by nodding when I asked in the room”.")
    )  # fmt: skip
    said_at = MomentField(label=gettext_lazy("When they said it"))


class FileForm(forms.Form):
    """The recording itself, its beginning, and whose consents it stands on."""

    ask = forms.ChoiceField(label=gettext_lazy("Everybody agreed under"))
    file = forms.FileField(label=gettext_lazy("The recording"), help_text=gettext_lazy("Sound or film, at most 2 GiB. It is sealed under a key of its own."))  # fmt: skip
    started_at = MomentField(
        label=gettext_lazy("When the recording began"),
        # To the second: a consent of the same minute came before it or after.
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    nobody_else = forms.BooleanField(label=gettext_lazy("Nobody else is heard in it"), required=False)


@staff_door("message.read")
@require_safe
def recordings(request: HttpRequest, client_id: str) -> HttpResponse:
    """Every question whether something may be recorded, the newest first."""
    client, actor = client_of(client_id), actor_of(request)
    page = found.asks_page(actor, client.id, request.GET.get("page"))
    context = {
        "section": "messages", "client": client, "page": page, "asks": [shown(one, actor.id) for one in page.object_list],
        "may_ask": may_here(actor, client, "recording.ask"),
    }  # fmt: skip
    return render(request, "staff/recordings.html", context)


@staff_door("recording.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, client_id: str) -> HttpResponse:
    """Ask everybody who will be heard in a call; or write down that all of them agreed just now."""
    client, actor = client_of(client_id), actor_of(request)
    contacts = loop_contacts(client.id)
    initial = {"title": _("A call with %(name)s") % {"name": client.name}, "contacts": [str(contacts[0].id)] if contacts else []}  # fmt: skip
    form = AskForm(request.POST if request.method == "POST" else None, client=client, me=actor.id, now=timezone.now(), initial=initial)  # fmt: skip
    if request.method == "POST" and form.is_valid():
        answer = _asked(request, client.id, form.asked(), reverse("staff:recording_ask", args=[client.id]))
        if not isinstance(answer, Refusal):
            return answer
        form_with_refusal(form, answer)
    context = {"section": "messages", "client": client, "form": form}
    return render(request, "staff/recording_ask.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest, client_id: Any, what: Asked, back: str) -> HttpResponse | Refusal:
    try:
        result = ask_recording(actor=actor_of(request), client_id=client_id, what=what)
    except NotInTheLoop as stopped:
        result = stopped.refusal
    if isinstance(result, Refusal):
        return result if result.status == 422 else refusal_response(request, result, back=back)
    messages.success(
        request, _("On record.") if what.agreed_how else _("Asked; everybody answers on their own page.")
    )
    return HttpResponseRedirect(reverse("staff:recording", args=[result.id]))


@staff_door("recording.ask")
@require_POST
def ask_meeting(request: HttpRequest, meeting_id: str) -> HttpResponse:
    """Ask everybody who is invited to a meeting."""
    row = queries.meeting_seen(actor_of(request), uuid_or_404(meeting_id))
    if row is None:
        raise Http404
    back = reverse("staff:meeting", args=[row.id])
    answer = _asked(request, row.client_id, Asked("", meeting_id=row.id), back)
    return refusal_response(request, answer, back=back) if isinstance(answer, Refusal) else answer


def _ask_or_404(request: HttpRequest, ask_id: str) -> Any:
    row = found.ask_seen(actor_of(request), uuid_or_404(ask_id))
    if row is None:
        raise Http404
    return row


@staff_door("message.read")
@require_safe
def recording(request: HttpRequest, ask_id: str) -> HttpResponse:
    """One question: who answered what, and what was recorded."""
    row, actor = _ask_or_404(request, ask_id), actor_of(request)
    call = row.meeting.call_id if row.meeting else None
    context = {
        "section": "messages", "client": row.client, "one": shown(row, actor.id), "may_word": may_here(actor, row.client, "recording.ask"),
        "call_id": call, "may_hear": may(actor.role, "recording.hear") is None, "play": "staff:recording_file", "answer": "staff:recording_answer",
    }  # fmt: skip
    return render(request, "staff/recording.html", context)


@staff_door("recording.answer")
@require_POST
def answer(request: HttpRequest, ask_id: str) -> HttpResponse:
    """One's own answer."""
    row = _ask_or_404(request, ask_id)
    back = reverse("staff:recording", args=[row.id])
    result = answer_recording(
        actor=actor_of(request), ask_id=row.id, given=request.POST.get("answer") == "yes"
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Noted."))
    return HttpResponseRedirect(back)


@staff_door("recording.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def word(request: HttpRequest, voice_id: str) -> HttpResponse:
    """Write down what somebody answered who has no page here."""
    actor = actor_of(request)
    voice = found.voice_seen(actor, uuid_or_404(voice_id))
    if voice is None:
        raise Http404
    row = _ask_or_404(request, str(voice.ask_id))
    form = WordForm(request.POST if request.method == "POST" else None, initial={"said_at": typed_now()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        result = word_for(actor=actor, voice_id=voice.id, given=given["given"] == "yes", how=given["how"], said_at=given["said_at"])  # fmt: skip
        if not isinstance(result, Refusal):
            messages.success(request, _("On record as your word."))
            return HttpResponseRedirect(reverse("staff:recording", args=[row.id]))
        form_with_refusal(form, result, how="How they said it", said_at="When they said it")
    context = {"section": "messages", "client": row.client, "row": row, "voice": voice, "form": form}
    return render(request, "staff/recording_word.html", context, status=422 if form.errors else 200)


@staff_door("recording.ask")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, call_id: str) -> HttpResponse:
    """Keep a recording of a logged call."""
    actor = actor_of(request)
    call = queries.call_seen(actor, uuid_or_404(call_id))
    if call is None:
        raise Http404
    meeting = getattr(call, "meeting", None)
    asks = found.to_attach(call.client_id, call.id, meeting.id if meeting else None)
    initial = {"started_at": call.happened_at, "ask": str(asks[0].id) if asks else ""}
    form = FileForm(request.POST or None, request.FILES or None, initial=initial)
    form.fields["ask"].choices = [(str(one.id), f"{one.title}: {', '.join(voice.name for voice in one.voices.all())}") for one in asks]  # type: ignore[attr-defined]  # fmt: skip
    back = reverse("staff:call", args=[call.id])
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        result = add_recording(
            actor=actor, call_id=call.id, ask_id=uuid_or_404(given["ask"]), started_at=given["started_at"], nobody_else=given["nobody_else"],
            name=given["file"].name or "recording", stream=given["file"],
        )  # fmt: skip
        if not isinstance(result, Refusal):
            messages.success(request, _("Kept; the client can play it."))
            return HttpResponseRedirect(back)
        form_with_refusal(form, result, started_at="When it began", file="recording_not_media|file_too_large|file_unreadable", nobody_else="recording_others_heard", ask="recording_refused|recording_unanswered|recording_consent_late")  # fmt: skip
    context = {"section": "messages", "client": call.client, "call": call, "form": form, "asks": asks}
    return render(request, "staff/recording_add.html", context, status=422 if form.errors else 200)


@staff_door("recording.hear")
@require_safe
def recording_file(request: HttpRequest, recording_id: str) -> Any:
    """The recording itself, to play or to download."""
    row = found.recording_seen(actor_of(request), uuid_or_404(recording_id))
    back = reverse("staff:call", args=[row.call_id]) if row else "/"
    return played(request, recording_id, back)
