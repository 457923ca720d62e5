# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dates and data: every date that hangs from the departure, proposals before and after, transition terms (R8), what is kept (R6)."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.offboardings.common import day, departure_dates
from partwell.actions.offboardings.move_dates import preview_dates, propose_date
from partwell.actions.offboardings.withdraw_notice import consequences, to_rotate, withdraw_notice
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.offboarding import head
from partwell.entrypoints.staff.parts import answer, day_field, form_page, form_with_refusal, words_field
from partwell.records.clients.queries import backup_sets_of
from partwell.records.offboardings import queries
from partwell.records.people.queries import the_msp
from partwell.rules.dates import DATE_LABELS, TransitionTerm, dependent_dates, moves_once, told_once
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import OffboardingState

STATES = {"proposed": ("waiting", "Waits for the client"), "agreed": ("done", "Agreed"), "declined": ("refusing", "Declined"),
          "lapsed": ("held", "Lapsed")}  # fmt: skip


# Which field a refusal of the dates is about.
AT = {
    "effective_on": "date_before_notice|date_in_past|date_unchanged",
    "scope": "transition_scope_missing",
    "monthly_fee": "transition_fee_invalid",
    "ends_on": "transition_end_invalid|transition_term_needed",
}


class MoveForm(forms.Form):
    """A new last day of service, or service beyond it under a term."""

    effective_on = day_field(
        "Last day of service", help_text="Leave it as it is to ask for a transition term alone."
    )
    reason = words_field("Why", 2, required=False)
    scope = words_field(
        "Transition term: what is served beyond that day",
        2,
        required=False,
        help_text="Service beyond the end needs a term; leave it empty for none.",
    )
    monthly_fee = forms.DecimalField(
        label="Monthly fee", min_value=Decimal(0), max_digits=10, decimal_places=2, required=False
    )
    currency = forms.CharField(label="Currency", min_length=3, max_length=3, required=False)
    ends_on = day_field("Until", required=False)

    def term(self) -> TransitionTerm | None:
        """The term, if one was begun."""
        data = self.cleaned_data
        if not data["ends_on"] and not data["scope"]:
            return None
        if not data["ends_on"]:
            self.add_error("ends_on", "A term needs its last day.")
        if data["monthly_fee"] is None:
            self.add_error("monthly_fee", "A term needs its monthly fee; nothing is 0.")
        if self.errors:
            return None
        return TransitionTerm(data["scope"], data["monthly_fee"], data["currency"].upper(), data["ends_on"])


class WithdrawForm(forms.Form):
    """What the client said."""

    words = words_field("What the client said", 3)


def change_rows(changes: list[Any]) -> list[dict[str, Any]]:
    """Proposals as the page shows them: each dependent date before and after."""
    rows = []
    for change in changes:
        tone, word = STATES[change.state]
        moves = [
            {
                "what": one["what"],
                "step": str(one["key"]).startswith("step:"),
                "before": day(one["before"]),
                "after": day(one["after"]),
            }
            for one in moves_once(change.effects)
        ]
        moved = [one for one in moves if one["before"] != one["after"]]
        rows.append({"change": change, "tone": tone, "word": word, "terms": list(change.terms.all()),
                     "moves": [one for one in moved if not one["step"]], "steps": [one for one in moved if one["step"]],
                     "still": len(moves) - len(moved)})  # fmt: skip
    return rows


@staff_door("offboarding.read")
@require_safe
def dates(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """The dates in force, the proposals, the data that are kept."""
    shown, actor = head(request, offboarding_id, "dates"), actor_of(request)
    row = shown.one.row
    now = departure_dates(row)
    facts = [
        {"label": DATE_LABELS[key], "day": value, "past": value < shown.one.today}
        for key, value in told_once(dependent_dates(now)).items()
    ]
    withdrawn = row.state == OffboardingState.WITHDRAWN
    return render(request, "staff/dates.html", {
        **shown.context, "dates": [] if withdrawn else facts, "changes": change_rows(queries.date_history(row.id)), "sets": backup_sets_of(row.client_id),
        "may_propose": shown.one.open and may(actor.role, "date.propose") is None, "rotate": to_rotate(row) if withdrawn else [],
        "may_withdraw": shown.one.open and may(actor.role, "offboarding.withdraw_notice") is None,
    })  # fmt: skip


@staff_door("date.propose")
@require_http_methods(["GET", "POST"])
def date_propose(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Ask to move the end. First every dependent date is shown before and after; then it goes to the client."""
    shown = head(request, offboarding_id, "dates")
    row, back = shown.one.row, reverse("staff:dates", args=[shown.one.row.id])
    msp = the_msp()
    currency = shown.one.agreement.currency if shown.one.agreement else msp.currency if msp else "EUR"
    form = MoveForm(request.POST or None, initial={"effective_on": row.end_of_service, "currency": currency})
    preview = None
    if request.method == "POST" and form.is_valid():
        term, end = form.term(), form.cleaned_data["effective_on"]
        if not form.errors:
            found = preview_dates(row, end, term, shown.one.today)
            if isinstance(found, Refusal):
                form_with_refusal(form, found, **AT)
            elif request.POST.get("send"):
                result = propose_date(
                    actor=actor_of(request),
                    offboarding_id=row.id,
                    effective_on=end,
                    reason=form.cleaned_data["reason"],
                    term=term,
                )
                if not (isinstance(result, Refusal) and result.status in (409, 422)):
                    return answer(
                        request, result, back, "The client is asked. Nothing moves until they agree."
                    )
                form_with_refusal(form, result, **AT)
            else:
                moves = [
                    {"what": one["what"], "before": day(one["before"]), "after": day(one["after"])}
                    for one in found[1]
                ]
                preview = {"moves": moves, "moved": sum(one["before"] != one["after"] for one in moves)}
    status = 422 if form.errors else 200
    return render(
        request,
        "staff/date_propose.html",
        {**shown.context, "form": form, "preview": preview, "back": back},
        status=status,
    )


@staff_door("offboarding.withdraw_notice")
@require_http_methods(["GET", "POST"])
def notice_withdraw(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """The client stays: what that brings with it is shown before it is done."""
    shown = head(request, offboarding_id, "dates")
    row, back = shown.one.row, reverse("staff:dates", args=[shown.one.row.id])
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = withdraw_notice(
            actor=actor_of(request), offboarding_id=row.id, words=form.cleaned_data["words"]
        )
        if not (isinstance(result, Refusal) and result.status in (409, 422)):
            return answer(request, result, back, f"{row.client.name} stays, and was told what ended.")
        form_with_refusal(form, result)
    found = consequences(row.id)
    notes = [{"title": "What happens now", "text": " ".join(found.sentences), "tone": "waiting"}] if not isinstance(found, Refusal) else [
        {"title": found.sentence, "text": found.next_step, "tone": "refusing"}]  # fmt: skip
    return form_page(request, form, title=f"{row.client.name} withdraws its notice", button="Record that they stay", back=back, back_label="Dates",
                     section="departures", notes=notes)  # fmt: skip
