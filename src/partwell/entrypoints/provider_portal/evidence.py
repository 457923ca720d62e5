# SPDX-License-Identifier: AGPL-3.0-or-later
"""The new provider's own entries with their proofs, while the client's consent stands. Public words only."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.provider_portal.common import frame
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.rules.refusals import Refused

PREFIX = "/provider/evidence/"


def open_frame(request: HttpRequest, tab: str) -> dict[str, Any]:
    """The shared context; once the consent ended nothing here is shown any more (R1)."""
    standing, context = frame(request, tab)
    if standing.refusal is not None:
        raise Refused(standing.refusal)
    return context


@provider_door("timeline.read")
@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """What was recorded of this recipient."""
    context = open_frame(request, "evidence")
    found = timeline_for(actor_of(request), Filters(), page=request.GET.get("page", "1"), zone=zone())
    return render(request, "provider_portal/evidence.html",
                  {**context, "page": found.page, "size": found.covered, "events": parts.events_of(found.lines, PREFIX)})  # fmt: skip


def _entry_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = parts.seen_entry(actor_of(request), uid)
    return render(
        request,
        "provider_portal/proof.html",
        {**open_frame(request, "evidence"), **parts.entry_context(found, PREFIX)},
    )


@provider_door("ledger.read")
@require_safe
def entry(request: HttpRequest, index: str) -> HttpResponse:
    """An entry by its number."""
    return _entry_page(request, parts.by_number(actor_of(request), index))


@provider_door("ledger.read")
@require_safe
def proof(request: HttpRequest, uid: str) -> HttpResponse:
    """An entry by the address printed in a letter."""
    return _entry_page(request, uuid_or_404(uid))


@provider_door("ledger.read")
@require_safe
def entry_file(request: HttpRequest, index: str, what: str) -> HttpResponse:
    """The entry's proof or what it says, as a file."""
    actor = actor_of(request)
    found = parts.seen_entry(actor, parts.by_number(actor, index))
    open_frame(request, "evidence")
    return parts.entry_file(found, what)


@provider_door("ledger.read")
@require_safe
def log_file(request: HttpRequest, what: str) -> HttpResponse:
    """The newest checkpoint or the key."""
    open_frame(request, "evidence")
    return parts.log_file(what)


@provider_door("ledger.read")
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """How to check without us."""
    standing, context = frame(request, "evidence")
    return render(request, "provider_portal/check.html", {**context, **parts.check_context(standing.stands)})
