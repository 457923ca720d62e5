# SPDX-License-Identifier: AGPL-3.0-or-later
"""The timeline of the installation and of one client, an entry with its proof, and how to check without us."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.entrypoints.door import evidence_parts as parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, open_door, staff_door
from partwell.entrypoints.staff.releases import client_of
from partwell.records.evidence.queries import KINDS, Filters, timeline_for
from partwell.rules.actor import Actor
from partwell.rules.roles import may

PREFIX = "/evidence/"


class FilterForm(forms.Form):
    """What to see: one noun's events, from a day to a day."""

    noun = forms.ChoiceField(
        label="Events of",
        required=False,
        choices=[("", "everything"), *((kind, kind.replace("_", " ")) for kind in KINDS)],
    )
    first = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))


def _filters(request: HttpRequest, client: UUID | None = None) -> tuple[FilterForm, Filters]:
    form = FilterForm(request.GET or None)
    values: dict[str, Any] = form.cleaned_data if form.is_bound and form.is_valid() else {}
    subject = request.GET.get("subject", "")
    first: date | None = values.get("first")
    return form, Filters(noun=values.get("noun", ""), first=first, last=values.get("last"), client=client,
                         subject=uuid_or_404(subject) if subject else None)  # fmt: skip


def _erasures_url(actor: Actor, client: Any) -> str:
    """Where what was erased is listed: of one client, its record's page."""
    if may(actor.role, "erasure.read") is not None:
        return ""
    return reverse("staff:record", args=[client.id]) if client else reverse("staff:erasures")


def _timeline(request: HttpRequest, actor: Actor, client: Any = None) -> HttpResponse:
    form, wanted = _filters(request, client.id if client else None)
    found = timeline_for(actor, wanted, page=request.GET.get("page", "1"), zone=zone())
    return render(request, "staff/evidence.html", {
        "section": "evidence", "client": client, "form": form, "page": found.page, "size": found.covered,
        "erasures_url": _erasures_url(actor, client), "filtered": bool(wanted.noun or wanted.first or wanted.last or wanted.subject),
        "events": parts.events_of(found.lines, PREFIX)})  # fmt: skip


@staff_door("timeline.read")
@require_safe
def evidence(request: HttpRequest) -> HttpResponse:
    """Everything that was recorded, newest first, paged and filtered on the server."""
    return _timeline(request, actor_of(request))


@staff_door("timeline.read")
@require_safe
def client_evidence(request: HttpRequest, client_id: str) -> HttpResponse:
    """One client's timeline."""
    return _timeline(request, actor_of(request), client_of(client_id))


def _entry_page(request: HttpRequest, uid: UUID) -> HttpResponse:
    found = parts.seen_entry(actor_of(request), uid)
    line, erase_url = found.line, ""
    if (
        line.client_id
        and line.client
        and line.contents
        and may(actor_of(request).role, "erasure.propose") is None
    ):
        erase_url = f"{reverse('staff:record_erase', args=[line.client_id])}?entries={line.index}"
    context = {"section": "evidence", "erase_url": erase_url, **parts.entry_context(found, PREFIX)}
    return render(request, "staff/proof.html", context)


@staff_door("ledger.read")
@require_safe
def entry(request: HttpRequest, index: str) -> HttpResponse:
    """An entry by its number."""
    return _entry_page(request, parts.by_number(actor_of(request), index))


@staff_door("ledger.read")
@require_safe
def entry_file(request: HttpRequest, index: str, what: str) -> HttpResponse:
    """The entry's proof or what it says, as a file."""
    actor = actor_of(request)
    return parts.entry_file(parts.seen_entry(actor, parts.by_number(actor, index)), what)


@staff_door("ledger.read")
@require_safe
def log_file(request: HttpRequest, what: str) -> HttpResponse:
    """The newest checkpoint or the key, as a file."""
    return parts.log_file(what)


@open_door
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """How to check without us; the same words for everybody, the log's own facts for staff only."""
    actor = request.actor  # type: ignore[attr-defined]
    inside = bool(actor) and actor.is_staff and actor.strength in ("mfa", "passkey")
    return render(
        request,
        "staff/check.html" if inside else "staff/check_open.html",
        {"section": "evidence", **parts.check_context(inside)},
    )


@open_door
@require_safe
def proof(request: HttpRequest, uid: str) -> HttpResponse:
    """The address printed in letters. Staff see the entry; whoever did not sign in learns how to, and nothing else."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor and actor.is_staff and actor.strength in ("mfa", "passkey"):
        return _entry_page(request, uuid_or_404(uid))
    made = uuid_or_404(uid).hex
    return render(request, "staff/proof_open.html", {"client_url": f"/client/proof/{made}/", "provider_url": f"/provider/proof/{made}/",
                                                     "staff_url": f"/account/login/?next=/proof/{made}/"})  # fmt: skip


@staff_door("timeline.read")
@require_safe
def subject(request: HttpRequest, subject_id: str) -> HttpResponse:
    """The timeline of one thing (an item, a release, an offboarding)."""
    return HttpResponseRedirect(f"{reverse('staff:evidence')}?subject={uuid_or_404(subject_id).hex}")
