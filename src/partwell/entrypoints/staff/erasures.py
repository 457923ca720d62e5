# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stays and what goes: a client's record with its last day, content erased on request, and the second person's word."""

import re
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.erasure import record as actions
from partwell.actions.erasure.content import approve_erasure, decline_erasure, propose_erasure, what_of
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of, id_or_none
from partwell.records.clients.queries import client_of, contacts_of
from partwell.records.evidence import erasures as queries
from partwell.records.jobs.queries import job_by_key
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 30
STATES = {"proposed": ("waiting", "Waits for a second person"), "approved": ("waiting", "Approved"), "declined": ("held", "Declined"),
          "done": ("done", "Done")}  # fmt: skip


def shown(row: queries.ErasureRequest) -> dict[str, Any]:
    """One request as a line: its state in words, and what it is about."""
    tone, word = STATES[row.state]
    if row.kind == "content" and row.finished_at:
        tone, word = "done", "Erased"
    what = what_of(row)
    return {"row": row, "tone": tone, "word": word, "what": what[:1].upper() + what[1:]}


@staff_door("erasure.read")
@require_safe
def erasures(request: HttpRequest) -> HttpResponse:
    """Every request, newest first; ends of records stay here when the client itself is gone."""
    page = Paginator(queries.requests_of(), A_PAGE).get_page(request.GET.get("page"))
    rows = [shown(one) for one in page.object_list]
    return render(request, "staff/erasures.html", {"section": "evidence", "rows": rows, "page": page})


@staff_door("erasure.read")
@require_safe
def record(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's record: until when, what keeps it, what was asked to go."""
    client, actor = client_or_404(client_id), actor_of(request)
    schedule = actions.schedule_of(client.id)
    assert schedule is not None
    page = Paginator(queries.requests_of(client.id), A_PAGE).get_page(request.GET.get("page"))
    offers = may(actor.role, "erasure.propose") is None
    return render(request, "staff/record.html", {
        "section": "clients", "client": client, "s": schedule, "years": schedule.months / 12, "rows": [shown(one) for one in page.object_list], "page": page,
        "may_propose": offers, "may_end": offers and schedule.due and schedule.open is None, "may_lengthen": may(actor.role, "record.keep_longer") is None,
    })  # fmt: skip


@staff_door("erasure.propose")
@require_POST
def record_end(request: HttpRequest, client_id: str) -> HttpResponse:
    """Propose that the record goes; somebody else decides."""
    client = client_or_404(client_id)
    result = actions.propose_end(actor=actor_of(request), client_id=client.id)
    here = reverse("staff:record", args=[client.id])
    to = here if isinstance(result, Refusal) else reverse("staff:erasure", args=[result.id])
    return answer(request, result, to, "Proposed. A second person decides.")


class LongerForm(forms.Form):
    """How long, and why."""

    years = forms.IntegerField(label="Years after the end of service", min_value=1, max_value=100)
    reason = forms.CharField(
        label="Why", max_length=300, help_text="A law profile, an agreement, an audit: it stays on record."
    )


@staff_door("record.keep_longer")
@require_http_methods(["GET", "POST"])
def record_longer(request: HttpRequest, client_id: str) -> HttpResponse:
    """Lengthen one record's time."""
    client = client_or_404(client_id)
    back, form = reverse("staff:record", args=[client.id]), LongerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = actions.keep_longer(
            actor=actor_of(request), client_id=client.id, months=data["years"] * 12, reason=data["reason"]
        )
        if not (isinstance(result, Refusal) and result.status == 422):
            return answer(request, result, back, "The record is kept longer.")
        form_with_refusal(form, result, years="record_shorter", reason="The reason")
    lede = f"The usual time is {actions.usual_months() // 12} years. A client's own can only be longer."
    return form_page(request, form, title=f"Keep the record of {client.name} longer", lede=lede, button="Keep it longer", back=back, back_label="The record")  # fmt: skip


class EraseForm(forms.Form):
    """Which entries, or everything of one person, and on what ground."""

    entries = forms.CharField(
        label="Numbers of the entries", required=False, max_length=2000, help_text="For example: 12, 15, 16"
    )
    about = forms.ChoiceField(label="Or all that speaks of, or was done by", required=False)
    basis = forms.CharField(
        label="On what ground", max_length=300, help_text="Who asked, when, and by which right. It stays in the record; name nobody more than needed."
    )  # fmt: skip

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["about"].choices = [("", "nobody in particular"), *people]  # type: ignore[attr-defined]

    def clean_entries(self) -> list[int]:
        """Whole numbers."""
        text = self.cleaned_data["entries"]
        if not re.fullmatch(r"[\d\s,;]*", text, re.ASCII):
            raise forms.ValidationError("Give numbers of entries, separated by commas.")
        return [int(one) for one in re.findall(r"\d{1,18}", text, re.ASCII)][:1000]


@staff_door("erasure.propose")
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, client_id: str) -> HttpResponse:
    """Propose to erase personal content; leaf and proof stay."""
    client = client_or_404(client_id)
    back = reverse("staff:record", args=[client.id])
    people = [(str(one.id), one.name) for one in contacts_of(client.id)]
    form = EraseForm(request.POST or None, people=people, initial={"entries": request.GET.get("entries", "")[:40]})  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = propose_erasure(actor=actor_of(request), client_id=client.id, basis=data["basis"], indexes=data["entries"], about=id_or_none(data["about"]))  # fmt: skip
        if not (isinstance(result, Refusal) and result.status == 422):
            to = back if isinstance(result, Refusal) else reverse("staff:erasure", args=[result.id])
            return answer(request, result, to, "Proposed. A second person decides; nothing is erased yet.")
        form_with_refusal(form, result, entries="nothing_to_erase|The entries", basis="The basis")
    lede = (
        "What an entry says is removed for good, with its salt. The entry, its time, its proof and the fact that it said something stay. "
        "Letters, mails and bundles that left keep their copies; rows of the record are not touched."
    )
    return form_page(request, form, title="Erase personal content", lede=lede, button="Propose it", back=back, back_label="The record")  # fmt: skip


