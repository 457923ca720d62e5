# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9 in the client's hands: the quote for coming back, with an answer to each pain point; accepted or declined by the signatory."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.billing.returning import answer_return_quote, exception_words
from partwell.actions.hours.standing import today
from partwell.entrypoints.client_portal.frame import frame
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.copy_words import QUOTES, amount_or_none
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.billing import returns as queries
from partwell.rules.refusals import Refusal
from partwell.rules.returning import QuoteState, lapsed
from partwell.rules.roles import may


def _quote(request: HttpRequest, quote_id: str) -> Any:
    row = queries.quote_of(uuid_or_404(quote_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


@client_door("return.read")
@require_safe
def quote(request: HttpRequest, quote_id: str) -> HttpResponse:
    """The quote, what it answers, and what begins when you accept."""
    actor, row = actor_of(request), _quote(request, quote_id)
    late = lapsed(QuoteState(row.state), row.valid_until, today(timezone.now()))
    tone, word = QUOTES[QuoteState.LAPSED if late else row.state]
    return render(request, "client_portal/return_quote.html", frame(
        quote=row, exception=exception_words(row), tone=tone, word=word, answers=queries.answers_of(row.id), steps=queries.steps_of(row.client_id) if row.state == "accepted" else [],
        paper=queries.fee_paper(row.id) if row.state == "accepted" else None,
        may_answer=row.state == "sent" and not late and may(actor.role, "return.answer") is None,
    ))  # fmt: skip


@client_door("return.answer")
@require_POST
def answer(request: HttpRequest, quote_id: str) -> HttpResponse:
    """Accept the fee that was shown, or decline."""
    row, accept = _quote(request, quote_id), request.POST.get("do") == "accept"
    done = answer_return_quote(
        actor=actor_of(request), quote_id=row.id, accept=accept, fee=amount_or_none(request.POST.get("fee")),
        words=request.POST.get("words", "").strip()[:1000],
    )  # fmt: skip
    back = reverse("client:return_quote", args=[row.id])
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=back)
    messages.success(
        request, _("It is good to have you back.") if accept else _("Declined. You are welcome at any time.")
    )
    return HttpResponseRedirect(back)


@client_door("return.read")
@require_safe
def letter(request: HttpRequest, quote_id: str) -> Any:
    """The quote as PDF, as it was mailed."""
    row = _quote(request, quote_id)
    if row.letter is None:
        raise Http404
    return file_response(request, row.letter, inline="show" in request.GET)
