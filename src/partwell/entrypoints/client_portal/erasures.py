# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of the record was erased or is asked to go; where the service provider is one person, the signatory is the second (R15)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.erasure.content import approve_erasure, decline_erasure, is_the_second, what_of
from partwell.actions.erasure.record import schedule_of
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.clients.queries import client_of
from partwell.records.evidence import erasures as queries
from partwell.rules.refusals import Refusal

A_PAGE = 30


def _words(row: queries.ErasureRequest) -> tuple[str, str]:
    if row.state == "proposed":
        return "waiting", _("Asked")
    if row.state == "declined":
        return "held", _("Declined")
    return ("done", _("Erased")) if row.finished_at else ("waiting", _("Approved"))


@client_door("erasure.read")
@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    """How long the record stays, and what was erased of it."""
    client_id = client_id_of(actor_of(request))
    page = Paginator(queries.requests_of(client_id), A_PAGE).get_page(request.GET.get("page"))
    rows: list[dict[str, Any]] = []
    for one in page.object_list:
        tone, word = _words(one)
        rows.append({"row": one, "what": what_of(one), "tone": tone, "word": word})
    return render(
        request, "client_portal/erasures.html", frame(rows=rows, page=page, s=schedule_of(client_id))
    )


def _mine(request: HttpRequest, erasure_id: str) -> queries.ErasureRequest:
    row = queries.request_of(uuid_or_404(erasure_id))
    if row is None or row.client_ref != actor_of(request).client_id:
        raise Http404
    return row


@client_door("erasure.read")
@require_safe
def erasure(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """One of them; the signatory decides where nobody else at the service provider can."""
    row, actor = _mine(request, erasure_id), actor_of(request)
    tone, word = _words(row)
    return render(request, "client_portal/erasure.html", frame(
        row=row, what=what_of(row), tone=tone, word=word, client=client_of(row.client_ref),
        may_decide=row.state == "proposed" and is_the_second(actor, row)))  # fmt: skip


@client_door("erasure.decide")
@require_POST
def erasure_approve(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """The signatory's word as the second person."""
    row = _mine(request, erasure_id)
    done = approve_erasure(
        actor=actor_of(request), request_id=row.id, typed_name=request.POST.get("typed_name", "")
    )
    return _after(request, row, done, _("You have agreed. It is erased."))


@client_door("erasure.decide")
@require_POST
def erasure_decline(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """The signatory's no."""
    row = _mine(request, erasure_id)
    done = decline_erasure(actor=actor_of(request), request_id=row.id, why=request.POST.get("why", "")[:300])
    return _after(request, row, done, _("Nothing is erased."))


def _after(request: HttpRequest, row: queries.ErasureRequest, done: object, said: str) -> HttpResponse:
    here = reverse("client:erasure", args=[row.id])
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=here)
    messages.success(request, said)
    return HttpResponseRedirect(here)
