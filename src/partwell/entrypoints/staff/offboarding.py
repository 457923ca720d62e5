# SPDX-License-Identifier: AGPL-3.0-or-later
"""One departure: its gates, what to do next, and its parts behind tabs, each with an address of its own."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.reply_addresses import departure_address
from partwell.actions.facts import zone
from partwell.actions.offboardings import look
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.messages import said_rows
from partwell.entrypoints.staff.next_steps import next_steps, retention_steps
from partwell.entrypoints.staff.parts import answer, id_of, url_for, url_or
from partwell.entrypoints.theme.formats import until_words, when_words
from partwell.records.correspondence.queries import said_page
from partwell.records.estate.queries import by_category
from partwell.records.evidence.queries import Filters, entries_of, timeline_for
from partwell.records.hours.queries import promised
from partwell.records.offboardings import queries
from partwell.rules.actor import Actor
from partwell.rules.roles import may
from partwell.rules.terms import Category, OffboardingState

TABS = (("offboarding", "Overview", ""), ("plan", "Plan", "plan"), ("offboarding_estate", "Estate and handover", "estate"),
        ("offboarding_said", "Correspondence", "said"), ("offboarding_authorisations", "Consent", ""), ("dates", "Dates", ""), ("offboarding_data", "Data and retention", ""), ("offboarding_evidence", "Evidence", ""),
        ("closing", "Closing", ""))  # fmt: skip
WORDS = {"open": "Open", "waiting": "Waiting", "refusing": "Refusing", "held": "Held"}


@dataclass
class Head:
    """What every part of the page shows at its top."""

    one: look.Departure
    context: dict[str, Any]


def head(request: HttpRequest, offboarding_id: str, tab: str) -> Head:
    """The departure, its gates and tabs. The number of queries hangs neither on the estate nor on the plan."""
    actor = actor_of(request)
    one = look.departure(id_of(offboarding_id), timezone.now(), zone())
    if one is None:
        raise Http404
    row, client = one.row, one.row.client
    counts = {**queries.tab_counts(row), "plan": len(one.open_steps)}
    tabs = [{"label": label, "url": reverse(f"staff:{name}", args=[row.id]), "current": name == tab,
             "count": counts.get(count) if count else None} for name, label, count in TABS]  # fmt: skip
    context = {
        "section": "departures", "o": row, "client": client, "d": one, "tabs": tabs, "title": title(one), "lede": lede(one),
        "gates": gate_rows(one, actor), "open": one.open, "spoken": look.spoken(one), "actor_id": actor.id,
        "call_url": url_for(actor, client, "call.log", "call_log"), "write_url": url_for(actor, client, "message.write", "message_write"),
        "may_write": may(actor.role, "message.write") is None,
        "may_office": one.open and may(actor.role, "plan.change") is None, "may_work": one.open and may(actor.role, "plan.step_done") is None,
    }  # fmt: skip
    return Head(one, context)


def title(one: look.Departure) -> str:
    """The departure in one line."""
    name, state = one.row.client.name, one.row.state
    if state == OffboardingState.WITHDRAWN:
        return f"{name} stays"
    if state == OffboardingState.CLOSED:
        return f"{name} has left"
    words = {"nobody": f"{name} closes down", "client_staff": f"{name} leaves for its own IT"}
    if one.firm:
        return f"{name} leaves for {one.firm}"
    return words.get(one.row.destination, f"{name} leaves")


def lede(one: look.Departure) -> str:
    """Notice, end of service, who owns it, who signs."""
    row = one.row
    if row.state == OffboardingState.WITHDRAWN:
        return f"The notice of {when_words(one.noticed_on)} was withdrawn on {when_words(row.withdrawn_at, 'day')}. There is no fee."
    ends = f"Service {'ended' if one.service_ends < one.today else 'ends'} {when_words(one.service_ends)}, {until_words(one.service_ends)}."
    if row.state == OffboardingState.CLOSED:
        return f"Closed on {when_words(row.closed_at, 'day')}. {ends} Data are kept until {when_words(row.keep_until)}."
    signs = (
        f"{one.signatories[0].name} signs for the client."
        if one.signatories
        else "nobody on file may sign for the client."
    )
    by = look.spoken(one)["channel"]
    return f"Notice on {when_words(one.noticed_on)}, by {by}. {ends} {row.owner.name} owns this departure; {signs}"


def gate_rows(one: look.Departure, actor: Actor) -> list[dict[str, Any]]:
    """The strip, with the person waited for by name."""
    client = one.row.client_id
    links = {"consent": (url_or("client_consents", client), "Consent"), "loop": (reverse("staff:client", args=[client]), "Contacts"),
             "hours": (reverse("staff:agreement", args=[client]), "Record the agreement") if not one.agreement else (reverse("staff:client_requests", args=[client]), "Requests"),
             **dict.fromkeys(("retention", "hold"), (reverse("staff:offboarding_data", args=[one.row.id]), "Data and retention"))}  # fmt: skip
    rows = []
    for gate in one.gates:
        tone = look.TONES[gate.state]
        word = f"Waiting on {look.name_of(gate.on_whom, one)}" if tone == "waiting" else WORDS[tone]
        row = {"name": gate.title, "state": tone, "word": word, "reason": gate.sentence}
        url, label = links.get(gate.key, ("", ""))
        if url.endswith("/agreement/") and may(actor.role, "agreement.record") is not None:
            url = ""
        if url and tone != "open" and one.open:
            row.update(url=url, link=label)
        rows.append(row)
    return rows


@staff_door("offboarding.read")
@require_safe
def offboarding(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """The overview: what to do next, what happened, people, hours, the course of it."""
    shown, actor = head(request, offboarding_id, "offboarding"), actor_of(request)
    one = shown.one
    row = one.row
    found = timeline_for(actor, Filters(client=row.client_id, without="envelope"), size=7, zone=zone())
    return render(request, "staff/offboarding.html", {
        **shown.context, "next": next_steps(one, actor) if one.open else retention_steps(one), "size": found.covered, "total": entries_of("staff", row.client_id).count(),
        "events": evidence_parts.events_of(found.lines, "/evidence/"), "people": _people(one), "receipt": _receipt(row.client_id),
        "hours": {"included": one.minutes, "used": one.used, "prepaid": one.prepaid} if one.minutes is not None else None,
        "promised": promised(row.id) if one.open else 0,
        "course": {"phases": look.phases(one), "end": one.service_ends, "gone": row.keep_until, "today": one.today} if one.steps else None,
        "pains": queries.pain_points(row.id), "writing": queries.letter_waits(f"acknowledgement-letter:{row.id.hex}"),
    })  # fmt: skip


def _people(one: look.Departure) -> list[dict[str, str]]:
    rows = []
    for signer in one.signatories:
        proofs = [proof for proof in signer.proofs.all() if proof.revoked_at is None]
        note = (
            f"Authority proved: {max(proofs, key=lambda p: p.checked_at).kind}"
            if proofs
            else "No proof of authority on file"
        )
        rows.append(
            {
                "label": "Signs",
                "value": f"{signer.name}{', ' + signer.title if signer.title else ''}",
                "note": note,
            }
        )
    for firm in one.recipients:
        here = [person.name for person in firm.persons.all() if person.left_at is None]
        ends = one.consent if one.consent and one.consent.recipient_id == firm.id else None
        until = f"Until {when_words(ends.ends_on)}" if ends and ends.state == "granted" else "Not authorised"
        rows.append(
            {
                "label": "Receives",
                "value": f"{' and '.join(here) + ', ' if here else ''}{firm.firm}",
                "note": until,
            }
        )
    rows.append({"label": "Owns", "value": one.row.owner.name, "note": one.row.owner.title})
    if one.row.outside_contact:
        rows.append(
            {
                "label": "Outside the domain",
                "value": one.row.outside_contact.name,
                "note": one.row.outside_contact.email,
            }
        )
    return rows


def _receipt(client_id: Any) -> dict[str, Any] | None:
    """The newest thing that left and what was answered."""
    line = queries.newest_release(client_id)
    if line is None:
        return None
    words = {
        "confirmed": ("done", "Confirmed"),
        "objected": ("refusing", "Objected"),
        "": ("waiting", "No answer yet"),
    }
    tone, word = words.get(line.answer, words[""])
    to = line.release.recipient.firm if line.release.recipient else "the client"
    answered = (
        f"Answered {when_words(line.answered_at)} by {line.answered_by_name}" if line.answered_at else ""
    )
    return {
        "number": f"{line.release.number:04d}",
        "state": tone,
        "word": word,
        "text": line.title,
        "note": answered or f"Released to {to}, {when_words(line.sent_at)}",
    }


# Where the departure's estate leads, and the verb of each page.
ESTATE_LINKS = {
    "client_estate": "estate.read",
    "client_releases": "release.read",
    "release_choose": "release.preview",
    "client_import": "estate.import",
    "classify": "item.classify",
    "bundles": "release.read",
}


@staff_door("offboarding.read")
@require_safe
def estate(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """The estate in eight categories, counted by the database: the same few queries for 50 items and for 5,000."""
    shown = head(request, offboarding_id, "offboarding_estate")
    rows = [
        one for one in by_category(shown.one.row.client_id) if one.category is not Category.OTHER or one.total
    ]
    return render(request, "staff/offboarding_estate.html", {
        **shown.context, "categories": rows, "total": sum(one.total for one in rows), "confirmed": sum(one.counts["confirmed"] for one in rows),
        "unknown": sum(one.unknown for one in rows),
        "links": {name: url_for(actor_of(request), shown.one.row.client, verb, name) for name, verb in ESTATE_LINKS.items()},
    })  # fmt: skip


@staff_door("message.read")
@require_safe
def said(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Messages and calls about this client, paged."""
    shown = head(request, offboarding_id, "offboarding_said")
    found = said_page(actor_of(request), shown.one.row.client_id, request.GET.get("page"))
    mails = url_or("client_mails", shown.one.row.client_id)
    return render(
        request,
        "staff/offboarding_said.html",
        {
            **shown.context,
            "rows": said_rows(found.said),
            "page": found.page,
            "write_to": departure_address(shown.one.row.client_id),
            "mails_url": mails,
        },
    )


@staff_door("timeline.read")
@require_safe
def evidence(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Every entry about this client as a sentence, paged."""
    shown = head(request, offboarding_id, "offboarding_evidence")
    found = timeline_for(
        actor_of(request),
        Filters(client=shown.one.row.client_id),
        page=request.GET.get("page", "1"),
        size=40,
        zone=zone(),
    )
    return render(request, "staff/offboarding_evidence.html", {
        **shown.context, "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered, "page": found.page})  # fmt: skip


@staff_door("offboarding.acknowledge")
@require_POST
def acknowledge(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Have the letter written and mailed."""
    actor: Actor = actor_of(request)
    result = acknowledge_notice(actor=actor, offboarding_id=id_of(offboarding_id))
    to = reverse("staff:offboarding", args=[id_of(offboarding_id)])
    return answer(
        request,
        result,
        to,
        "The acknowledgement is being written; it goes to the client as a letter with a mail.",
    )


@staff_door("plan.propose")
@require_POST
def plan_propose(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Lay down the proposed steps."""
    result = propose_plan(actor=actor_of(request), offboarding_id=id_of(offboarding_id))
    to = reverse("staff:plan", args=[id_of(offboarding_id)])
    return answer(request, result, to, "This is the proposed plan. Change what does not fit.")
