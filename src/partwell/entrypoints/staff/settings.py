# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP's settings: name, look, policy, and the one automatic answer. Owners only."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from partwell.actions.people.configure import CHANGEABLE, configure_msp
from partwell.entrypoints.door.forms import MspForm
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.people.queries import the_msp
from partwell.rules import reminders
from partwell.rules.refusals import Refusal


class SettingsForm(MspForm):
    """As at set-up, and R1's automatic acknowledgement."""

    automatic_acknowledgement = forms.BooleanField(
        label=later("Answer an unauthorised new provider with one fixed acknowledgement"),
        required=False,
        help_text=later(
            "It states no fact, not even whether somebody is a client, and the client gets a copy."
        ),
    )
    remind = forms.BooleanField(
        label=later("Remind a signatory of an authorisation that waits for their signature"),
        required=False,
        help_text=later(
            "By itself, in your letter “Reminder”, to the signatory alone, each once; not while a bill is overdue or a dispute or claim is open."
        ),
    )
    remind_first = forms.IntegerField(
        label=later("First reminder, days after it was sent"), min_value=0, max_value=reminders.LONGEST, required=False, help_text=later("0 for none.")
    )  # fmt: skip
    remind_again = forms.IntegerField(
        label=later("Second reminder, days after it was sent"), min_value=0, max_value=reminders.LONGEST, required=False, help_text=later("0 for none.")
    )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """The days as they are kept, or what is wrong with them."""
        data = super().clean()
        if data is None or self.errors:
            return data
        days = (data.get("remind_first") or 0, data.get("remind_again") or 0)
        kept = reminders.kept_as(days) if data["remind"] else reminders.OFF
        if isinstance(kept, Refusal):
            self.add_error("remind_again", kept.sentence)
        data["signature_reminders"] = kept
        return data


def _reminders(kept: str) -> dict[str, Any]:
    """What the form shows of them; switched off it offers the usual days."""
    days = reminders.days_of(kept)
    first, again = (*(days or reminders.USUAL), 0, 0)[:2]
    return {"remind": bool(days), "remind_first": first, "remind_again": again}


def _plain(value: Any) -> Any:
    """A number as it was typed: 4, not the column's 4.00."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


@staff_door("msp.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change them."""
    msp = the_msp()
    assert msp is not None  # nobody is signed in before set-up
    initial = {name: _plain(getattr(msp, name)) for name in CHANGEABLE} | _reminders(msp.signature_reminders)
    form = (
        SettingsForm(request.POST, request.FILES, initial=initial)
        if request.method == "POST"
        else SettingsForm(initial=initial)
    )
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "staff/form_page.html", _page(form), status=422 if request.method == "POST" else 200
        )
    own = ("automatic_acknowledgement", "signature_reminders")
    changes = {**form.policy(), **{name: form.cleaned_data[name] for name in own}}
    logo = form.cleaned_data["logo"]
    done = configure_msp(
        actor=actor_of(request),
        changes=changes,
        logo=logo.data if logo else None,
        logo_type=logo.media_type if logo else "image/png",
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done)
    messages.success(request, _("Saved. What stood before is in the evidence."))
    return HttpResponseRedirect(reverse("staff:settings"))


def _page(form: SettingsForm) -> dict[str, Any]:
    groups = [{"title": title, "fields": fields, "text": ""} for title, fields in form.parts()]
    groups[-1]["text"] = _("Agreements made earlier keep their own terms.")
    groups.append(
        {"title": _("Automatic acknowledgement"), "fields": [form["automatic_acknowledgement"]], "text": ""}
    )
    days = [form["remind"], form["remind_first"], form["remind_again"]]
    groups.append({"title": _("Reminders"), "fields": days, "text": ""})
    return {
        "title": _("Settings"),
        "form": form,
        "groups": groups,
        "files": True,
        "button": _("Save"),
        "back": "/",
        "back_label": _("Departures"),
    }
