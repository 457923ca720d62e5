# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9 for staff: welcome back, the pain points answered, the quote, the checklist of the new beginning."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.billing.prices import normal_fee
from partwell.actions.billing.returning import (
    Offer,
    exception_words,
    pain_points,
    send_quote,
    set_step,
    stop_return,
    welcome_back,
)
from partwell.actions.hours.standing import time_terms, today
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.copy_words import QUOTES
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_of,
    words_field,
)
from partwell.entrypoints.theme.formats import money_words
from partwell.records.billing import returns as queries
from partwell.records.estate.difference import comparable
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.rules.refusals import Refusal, refuse, show
from partwell.rules.returning import ExceptionKind, may_quote
from partwell.rules.roles import may
from partwell.rules.terms import ClientState

_BOTH = require_http_methods(["GET", "HEAD", "POST"])
OFFER_DAYS = 30


class WelcomeForm(forms.Form):
    """How it came about."""

    words = words_field("How it came about", 2, required=False)


class StopForm(forms.Form):
    """Why not."""

    reason = words_field("Why the client does not come back now", 3)


class QuoteForm(forms.Form):
    """An answer to each pain point, a word of welcome, and the fee."""

    welcome = words_field("A word of welcome", 3, required=False, help_text="It opens the letter.")
    valid_until = day_field("The quote stands until")
    fee = forms.DecimalField(
        label="Another fee than the normal one", max_digits=12, decimal_places=3, required=False,
        help_text="Only an owner may, with a reason; never because the systems remain.",
    )  # fmt: skip
    exception_kind = forms.ChoiceField(
        label="What the exception is for", required=False,
        choices=[("", "no exception: the normal fee"), *((one.value, one.label) for one in ExceptionKind)],
    )  # fmt: skip
    exception = words_field("The owner's reason for it", 2, required=False)

    def __init__(self, *args: Any, points: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.points = points
        for point in points:
            self.fields[f"answer_{point.id.hex}"] = words_field(
                f"“{point.words}”",
                3,
                required=False,
                help_text="Your answer; the client reads it with the quote.",
            )

    def offer(self) -> Offer:
        """As the action takes it."""
        data = self.cleaned_data
        answers = {point.id: data[f"answer_{point.id.hex}"] for point in self.points}
        return Offer(
            data["valid_until"],
            answers,
            data["fee"],
            data["exception"],
            data["exception_kind"],
            data["welcome"],
        )

    def groups(self) -> list[dict[str, Any]]:
        """In front what hurt, then the offer."""
        answers = [self[f"answer_{point.id.hex}"] for point in self.points]
        pains = {
            "title": "What they told us when they left",
            "text": "Each needs an answer before the quote goes out.",
            "fields": answers,
        }
        offer = {
            "title": "The offer",
            "fields": [
                self[name] for name in ("welcome", "valid_until", "fee", "exception_kind", "exception")
            ],
        }
        return [pains, offer] if answers else [offer]


@staff_door("return.read")
@require_safe
def returning(request: HttpRequest, client_id: str) -> HttpResponse:
    """How the client's return stands."""
    client, actor = client_or_404(client_id), actor_of(request)
    quotes = list(queries.quotes_of(client.id)[:20])
    newest = quotes[0] if quotes else None
    normal = normal_fee(time_terms(client.id).currency, today(timezone.now()))
    found = timeline_for(actor, Filters(client=client.id, noun="return"), size=30)
    steps = queries.steps_of(client.id)
    here = client.state == ClientState.RETURNING
    return render(request, "staff/returning.html", {
        "section": "clients", "client": client, "points": pain_points(client.id), "normal": normal,
        "quotes": [{"row": one, "exception": exception_words(one), "tone": QUOTES[one.state][0], "word": QUOTES[one.state][1]} for one in quotes], "newest": newest,
        "answers": queries.answers_of(newest.id) if newest else [], "paper": queries.fee_paper(newest.id) if newest else None,
        "may_papers": may(actor.role, "billing.read") is None,
        "steps": steps, "done": sum(one.done_at is not None for one in steps), "returning": here,
        "inactive": client.state == ClientState.INACTIVE, "welcome": WelcomeForm(), "imports": comparable(client.id, 1),
        "may_welcome": may(actor.role, "return.welcome") is None, "may_quote": here and may(actor.role, "return.quote") is None,
        "may_step": may(actor.role, "onboarding.step") is None and client.state != ClientState.INACTIVE,
        "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered,
    })  # fmt: skip


@staff_door("return.welcome")
@require_POST
def return_welcome(request: HttpRequest, client_id: str) -> HttpResponse:
    """The client comes back."""
    client = client_or_404(client_id)
    words = request.POST.get("words", "").strip()[:2000]
    done = welcome_back(actor=actor_of(request), client_id=client.id, words=words)
    return answer(
        request, done, reverse("staff:returning", args=[client.id]), f"{client.name} is coming back."
    )


@staff_door("return.quote")
@_BOTH
def return_quote(request: HttpRequest, client_id: str) -> HttpResponse:
    """Answer what hurt, and quote the normal fee."""
    client, day = client_or_404(client_id), today(timezone.now())
    back = reverse("staff:returning", args=[client.id])
    early = may_quote(ClientState(client.state), client.name)
    if early is not None:
        return answer(request, early, back, "")
    normal = normal_fee(time_terms(client.id).currency, day)
    if normal is None:
        missing = refuse("no_onboarding_fee", currency=time_terms(client.id).currency)
        return answer(request, missing, back, "")
    points = pain_points(client.id)
    form = QuoteForm(
        request.POST or None, points=points, initial={"valid_until": day + timedelta(days=OFFER_DAYS)}
    )
    if request.method == "POST" and form.is_valid():
        done = send_quote(actor=actor_of(request), client_id=client.id, offer=form.offer())
        if not isinstance(done, Refusal):
            return answer(request, done, back, "The quote is on its way as a letter.")
        form_with_refusal(
            form,
            done,
            exception="systems_remain|fee_exception_reason|fee_not_normal",
            valid_until="quote_day_invalid",
        )
    since = f", of the price list since {show(normal.valid_from)}" if normal.valid_from else ""
    return form_page(
        request, form, title=f"Welcome back, {client.name}", button="Send the quote", back=back, back_label="The return",
        groups=form.groups(), lede=f"The normal onboarding fee today is {money_words(normal.net, normal.currency)}, net{since}.",
    )  # fmt: skip


@staff_door("return.quote")
@_BOTH
def return_stop(request: HttpRequest, client_id: str) -> HttpResponse:
    """The client does not come back now."""
    client = client_or_404(client_id)
    back = reverse("staff:returning", args=[client.id])
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = stop_return(actor=actor_of(request), client_id=client.id, reason=form.cleaned_data["reason"])
        return answer(request, done, back, "It is on record. The client's record stays readable.")
    lede = "An open quote lapses. The client is inactive again and may come back another time."
    return form_page(request, form, title=f"{client.name} does not come back now", button="Record it", back=back, back_label="The return", lede=lede)  # fmt: skip


@staff_door("return.read")
@require_safe
def return_letter(request: HttpRequest, client_id: str, quote_id: str) -> Any:
    """The quote as PDF."""
    client, row = client_or_404(client_id), queries.quote_of(id_of(quote_id))
    if row is None or row.client_id != client.id or row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)


@staff_door("onboarding.step")
@require_POST
def onboarding_step(request: HttpRequest, step_id: str) -> HttpResponse:
    """Tick a line, or open it again."""
    row = queries.step_of(id_of(step_id))
    if row is None:
        raise Http404
    done = set_step(actor=actor_of(request), step_id=row.id, done=request.POST.get("do") == "done")
    back = reverse("staff:returning", args=[row.quote.client_id])
    return answer(request, done, back, "Done." if request.POST.get("do") == "done" else "Open again.")
