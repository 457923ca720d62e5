# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7 in the client's hands: ask for a copy of a backup on a drive, approve exactly what the vendor asks, confirm that it is there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.billing.shipped_copies import answer_quote, ask_for_copy
from partwell.actions.billing.shipped_copies_bill import answer_difference
from partwell.actions.billing.shipped_copies_order import confirm_arrival
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.copy_words import AT_COST, STATES, amount_or_none, copy_context
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.billing import copies as queries
from partwell.records.clients import queries as clients
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.rules.copies import CopyState, Settling
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 30


class AskForm(forms.Form):
    """Of what, and where it shall go."""

    backup_set_id = forms.ChoiceField(label=gettext_lazy("Which backups"), required=False)
    what = forms.CharField(label=gettext_lazy("Or in your words"), max_length=300, required=False)
    ship_to = forms.CharField(
        label=gettext_lazy("Where the drive shall go"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    words = forms.CharField(
        label=gettext_lazy("Anything to add"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, client_id: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = [
            (str(one.id), one.name) for one in clients.backup_sets_of(client_id) if one.location != "nowhere"
        ]
        self.fields["backup_set_id"].choices = [("", _("in my words below")), *sets]  # type: ignore[attr-defined]


def _copy(request: HttpRequest, copy_id: str) -> Any:
    row = queries.copy_of(uuid_or_404(copy_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


def _page(request: HttpRequest, form: AskForm) -> HttpResponse:
    actor = actor_of(request)
    page = Paginator(queries.copies_of(client_id_of(actor)), A_PAGE).get_page(request.GET.get("page"))
    rows = [
        {"row": one, "tone": STATES[one.state][0], "word": STATES[one.state][1]} for one in page.object_list
    ]
    context = frame(
        rows=rows, page=page, form=form, may_ask=may(actor.role, "copy.ask") is None, at_cost=AT_COST
    )
    return render(request, "client_portal/copies.html", context, status=422 if form.errors else 200)


@client_door("copy.read")
@require_safe
def copies(request: HttpRequest) -> HttpResponse:
    """Every copy, and a way to ask for one."""
    client_id = client_id_of(actor_of(request))
    client = clients.client_of(client_id)
    initial = {"ship_to": client.address if client else "", "backup_set_id": request.GET.get("set", "")}
    return _page(request, AskForm(client_id=client_id, initial=initial))


@client_door("copy.ask")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for one."""
    actor = actor_of(request)
    form = AskForm(request.POST, client_id=client_id_of(actor))
    if not form.is_valid():
        return _page(request, form)
    data = form.cleaned_data
    chosen = uuid_or_404(data["backup_set_id"]) if data["backup_set_id"] else None
    done = ask_for_copy(
        actor=actor, client_id=client_id_of(actor), what=data["what"], backup_set_id=chosen, ship_to=data["ship_to"], words=data["words"]
    )  # fmt: skip
    if isinstance(done, Refusal):
        if done.status == 422:
            form.add_error(None, f"{done.sentence} {done.next_step}")
            return _page(request, form)
        return refusal_response(request, done, back=reverse("client:copies"))
    messages.success(
        request, _("We have it. We ask the vendor what it costs, and tell you before anything is ordered.")
    )
    return HttpResponseRedirect(reverse("client:copy", args=[done.id]))


@client_door("copy.read")
@require_safe
def copy(request: HttpRequest, copy_id: str) -> HttpResponse:
    """One copy: what is yours to decide, and every step."""
    actor, row = actor_of(request), _copy(request, copy_id)
    found = timeline_for(actor, Filters(subject=row.id), size=60)
    context, signs = copy_context(row), may(actor.role, "copy.answer") is None
    state = CopyState(row.state)
    return render(request, "client_portal/copy.html", frame(
        **context, events=evidence_parts.events_of(found.lines, "/client/evidence/"), covered=found.covered,
        may_approve=signs and state is CopyState.QUOTED, may_arrive=state is CopyState.SHIPPED and may(actor.role, "copy.arrive") is None,
        may_settle=signs and context["settling"] is Settling.ASKED,
        may_stop=signs and state in (CopyState.ASKED, CopyState.NO_SHIPPING, CopyState.APPROVED),
    ))  # fmt: skip


def _after(request: HttpRequest, copy_id: str, done: Any, said: str) -> HttpResponse:
    back = reverse("client:copy", args=[copy_id])
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=back)
    messages.success(request, said)
    return HttpResponseRedirect(back)


@client_door("copy.answer")
@require_POST
def answer(request: HttpRequest, copy_id: str) -> HttpResponse:
    """Approve exactly the amount that was shown, or say no."""
    row, approve = _copy(request, copy_id), request.POST.get("do") == "approve"
    done = answer_quote(
        actor=actor_of(request), copy_id=row.id, approve=approve, net=amount_or_none(request.POST.get("net")),
        currency=request.POST.get("currency", "")[:3], words=request.POST.get("words", "").strip()[:1000],
    )  # fmt: skip
    return _after(
        request,
        copy_id,
        done,
        _("Approved. We order it now.") if approve else _("Declined. Nothing is ordered."),
    )


@client_door("copy.answer")
@require_POST
def difference(request: HttpRequest, copy_id: str) -> HttpResponse:
    """What the vendor billed above the quote."""
    row, approve = _copy(request, copy_id), request.POST.get("do") == "approve"
    done = answer_difference(
        actor=actor_of(request), copy_id=row.id, approve=approve, net=amount_or_none(request.POST.get("net")),
        words=request.POST.get("words", "").strip()[:1000],
    )  # fmt: skip
    return _after(
        request,
        copy_id,
        done,
        _("Approved.") if approve else _("Declined. You pay what you approved; we bear the rest."),
    )


@client_door("copy.arrive")
@require_POST
def arrived(request: HttpRequest, copy_id: str) -> HttpResponse:
    """It is there."""
    row = _copy(request, copy_id)
    done = confirm_arrival(
        actor=actor_of(request), copy_id=row.id, words=request.POST.get("words", "").strip()[:1000]
    )
    return _after(request, copy_id, done, _("Thank you. Your confirmation is on record."))


@client_door("copy.read")
@require_safe
def file(request: HttpRequest, copy_id: str, what: str) -> Any:
    """The vendor's quote or invoice."""
    row = _copy(request, copy_id)
    found = {"quote": row.quote_file, "invoice": row.vendor_invoice}.get(what)
    if found is None or found.internal:
        raise Http404
    return file_response(request, found, inline="show" in request.GET)
