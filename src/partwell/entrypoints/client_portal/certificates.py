# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was destroyed of the client's, certified: read, download, check; and in a one-person provider, the second person's word."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.retention.deletion_common import candidates
from partwell.actions.retention.media import validate_destruction
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.certificate_words import (
    NOT_CLAIMED,
    certificate_context,
    destruction_context,
    row_of,
    state_of,
)
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import certificates as queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 30


class WordForm(forms.Form):
    """What the signatory found."""

    where = forms.CharField(label=gettext_lazy("Where you looked"), max_length=200, required=False)
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _certificate(request: HttpRequest, certificate_id: str) -> queries.Certificate:
    row = queries.certificate_of(uuid_or_404(certificate_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


def _destruction(request: HttpRequest, destruction_id: str) -> queries.MediaDestruction:
    row = queries.destruction_of(uuid_or_404(destruction_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


@client_door("certificate.read")
@require_safe
def certificates(request: HttpRequest) -> HttpResponse:
    """Every certificate, and the media that were wiped or shredded."""
    client_id = client_id_of(actor_of(request))
    page = Paginator(queries.certificates_of(client_id), A_PAGE).get_page(request.GET.get("page"))
    media = Paginator(queries.destructions_of(client_id), A_PAGE).get_page(request.GET.get("media"))
    return render(request, "client_portal/certificates.html", frame(
        page=page, rows=[row_of(one) for one in page.object_list], media=media, not_claimed=NOT_CLAIMED,
        media_rows=[{"row": one, "state": state_of(one)} for one in media.object_list],
    ))  # fmt: skip


@client_door("certificate.read")
@require_safe
def certificate(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """One certificate, word for word as on its PDF."""
    row = _certificate(request, certificate_id)
    context = certificate_context(actor_of(request), row, "/client/evidence/", request.GET.get("page"))
    return render(request, "client_portal/certificate.html", frame(**context))


@client_door("certificate.read")
@require_safe
def certificate_letter(request: HttpRequest, certificate_id: str) -> Any:
    """The signed PDF."""
    row = _certificate(request, certificate_id)
    if row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


def _page(request: HttpRequest, row: queries.MediaDestruction, form: WordForm) -> HttpResponse:
    actor = actor_of(request)
    found = timeline_for(actor, Filters(subject=row.id), size=20)
    open_ = row.validated_at is None and row.rejected_at is None
    alone = candidates({row.done_by_ref}) == 1
    return render(
        request,
        "client_portal/destruction.html",
        frame(
            **destruction_context(row), form=form, events=evidence_parts.events_of(found.lines, "/client/evidence/"), size=found.covered,
            may_validate=open_ and alone and may(actor.role, "destruction.validate") is None,
        ),
        status=422 if form.errors else 200,
    )  # fmt: skip


@client_door("certificate.read")
@require_safe
def destruction(request: HttpRequest, destruction_id: str) -> HttpResponse:
    """One medium: what was done to it, and the report."""
    return _page(request, _destruction(request, destruction_id), WordForm())


@client_door("destruction.validate")
@require_POST
def destruction_validate(request: HttpRequest, destruction_id: str) -> HttpResponse:
    """The signatory as the second person of a one-person provider (R15)."""
    row, form = _destruction(request, destruction_id), WordForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    accept = request.POST.get("do") == "accept"
    done = validate_destruction(
        actor=actor_of(request), destruction_id=row.id, accept=accept, where=form.cleaned_data["where"], words=form.cleaned_data["words"]
    )  # fmt: skip
    if isinstance(done, Refusal):
        if done.status == 422:
            form.add_error("where" if accept else "words", f"{done.sentence} {done.next_step}")
            return _page(request, row, form)
        return refusal_response(request, done, back=reverse("client:destruction", args=[row.id]))
    messages.success(request, _("It is on record, and certified.") if accept else _("It is on record that something is wrong."))  # fmt: skip
    to = reverse("client:certificate", args=[done.id]) if accept else reverse("client:destruction", args=[row.id])  # fmt: skip
    return HttpResponseRedirect(to)


@client_door("certificate.read")
@require_safe
def destruction_report(request: HttpRequest, destruction_id: str) -> Any:
    """The report as it came."""
    row = _destruction(request, destruction_id)
    if row.report is None or row.report.internal:
        raise Http404
    return file_response(request, row.report, inline="show" in request.GET)
