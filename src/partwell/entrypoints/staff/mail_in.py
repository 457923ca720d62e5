# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that waits: what came in and lies before a person, and what that person says becomes of it."""

from typing import Any

from django.contrib import messages as flash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.drop_mail import drop_mail
from partwell.actions.releases import look
from partwell.entrypoints.door import mail_in as shared
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import answer
from partwell.records.correspondence import inbound_queries as queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

STATES = {
    "waiting": ("waiting", "Waits for a person"),
    "unmatched": ("waiting", "Belongs to nobody we know"),
    "held": ("held", "Held before consent"),
    "loop": ("held", "One of ours come back"),
    "filed": ("done", "In the conversation"),
    "dropped": ("held", "Dropped"),
    "bounce": ("done", "A delivery report"),
}
SHOW = (
    ("", "Everything"),
    ("waiting", "Waits for a person"),
    ("unmatched", "Nobody's"),
    ("held", "Held"),
    ("loop", "Loops"),
)


def state_of(mail: Any) -> tuple[str, str]:
    """Its state as tone and word; a held mail that the client disowned says so."""
    if mail.state == "held" and mail.decided_at:
        return "waiting", "The client says it is not theirs"
    return STATES.get(mail.state, ("", mail.state))


@staff_door("message.read")
@require_safe
def mail_waiting(request: HttpRequest) -> HttpResponse:
    """Inbound mail that lies before a person, newest first."""
    show = request.GET.get("show", "")
    page = queries.waiting_page(request.GET.get("page"), show)
    rows = [
        {"mail": one, "state": state_of(one), "proof": shared.proof_words(one), "tone": shared.proof_tone(one)}
        for one in page.object_list
    ]  # fmt: skip
    address = reverse("staff:mail_waiting")
    tabs = [
        {"label": label, "url": f"{address}?show={key}" if key else address, "current": key == show} for key, label in SHOW
    ]  # fmt: skip
    context = {"section": "messages", "rows": rows, "page": page, "tabs": tabs, "show": show}
    return render(request, "staff/mail_waiting.html", context)


@staff_door("message.read")
@require_safe
def mail_page(request: HttpRequest, mail_id: str) -> HttpResponse:
    """One mail that came in, and what may be done with it."""
    actor = actor_of(request)
    mail = queries.mail_in_seen(actor, uuid_or_404(mail_id))
    if mail is None:
        raise Http404
    office = may(actor.role, "mail.settle") is None
    waits, mine = mail.state == "waiting" and mail.client_id is not None, mail.staff_id == actor.id
    tone, word = state_of(mail)
    context = {
        "section": "messages", "mail": mail, "tone": tone, "word": word,
        "may_assign": office and mail.state == "unmatched", "clients": look.clients_here() if office else [],
        "may_own": waits and mail.sender_kind == "staff" and mine and may(actor.role, "mail.own") is None,
        "may_accept": waits and mail.sender_kind != "staff" and office, "of_colleague": waits and mail.sender_kind == "staff" and not mine,
        "may_drop": office and mail.state in queries.BEFORE_A_PERSON,
        **shared.with_mail("staff", mail),
    }  # fmt: skip
    return render(request, "staff/mail_in.html", context)


@staff_door("mail.settle")
@require_POST
def mail_assign(request: HttpRequest, mail_id: str) -> HttpResponse:
    """It is about this client."""
    client = uuid_or_404(request.POST.get("client", ""))
    result = assign_mail(actor=actor_of(request), mail_id=uuid_or_404(mail_id), client_id=client)
    return answer(request, result, reverse("staff:mail_in", args=[mail_id]), "It lies with that client now.")


@staff_door("mail.own")
@require_POST
def mail_accept(request: HttpRequest, mail_id: str) -> HttpResponse:
    """ "This was me", or the office takes it as unproved."""
    result = accept_mail(actor=actor_of(request), mail_id=uuid_or_404(mail_id))
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:mail_in", args=[mail_id]))
    flash.success(request, "It is in the conversation." if result.state == "filed" else "It is held; the client sees it.")  # fmt: skip
    return HttpResponseRedirect(reverse("staff:message", args=[result.message_id]))


@staff_door("mail.settle")
@require_POST
def mail_drop(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Put it aside with a reason."""
    reason = request.POST.get("reason", "")[:1000]
    result = drop_mail(actor=actor_of(request), mail_id=uuid_or_404(mail_id), reason=reason)
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:mail_in", args=[mail_id]))
    return answer(
        request, result, reverse("staff:mail_waiting"), "Dropped; the mail and your reason are kept."
    )


@staff_door("message.read")
@require_safe
def mail_file(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, to download."""
    return shared.mail_file(request, mail_id)


@staff_door("message.read")
@require_safe
def mail_raw(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, as text."""
    return shared.mail_raw(request, mail_id)


@staff_door("message.read")
@require_safe
def mail_html(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Its HTML, sanitised and sandboxed."""
    return shared.mail_html(request, mail_id)


@staff_door("message.read")
@require_safe
def mail_part(request: HttpRequest, mail_id: str, part_id: str) -> HttpResponse:
    """What came with it."""
    return shared.mail_part(request, mail_id, part_id)
