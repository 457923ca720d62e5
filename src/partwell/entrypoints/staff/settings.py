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


def _plain(value: Any) -> Any:
    """A number as it was typed: 4, not the column's 4.00."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


@staff_door("msp.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change them."""
    msp = the_msp()
    assert msp is not None  # nobody is signed in before set-up
    initial = {name: _plain(getattr(msp, name)) for name in CHANGEABLE}
    form = (
        SettingsForm(request.POST, request.FILES, initial=initial)
        if request.method == "POST"
        else SettingsForm(initial=initial)
    )
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "staff/form_page.html", _page(form), status=422 if request.method == "POST" else 200
        )
    changes = {**form.policy(), "automatic_acknowledgement": form.cleaned_data["automatic_acknowledgement"]}
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
    return {
        "title": _("Settings"),
        "form": form,
        "groups": groups,
        "files": True,
        "button": _("Save"),
        "back": "/",
        "back_label": _("Departures"),
    }
