# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's timeline, entries with their proofs, and the log's checkpoint and key to keep."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.records.evidence.queries import Filters, timeline_for

PREFIX = "/client/evidence/"
FRAME: dict[str, Any] = {"home_url": "/client/", "back": {"label": "Your page", "url": "/client/"}}


@client_door("timeline.read")
@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """Every step that concerns the client, as sentences; internal notes are not among them (R4)."""
    subject = request.GET.get("subject", "")
    wanted = Filters(subject=uuid_or_404(subject) if subject else None)
    found = timeline_for(actor_of(request), wanted, page=request.GET.get("page", "1"), zone=zone())
    return render(request, "client_portal/evidence.html", {
        **FRAME, "page": found.page, "size": found.covered, "events": parts.events_of(found.lines, PREFIX), "filtered": bool(subject)})  # fmt: skip


def _entry_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = parts.seen_entry(actor_of(request), uid)
    return render(request, "client_portal/proof.html", {**FRAME, **parts.entry_context(found, PREFIX)})


@client_door("ledger.read")
@require_safe
def entry(request: HttpRequest, index: str) -> HttpResponse:
    """An entry by its number."""
    return _entry_page(request, parts.by_number(actor_of(request), index))


@client_door("ledger.read")
@require_safe
def proof(request: HttpRequest, uid: str) -> HttpResponse:
    """An entry by the address printed in a letter."""
    return _entry_page(request, uuid_or_404(uid))


@client_door("ledger.read")
@require_safe
def entry_file(request: HttpRequest, index: str, what: str) -> HttpResponse:
    """The entry's proof or what it says, as a file."""
    actor = actor_of(request)
    return parts.entry_file(parts.seen_entry(actor, parts.by_number(actor, index)), what)


@client_door("ledger.read")
@require_safe
def log_file(request: HttpRequest, what: str) -> HttpResponse:
    """The newest checkpoint or the key: who keeps one is a witness."""
    return parts.log_file(what)


@client_door("ledger.read")
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """How to check without us."""
    return render(request, "client_portal/check.html", {**FRAME, **parts.check_context(True)})
