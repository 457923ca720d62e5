# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers of a client and of all clients, and one paper with everything that belongs to it."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partwell.actions.billing.refund import unused_of
from partwell.actions.hours.standing import today
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.paper_words import KINDS, NO_ADVICE, ONLY_BILLABLE, line_of, rows_of, state_of
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import id_of, url_or
from partwell.records.billing import papers as queries
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.rules.actor import Actor
from partwell.rules.roles import may

A_PAGE = 40
TABS = (
    ("", "all"),
    ("open", "open"),
    ("overdue", "overdue"),
    ("paid", "paid"),
    ("cancelled", "cancelled"),
    ("credit", "credit"),
)
# A line's source → the page it leads to, by name.
SOURCES = {"copy": "copy", "quote": "return_quote", "statement": "statement"}


def paper_or_404(actor: Actor, text: str) -> queries.Invoice:
    """The paper of an address."""
    row = queries.paper_of(actor, id_of(text))
    if row is None:
        raise Http404
    return row


def _list(request: HttpRequest, client: Any = None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    day = today(now)
    show = request.GET.get("show", "")
    show = show if show in queries.SHOWS else ""
    words = request.GET.get("q", "")[:200].replace("\0", "")
    client_id = client.id if client else None
    found = queries.papers(actor, today=day, client_id=client_id, show=show, words=words)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    numbers = queries.counts(actor, today=day, client_id=client_id, words=words)
    labels = {"": _("All"), "open": _("Open"), "overdue": _("Overdue"), "paid": _("Paid"),
              "cancelled": _("Cancelled"), "credit": _("Credit notes")}  # fmt: skip
    return render(request, "staff/papers.html", {
        "section": "papers" if client is None else "clients", "client": client, "page": page,
        "rows": rows_of(page.object_list, day), "show": show, "words": words, "total": numbers["all"], "find": bool(numbers["all"] or words),
        "tabs": [(key, labels[key], numbers[name]) for key, name in TABS],
        "sums": queries.open_sums(actor, client_id=client_id), "only_billable": ONLY_BILLABLE,
        "may_issue": may(actor.role, "billing.issue") is None,
    })  # fmt: skip


@staff_door("billing.read")
@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    """Papers of all clients: all, open, overdue, paid, cancelled."""
    return _list(request)


@staff_door("billing.read")
@require_safe
def client_papers(request: HttpRequest, client_id: str) -> HttpResponse:
    """Papers of one client."""
    return _list(request, client_or_404(client_id))


def _leads_to(line: queries.InvoiceLine, requests: dict[UUID, tuple[UUID, str]]) -> dict[str, str] | None:
    """Where a line came from: the request that a block was bought for, a shipped copy, a quote."""
    if line.source_id is None:
        return None
    if line.source_kind == "block":
        request = requests.get(line.source_id)
        url = url_or("request", request[0]) if request else ""
        return {"label": _("Prepaid time for “%(title)s”") % {"title": request[1]}, "url": url} if request else None  # fmt: skip
    url = url_or(SOURCES.get(line.source_kind, line.source_kind), line.source_id)
    return {"label": _("What it is for"), "url": url} if url else None


@staff_door("billing.read")
@require_safe
def paper(request: HttpRequest, paper_id: str) -> HttpResponse:
    """One paper: lines with their verdicts, where each leads, payments, letter, entries with their proof."""
    actor, now = actor_of(request), timezone.now()
    row = paper_or_404(actor, paper_id)
    balance = queries.balance_of(row)
    tone, word = state_of(row, balance, today(now))
    lines = list(queries.lines_of(row.id))
    requests = queries.requests_of_blocks(
        [line.source_id for line in lines if line.source_kind == "block" and line.source_id]
    )
    found = timeline_for(actor, Filters(client=row.client_id, subject=row.id), size=40)
    may_issue = may(actor.role, "billing.issue") is None
    may_pay = may(actor.role, "payment.record") is None and row.kind != "credit_note"
    unused = unused_of(row) if row.state == "paid" and row.kind != "credit_note" else None
    return render(request, "staff/paper.html", {
        "section": "papers", "paper": row, "client": row.client, "kind": KINDS[row.kind], "balance": balance, "tone": tone, "word": word,
        "lines": [{**line_of(line), "leads": _leads_to(line, requests)} for line in lines],
        "payments": queries.payments_of(row.id), "credit_notes": queries.credit_notes_of(row.id),
        "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered,
        "may_pay": may_pay and row.state == "open", "may_refund": may_pay and balance.received > 0, "may_issue": may_issue,
        "may_cancel": may_issue and row.state == "open" and row.kind != "credit_note" and not balance.received and not balance.credited,
        "unused": unused if unused and unused.minutes else None, "only_billable": ONLY_BILLABLE, "no_advice": NO_ADVICE,
        "judged": any(line.verdict for line in lines), "law_url": reverse("staff:client_law", args=[row.client_id]),
    })  # fmt: skip


@staff_door("billing.read")
@require_safe
def paper_letter(request: HttpRequest, paper_id: str) -> Any:
    """The paper as it was filed and mailed."""
    row = paper_or_404(actor_of(request), paper_id)
    if row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


@staff_door("billing.read")
@require_safe
def payment_proof(request: HttpRequest, paper_id: str, payment_id: str) -> Any:
    """What proves that money came in or went back."""
    row = paper_or_404(actor_of(request), paper_id)
    payment = queries.payments_of(row.id).filter(pk=id_of(payment_id)).first()
    if payment is None or payment.proof is None:
        raise Http404
    return file_response(request, payment.proof, inline="show" in request.GET)
