# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was asked before consent, and the client's word on it: "authorise" or "this is not ours". The same for a mail and a portal question."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.correspondence.disown_mail import disown_question
from partwell.actions.correspondence.write_message import CLIENT, Draft, write_message
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.authorisations.queries import versions_for_client
from partwell.records.correspondence import queries
from partwell.records.correspondence.inbound_queries import asked_to_authorise, authorise_key
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import AuthorisationState


@dataclass(frozen=True)
class Asked:
    """Somebody who asked before consent. ``who``: for people; ``key``: makes a second press the same message of the client's."""

    who: str
    called: str
    recipient_id: UUID | None
    message_id: UUID | None
    open: bool
    key: str


def authorise(request: HttpRequest, asked: Asked, back: str) -> HttpResponse:
    """On to the words to sign where they are prepared for this recipient; else ask us, once, to prepare them."""
    actor = actor_of(request)
    assert actor.client_id is not None  # a contact always belongs to a client
    waiting = [
        row
        for row in versions_for_client(actor, actor.client_id)
        if row.state == AuthorisationState.PROPOSED and row.recipient_id == asked.recipient_id
    ]
    if waiting:
        return HttpResponseRedirect(reverse("client:authorisation", args=[waiting[0].id]))
    if not asked.open:
        return HttpResponseRedirect(back)
    draft = Draft(
        _("Please prepare an authorisation for {who}").format(who=asked.who)[:200],
        _("{who} wrote to us. Please prepare an authorisation for them, so that I can read and sign it.").format(who=asked.called),
        CLIENT, None, asked.message_id, asked.key,
    )  # fmt: skip
    result = write_message(actor=actor, client_id=actor.client_id, draft=draft)
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("We prepare an authorisation; you read and sign it here. Until then nobody answers them."))  # fmt: skip
    return HttpResponseRedirect(back)


def _question(request: HttpRequest, message_id: str) -> Any:
    found = queries.message_seen(actor_of(request), uuid_or_404(message_id))
    if found is None or not found.held or getattr(found, "inbound", None) is not None:
        raise Http404
    return found


def _page(request: HttpRequest, message_id: str, chosen: str = "") -> HttpResponse:
    """The question; ``chosen`` is the button of our mail that led here. Following a link notes nothing: scanners of mail follow them too."""
    actor, row = actor_of(request), _question(request, message_id)
    context = {
        "row": row,
        "open": row.decided_at is None,
        "asked": asked_to_authorise([row]).get(row.id) if row.decided_at is None else None,
        "chosen": chosen,
        "may_decide": row.decided_at is None and may(actor.role, "mail.disown") is None,
        "authorise_url": reverse("client:question_authorise", args=[row.id]),
        "disown_url": reverse("client:question_disown", args=[row.id]),
        "decision": "" if row.released_at else row.decision,
        "back": {"label": _("Messages"), "url": reverse("client:messages")},
        "home_url": "/client/",
    }
    return render(request, "client_portal/question.html", context)


@client_door("message.read")
@require_safe
def question_page(request: HttpRequest, message_id: str) -> HttpResponse:
    """One question that was asked before consent."""
    return _page(request, message_id)


@client_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
def question_authorise(request: HttpRequest, message_id: str) -> HttpResponse:
    """ "Authorise them". A GET only asks."""
    if request.method != "POST":
        return _page(request, message_id, "authorise")
    row = _question(request, message_id)
    firm = row.recipient.firm if row.recipient else ""
    who = f"{row.author_name}, {firm}" if firm else row.author_name
    asked = Asked(
        firm or row.author_name, who, row.recipient_id, row.id, row.decided_at is None, authorise_key(row)
    )
    return authorise(request, asked, reverse("client:question", args=[row.id]))


@client_door("mail.disown")
@require_http_methods(["GET", "HEAD", "POST"])
def question_disown(request: HttpRequest, message_id: str) -> HttpResponse:
    """ "This is not ours". A GET only asks."""
    if request.method != "POST":
        return _page(request, message_id, "not-ours")
    result = disown_question(actor=actor_of(request), message_id=uuid_or_404(message_id))
    back = reverse("client:question", args=[uuid_or_404(message_id)])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Noted, and we see it. Nobody answers them."))
    return HttpResponseRedirect(back)
