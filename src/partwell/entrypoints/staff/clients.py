# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients: who is served, who has left; one client's page with R10's five exit facts."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.facts import standing_in, zone
from partwell.actions.hours.standing import time_terms
from partwell.actions.offboardings.close_offboarding import record_of
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.paper_words import TREATMENTS, plain
from partwell.entrypoints.staff.parts import id_of, may_here, url_or
from partwell.records.billing.returns import quotes_of
from partwell.records.clients import queries
from partwell.records.estate.queries import by_category
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.vault.queries import paper_of
from partwell.rules.consent import day_in
from partwell.rules.hours import Rounding, UnusedRule
from partwell.rules.pauses import PauseReason
from partwell.rules.readiness import exit_facts
from partwell.rules.roles import may
from partwell.rules.terms import Category, ClientState, ContactRole

A_PAGE = 40
STATES = {
    ClientState.ACTIVE: ("open", "Active"),
    ClientState.DEPARTING: ("waiting", "Departing"),
    ClientState.RETURNING: ("waiting", "Returning"),
    ClientState.INACTIVE: ("held", "Inactive"),
}
OWNER_WORDS = {"client": "the client's", "msp": "ours", "vendor": "the vendor's"}


def client_or_404(text: str) -> queries.Client:
    """The client of an address."""
    client = queries.client_of(id_of(text))
    if client is None:
        raise Http404
    return client


@staff_door("client.read")
@require_safe
def clients(request: HttpRequest) -> HttpResponse:
    """The list: active ones with their readiness, or the inactive ones. Queries do not grow with it."""
    actor = actor_of(request)
    words, inactive = request.GET.get("q", "")[:200], request.GET.get("show") == "inactive"
    rows = queries.inactive_clients(words) if inactive else queries.active_clients(words)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    found = queries.readiness([one.id for one in page.object_list], day_in(timezone.now(), zone()))
    shown = []
    for client in page.object_list:
        facts = exit_facts(found[client.id])
        tone, word = STATES[ClientState(client.state)]
        shown.append({"client": client, "tone": tone, "word": word, "present": sum(fact.present for fact in facts),
                      "missing": [fact.title for fact in facts if not fact.present],
                      "next": next((_step(client.id, fact.key) for fact in facts if not fact.present), None)})  # fmt: skip
    counts = queries.counts_by_state()
    gone = counts.get(ClientState.INACTIVE, 0)
    return render(request, "staff/clients.html", {
        "section": "clients", "rows": shown, "page": page, "inactive": inactive, "words": words, "here": sum(counts.values()) - gone,
        "gone": gone, "may_add": may(actor.role, "client.add") is None,
    })  # fmt: skip


def _step(client_id: UUID, key: str) -> dict[str, str]:
    """The one next step for a missing exit fact."""
    estate = url_or("item_add", client_id)
    steps = {
        "signatory": ("Add a signatory", reverse("staff:contact_add", args=[client_id])),
        "admin_access": ("Record the account", estate),
        "documentation": ("Import documents", url_or("client_import", client_id) or estate),
        "agreement": ("Record the agreement", reverse("staff:agreement", args=[client_id])),
        "backup_sets": ("List the backups", reverse("staff:set_add", args=[client_id])),
    }
    label, url = steps[key]
    return {"label": label, "url": url}


def _signatory_step(client_id: UUID, contacts: list[Any]) -> dict[str, str]:
    """Where a signatory is there, the proof is what is missing."""
    unproved = next((one for one in contacts if one.role == ContactRole.SIGNATORY), None)
    if unproved is None:
        return _step(client_id, "signatory")
    return {"label": "Record the proof", "url": reverse("staff:authority", args=[client_id, unproved.id])}


