# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prepare an authorisation and see what it comes to before anybody is asked; one authorisation's page and its calls."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.authorisations import look
from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.drafts import change_draft, discard_draft
from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.authorisations.paper import record_paper
from partwell.actions.authorisations.propose import propose_authorisation
from partwell.actions.authorisations.sign import reference_of
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.consent_forms import SCANS, CallForm, PaperForm, ScopeForm
from partwell.entrypoints.staff.recipients import client_or_404
from partwell.records.authorisations import queries
from partwell.records.clients.queries import contacts_of
from partwell.records.evidence.queries import Filters, covered, timeline_for
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import AuthorisationState, Channel, ContactRole

DOCUMENTS = {"letter": "document", "change": "change_document", "scan": "scan"}


def _back(request: HttpRequest, row: Any, result: object, said: str) -> HttpResponse:
    address = reverse("staff:authorisation", args=[row.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=address)
    messages.success(request, said)
    return HttpResponseRedirect(address)


def _start(newest: Any | None, *, days: bool = False) -> dict[str, Any]:
    """A renewal starts from the newest text's scope; its days are asked anew, a draft's are kept (``days``)."""
    if newest is None:
        return {}
    kept = {"starts_on": newest.starts_on, "ends_on": newest.ends_on} if days else {}
    return kept | {
        "signatory": newest.signatory_id.hex, "persons": newest.person_ids, "presets": newest.presets, "categories": newest.categories,
        "items": newest.item_ids, "excluded_categories": newest.excluded_categories, "excluded_items": newest.excluded_item_ids,
        "access": newest.access, "purpose": newest.purpose,
    }  # fmt: skip


def _form_page(
    request: HttpRequest, client_id: str, recipient_id: str, kind: type[ScopeForm], draft: Any = None
) -> HttpResponse:
    """``draft``: the row whose scope is being changed, None for a new one."""
    client = client_or_404(client_id)
    firm = queries.recipient_of(client.id, uuid_or_404(recipient_id))
    if firm is None:
        raise Http404
    actor = actor_of(request)
    people = queries.people_of(firm.id)
    signatories = [one for one in contacts_of(client.id) if one.role == ContactRole.SIGNATORY]
    items = [one for one in look.items_of(client.id) if not one.internal]
    newest = next(iter(queries.versions_of(actor, firm.id)), None)
    paper = kind is PaperForm
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = kind(
        *posted,
        signatories=signatories,
        people=people,
        items=items,
        initial=_start(draft or newest, days=draft is not None),
    )
    do = request.POST.get("do", "look")
    if paper and request.method == "POST" and do == "look":
        form.fields[
            "scan"
        ].required = False  # a browser forgets a chosen file: it is asked for when it is recorded
    preview = None
    if request.method == "POST" and form.is_valid():
        scope = form.scope()
        if do == "propose" or (do == "draft" and not paper):
            done = _do(request, firm, form, scope, draft)
            if isinstance(done, Refusal):
                return refusal_response(request, done, back=request.path)
            said = (
                _("Recorded. It acts once a second employee has called the signatory.")
                if paper
                else _("Kept as a draft. Nobody was asked yet.")
                if do == "draft"
                else _("Sent to %(who)s to read and sign.") % {"who": done.signatory.name}
            )
            messages.success(request, said)
            return HttpResponseRedirect(reverse("staff:authorisation", args=[done.id]))
        signer = next((one for one in signatories if one.id == form.signatory_id), None)
        preview = look.preview(firm, signer, scope)
    context = {
        "section": "clients", "client": client, "firm": firm, "form": form, "preview": preview, "paper": paper, "newest": newest, "draft": draft,
        "signatories": signatories, "people": people, "items": items, "warnings": [] if signatories else look.signing_warnings(None),
    }  # fmt: skip
    return render(request, "staff/authorisation_new.html", context, status=422 if form.errors else 200)


def _do(request: HttpRequest, firm: Any, form: ScopeForm, scope: Any, draft: Any = None) -> Any:
    actor, given = actor_of(request), form.cleaned_data
    keep = request.POST.get("do") == "draft"
    if draft is not None:
        return change_draft(
            actor=actor,
            authorisation_id=draft.id,
            signatory_id=form.signatory_id,
            scope=scope,
            propose=not keep,
        )
    if not isinstance(form, PaperForm):
        return propose_authorisation(
            actor=actor, recipient_id=firm.id, signatory_id=form.signatory_id, scope=scope, draft=keep
        )
    file = given["scan"]
    return record_paper(
        actor=actor, recipient_id=firm.id, signatory_id=form.signatory_id, scope=scope, channel=Channel(given["channel"]), scan=file,
        scan_name=file.name, scan_type=SCANS[file.name.rpartition(".")[2].lower()], signed_on=given["signed_on"],
    )  # fmt: skip


@staff_door("authorisation.propose")
@require_http_methods(["GET", "HEAD", "POST"])
def prepare(request: HttpRequest, client_id: str, recipient_id: str) -> HttpResponse:
    """The scope; then what it comes to now and what is left out; then it goes to the signatory."""
    return _form_page(request, client_id, recipient_id, ScopeForm)


@staff_door("authorisation.record_paper")
@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: HttpRequest, client_id: str, recipient_id: str) -> HttpResponse:
    """A consent that came in writing, with its scan; it acts after the call-back."""
    return _form_page(request, client_id, recipient_id, PaperForm)


