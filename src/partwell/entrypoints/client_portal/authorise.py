# SPDX-License-Identifier: AGPL-3.0-or-later
"""Read an authorisation in exactly its words, sign it with a passkey or wait for our call, see what became of it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.authorisations import look
from partwell.actions.authorisations.sign import read_authorisation, sign_authorisation
from partwell.actions.people import passkeys
from partwell.entrypoints.client_portal.frame import (
    SignForm,
    agent_of,
    client_id_of,
    first_error,
    frame,
    json_body,
    json_refusal,
)
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.authorisations import queries
from partwell.records.clients.queries import contact_of
from partwell.records.evidence.queries import Filters, covered, log_state, timeline_for
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import AuthorisationState

DOCUMENTS = {"letter": "document", "change": "change_document", "scan": "scan"}


def seen(request: HttpRequest, authorisation_id: str) -> Any:
    """The authorisation of an address; 404 for a stranger's."""
    row = queries.authorisation_seen(actor_of(request), uuid_or_404(authorisation_id))
    if row is None:
        raise Http404
    return row


@client_door("authorisation.read")
@require_safe
def authorisations(request: HttpRequest) -> HttpResponse:
    """Every consent that was ever put before the client, by recipient."""
    actor = actor_of(request)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in queries.versions_for_client(actor, client_id_of(actor)):
        tone, word = look.state_words(row)
        groups.setdefault(row.recipient.firm, []).append({"row": row, "tone": tone, "word": word})
    return render(request, "client_portal/authorisations.html", frame(groups=list(groups.items())))


@client_door("authorisation.read")
@require_safe
def authorisation(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """The page. Opening it is noted once a signatory and text."""
    row = seen(request, authorisation_id)
    if request.method == "GET":
        read_authorisation(
            actor=actor_of(request),
            authorisation_id=row.id,
            address=actor_of(request).address,
            agent=agent_of(request),
        )
        row = seen(request, authorisation_id)
    return _page(request, row, SignForm())


def _page(request: HttpRequest, row: Any, form: SignForm, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    proposed, granted = row.state == AuthorisationState.PROPOSED, row.state == AuthorisationState.GRANTED
    signatory = may(actor.role, "authorisation.sign") is None
    contact = contact_of(actor.id) if signatory and proposed else None
    now = look.resolve(row)
    text = look.text_of(row)
    tone, word = look.state_words(row)
    shown = set(row.shown_items)
    key = log_state()
    entries = timeline_for(actor, Filters(subject=row.id), size=30)
    context = frame(
        row=row, text=text, form=form, tone=tone, word=word, proposed=proposed, granted=granted, actor_signs=bool(contact),
        named=row.signatory_id == actor.id, waits_for_call=proposed and bool(row.signed_at),
        ways=look.ways_for(row, contact) if contact and row.signatory_id == actor.id else None,
        resolved=now, since_shown=[item for item in now.inside if item.id.hex not in shown],
        may_change=signatory and (proposed or granted), vkey=key.vkey if key else "",
        signature=row.signature_event if row.signed_at else {}, calls=[one for one in queries.call_backs_of(row.id) if one.confirmed],
        entries=[{"at": one.at, "who": one.who, "text": one.text, "index": one.index, "state": one.state,
                  "url": f"/client/evidence/{one.index}/"} for one in entries.lines],
        size=covered(), earlier=[one for one in queries.versions_of(actor, row.recipient_id) if one.id != row.id],
    )  # fmt: skip
    return render(request, "client_portal/authorise.html", context, status=status)


@client_door("authorisation.sign")
@require_POST
def sign(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Sign without a passkey: it waits for the call of a second employee, and the page says so."""
    row = seen(request, authorisation_id)
    actor = actor_of(request)
    form = SignForm(request.POST, signer=actor.name)
    if not form.is_valid():
        return _page(request, row, form, 422)
    given = form.cleaned_data
    done = sign_authorisation(
        actor=actor, authorisation_id=row.id, shown_digest=given["digest"], intent=given["read"],
        electronic_form=given["electronic"], agent=agent_of(request), typed_name=given["name"],
    )  # fmt: skip
    here = reverse("client:authorisation", args=[row.id])
    if isinstance(done, Refusal):
        label = (
            _("Read it as it is now") if done.code == "shown_other_text" else _("Back to the authorisation")
        )
        return refusal_response(request, done, back="/client/", next_label=label, next_url=here)
    if done.state == AuthorisationState.GRANTED:
        messages.success(
            request, _("Signed, and in force. Your copy is on its way to both of your addresses.")
        )
    else:
        messages.success(
            request,
            _("Signed. We call you on the number we have had on file; it acts once you confirm it to us."),
        )
    return HttpResponseRedirect(here)


@client_door("authorisation.sign")
@require_POST
def passkey_options(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Options for the browser; the challenge carries the digest of exactly this text."""
    row = seen(request, authorisation_id)
    contact = contact_of(actor_of(request).id)
    if contact is None or row.state != AuthorisationState.PROPOSED:
        raise Http404
    session = request.portal_session  # type: ignore[attr-defined]
    made = passkeys.signing_options(session, contact, bytes.fromhex(row.text_digest))
    return (
        json_refusal(made)
        if isinstance(made, Refusal)
        else HttpResponse(made, content_type="application/json")
    )


@client_door("authorisation.sign")
@require_POST
def passkey_sign(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Sign with the passkey: it acts at once."""
    row = seen(request, authorisation_id)
    actor = actor_of(request)
    body, contact = json_body(request), contact_of(actor.id)
    if body is None or contact is None:
        return JsonResponse({"detail": _("That was not a signature.")}, status=400)
    form = SignForm(body[0], signer=actor.name)
    if not form.is_valid():
        return JsonResponse({"detail": first_error(form)}, status=422)
    session = request.portal_session  # type: ignore[attr-defined]
    kept = passkeys.verify_passkey_for_document(session, contact, body[1], bytes.fromhex(row.text_digest))
    if isinstance(kept, Refusal):
        return json_refusal(kept)
    given = form.cleaned_data
    done = sign_authorisation(
        actor=actor, authorisation_id=row.id, shown_digest=given["digest"], intent=given["read"],
        electronic_form=given["electronic"], passkey=kept, agent=agent_of(request), typed_name=given["name"],
    )  # fmt: skip
    if isinstance(done, Refusal):
        return json_refusal(done)
    messages.success(
        request,
        _("Signed with your passkey, and in force. Your copy is on its way to both of your addresses."),
    )
    return JsonResponse({"url": reverse("client:authorisation", args=[row.id])})


@client_door("authorisation.read")
@require_safe
def document(request: HttpRequest, authorisation_id: str, what: str) -> Any:
    """The signed letter, the letter of a change, or the scan; ``?show`` shows it in place."""
    row = seen(request, authorisation_id)
    stored = getattr(row, DOCUMENTS.get(what, ""), None) if what in DOCUMENTS else None
    if stored is None:
        raise Http404
    return file_response(request, stored, inline="show" in request.GET)
