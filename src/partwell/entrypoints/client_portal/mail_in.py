# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in about the client: its facts, and before consent the client's word, "authorise" or "this is not ours"."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.correspondence.disown_mail import disown_mail
from partwell.entrypoints.client_portal import held
from partwell.entrypoints.door import mail_in as shared
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.correspondence import inbound_queries as queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


def _mail(request: HttpRequest, mail_id: str) -> Any:
    found = queries.mail_in_seen(actor_of(request), uuid_or_404(mail_id))
    if found is None:
        raise Http404
    return found


@client_door("message.read")
@require_safe
def mail_page(request: HttpRequest, mail_id: str) -> HttpResponse:
    """One mail that came in."""
    return _page(request, mail_id)


def _page(request: HttpRequest, mail_id: str, chosen: str = "") -> HttpResponse:
    """The mail; ``chosen`` is the button of our mail that led here. Following a link notes nothing: scanners of mail follow them too."""
    actor, mail = actor_of(request), _mail(request, mail_id)
    open_ = mail.state == "held" and mail.decided_at is None
    context = {
        "mail": mail,
        "open": open_,
        "asked": queries.asked_to_authorise([mail]).get(mail.id) if open_ else None,
        "chosen": chosen,
        "authorise_url": reverse("client:mail_in_authorise", args=[mail.id]),
        "disown_url": reverse("client:mail_in_disown", args=[mail.id]),
        "decision": mail.decision if mail.state == "held" else "",
        "may_decide": open_ and may(actor.role, "mail.disown") is None,
        "back": {"label": _("Messages"), "url": reverse("client:messages")},
        "home_url": "/client/",
        **shared.with_mail("client", mail),
    }
    return render(request, "client_portal/mail_in.html", context)


@client_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
def mail_authorise(request: HttpRequest, mail_id: str) -> HttpResponse:
    """On to the words to sign where they are prepared for this recipient; else ask us, once, to prepare them. A GET only asks."""
    if request.method != "POST":
        return _page(request, mail_id, "authorise")
    mail = _mail(request, mail_id)
    who = mail.from_name or mail.from_address
    called = f"{who} <{mail.from_address}>" if mail.from_name else who
    asked = held.Asked(
        who, called, mail.recipient_id, mail.message_id, mail.state == "held", queries.authorise_key(mail)
    )
    return held.authorise(request, asked, reverse("client:mail_in", args=[mail.id]))


@client_door("mail.disown")
@require_http_methods(["GET", "HEAD", "POST"])
def mail_disown(request: HttpRequest, mail_id: str) -> HttpResponse:
    """ "This is not ours". A GET only asks."""
    if request.method != "POST":
        return _page(request, mail_id, "not-ours")
    result = disown_mail(actor=actor_of(request), mail_id=uuid_or_404(mail_id))
    back = reverse("client:mail_in", args=[mail_id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Noted, and we see it. Nobody answers them."))
    return HttpResponseRedirect(back)


@client_door("message.read")
@require_safe
def mail_file(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, to download."""
    return shared.mail_file(request, mail_id)


@client_door("message.read")
@require_safe
def mail_raw(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, as text."""
    return shared.mail_raw(request, mail_id)


@client_door("message.read")
@require_safe
def mail_html(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Its HTML, sanitised and sandboxed."""
    return shared.mail_html(request, mail_id)


@client_door("message.read")
@require_safe
def mail_part(request: HttpRequest, mail_id: str, part_id: str) -> HttpResponse:
    """What came with it."""
    return shared.mail_part(request, mail_id, part_id)
