# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cannot be taken back is signed with the signatory's passkey, over exactly the text that is shown (R1, R6)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from partwell.actions.people import passkeys
from partwell.actions.retention.choices import choice_text, make_choice
from partwell.actions.retention.only_copies import waive_only_copies, waiver_text
from partwell.entrypoints.client_portal.frame import (
    SignForm,
    agent_of,
    client_id_of,
    first_error,
    json_body,
    json_refusal,
)
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.records.clients.queries import contact_of
from partwell.rules.keeping import Choice
from partwell.rules.refusals import Refusal

MOST = 200


def _wanted(request: HttpRequest) -> tuple[Choice, UUID | None]:
    text, of = request.GET.get("choice", ""), request.GET.get("of", "")
    if text not in list(Choice):
        raise Http404
    return Choice(text), None if of in ("", "all") else uuid_or_404(of)


def _ids(request: HttpRequest) -> list[UUID]:
    return list(dict.fromkeys(uuid_or_404(one) for one in request.GET.getlist("copy")[:MOST]))


def _options(request: HttpRequest, text: Any) -> HttpResponse:
    """Options for the browser; the challenge carries the digest of exactly this text."""
    contact = contact_of(actor_of(request).id)
    if isinstance(text, Refusal) and text.code != "not_found":
        return json_refusal(text)
    if contact is None or isinstance(text, Refusal):
        raise Http404
    session = request.portal_session  # type: ignore[attr-defined]
    made = passkeys.signing_options(session, contact, bytes.fromhex(text.digest))
    if isinstance(made, Refusal):
        return json_refusal(made)
    return HttpResponse(made, content_type="application/json")


def _signed(request: HttpRequest) -> HttpResponse | tuple[dict[str, Any], str, dict[str, Any]]:
    """The form's cleaned fields, its words, and the passkey's use over the digest that was on screen; or what is wrong."""
    actor = actor_of(request)
    body, contact = json_body(request), contact_of(actor.id)
    if body is None or contact is None:
        return JsonResponse({"detail": _("That was not a signature.")}, status=400)
    form = SignForm(body[0], signer=actor.name)
    if not form.is_valid():
        return JsonResponse({"detail": first_error(form)}, status=422)
    given = form.cleaned_data
    session = request.portal_session  # type: ignore[attr-defined]
    kept = passkeys.verify_passkey_for_document(session, contact, body[1], bytes.fromhex(given["digest"]))
    if isinstance(kept, Refusal):
        return json_refusal(kept)
    return given, str(body[0].get("words", "")).strip()[:4000], kept


def _answer(request: HttpRequest, done: object, said: str) -> HttpResponse:
    if isinstance(done, Refusal):
        return json_refusal(done)
    messages.success(request, said)
    return JsonResponse({"url": reverse("client:retention")})


@client_door("choice.make")
@require_POST
def choice_options(request: HttpRequest) -> HttpResponse:
    """To sign one choice; ``choice`` and ``of`` stand in the address."""
    chosen, set_id = _wanted(request)
    return _options(request, choice_text(client_id_of(actor_of(request)), chosen, set_id))


@client_door("choice.make")
@require_POST
def choice_passkey(request: HttpRequest) -> HttpResponse:
    """The choice stands at once."""
    chosen, set_id = _wanted(request)
    found = _signed(request)
    if isinstance(found, HttpResponse):
        return found
    given, words, kept = found
    actor = actor_of(request)
    done = make_choice(
        actor=actor, client_id=client_id_of(actor), choice=chosen, shown_digest=given["digest"], intent=given["read"], set_id=set_id,
        words=words, agent=agent_of(request), passkey=kept,
    )  # fmt: skip
    return _answer(request, done, _("Signed with your passkey. A copy goes to your addresses."))


@client_door("only_copy.waive")
@require_POST
def waiver_options(request: HttpRequest) -> HttpResponse:
    """To sign a waiver; the only copies stand in the address."""
    return _options(request, waiver_text(client_id_of(actor_of(request)), _ids(request)))


@client_door("only_copy.waive")
@require_POST
def waiver_passkey(request: HttpRequest) -> HttpResponse:
    """They are waived at once."""
    ids = _ids(request)
    found = _signed(request)
    if isinstance(found, HttpResponse):
        return found
    given, words, kept = found
    actor = actor_of(request)
    done = waive_only_copies(
        actor=actor, client_id=client_id_of(actor), copy_ids=ids, shown_digest=given["digest"], intent=given["read"], words=words,
        agent=agent_of(request), passkey=kept,
    )  # fmt: skip
    return _answer(request, done, _("Signed with your passkey. A copy goes to your addresses."))
