# SPDX-License-Identifier: AGPL-3.0-or-later
"""Issue a paper by hand: its lines, what the law says of each, and the totals, all before the click."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partwell.actions.billing.issue import LINES_MOST, Judged, NewLine, issue_invoice, judge_lines
from partwell.actions.billing.law_profiles import law_of
from partwell.actions.hours.standing import time_terms, today
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.paper_words import NO_ADVICE, ONLY_BILLABLE, TREATMENTS, plain
from partwell.entrypoints.staff.billing_forms import Lines, PaperForm, digest_of
from partwell.entrypoints.staff.clients import client_or_404
from partwell.records.billing.papers import paper_count
from partwell.rules.law import Charge
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

ROWS, MORE = 3, 5


def _preview(lines: list[NewLine], judged: Judged) -> dict[str, Any]:
    rows = []
    for line, billed, verdict, problem in zip(
        lines, judged.bill.lines, judged.verdicts, judged.problems, strict=True
    ):
        tone = "refusing" if problem else "waiting" if verdict.charge is not Charge.FREE_TO_AGREE else ""
        tax = str(TREATMENTS.get(billed.treatment, "")) or f"{plain(billed.rate)} %"
        rows.append({"line": line, "billed": billed, "verdict": verdict, "problem": problem, "tone": tone,
                     "tax": tax, "quantity": f"{plain(line.quantity)} {line.unit}".strip()})  # fmt: skip
    sums = [
        {"label": str(TREATMENTS.get(one.treatment, "")) or f"{plain(one.rate)} %", "tax": one.tax, "net": one.net}
        for one in judged.bill.sums
    ]  # fmt: skip
    return {"rows": rows, "bill": judged.bill, "sums": sums, "refused": any(judged.problems)}


@staff_door("billing.issue")
@require_http_methods(["GET", "POST"])
def paper_new(request: HttpRequest, client_id: str) -> HttpResponse:
    """The form; then the same form with what would be issued; then the paper."""
    client, actor = client_or_404(client_id), actor_of(request)
    posted = request.method == "POST"
    paper = PaperForm(request.POST) if posted else PaperForm()
    lines = Lines(request.POST, prefix="lines") if posted else Lines(prefix="lines", initial=[{}] * ROWS)
    problem: Refusal | None = None
    shown, digest = None, ""
    do = request.POST.get("do", "")
    if posted and do == "more":
        data = request.POST.copy()
        count = data.get("lines-TOTAL_FORMS", "")
        data["lines-TOTAL_FORMS"] = str(min((int(count) if count.isdecimal() and len(count) < 5 else ROWS) + MORE, LINES_MOST))  # fmt: skip
        paper, lines = PaperForm(initial=data.dict()), Lines(initial=_typed(data), prefix="lines")
    elif posted and paper.is_valid() and lines.is_valid():
        wanted = lines.filled()  # type: ignore[attr-defined]
        judged = judge_lines(client.id, wanted, today(timezone.now()))
        if isinstance(judged, Refusal):
            problem = judged
        else:
            before = paper_count(client.id)
            shown, digest = _preview(wanted, judged), digest_of(paper, wanted, judged, before)
        if do == "issue" and shown and not shown["refused"] and request.POST.get("shown") == digest:
            result = issue_invoice(
                actor=actor,
                client_id=client.id,
                lines=wanted,
                shown=(before, shown["bill"].gross),
                **paper.cleaned_data,
            )
            if not isinstance(result, Refusal):
                messages.success(
                    request, _("%(label)s is issued; the client has it by mail.") % {"label": result.label}
                )
                return HttpResponseRedirect(reverse("staff:paper", args=[result.id]))
            problem = result
    bad = posted and do != "more" and (problem or not (paper.is_valid() and lines.is_valid()))
    return render(request, "staff/paper_new.html", {
        "section": "papers", "client": client, "form": paper, "lines": lines, "preview": shown, "digest": digest, "problem": problem,
        "terms": time_terms(client.id), "law": [one for one in law_of(client.id, today(timezone.now())) if one.verdict.profile],
        "no_advice": NO_ADVICE, "only_billable": ONLY_BILLABLE, "may_override": may(actor.role, "billing.override") is None,
    }, status=422 if bad else 200)  # fmt: skip


def _typed(data: Any) -> list[dict[str, Any]]:
    """What was typed so far, for a form with more lines."""
    names = list(Lines.form.base_fields)
    total = int(data["lines-TOTAL_FORMS"])
    return [
        {name: data[f"lines-{row}-{name}"] for name in names if f"lines-{row}-{name}" in data} for row in range(total)
    ]  # fmt: skip