@staff_door("client.read")
@require_safe
def client(request: HttpRequest, client_id: str) -> HttpResponse:
    """One client: the five exit facts first, then who, what was agreed, where things are. An inactive one is one calm page."""
    row, actor, now = client_or_404(client_id), actor_of(request), timezone.now()
    if row.state == ClientState.INACTIVE:
        return _inactive(request, row)
    contacts = queries.contacts_of(row.id)
    facts: list[dict[str, Any]] = []
    for fact in exit_facts(queries.readiness([row.id], day_in(now, zone()))[row.id]):
        step = _signatory_step(row.id, contacts) if fact.key == "signatory" else _step(row.id, fact.key)
        facts.append({"fact": fact, "step": None if fact.present else step})
    tone, word = STATES[ClientState(row.state)]
    agreement = queries.agreement_of(row.id)
    owned = [
        (Category(key).label, OWNER_WORDS.get(value, value))
        for key, value in (agreement.ownership if agreement else {}).items()
    ]
    pauses = [
        {"row": one, "words": PauseReason(one.ground).value.replace("_", " ")}
        for one in queries.pauses_of(row.id)
    ]
    offboardings = queries.offboardings_of(row.id)
    return render(request, "staff/client.html", {
        "section": "clients", "client": row, "tone": tone, "word": word, "facts": facts, "present": sum(f["fact"].present for f in facts),
        "contacts": [{"row": one, "proof": _proof(one)} for one in contacts], "agreement": agreement, "owned": owned,
        "older": queries.older_agreements(row.id), "sites": queries.sites_of(row.id), "sets": queries.backup_sets_of(row.id),
        "instead": standing_in(row.id), "pauses": pauses, "offboardings": offboardings, "open": next((one for one in offboardings if one.state == "open"), None),
        "may_change": may(actor.role, "client.change") is None,
        "came_back": row.state == ClientState.RETURNING or quotes_of(row.id).exists(), "may_open": may(actor.role, "offboarding.open") is None,
        "time_words": _time_words(row.id), "may_bill": may(actor.role, "billing.read") is None, "may_pause": may_here(actor, row, "pause.set"), "may_lift": may(actor.role, "pause.lift") is None,
        "estate_url": url_or("client_estate", row.id), "consent_url": url_or("client_consents", row.id),
    })  # fmt: skip


def _time_words(client_id: UUID) -> str:
    """The agreement's terms of time and tax (R5) in one line."""
    terms = time_terms(client_id)
    unit = "a begun unit counts whole" if terms.rounding is Rounding.UP else "rounded to the nearest unit"
    unused = "paid back" if terms.unused is UnusedRule.REFUND else "credited"
    tax = str(TREATMENTS.get(terms.tax_treatment, "")) or f"{plain(terms.tax_rate)} % tax"
    return f"counted in {terms.unit} min, {unit}; unused prepaid time is {unused}; {tax}"


def _proof(contact: Any) -> Any:
    standing = [one for one in contact.proofs.all() if one.revoked_at is None]
    return max(standing, key=lambda one: one.checked_at) if standing else None


def _inactive(request: HttpRequest, row: queries.Client) -> HttpResponse:
    """Everything readable, nothing operational: what was, where its proof lies, and what is still kept."""
    actor = actor_of(request)
    offboarding = next((one for one in queries.offboardings_of(row.id) if one.state == "closed"), None)
    found = timeline_for(actor, Filters(client=row.id, without="envelope"), size=8, zone=zone())
    return render(request, "staff/client_inactive.html", {
        "section": "clients", "client": row, "offboarding": offboarding, "record": record_of(offboarding.id) if offboarding else None,
        "categories": [one for one in by_category(row.id) if one.total], "contacts": queries.contacts_of(row.id),
        "sets": queries.backup_sets_of(row.id), "agreement": queries.agreement_of(row.id), "size": found.covered,
        "events": evidence_parts.events_of(found.lines, "/evidence/"), "checkpoint_now": last_checkpoint(),
        "links": [{"label": label, "url": url} for label, url in (
            ("Estate and receipts", url_or("client_estate", row.id)), ("Every release", url_or("client_releases", row.id)),
            ("What was said", url_or("client_messages", row.id)), ("Bundles", url_or("bundles", row.id)),
            ("Papers and payments", url_or("client_papers", row.id) if may(actor.role, "billing.read") is None else ""),
            ("Statement of hours and money", url_or("statement", row.id) if may(actor.role, "billing.read") is None else ""),
            ("Data and retention", url_or("client_data", row.id)), ("Copies of backups on a drive", url_or("copies", row.id)), ("Certificates of destruction", url_or("certificates", row.id)), ("Welcome back", url_or("returning", row.id)),
            ("How long the record stays", url_or("record", row.id) if may(actor.role, "erasure.read") is None else ""),
            ("Every entry, with its proof", url_or("client_evidence", row.id))) if url],
    })  # fmt: skip


@staff_door("client.read")
@require_safe
def client_file(request: HttpRequest, client_id: str, file_id: str) -> HttpResponse:
    """A document on a client's file: agreement, proof of authority, notice, letter. Sandboxed; downloaded unless harmless."""
    row = client_or_404(client_id)
    file = paper_of(row.id, id_of(file_id))
    if file is None:
        raise Http404
    answer = file_response(request, file, inline=request.GET.get("show") == "1")
    assert isinstance(answer, HttpResponse) or hasattr(answer, "streaming_content")
    return answer  # type: ignore[return-value]
