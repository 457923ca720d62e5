# SPDX-License-Identifier: AGPL-3.0-or-later
"""The new provider's bundle: exactly what was released to it, while the consent stands."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.releases.download_bundle import Bundle, bundle_for, bundles_for
from partwell.actions.releases.request_bundle import request_bundle
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import ids
from partwell.entrypoints.provider_portal.evidence import open_frame
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party


class BundleForm(forms.Form):
    """Everything released, or only what was said; with credentials too for whoever has an age key."""

    said = forms.BooleanField(label="With the messages that you were part of", required=False)
    age = forms.CharField(
        label="Your age key",
        required=False,
        max_length=100,
        help_text="Needed for credentials. It begins with age1; age-keygen makes it.",
    )
    credentials = forms.BooleanField(
        label="With the credentials that were released for an encrypted bundle", required=False
    )


def row_of(bundle: Bundle) -> dict[str, Any]:
    """A bundle for the list."""
    page = reverse("provider:bundle", args=[bundle.job.id])
    return {
        "bundle": bundle,
        "again": parts.again(bundle, reverse("provider:bundle_ask"), may=True, said="said"),
        "job": {
            **parts.job_context(bundle, page, True),
            "label": "What was said" if bundle.order.only else "What was released to you",
        },
    }


def _page(request: HttpRequest, form: BundleForm, status: int = 200) -> HttpResponse:
    context = open_frame(request, "bundles")
    _, client_id = ids(request)
    return render(request, "provider_portal/bundles.html", {
        **context, "form": form, "rows": [row_of(one) for one in bundles_for(actor_of(request), client_id)]}, status=status)  # fmt: skip


@provider_door("release.read")
@require_safe
def bundles(request: HttpRequest) -> HttpResponse:
    """What was made so far, and the button for a new one."""
    return _page(request, BundleForm())


@provider_door("bundle.request")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Queue it; then its page."""
    form = BundleForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    recipient_id, client_id = ids(request)
    given = form.cleaned_data
    only = "correspondence" if request.POST.get("only") == "correspondence" else ""
    made = request_bundle(actor=actor_of(request), client_id=client_id, to=Party.PROVIDER, recipient_id=recipient_id, correspondence=given["said"],
                          credentials=given["credentials"] and not only, age=[given["age"]] if given["age"] else [], only=only)  # fmt: skip
    if isinstance(made, Refusal):
        return refusal_response(request, made, back=reverse("provider:bundles"))
    return HttpResponseRedirect(reverse("provider:bundle", args=[made.id]))


def _row(request: HttpRequest, job_id: str) -> dict[str, Any]:
    found = bundle_for(actor_of(request), uuid_or_404(job_id))
    if found is None:
        raise Http404
    return row_of(found)


@provider_door("release.read")
@require_safe
def bundle(request: HttpRequest, job_id: str) -> HttpResponse:
    """One bundle: progress, then download."""
    row = _row(request, job_id)
    return render(request, "provider_portal/bundle.html", {**open_frame(request, "bundles"), **row})


@provider_door("release.read")
@require_safe
def bundle_part(request: HttpRequest, job_id: str) -> HttpResponse:
    """The progress alone, polled while it runs."""
    row = _row(request, job_id)
    open_frame(request, "bundles")
    return render(request, "theme/parts/bundle_rows.html", {"rows": [row]})


@provider_door("bundle.download")
@require_safe
def bundle_file(request: HttpRequest, job_id: str) -> Any:
    """The bundle itself, streamed; decided again for the person who fetches it."""
    return parts.bundle_answer(request, uuid_or_404(job_id))
