# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that waits: what came in and lies before a person, and what that person says becomes of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages as flash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.accept_mail import accept_mail, may_free
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.bring_mail import bring_mail
from partwell.actions.correspondence.drop_mail import MANY, drop_mail, drop_many
from partwell.actions.correspondence.file_forwarded import Said, file_as_forwarded
from partwell.actions.correspondence.forwarded import Original, proposed
from partwell.actions.correspondence.judge_report import judge_report, reported
from partwell.actions.releases import look
from partwell.entrypoints.door import mail_in as shared
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.moments import MomentField
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import answer, id_or_none, may_here
from partwell.records.correspondence import inbound_queries as queries
from partwell.rules.inbound_accepted import OPEN
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
    "doubted": ("waiting", "A report nobody can prove"),
}
SHOW = (
    ("", "Everything"),
    ("ours", "For us to settle"),
    ("waiting", "Waits for a person"),
    ("doubted", "Reports to look at"),
    ("unmatched", "Nobody's"),
    ("held", "Held before consent"),
    ("loop", "Come back to us"),
)
# What the button of a line says: what a person does next with it.
NEXT = {"waiting": "Decide", "unmatched": "Say whose it is", "held": "Read it", "loop": "Look at it",
        "doubted": "Look into it"}  # fmt: skip


class ForwardForm(forms.Form):
    """Who wrote what was forwarded, and when."""

    name = forms.CharField(label="Who wrote it", max_length=200, required=False)
    address = forms.CharField(label="From the address", max_length=320)
    written_at = MomentField(label="When it was written")
    subject = forms.CharField(label="Its subject", max_length=300, required=False)

    def said(self, offered: Original | None) -> Said:
        """As the action takes it; the seconds that the field does not show are those of the proposal."""
        data = self.cleaned_data
        at: datetime = data["written_at"]
        if offered is not None and offered.written_at.replace(second=0, microsecond=0) == at:
            at = offered.written_at
        return Said(data["name"], data["address"], at, data["subject"])


def _proposal(offered: Original | None) -> dict[str, Any]:
    if offered is None:
        return {}
    return {
        "name": offered.name,
        "address": offered.address,
        "written_at": offered.written_at,
        "subject": offered.subject,
    }


def state_of(mail: Any) -> tuple[str, str]:
    """Its state as tone and word; a held mail that the client disowned says so."""
    if mail.state == "held" and mail.decided_at:
        return "waiting", "The client says it is not theirs"
    return STATES.get(mail.state, ("", mail.state))


def _row(mail: Any, actor: Any) -> dict[str, Any]:
    """One line of the list: its state, what a person does next with it, and each caution once."""
    proof, tone = shared.proof_words(mail), shared.proof_tone(mail)
    mine = mail.state == "waiting" and mail.sender_kind == "staff" and mail.staff_id == actor.id
    next_ = "Was this you?" if mine else "Settle it" if mail.state == "held" and mail.decided_at else NEXT.get(mail.state, "Look at it")  # fmt: skip
    return {"mail": mail, "state": state_of(mail), "tone": tone, "next": next_, "may_drop": mail.state in MANY,
            "proof": "" if tone == "refusing" or mail.warnings else proof, "careful": " ".join(mail.warnings)}  # fmt: skip


@staff_door("message.read")
@require_safe
def mail_waiting(request: HttpRequest) -> HttpResponse:
    """Inbound mail that lies before a person, newest first."""
    show = request.GET.get("show", "")
    page = queries.waiting_page(request.GET.get("page"), show)
    actor, counts = actor_of(request), queries.waiting_counts()
    rows = [_row(one, actor) for one in page.object_list]
    address = reverse("staff:mail_waiting")
    tabs = [
        {"label": label, "url": f"{address}?show={key}" if key else address, "current": key == show, "count": counts.get(key, 0)}
        for key, label in SHOW
    ]  # fmt: skip
    role = actor.role
    may_bring, office = may(role, "mail.own") is None, may(role, "mail.settle") is None
    context = {"section": "messages", "rows": rows, "page": page, "tabs": tabs, "show": show, "may_bring": may_bring, "may_drop": office and any(one["may_drop"] for one in rows),
               "clients": look.clients_here() if office else []}  # fmt: skip
    return render(request, "staff/mail_waiting.html", context)


@staff_door("message.read")
@require_safe
def mail_page(request: HttpRequest, mail_id: str) -> HttpResponse:
    """One mail that came in, and what may be done with it."""
    return _page(request, uuid_or_404(mail_id))


