# SPDX-License-Identifier: AGPL-3.0-or-later
"""Go through what was handed over: accept, reject or waive each line, note exceptions or object, and sign."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.authorisations.look import ways_to_sign
from partwell.actions.offboardings.sign_acceptance import Answers, sign_acceptance
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
from partwell.records.clients.queries import contact_of, offboardings_of
from partwell.records.offboardings import lists
from partwell.records.offboardings import queries as departures
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import Category

# Two fields a line, and a form has an end. What needs a look comes first, the rest is answered as one.
MOST = 1500
STANDINGS = {
    "still_here": ("refusing", gettext_lazy("Not handed over")),
    "objected": ("refusing", gettext_lazy("Objected, not answered yet")),
    "released": ("waiting", gettext_lazy("Handed over, not confirmed")),
    "confirmed": ("done", gettext_lazy("Handed over and confirmed")),
}
ANSWERS = {
    "accepted": gettext_lazy("Accepted"),
    "rejected": gettext_lazy("Rejected"),
    "waived": gettext_lazy("Waived"),
}
STATES = {
    "requested": ("waiting", gettext_lazy("Waits for your signatory")), "accepted": ("done", gettext_lazy("Accepted")),
    "exceptions": ("done", gettext_lazy("Accepted with exceptions")), "objected": ("refusing", gettext_lazy("Objected")),
    "replaced": ("held", gettext_lazy("Replaced by a newer list")),
}  # fmt: skip


def _seen(request: HttpRequest, acceptance_id: str) -> tuple[Any, Any]:
    """The list and its departure, both of the actor's client; 404 for a stranger's."""
    wanted = uuid_or_404(acceptance_id)
    for departure in offboardings_of(client_id_of(actor_of(request))):
        row = lists.acceptances(departure.id).select_related("document__unit").filter(pk=wanted).first()
        if row is not None:
            return row, departure
    raise Http404


def _groups(row: Any) -> tuple[list[tuple[str, list[Any]]], int]:
    lines: list[Any] = list(departures.acceptance_lines(row.id))
    order = list(STANDINGS)
    shown = sorted(lines, key=lambda line: order.index(line.standing))[:MOST]
    kept = {line.id for line in shown}
    found = []
    for line in lines:
        if line.id in kept:
            line.tone, line.word = STANDINGS[line.standing]
            line.said = ANSWERS.get(line.answer, "")
            found.append(line)
    grouped = [
        (Category(key).label, list(group))
        for key, group in groupby(found, key=lambda line: line.item.category)
    ]
    return grouped, len(lines) - len(shown)


@client_door("offboarding.read")
@require_safe
def acceptance(request: HttpRequest, acceptance_id: str) -> HttpResponse:
    """The list with where each thing stands, and the signature."""
    row, departure = _seen(request, acceptance_id)
    return _page(request, row, departure, SignForm())


def _page(request: HttpRequest, row: Any, departure: Any, form: SignForm, problem: str = "") -> HttpResponse:
    actor = actor_of(request)
    waits = bool(row.signature_event.get("awaits_call_back"))
    signs = (
        may(actor.role, "acceptance.sign") is None and row.state == "requested" and departure.state == "open"
    )
    contact = contact_of(actor.id) if signs else None
    groups, more = _groups(row)
    tone, word = STATES.get(row.state, ("open", row.state))
    preparer = str(row.signature_event.get("prepared_by", ""))
    context = frame(
        row=row, departure=departure, form=form, problem=problem or first_error(form), groups=groups, more=more, tone=tone,
        word=_("Signed, waits for our call") if waits else word, waits=waits, signs=signs and not waits,
        tally=departures.acceptance_tally(row.id), data=form.data, client=departure.client,
        ways=ways_to_sign(contact, departure.noticed_at, UUID(hex=preparer) if preparer else None) if contact else None,
        answers=list(ANSWERS.items()), title=contact.title if contact else "",
    )  # fmt: skip
    return render(request, "client_portal/acceptance.html", context, status=422 if form.is_bound else 200)


def answers_of(fields: Mapping[str, str]) -> Answers:
    """The answers out of a form: ``line-…`` and ``words-…`` per line, ``rest`` for all others, ``objects`` for the whole."""
    lines: dict[UUID, tuple[str, str]] = {}
    for name, value in fields.items():
        if name.startswith("line-") and value in ANSWERS:
            line = uuid_or_404(name[5:])
            lines[line] = (value, str(fields.get(f"words-{name[5:]}", "")).strip()[:2000])
    rest = fields.get("rest", "")
    return Answers(
        lines,
        rest if rest in ANSWERS else "",
        str(fields.get("words", "")).strip()[:4000],
        bool(fields.get("objects")),
    )


@client_door("acceptance.sign")
@require_POST
def sign(request: HttpRequest, acceptance_id: str) -> HttpResponse:
    """Sign without a passkey: it waits for our call."""
    row, departure = _seen(request, acceptance_id)
    actor = actor_of(request)
    form = SignForm(request.POST, signer=actor.name)
    if not form.is_valid():
        return _page(request, row, departure, form)
    given = form.cleaned_data
    done = sign_acceptance(
        actor=actor, acceptance_id=row.id, answers=answers_of({key: str(value) for key, value in request.POST.items()}),
        shown_digest=given["digest"], intent=given["read"], electronic_form=given["electronic"], agent=agent_of(request),
    )  # fmt: skip
    here = reverse("client:acceptance", args=[row.id])
    if isinstance(done, Refusal):
        if done.status == 422 or done.code in ("acceptance_incomplete", "objection_needs_words"):
            return _page(request, row, departure, form, f"{done.sentence} {done.next_step}")
        return refusal_response(
            request, done, back="/client/", next_label=_("Back to the list"), next_url=here
        )
    messages.success(
        request,
        _("Signed. We call you on the number we have had on file; it stands once you confirm it to us."),
    )
    return HttpResponseRedirect(here)


@client_door("acceptance.sign")
@require_POST
def passkey_options(request: HttpRequest, acceptance_id: str) -> HttpResponse:
    """Options for the browser; the challenge carries the digest of exactly this list."""
    row, _departure = _seen(request, acceptance_id)
    contact = contact_of(actor_of(request).id)
    if contact is None or row.state != "requested":
        raise Http404
    session = request.portal_session  # type: ignore[attr-defined]
    made = passkeys.signing_options(session, contact, bytes.fromhex(row.list_digest))
    return (
        json_refusal(made)
        if isinstance(made, Refusal)
        else HttpResponse(made, content_type="application/json")
    )


@client_door("acceptance.sign")
@require_POST
def passkey_sign(request: HttpRequest, acceptance_id: str) -> HttpResponse:
    """Sign with the passkey: it stands at once."""
    row, _departure = _seen(request, acceptance_id)
    actor = actor_of(request)
    body, contact = json_body(request), contact_of(actor.id)
    if body is None or contact is None:
        return JsonResponse({"detail": _("That was not a signature.")}, status=400)
    form = SignForm(body[0], signer=actor.name)
    if not form.is_valid():
        return JsonResponse({"detail": first_error(form)}, status=422)
    session = request.portal_session  # type: ignore[attr-defined]
    kept = passkeys.verify_passkey_for_document(session, contact, body[1], bytes.fromhex(row.list_digest))
    if isinstance(kept, Refusal):
        return json_refusal(kept)
    given = form.cleaned_data
    done = sign_acceptance(
        actor=actor, acceptance_id=row.id, answers=answers_of(body[0]), shown_digest=given["digest"], intent=given["read"],
        electronic_form=given["electronic"], passkey=kept, agent=agent_of(request),
    )  # fmt: skip
    if isinstance(done, Refusal):
        return json_refusal(done)
    messages.success(request, _("Signed with your passkey. Your copy is on its way."))
    return JsonResponse({"url": reverse("client:acceptance", args=[row.id])})


@client_door("offboarding.read")
@require_safe
def letter(request: HttpRequest, acceptance_id: str) -> Any:
    """The signed letter."""
    row, _departure = _seen(request, acceptance_id)
    if row.document is None:
        raise Http404
    return file_response(request, row.document, inline="show" in request.GET)
