# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's first page: what we need from you, where things stand, what was said and sent, what is kept and until when."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from partwell.actions.authorisations.look import state_words
from partwell.actions.facts import standing_in
from partwell.entrypoints.client_portal.frame import client_id_of, maybe
from partwell.entrypoints.client_portal.needs import acceptances, after_needs, ask_of, needs_of
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.hours_words import burn_of
from partwell.entrypoints.theme.formats import when_words
from partwell.records.authorisations import queries as consents
from partwell.records.billing.papers import open_sums
from partwell.records.clients import queries as clients
from partwell.records.estate.queries import by_category
from partwell.records.evidence.queries import covered, timeline_for
from partwell.records.hours.queries import used_by_departure
from partwell.records.retention import queries as retention
from partwell.rules.hours import WARN_AT
from partwell.rules.roles import may
from partwell.rules.terms import AuthorisationState, ClientState

# What a signatory with five minutes wants to know; every other step is one click away.
TOLD = (
    "authorisation",
    "release",
    "receipt",
    "message",
    "call",
    "offboarding",
    "notice",
    "date",
    "term",
    "acceptance",
    "bundle",
    "terms",
    "copy",
    "return",
    "choice",
    "hold",
    "deletion",
    "certificate",
    "backup_set",
    "retention",
)
QUIET = (
    "authorisation.change_told",
    "authorisation.letter_filed",
    "authorisation.change_letter_filed",
    "authorisation.read",
    "backup_set.looked_at",
    "backup_set.dated",
    "backup_set.undated",
    "backup_set.access_set",
    "backup_set.changed",
    "certificate.filed",
    "deletion.step_done",
    "deletion.step_undone",
)


@client_door("client.read")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The page of a client who is here, departing, or has left."""
    actor = actor_of(request)
    client = clients.client_of(client_id_of(actor))
    if client is None:
        raise Http404
    all_departures = clients.offboardings_of(client.id)
    departure = next((one for one in all_departures if one.state == "open"), None)
    closed = next((one for one in all_departures if one.state == "closed"), None)
    inactive = client.state == ClientState.INACTIVE
    needs = after_needs(actor) if inactive else needs_of(actor, departure)
    agreement = clients.agreement_of(client.id)
    writes, messages = may(actor.role, "message.write") is None, maybe("client:messages")
    context: dict[str, Any] = {
        "home_url": "/client/", "client": client, "write_url": f"{messages}?ask#ask" if writes and messages else "", "instead": standing_in(client.id), "departure": departure, "closed": closed, "inactive": inactive,
        "ask": ask_of(actor, needs), "needs": len(needs), "today": timezone.localdate(), "late": bool(departure and departure.end_of_service < timezone.localdate()),
        "events": _events(actor), "size": covered(), "consents": _consents(actor),
        "hours": _hours(agreement, departure),
        "kept": _kept(client.id, departure or closed), "bundle_url": maybe("client:bundles"), "evidence_url": maybe("client:evidence"),
        "messages_url": maybe("client:messages"), "releases_url": maybe("client:releases"), "mails_url": maybe("client:mails"),
        "papers_url": maybe("client:papers"), "copies_url": maybe("client:copies"), "papers_open": open_sums(actor),
    }  # fmt: skip
    if departure is not None:
        context["stations"] = _stations(client.id, departure)
    return render(request, "client_portal/inactive.html" if inactive else "client_portal/home.html", context)


def _hours(agreement: Any, departure: Any) -> dict[str, int] | None:
    """What the departure's time stands at, for the bar: minutes included, used and prepaid."""
    if agreement is None or departure is None:
        return None
    used, prepaid = used_by_departure([departure.id])[departure.id]
    included = int(agreement.included_hours * 60)
    share = used * 100 // (included + prepaid) if included + prepaid else 0
    return {**burn_of(included, used, prepaid), "share": share if share >= WARN_AT[0] else 0}


def _events(actor: Any, most: int = 6) -> list[dict[str, Any]]:
    lines = [
        one
        for one in timeline_for(actor, size=80).lines
        if one.type.partition(".")[0] in TOLD and one.type not in QUIET
    ]
    return [{"at": one.at, "who": _("You") if one.who == actor.name else one.who, "text": one.text, "index": one.index, "state": one.state,
             "url": f"/client/evidence/{one.index}/"} for one in lines[:most]]  # fmt: skip


def _consents(actor: Any) -> list[dict[str, Any]]:
    rows = [one for one in consents.versions_for_client(actor, client_id_of(actor))
            if one.state in (AuthorisationState.GRANTED, AuthorisationState.PROPOSED)]  # fmt: skip
    return [{"row": row, "tone": tone, "word": word} for row in rows for tone, word in [state_words(row)]]


def _stations(client_id: Any, departure: Any) -> list[dict[str, Any]]:
    rows = by_category(client_id)
    total = sum(row.total for row in rows)
    confirmed = sum(row.counts["confirmed"] for row in rows)
    left = sum(row.counts["released"] + row.counts["objected"] for row in rows) + confirmed
    lists = acceptances(departure)
    asked = bool(lists)
    signed = any(one.state in ("accepted", "exceptions") for one in lists)
    today = timezone.localdate()
    over = departure.end_of_service < today
    now = 3 if asked and not signed else 4 if signed else 1
    words = ngettext("%(left)s of %(total)s thing was handed over, %(sure)s of them confirmed.",
                     "%(left)s of %(total)s things were handed over, %(sure)s of them confirmed.", total)  # fmt: skip
    day = when_words(departure.noticed_at, "day")
    out = [
        {"text": _("You gave notice, and we received it.") if departure.acknowledged_at is None else _("You gave notice, and we made a plan with you."),
         "when": day},
        {"strong": _("We hand over."), "text": words % {"left": left, "total": total, "sure": confirmed}, "when": _("now") if now == 1 else ""},
        {"text": _("Our service ended. We take away our own access and prove it.") if over else _("Our service ends. We take away our own access and prove it."),
         "when": when_words(departure.end_of_service)},
        {"strong": _("You look it all over") if now == 3 else "", "text": _("and accept, or object.") if now == 3 else _("You look it all over and accept, or object."),
         "when": _until(departure.acceptance_due)},
        {"text": _("What we still keep of yours is deleted."), "when": when_words(departure.keep_until)},
    ]  # fmt: skip
    for index, station in enumerate(out):
        # The list may be out while things still leave: then both are under way.
        unfinished = index == 1 and left < total and not signed
        done = index < now and not unfinished and (index != 2 or over)
        station["state"] = "now" if index == now or unfinished else "done" if done else ""
    return out


def _until(day: date | None) -> str:
    return _("until %(day)s") % {"day": when_words(day)} if day else ""


def _kept(client_id: Any, departure: Any) -> list[dict[str, Any]]:
    """What is deleted and when: each backup set by its own day, then our copies of passwords."""
    if departure is None:
        return []
    rows: list[dict[str, Any]] = []
    day = timezone.localdate()
    for one in retention.kept_sets(client_id).order_by("keep_until", "name"):
        until = one.keep_until or departure.keep_until
        rows.append(
            {
                "day": until,
                "text": one.name,
                "note": one.location,
                "vendor": one.vendor_window_days,
                "late": until < day,
            }
        )
    if not rows and not retention.kept_or_gone(client_id):
        rows.append(
            {"day": departure.keep_until, "text": _("Backup and archive data, wherever they lie"), "note": ""}
        )
    after = {
        "day": None,
        "word": _("after that"),
        "text": _("Our copies of your passwords, once they were changed and our own access is gone."),
        "note": "",
    }
    return [*sorted(rows, key=lambda row: str(row["day"])), after]
