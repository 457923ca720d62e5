# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's certificates of destruction: what waits for its day, each certificate whole, and its PDF."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.facts import zone
from partwell.actions.retention.certify import certify
from partwell.entrypoints.door.certificate_words import NOT_CLAIMED, certificate_context, row_of, state_of
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, id_of, may_here
from partwell.records.retention import certificates as queries
from partwell.records.retention.deletions import deletion_of
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal

A_PAGE = 30


def _certificate(text: str) -> queries.Certificate:
    row = queries.certificate_of(id_of(text))
    if row is None:
        raise Http404
    return row


@staff_door("certificate.read")
@require_safe
def certificates(request: HttpRequest, client_id: str) -> HttpResponse:
    """What waits for its day, every certificate, and the media on record."""
    client, actor = client_or_404(client_id), actor_of(request)
    page = Paginator(queries.certificates_of(client.id), A_PAGE).get_page(request.GET.get("page"))
    media = Paginator(queries.destructions_of(client.id), A_PAGE).get_page(request.GET.get("media"))
    today = day_in(timezone.now(), zone())
    waiting = [
        {"row": one, "come": one.effective_on is not None and one.effective_on <= today}
        for one in queries.waiting_for(client.id)
    ]
    return render(request, "staff/certificates.html", {
        "section": "clients", "client": client, "page": page, "rows": [row_of(one) for one in page.object_list], "waiting": waiting,
        "media": media, "media_rows": [{"row": one, "state": state_of(one)} for one in media.object_list], "not_claimed": NOT_CLAIMED,
        "may_record": may_here(actor, client, "destruction.record"), "may_certify": may_here(actor, client, "deletion.certify"),
    })  # fmt: skip


@staff_door("certificate.read")
@require_safe
def certificate(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """One certificate: every field, the exceptions, the limits, its entry and its PDF."""
    row = _certificate(certificate_id)
    context = certificate_context(actor_of(request), row, "/evidence/", request.GET.get("page"))
    return render(request, "staff/certificate.html", {"section": "clients", "client": row.client, **context})


@staff_door("certificate.read")
@require_safe
def certificate_letter(request: HttpRequest, certificate_id: str) -> Any:
    """The signed PDF, as it was mailed."""
    row = _certificate(certificate_id)
    if row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


@staff_door("deletion.certify")
@require_POST
def deletion_certify(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Issue the certificate of a validated deletion; the calendar does the same on its day."""
    row = deletion_of(id_of(deletion_id))
    if row is None:
        raise Http404
    done = certify(actor=actor_of(request), deletion_id=row.id)
    to = (
        reverse("staff:certificates", args=[row.client_id])
        if isinstance(done, Refusal)
        else reverse("staff:certificate", args=[done.id])
    )
    return answer(request, done, to, "Issued. The client gets it by mail.")
