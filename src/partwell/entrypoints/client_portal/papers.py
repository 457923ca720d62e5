# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's papers: what is open, what was paid, each as PDF; and that an unpaid one stops billable work and nothing else."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.billing.refund import unused_of
from partwell.actions.hours.standing import time_terms, today
from partwell.entrypoints.client_portal.frame import client_id_of, frame, maybe
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.paper_words import KINDS, NO_ADVICE, ONLY_BILLABLE, line_of, rows_of, state_of
from partwell.records.billing import papers as queries
from partwell.records.evidence.queries import Filters, timeline_for

A_PAGE = 30


def _paper(request: HttpRequest, paper_id: str) -> queries.Invoice:
    row = queries.paper_of(actor_of(request), uuid_or_404(paper_id))
    if row is None:
        raise Http404
    return row


@client_door("billing.read")
@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    """All of them, newest first, and what is open."""
    actor, day = actor_of(request), today(timezone.now())
    page = Paginator(queries.papers(actor, today=day), A_PAGE).get_page(request.GET.get("page"))
    terms = time_terms(client_id_of(actor))
    return render(request, "client_portal/papers.html", frame(
        rows=rows_of(page.object_list, day), page=page, sums=queries.open_sums(actor), only_billable=ONLY_BILLABLE,
        unused_rule=terms.unused, statement_url=maybe("client:statement"),
    ))  # fmt: skip


@client_door("billing.read")
@require_safe
def paper(request: HttpRequest, paper_id: str) -> HttpResponse:
    """One paper with its lines, what the law says of each, payments and entries."""
    actor, row = actor_of(request), _paper(request, paper_id)
    balance = queries.balance_of(row)
    tone, word = state_of(row, balance, today(timezone.now()))
    lines = [line_of(line) for line in queries.lines_of(row.id)]
    requests = queries.requests_of_blocks(
        [
            one["line"].source_id
            for one in lines
            if one["line"].source_kind == "block" and one["line"].source_id
        ]
    )
    for one in lines:
        asked = requests.get(one["line"].source_id)
        one["asked"] = {"title": asked[1], "url": maybe("client:request", asked[0])} if asked else None
    found = timeline_for(actor, Filters(subject=row.id), size=40)
    unused = unused_of(row) if row.state == "paid" and row.kind != "credit_note" else None
    return render(request, "client_portal/paper.html", frame(
        paper=row, kind=KINDS[row.kind], balance=balance, tone=tone, word=word, lines=lines, payments=queries.payments_of(row.id),
        credit_notes=queries.credit_notes_of(row.id), events=evidence_parts.events_of(found.lines, "/client/evidence/"),
        size=found.covered, unused=unused if unused and unused.minutes else None, only_billable=ONLY_BILLABLE, no_advice=NO_ADVICE,
        judged=any(one["sentence"] for one in lines),
    ))  # fmt: skip


@client_door("billing.read")
@require_safe
def paper_letter(request: HttpRequest, paper_id: str) -> Any:
    """The paper as PDF, as it was mailed."""
    row = _paper(request, paper_id)
    if row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)