def _seen(request: HttpRequest, authorisation_id: str) -> Any:
    row = queries.authorisation_seen(actor_of(request), uuid_or_404(authorisation_id))
    if row is None:
        raise Http404
    return row


@staff_door("authorisation.propose")
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Change a draft, look at what it comes to, keep it or send it to the signatory."""
    row = _seen(request, authorisation_id)
    if row.state != AuthorisationState.DRAFT:
        messages.warning(request, _("It is no draft any more."))
        return HttpResponseRedirect(reverse("staff:authorisation", args=[row.id]))
    return _form_page(request, row.client_id.hex, row.recipient_id.hex, ScopeForm, row)


@staff_door("authorisation.propose")
@require_POST
def discard(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Discard a draft; it stays on record for staff."""
    row = _seen(request, authorisation_id)
    done = discard_draft(actor=actor_of(request), authorisation_id=row.id)
    return _back(request, row, done, _("Discarded. Nobody had been asked."))


@staff_door("authorisation.read")
@require_safe
def authorisation(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Its state, words, signature, what it comes to now, calls, letters and versions."""
    return _page(request, _seen(request, authorisation_id), CallForm())


def _page(request: HttpRequest, row: Any, call: CallForm) -> HttpResponse:
    actor = actor_of(request)
    tone, word = look.state_words(row)
    proposed, granted = row.state == AuthorisationState.PROPOSED, row.state == AuthorisationState.GRANTED
    reference = reference_of(row)
    signer = row.signatory
    entries = timeline_for(actor, Filters(subject=row.id), size=50)
    number_counts = bool(signer.phone and signer.phone_on_file_at and signer.phone_on_file_at < reference)
    context = {
        "section": "clients", "client": row.client, "row": row, "tone": tone, "word": word, "text": look.text_of(row) if row.text else None,
        "resolved": look.resolve(row, internal=True), "people": queries.persons_named(row), "calls": queries.call_backs_of(row.id),
        "event": row.signature_event, "call_form": call, "reference": reference, "number_counts": number_counts,
        "may_call": proposed and number_counts and row.prepared_by_id != actor.id and may(actor.role, "authorisation.call_back") is None,
        "is_preparer": row.prepared_by_id == actor.id, "proposed": proposed, "granted": granted, "may_draft": row.state == AuthorisationState.DRAFT and may(actor.role, "authorisation.propose") is None,
        "may_remind": not row.signed_at and may(actor.role, "message.write") is None,
        "may_withdraw": (proposed or granted) and may(actor.role, "authorisation.record_withdrawal") is None,
        "may_propose": may(actor.role, "authorisation.propose") is None, "what": look.consequences(row) if granted else None,
        "versions": [{"row": one, "tone": t, "word": w} for one in queries.versions_of(actor, row.recipient_id) for t, w in [look.state_words(one)]],
        "warnings": look.signing_warnings(signer) if proposed else [], "size": covered(),
        "entries": [{"at": one.at, "who": one.who, "text": one.text, "index": one.index, "state": one.state, "url": f"/evidence/{one.index}/"} for one in entries.lines],
    }  # fmt: skip
    return render(request, "staff/authorisation.html", context, status=422 if call.is_bound else 200)


@staff_door("authorisation.call_back")
@require_POST
def call_back(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Log the call to the number on file; a confirmation lets a signature act."""
    row = _seen(request, authorisation_id)
    form = CallForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    confirmed = form.cleaned_data["outcome"] == "yes"
    done = log_call_back(
        actor=actor_of(request),
        authorisation_id=row.id,
        confirmed=confirmed,
        note=form.cleaned_data["note"].strip(),
    )
    said = _("Logged. Nothing acts before they confirm.")
    if not isinstance(done, Refusal) and done.state == AuthorisationState.GRANTED:
        said = _("Logged. The authorisation is in force, and the letter is on its way.")
    elif confirmed:
        said = _("Logged. It acts as soon as they sign.")
    return _back(request, row, done, said)


@staff_door("authorisation.record_withdrawal")
@require_POST
def withdrawal(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """A withdrawal that reached us by letter, mail or call acts at once."""
    row = _seen(request, authorisation_id)
    words = request.POST.get("words", "").strip()[:2000]
    done = withdraw_authorisation(actor=actor_of(request), authorisation_id=row.id, words=words)
    return _back(
        request, row, done, _("Withdrawn. What was queued is stopped, and the client has it in writing.")
    )


@staff_door("authorisation.read")
@require_safe
def document(request: HttpRequest, authorisation_id: str, what: str) -> Any:
    """The signed letter, the letter of a change, or the scan; ``?show`` shows it in place."""
    row = _seen(request, authorisation_id)
    stored = getattr(row, DOCUMENTS[what], None) if what in DOCUMENTS else None
    if stored is None:
        raise Http404
    return file_response(request, stored, inline="show" in request.GET)