def request_or_404(text: str) -> queries.ErasureRequest:
    """The request of an address."""
    row = queries.request_of(id_of(text))
    if row is None:
        raise Http404
    return row


@staff_door("erasure.read")
@require_safe
def erasure(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """One request: what goes, who said so, what is done."""
    row, actor = request_or_404(erasure_id), actor_of(request)
    job = job_by_key(f"record.end:{row.id.hex}") if row.kind == "record" else None
    decides = may(actor.role, "erasure.decide") is None
    entries = sorted({index for index, _ in row.targets})
    return render(request, "staff/erasure.html", {
        "section": "evidence", **shown(row), "client": client_of(row.client_ref), "job": job, "entries": entries[:200], "more": max(0, len(entries) - 200),
        "own": row.proposed_by == actor.id, "may_decide": decides and row.state == "proposed",
        "may_go_on": decides and row.state == "approved" and job is not None and job.state == "failed",
    })  # fmt: skip


@staff_door("erasure.decide")
@require_POST
def erasure_approve(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """The second person's word; what cannot be undone asks for the client's name typed."""
    row = request_or_404(erasure_id)
    result = approve_erasure(
        actor=actor_of(request), request_id=row.id, typed_name=request.POST.get("typed_name", "")
    )
    said = "Approved. The record is erased step by step." if row.kind == "record" else "It is erased."
    return answer(request, result, reverse("staff:erasure", args=[row.id]), said)


@staff_door("erasure.decide")
@require_POST
def erasure_decline(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """No, or one's own proposal taken back."""
    row = request_or_404(erasure_id)
    result = decline_erasure(
        actor=actor_of(request), request_id=row.id, why=request.POST.get("why", "")[:300]
    )
    return answer(request, result, reverse("staff:erasure", args=[row.id]), "Declined. Nothing is erased.")


@staff_door("erasure.decide")
@require_POST
def erasure_go_on(request: HttpRequest, erasure_id: str) -> HttpResponse:
    """Let the work go on after a hold was lifted or trouble mended."""
    row = request_or_404(erasure_id)
    result = actions.go_on(actor=actor_of(request), request_id=row.id)
    return answer(request, result, reverse("staff:erasure", args=[row.id]), "It goes on.")
