# SPDX-License-Identifier: AGPL-3.0-or-later
"""Handover bundles of a client: ask for one, watch it being built, download it."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.releases.download_bundle import Bundle, bundle_for, bundles_for
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.run_bundle import recipients_of
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.releases import client_of
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import Category, Party


class BundleForm(forms.Form):
    """For whom, what, and whether encrypted."""

    to = forms.ChoiceField(label="For")
    only = forms.ChoiceField(
        label="What", required=False, choices=[("", "everything"), ("correspondence", "only what was said")]
    )
    categories = forms.MultipleChoiceField(label="Only these categories", required=False, widget=forms.CheckboxSelectMultiple,
                                           choices=[(one.value, one.label) for one in Category], help_text="None ticked: all of them.")  # fmt: skip
    correspondence = forms.BooleanField(
        label="With messages, calls and mails (to a provider only those that it was part of)",
        required=False,
        initial=True,
    )
    age = forms.CharField(
        label="Encrypt to this age key",
        required=False,
        max_length=100,
        help_text="It begins with age1; the recipient makes it with age-keygen.",
    )
    credentials = forms.BooleanField(label="With credentials (only encrypted)", required=False)

    def __init__(self, *arguments: Any, targets: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["to"].choices = targets  # type: ignore[attr-defined]


def _targets(client: Any) -> list[tuple[str, str]]:
    return [("client", client.name), *((pk.hex, firm) for pk, firm in recipients_of(client.id))]


def row_of(bundle: Bundle, actor: Actor) -> dict[str, Any]:
    """A bundle for the list."""
    return {
        "bundle": bundle,
        "again": parts.again(
            bundle,
            reverse("staff:bundle_ask", args=[bundle.order.client_id]),
            may=may(actor.role, "bundle.request") is None,
        ),
        "job": parts.job_context(
            bundle, reverse("staff:bundle", args=[bundle.job.id]), may(actor.role, "bundle.download") is None
        ),
    }


@staff_door("release.read")
@require_safe
def bundles(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's bundles and the form for a new one."""
    actor, client = actor_of(request), client_of(client_id)
    return render(request, "staff/bundles.html", {
        "section": "clients", "client": client, "rows": [row_of(one, actor) for one in bundles_for(actor, client.id)],
        "form": BundleForm(targets=_targets(client)), "may_ask": may(actor.role, "bundle.request") is None})  # fmt: skip


@staff_door("bundle.request")
@require_POST
def ask(request: HttpRequest, client_id: str) -> HttpResponse:
    """Queue a bundle; then its page."""
    actor, client = actor_of(request), client_of(client_id)
    form = BundleForm(request.POST, targets=_targets(client))
    if not form.is_valid():
        return render(request, "staff/bundles.html", {"section": "clients", "client": client, "form": form, "may_ask": True,
                                                      "rows": [row_of(one, actor) for one in bundles_for(actor, client.id)]}, status=422)  # fmt: skip
    given = form.cleaned_data
    firm = None if given["to"] == "client" else uuid_or_404(given["to"])
    made = request_bundle(actor=actor, client_id=client.id, to=Party.PROVIDER if firm else Party.CLIENT, recipient_id=firm,
                          categories=given["categories"], correspondence=given["correspondence"], credentials=given["credentials"],
                          age=[given["age"]] if given["age"] else [], only=given["only"])  # fmt: skip
    if isinstance(made, Refusal):
        return refusal_response(request, made, back=reverse("staff:bundles", args=[client.id]))
    return HttpResponseRedirect(reverse("staff:bundle", args=[made.id]))


def _bundle(request: HttpRequest, job_id: str) -> Bundle:
    found = bundle_for(actor_of(request), uuid_or_404(job_id))
    if found is None:
        raise Http404
    return found


@staff_door("release.read")
@require_safe
def bundle(request: HttpRequest, job_id: str) -> HttpResponse:
    """One bundle: its progress, then its digests and the download."""
    found = _bundle(request, job_id)
    client = client_of(found.order.client_id.hex)
    return render(
        request,
        "staff/bundle.html",
        {"section": "clients", "client": client, "bundle": found, **row_of(found, actor_of(request))},
    )


@staff_door("release.read")
@require_safe
def bundle_part(request: HttpRequest, job_id: str) -> HttpResponse:
    """The progress alone, polled while it runs."""
    return render(
        request,
        "theme/parts/bundle_rows.html",
        {"rows": [row_of(_bundle(request, job_id), actor_of(request))]},
    )


@staff_door("bundle.download")
@require_safe
def bundle_file(request: HttpRequest, job_id: str) -> Any:
    """The bundle itself, streamed; Range continues a broken download."""
    return parts.bundle_answer(request, uuid_or_404(job_id))
