# SPDX-License-Identifier: AGPL-3.0-or-later
"""Download everything: the client's own bundle, honest about what is not in it. Only a signatory asks for one."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.releases.download_bundle import Bundle, bundle_for, bundles_for
from partwell.actions.releases.request_bundle import request_bundle
from partwell.entrypoints.client_portal.evidence import FRAME
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import Party


class BundleForm(forms.Form):
    """Everything, or only what was said; with credentials too for whoever has an age key."""

    said = forms.BooleanField(
        label="With messages, calls and mails, each with its proof", required=False, initial=True
    )
    age = forms.CharField(
        label="Your age key",
        required=False,
        max_length=100,
        help_text="Only needed for passwords. It begins with age1; age-keygen makes it.",
    )
    credentials = forms.BooleanField(label="With passwords (only encrypted to that key)", required=False)


def _client(actor: Actor) -> UUID:
    assert actor.client_id is not None  # a contact always has a client
    return actor.client_id


def row_of(bundle: Bundle, actor: Actor) -> dict[str, Any]:
    """A bundle for the list."""
    page = reverse("client:bundle", args=[bundle.job.id])
    job = {
        **parts.job_context(bundle, page, may(actor.role, "bundle.download") is None),
        "label": "What was said" if bundle.order.only else "Everything that is yours",
    }
    new = parts.again(
        bundle, reverse("client:bundle_ask"), may=may(actor.role, "bundle.request") is None, said="said"
    )
    return {"bundle": bundle, "job": job, "again": new}


def _page(request: HttpRequest, form: BundleForm, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    return render(request, "client_portal/bundles.html", {
        **FRAME, "rows": [row_of(one, actor) for one in bundles_for(actor, _client(actor))], "form": form,
        "may_ask": may(actor.role, "bundle.request") is None}, status=status)  # fmt: skip


@client_door("release.read")
@require_safe
def bundles(request: HttpRequest) -> HttpResponse:
    """What was made so far, and the button for a new one."""
    return _page(request, BundleForm())


@client_door("bundle.request")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Queue it; then its page."""
    form = BundleForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    actor, given = actor_of(request), form.cleaned_data
    only = "correspondence" if request.POST.get("only") == "correspondence" else ""
    made = request_bundle(actor=actor, client_id=_client(actor), to=Party.CLIENT, credentials=given["credentials"] and not only,
                          correspondence=given["said"], age=[given["age"]] if given["age"] else [], only=only)  # fmt: skip
    if isinstance(made, Refusal):
        return refusal_response(request, made, back=reverse("client:bundles"))
    return HttpResponseRedirect(reverse("client:bundle", args=[made.id]))


def _row(request: HttpRequest, job_id: str) -> dict[str, Any]:
    actor = actor_of(request)
    found = bundle_for(actor, uuid_or_404(job_id))
    if found is None:
        raise Http404
    return row_of(found, actor)


@client_door("release.read")
@require_safe
def bundle(request: HttpRequest, job_id: str) -> HttpResponse:
    """One bundle: progress, then download."""
    return render(request, "client_portal/bundle.html", {**FRAME, **_row(request, job_id)})


@client_door("release.read")
@require_safe
def bundle_part(request: HttpRequest, job_id: str) -> HttpResponse:
    """The progress alone, polled while it runs."""
    return render(request, "theme/parts/bundle_rows.html", {"rows": [_row(request, job_id)]})


@client_door("bundle.download")
@require_safe
def bundle_file(request: HttpRequest, job_id: str) -> Any:
    """The bundle itself, streamed; Range continues a broken download."""
    return parts.bundle_answer(request, uuid_or_404(job_id))