def _page(request: HttpRequest, mail_id: UUID, form: ForwardForm | None = None) -> HttpResponse:
    actor = actor_of(request)
    mail = queries.mail_in_seen(actor, mail_id)
    if mail is None:
        raise Http404
    original = proposed(mail)
    office = may(actor.role, "mail.settle") is None
    waits, mine = mail.state == "waiting" and mail.client_id is not None, mail.staff_id == actor.id
    tone, word = state_of(mail)
    about, claims = reported(mail)
    context = {
        "about": about, "claims": claims if mail.state == "doubted" else [], "may_judge": office,
        "section": "messages", "mail": mail, "tone": tone, "word": word,
        "may_assign": office and mail.state == "unmatched", "clients": look.clients_here() if office else [],
        "may_own": waits and mail.sender_kind == "staff" and mine and may(actor.role, "mail.own") is None,
        "may_free": office and may_free(mail),
        "may_accept": waits and mail.sender_kind != "staff" and office, "of_colleague": waits and mail.sender_kind == "staff" and not mine,
        "may_drop": office and mail.state in OPEN, "undecided": mail.state == "held" and mail.decided_at is None, "asked": queries.asked_to_authorise([mail]).get(mail.id),
        "may_prepare": mail.client_id is not None and may_here(actor, mail.client, "authorisation.propose"),
        "original": original, "forward": form or ForwardForm(initial=_proposal(original)),
        **shared.with_mail("staff", mail),
    }  # fmt: skip
    return render(request, "staff/mail_in.html", context, status=422 if form else 200)


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


@staff_door("mail.own")
@require_POST
def mail_forwarded(request: HttpRequest, mail_id: str) -> HttpResponse:
    """ "I forwarded it": under its original sender and date."""
    actor, wanted = actor_of(request), uuid_or_404(mail_id)
    mail = queries.mail_in_seen(actor, wanted)
    if mail is None:
        raise Http404
    form = ForwardForm(request.POST)
    if not form.is_valid():
        return _page(request, wanted, form)
    result = file_as_forwarded(actor=actor, mail_id=wanted, said=form.said(proposed(mail)))
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:mail_in", args=[mail_id]))
    flash.success(request, "It is filed under its original sender." if result.state == "filed" else "It is held under its original sender; the client sees it.")  # fmt: skip
    return HttpResponseRedirect(reverse("staff:message", args=[result.message_id]))


@staff_door("mail.own")
@require_POST
def mail_bring(request: HttpRequest) -> HttpResponse:
    """A mail that somebody has as a file."""
    file, back = request.FILES.get("file"), reverse("staff:mail_waiting")
    if file is None or file.file is None:
        flash.error(request, "Choose the mail's file first.")
        return HttpResponseRedirect(back)
    result = bring_mail(
        actor=actor_of(request), stream=file.file, client_id=id_or_none(request.POST.get("client", ""))
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    flash.success(request, "It is taken in.")
    return HttpResponseRedirect(reverse("staff:mail_in", args=[result.id]))


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


@staff_door("mail.settle")
@require_POST
def mail_drop_many(request: HttpRequest) -> HttpResponse:
    """Put aside what is ticked in the list, for one reason."""
    ids = [uuid_or_404(one) for one in request.POST.getlist("mail")[:100]]
    back = reverse("staff:mail_waiting")
    result = drop_many(actor=actor_of(request), mail_ids=ids, reason=request.POST.get("reason", "")[:1000])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    left = len(set(ids)) - result
    words = f"{result} dropped; the mails and your reason are kept."
    if left:
        words += f" {left} are left: somebody settled them meanwhile, or the client decides."
    return answer(request, result, back, words)


@staff_door("mail.settle")
@require_POST
def mail_report(request: HttpRequest, mail_id: str) -> HttpResponse:
    """What a person says of a report that nobody can prove: the address does fail, or it is not true."""
    true, back = request.POST.get("verdict") == "true", reverse("staff:mail_in", args=[mail_id])
    result = judge_report(
        actor=actor_of(request), mail_id=uuid_or_404(mail_id), true=true, ground=request.POST.get("ground", "")[:1000],
        addresses=request.POST.getlist("address")[:100],
    )  # fmt: skip
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    said = "On record: mail there comes back, and another address of the client takes over." if true else "On record: not true. Nothing was changed."  # fmt: skip
    return answer(request, result, back, said)


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
