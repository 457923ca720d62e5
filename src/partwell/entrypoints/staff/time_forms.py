# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of time, timers and leave. They parse; actions decide."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from partwell.actions.hours.record_time import Work
from partwell.actions.hours.subjects import KINDS as KINDS_OF_SUBJECT
from partwell.actions.hours.subjects import label_of
from partwell.entrypoints.door.hours_words import CLASS_WORDS, KIND_WORDS
from partwell.entrypoints.door.moments import MomentField
from partwell.entrypoints.staff.parts import id_of, id_or_none, words_field
from partwell.records.hours.lists import approved_requests
from partwell.rules import hours
from partwell.rules.actor import Actor
from partwell.rules.hours import Rest, WorkClass, WorkKind

CLASSES = [
    (one.value, CLASS_WORDS[one]) for one in (WorkClass.OFFBOARDING, WorkClass.SERVICE, WorkClass.GOODWILL)
]
KINDS = [(one.value, KIND_WORDS[one]) for one in WorkKind]
RESTS = [
    ("", "record nothing and tell me"),
    (Rest.ASK.value, "record what fits, ask the client for the rest: a request to estimate"),
    (Rest.GOODWILL.value, "record what fits, give the rest as goodwill with a reason"),
]
NO_NOTE = "Time needs a note that the client can read. Say in a sentence what was done."
# field → the refusals that are about it
AT = {
    "minutes": "hours_used_up|hours_short|time_not_positive|time_too_long|time_in_future|timer_forgotten|timer_stated_too_much",
    "note": "time_without_note",
    "reason": "goodwill_without_reason|on_account_without_reason|taken_back_without_reason",
    "work_class": "not_your_role|service_time_after_end|no_open_departure",
}


class About:
    """What time is about: an item, a message or a request of this client, from ``kind:id`` in an address or form."""

    def __init__(self, actor: Actor, client_id: UUID, text: str) -> None:
        self.text = self.kind = self.label = ""
        self.id: UUID | None = None
        self.request_id: UUID | None = None
        kind, _, ref = text.partition(":")
        if kind not in KINDS_OF_SUBJECT or not ref:
            return
        label = label_of(actor, client_id, kind, id_of(ref))
        if label:
            self.text, self.kind, self.id, self.label = f"{kind}:{ref}", kind, id_of(ref), label
            self.request_id = self.id if kind == "request" else None

    def subject(self) -> dict[str, Any]:
        """As ``Work`` and the timer's ``About`` take it; a request is linked, not only named."""
        return {
            "subject_kind": self.kind,
            "subject_id": self.id,
            "subject_label": self.label,
            "request_id": self.request_id,
        }


class StartForm(forms.Form):
    """What a timer will be for."""

    work_class = forms.ChoiceField(label="Class", choices=CLASSES)
    kind = forms.ChoiceField(label="Kind of work", choices=KINDS, initial=WorkKind.OTHER)


class NotesForm(forms.Form):
    """What every piece of time says of itself."""

    asked_by = forms.CharField(label="Asked for by", max_length=200, required=False)
    note = forms.CharField(
        label="What was done", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The client reads it.", error_messages={"required": NO_NOTE},
    )  # fmt: skip
    internal_note = words_field("Internal note", 2, required=False, help_text="Stays inside.")
    reason = forms.CharField(
        label="Why it is goodwill", max_length=500, required=False, help_text="Only for goodwill; the client reads it."
    )  # fmt: skip


def rest_field() -> forms.ChoiceField:
    """What becomes of minutes that are more than what is left."""
    return forms.ChoiceField(
        label="If it is more than what is left", choices=RESTS, required=False,
        help_text="At most what is left is recorded; the rest is never billed unasked.",
    )  # fmt: skip


def without_goodwill(form: forms.Form) -> None:
    """Leave the choice of goodwill to the office."""
    form.fields["rest"].choices = [one for one in RESTS if one[0] != Rest.GOODWILL]  # type: ignore[attr-defined]


class TimeForm(NotesForm):
    """Time that was worked: minutes, or start and end in the MSP's zone."""

    work_class = forms.ChoiceField(label="Class", choices=CLASSES)
    kind = forms.ChoiceField(label="Kind of work", choices=KINDS, initial=WorkKind.OTHER)
    minutes = forms.IntegerField(
        label="Minutes", required=False, help_text="As worked; or leave it empty and give start and end."
    )
    started = MomentField(label="Start", required=False)
    ended = MomentField(label="End", required=False)
    request = forms.ChoiceField(label="For the request", required=False)
    rest = rest_field()

    field_order = (
        "work_class", "kind", "minutes", "started", "ended", "rest", "reason", "note", "asked_by", "request", "internal_note",
    )  # fmt: skip

    def __init__(self, *args: Any, client_id: UUID, about: About, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about = about
        found = [(str(one.id), one.title) for one in approved_requests(client_id)]
        self.fields["request"].choices = [("", "none"), *found]  # type: ignore[attr-defined]
        if not found or about.request_id:
            del self.fields["request"]

    def clean(self) -> dict[str, Any]:
        """Start and minutes worked out of what was given; instants, so that no change of the clocks makes a minute."""
        data = super().clean() or {}
        if {"minutes", "started", "ended"} & set(self.errors):
            return data
        minutes, started, ended = data.get("minutes"), data.get("started"), data.get("ended")
        if started and ended:
            if ended <= started:
                self.add_error(
                    "ended", "The end lies before the start. Work past midnight ends on the next day."
                )
                return data
            between = hours.minutes_between(started, ended)
            if minutes is not None and minutes > between:
                self.add_error(
                    "minutes", f"From start to end are {between} minutes only. Correct one of the three."
                )
            data["minutes"] = between if minutes is None else minutes
        elif minutes is None:
            self.add_error("minutes", "Give the minutes, or start and end.")
        elif ended:
            data["started"] = ended - timedelta(minutes=max(0, min(minutes, hours.ENTRY_LIMIT)))
        elif not started:
            data["started"] = timezone.now() - timedelta(minutes=max(0, min(minutes, hours.ENTRY_LIMIT)))
        return data

    def work(self) -> Work:
        """As the action takes it."""
        data, about = self.cleaned_data, self.about.subject()
        started: datetime = data["started"]
        chosen = id_or_none(data.get("request"))
        return Work(
            minutes=data["minutes"],
            started=started,
            work_class=WorkClass(data["work_class"]),
            kind=WorkKind(data["kind"]),
            note=data["note"],
            internal_note=data["internal_note"],
            reason=data["reason"],
            asked_by=data["asked_by"],
            **{**about, "request_id": chosen or about["request_id"]},
        )


class StopForm(NotesForm):
    """What the person says when the timer stops."""

    work_class = forms.ChoiceField(label="Class", choices=CLASSES)
    kind = forms.ChoiceField(label="Kind of work", choices=KINDS)
    minutes = forms.IntegerField(
        label="Minutes",
        required=False,
        help_text="Only where the timer's own are wrong; at most what it ran.",
    )
    rest = rest_field()

    field_order = ("note", "minutes", "rest", "work_class", "kind", "reason", "asked_by", "internal_note")


class ReasonForm(forms.Form):
    """Why; it stays on record."""

    reason = forms.CharField(
        label="Why", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stays on record.",
    )  # fmt: skip


class LeaveForm(forms.Form):
    """An owner's leave to work without prepayment."""

    minutes = forms.IntegerField(label="Minutes that may be worked", help_text="Then it ends by itself.")
    reason = forms.CharField(
        label="Why it cannot be paid in advance", max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}), help_text="An emergency, a public body. The client reads it.",
    )  # fmt: skip
