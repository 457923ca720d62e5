# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in: mailboxes and webhooks, their state and last error. Owners only; a secret is never shown again."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.roads import NewRoad, add_road, change_road, remove_road
from partwell.actions.correspondence.try_road import try_road
from partwell.connectors.secret import Secret
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal
from partwell.records.correspondence.inbound_queries import roads_here
from partwell.rules.refusals import Refusal

_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class ImapForm(forms.Form):
    """A mailbox that is read."""

    name = forms.CharField(label=later("Name"), max_length=120, help_text=later("For this page only."))
    host = forms.CharField(label=later("Server"), max_length=253)
    port = forms.IntegerField(label=later("Port"), min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(
        label=later("Security"),
        choices=[
            ("tls", later("TLS")),
            ("starttls", "STARTTLS"),
            ("none", later("None, on this machine only")),
        ],
    )
    user = forms.CharField(label=later("User"), max_length=200)
    auth = forms.ChoiceField(
        label=later("Signs in by"),
        choices=[("password", later("Password")), ("xoauth2", later("OAuth token (XOAUTH2)"))],
    )
    secret = forms.CharField(
        label=later("Password or token"), max_length=4000, strip=False, widget=_PASSWORD,
        help_text=later("Sealed at once and never shown again."),
    )  # fmt: skip
    folder = forms.CharField(label=later("Folder"), max_length=200, initial="INBOX")
    after = forms.ChoiceField(
        label=later("What is done with a mail once it is kept here"),
        choices=[
            ("seen", later("It is marked as read")),
            ("move", later("It is moved to another folder")),
            ("nothing", later("Nothing")),
        ],
    )
    into = forms.CharField(label=later("The other folder"), max_length=200, required=False)


class WebhookForm(forms.Form):
    """A service or script that hands mail over by signed POST."""

    name = forms.CharField(label=later("Name"), max_length=120, help_text=later("For this page only."))
    secret = forms.CharField(
        label=later("Secret by which it signs"), max_length=4000, strip=False, widget=_PASSWORD,
        help_text=later("32 signs or more. Sealed at once and never shown again."),
    )  # fmt: skip


FORMS: dict[str, Any] = {"imap": ImapForm, "webhook": WebhookForm}
TITLES = {"imap": later("A mailbox that is read"), "webhook": later("A webhook that takes mail")}


def _state(road: Any) -> tuple[str, str]:
    if not road.enabled:
        return "held", _("Switched off")
    if road.last_error:
        return "refusing", _("Does not work now")
    if road.kind == "imap" and road.last_polled_at is None:
        return "waiting", _("Not read yet")
    return "open", _("Works") if road.kind == "imap" else _("Takes mail")


@staff_door("msp.configure")
@require_safe
def roads(request: HttpRequest) -> HttpResponse:
    """Every road, with its state."""
    rows = [
        {"road": one, "state": _state(one), "hook": request.build_absolute_uri(f"/mail/in/{one.id}/") if one.kind == "webhook" else ""}
        for one in roads_here()
    ]  # fmt: skip
    return render(request, "staff/roads.html", {"rows": rows, "address": settings.PARTWELL_MAIL_ADDRESS})


@staff_door("msp.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def road_add(request: HttpRequest, kind: str) -> HttpResponse:
    """Add one."""
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](request.POST or None)
    if form.is_bound and form.is_valid():
        given = dict(form.cleaned_data)
        road = NewRoad(kind, given.pop("name"), Secret(given.pop("secret")), given)
        result = add_road(actor=actor_of(request), road=road)
        if not isinstance(result, Refusal):
            messages.success(request, _("Added. Try it, to see whether it works."))
            return HttpResponseRedirect(reverse("staff:roads"))
        form_with_refusal(
            form, result, host="The host", port="The port", security="Security", secret="The secret|The password or token",  # noqa: S106  # words of a refusal
            user="User|The user and the folder", folder="Folder", into="Into|The folder to move to", name="The name",
        )  # fmt: skip
    return form_page(
        request, form, title=TITLES[kind], back=reverse("staff:roads"), back_label=_("Mail that comes in"), button=_("Add it"), section="",
    )  # fmt: skip


@staff_door("msp.configure")
@require_POST
def road_try(request: HttpRequest, road_id: str) -> HttpResponse:
    """Sign in and open the folder; take nothing."""
    result = try_road(actor=actor_of(request), road_id=uuid_or_404(road_id))
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:roads"))
    if result.last_error:
        messages.error(request, result.last_error)
    else:
        messages.success(request, _("It works: the folder opened."))
    return HttpResponseRedirect(reverse("staff:roads"))


@staff_door("msp.configure")
@require_POST
def road_switch(request: HttpRequest, road_id: str) -> HttpResponse:
    """Switch it on or off."""
    on = request.POST.get("on") == "1"
    result = change_road(actor=actor_of(request), road_id=uuid_or_404(road_id), enabled=on)
    return answer(request, result, reverse("staff:roads"), _("Switched on.") if on else _("Switched off; nothing is read by it."))  # fmt: skip


@staff_door("msp.configure")
@require_POST
def road_remove(request: HttpRequest, road_id: str) -> HttpResponse:
    """Remove it and wipe its secret."""
    result = remove_road(actor=actor_of(request), road_id=uuid_or_404(road_id))
    return answer(request, result, reverse("staff:roads"), _("Removed, and its secret wiped. What came by it stays."))  # fmt: skip
