# SPDX-License-Identifier: AGPL-3.0-or-later
"""One release as its receipt: lines, answers, openings, reveals and mails in their true states."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.delivery import came_back, state_words
from partwell.actions.releases import look
from partwell.actions.releases.receive import answer_objection
from partwell.actions.releases.reveal import allow_reveal
from partwell.actions.releases.stop_release import stop_release
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import may_here
from partwell.entrypoints.theme.formats import when_words
from partwell.records.correspondence.queries import envelopes_of_release
from partwell.records.releases import queries
from partwell.rules.handover import WAY_WORDS
from partwell.rules.refusals import REFUSALS, Refusal
from partwell.rules.roles import may
from partwell.rules.terms import EnvelopeState

MAIL_STATES: dict[str, tuple[str, str]] = {
    EnvelopeState.QUEUED: ("waiting", "Waits for its turn"),
    EnvelopeState.CLAIMED: ("waiting", "About to leave"),
    EnvelopeState.DATA_STARTED: ("waiting", "Leaving now"),
    EnvelopeState.ACCEPTED: ("done", "Left and accepted"),
    EnvelopeState.FAILED: ("refusing", "Could not be delivered"),
    EnvelopeState.UNKNOWN: ("refusing", "Nobody knows whether it left"),
    EnvelopeState.STOPPED: ("held", "Stopped before it left"),
}


def line_state(line: Any, last: date) -> tuple[str, str]:
    """Tone and words of a line; ``last``: the last day of its window (R17)."""
    if line.state == "sent":
        if line.answer == "objected":
            return "refusing", "Objected"
        if line.answer == "confirmed":
            return "done", "Confirmed"
        if line.window_outcome == "deemed_accepted":
            return "done", f"Deemed accepted: no objection by {when_words(last)}"
        if line.window_outcome == "no_objection":
            return "open", f"No objection by {when_words(last)}"
        return "open", "Opened, no answer yet" if line.opened_at else "Released, no answer yet"
    return {
        "asked": ("waiting", "Client is asked"),
        "declined": ("refusing", "Client said no"),
        "stopped": ("held", "Stopped before it left"),
    }.get(line.state, ("refusing", "Stays here"))


def why(line: Any) -> str:
    """Why a line did not leave, in a few words (the code's sentence without names)."""
    return (
        ""
        if not line.refusal or line.refusal not in REFUSALS
        else REFUSALS[line.refusal].code.replace("_", " ")
    )


def mail_state(envelope: Any, *, back: bool = False) -> tuple[str, str]:
    """Tone and words of one mail. ``back``: a server reported that it did not reach one of its addresses."""
    return state_words(MAIL_STATES, envelope, back)


def mail_rows(envelopes: list[Any]) -> list[dict[str, Any]]:
    """Mails with tone and words of their state; one query for what came back."""
    rows, back = [], came_back(envelopes)
    for one in envelopes:
        tone, word = mail_state(one, back=one.id in back)
        rows.append(
            {
                "mail": one,
                "tone": tone,
                "word": word,
                "to": ", ".join(dict.fromkeys(to["name"] for to in one.recipients)),
            }
        )
    return rows


@staff_door("release.read")
@require_safe
def release_page(request: HttpRequest, release_id: str) -> HttpResponse:
    """The release's page; three queries for it and one for its mails."""
    actor = actor_of(request)
    seen = queries.release_seen(actor, uuid_or_404(release_id))
    if seen is None:
        raise Http404
    release = seen.release
    mails = envelopes_of_release(release.id)
    waiting = [one for one in mails if one.state in (EnvelopeState.QUEUED, EnvelopeState.CLAIMED)]
    persons = look.persons_of(release.client_id) if release.recipient_id else []
    rows: list[dict[str, Any]] = []
    for view in look.line_views(seen.lines, timezone.now()):
        tone, word = line_state(view.line, view.last)
        rows.append(
            {"line": view.line, "tone": tone, "word": word, "why": why(view.line), "shown": view.shown, "closes": view.closes,
             "method": WAY_WORDS.get(view.line.method, view.line.method)}
        )  # fmt: skip
    sent = [row for row in rows if row["line"].state == "sent"]
    return render(
        request,
        "staff/release.html",
        {
            "section": "clients",
            "client": release.client,
            "release": release,
            "last_day": look.last_day(release.window_ends_at),
            "rows": rows,
            "mails": mail_rows(mails),
            "approval": seen.approval,
            "to": release.recipient.firm
            if release.recipient
            else (release.contact.name if release.contact else "the client"),
            "people": [one for one in persons if one.recipient_id == release.recipient_id]
            or ([release.contact] if release.contact else []),
            "counts": {
                "total": len(rows),
                "confirmed": sum(row["line"].answer == "confirmed" for row in sent),
                "objected": sum(row["line"].answer == "objected" for row in sent),
                "released": sum(row["line"].answer == "" for row in sent),
            },
            "stoppable": bool([one for one in waiting if one.kind == "release_announcement"])
            or bool(seen.approval and seen.approval.state == "open"),
            "may_stop": may(actor.role, "release.stop") is None,
            "may_answer": may_here(actor, release.client, "receipt.answer"),
        },
    )


def _back(request: HttpRequest, release_id: str, result: Any, done: str) -> HttpResponse:
    address = reverse("staff:release", args=[uuid_or_404(release_id)])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=address)
    messages.success(request, done)
    return HttpResponseRedirect(address)


@staff_door("release.stop")
@require_POST
def release_stop(request: HttpRequest, release_id: str) -> HttpResponse:
    """Stop what has not left, with a reason the client sees."""
    reason = request.POST.get("reason", "")
    result = stop_release(actor=actor_of(request), release_id=uuid_or_404(release_id), reason=reason)
    return _back(request, release_id, result, "Stopped. The client sees the reason.")


@staff_door("receipt.answer")
@require_POST
def line_answer(request: HttpRequest, release_id: str, line_id: str) -> HttpResponse:
    """Answer an objection."""
    words = request.POST.get("words", "")
    result = answer_objection(actor=actor_of(request), line_id=uuid_or_404(line_id), words=words)
    return _back(request, release_id, result, "Answered; the client has it by mail.")


@staff_door("release.send")
@require_POST
def line_reveal(request: HttpRequest, release_id: str, line_id: str) -> HttpResponse:
    """Allow one more showing of a credential, with a reason."""
    person = uuid_or_404(request.POST.get("person", ""))
    reason = request.POST.get("reason", "")
    result = allow_reveal(
        actor=actor_of(request), line_id=uuid_or_404(line_id), person_id=person, reason=reason
    )
    return _back(request, release_id, result, "It may be shown once more.")
