# SPDX-License-Identifier: AGPL-3.0-or-later
"""The new provider's own entries with their proofs, while the client's consent stands. Public words only.

After its end only the proofs of its own receipts stay, for released items whose window is open (R17).
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.actions.evidence.proofs import EntryProof
from partwell.actions.facts import zone
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.provider_portal.common import frame
from partwell.records.evidence.queries import Filters, own_receipts, timeline_for
from partwell.rules.refusals import Refused

PREFIX = "/provider/evidence/"


def open_frame(request: HttpRequest, tab: str) -> dict[str, Any]:
    """The shared context; once the consent ended nothing here is shown any more (R1)."""
    standing, context = frame(request, tab)
    if standing.refusal is not None:
        raise Refused(standing.refusal)
    return context


def _in_sight(request: HttpRequest) -> tuple[dict[str, Any], frozenset[int] | None]:
    """The shared context, and which entries may be seen: None for all of this recipient's."""
    standing, context = frame(request, "evidence")
    if standing.refusal is None:
        return context, None
    if not context["left"]:
        raise Refused(standing.refusal)
    lines = [one.line for one in context["left"]]
    releases, items = {one.release_id for one in lines}, {one.item_id for one in lines}
    return context, own_receipts(actor_of(request), releases, items)


def _entry(request: HttpRequest, uid: UUID) -> tuple[dict[str, Any], EntryProof]:
    """An entry in sight; one of the recipient that is out of sight by now is refused like the rest."""
    found = parts.seen_entry(actor_of(request), uid)
    context, only = _in_sight(request)
    if only is not None and found.line.index not in only:
        raise Refused(context["standing"].refusal)
    return context, found


@provider_door("timeline.read")
@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """What was recorded of this recipient."""
    context, only = _in_sight(request)
    subject = request.GET.get("subject", "")
    wanted = Filters(only=only, subject=uuid_or_404(subject) if subject else None)
    found = timeline_for(actor_of(request), wanted, page=request.GET.get("page", "1"), zone=zone())
    return render(request, "provider_portal/evidence.html", {
        **context, "page": found.page, "size": found.covered, "events": parts.events_of(found.lines, PREFIX), "filtered": bool(subject)})  # fmt: skip


def _entry_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    context, found = _entry(request, uid)
    return render(request, "provider_portal/proof.html", {**context, **parts.entry_context(found, PREFIX)})


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
    _, found = _entry(request, parts.by_number(actor_of(request), index))
    return parts.entry_file(found, what)


@provider_door("ledger.read")
@require_safe
def log_file(request: HttpRequest, what: str) -> HttpResponse:
    """The newest checkpoint or the key."""
    _in_sight(request)
    return parts.log_file(what)


@provider_door("ledger.read")
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """How to check without us."""
    standing, context = frame(request, "evidence")
    return render(
        request,
        "provider_portal/check.html",
        {**context, **parts.check_context(standing.stands or bool(context["left"]))},
    )
