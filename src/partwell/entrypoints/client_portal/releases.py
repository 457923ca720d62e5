# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every release with its proof, what waits for the client's word, and what it has not answered yet."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.actions.releases import look
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.theme.formats import when_words
from partwell.records.correspondence.queries import envelopes_of_release
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.releases import queries
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
HOME = {"label": "Your page", "url": "/client/"}


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
        return "open", "Released"
    return {
        "asked": ("waiting", "Waits for your word"),
        "declined": ("refusing", "You said no"),
        "stopped": ("held", "Stopped before it left"),
    }.get(line.state, ("refusing", "Stayed"))


@client_door("release.read")
@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """The list: what is asked of the client, what it received and has not answered, and every release."""
    actor = actor_of(request)
    assert actor.client_id is not None  # a contact always belongs to a client
    received = look.line_views(queries.received_lines(actor), timezone.now())
    answer = [one for one in received if one.open and one.line.answer == ""]
    return render(
        request,
        "client_portal/releases.html",
        {
            "requests": queries.open_requests(actor.client_id),
            "answer": answer,
            "received": [one for one in received if one not in answer],
            "page": queries.releases_page(actor, None, request.GET.get("page")),
            "may_answer": may(actor.role, "receipt.confirm") is None,
            "may_approve": may(actor.role, "release.approve") is None,
            "back": HOME,
            "home_url": "/client/",
        },
    )


@client_door("release.read")
@require_safe
def release(request: HttpRequest, release_id: str) -> HttpResponse:
    """One release: its lines, mails, and every step with its proof."""
    actor = actor_of(request)
    seen = queries.release_seen(actor, uuid_or_404(release_id))
    if seen is None:
        raise Http404
    found = timeline_for(actor, Filters(subject=seen.release.id), size=50, zone=zone())
    events = [
        {
            "at": one.at,
            "who": one.who,
            "text": one.text,
            "index": one.index,
            "state": one.state,
            "url": f"/client/evidence/{one.index}/",
        }
        for one in found.lines
    ]
    rows = [
        {"line": view.line, "tone": tone, "word": word}
        for view in look.line_views(seen.lines, timezone.now())
        for tone, word in [line_state(view.line, view.last)]
    ]
    mails = [
        {"mail": one, "tone": MAIL_STATES[one.state][0], "word": MAIL_STATES[one.state][1]}
        for one in envelopes_of_release(seen.release.id)
    ]
    one = seen.release
    return render(
        request,
        "client_portal/release.html",
        {
            "release": one,
            "last_day": look.last_day(one.window_ends_at),
            "rows": rows,
            "approval": seen.approval,
            "mails": mails,
            "events": events,
            "size": found.covered,
            "to": one.recipient.firm if one.recipient else (one.contact.name if one.contact else "you"),
            "may_approve": may(actor.role, "release.approve") is None,
            "back": {"label": "All releases", "url": "/client/releases/"},
            "home_url": "/client/",
        },
    )
