# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages and mails: what was said about whom, writing a message, the mail as it will be or was sent."""

import secrets
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages as flash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.deliver import settle_unknown
from partwell.actions.correspondence.delivery import came_back, delivery_facts, other_ways
from partwell.actions.correspondence.letters import filled
from partwell.actions.correspondence.reply_addresses import departure_address
from partwell.actions.correspondence.waiting import let_leave, stop_waiting, would_wait
from partwell.actions.correspondence.write_message import (
    ALL,
    CLIENT,
    INTERNAL,
    PRIVILEGED,
    Draft,
    NotInTheLoop,
    write_message,
)
from partwell.actions.hours.standing import standing
from partwell.actions.releases import look
from partwell.actions.releases.release_items import AnnouncementRefused
from partwell.entrypoints.door.answers import uuid_or_404, uuids
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.headers import STRANGERS
from partwell.entrypoints.door.hours_words import left_words
from partwell.entrypoints.door.mail_in import with_mail
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import answer, may_here
from partwell.entrypoints.staff.pictures import pictured
from partwell.entrypoints.staff.release_page import mail_rows, mail_state
from partwell.entrypoints.staff.releases import client_of
from partwell.entrypoints.theme.formats import when_words
from partwell.records.correspondence import queries
from partwell.records.correspondence.inbound_queries import asked_to_authorise, mail_in_of, waiting_counts
from partwell.records.estate import queries as estate
from partwell.rules.letters import LETTERS, PLACES
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.waiting import still_waits

OFFERED = 80  # items that a message's page lists; more are found by words, or released on the page for it
AUDIENCES = {
    ALL: "client, new provider and us",
    CLIENT: "client and us",
    INTERNAL: "internal: only us",
    PRIVILEGED: "privileged: only us",
}
A_PAGE = 25
LONGEST_SHOWN = 700  # signs of a text in a list; its own page has all


def audience_words(message: Any) -> str:
    """Who reads a message, the firm by its name; "" for a call."""
    words = AUDIENCES.get(getattr(message, "audience", ""), "")
    return words.replace("new provider", message.recipient.firm) if words and message.recipient else words


def said_rows(said: list[queries.Said]) -> list[dict[str, Any]]:
    """Messages and calls as the pages show them."""
    rows, back = [], came_back([one.envelope for one in said if one.envelope])
    for one in said:
        tone, word = mail_state(one.envelope, back=one.envelope.id in back) if one.envelope else ("", "")
        if one.kind == "message" and one.envelope is not None and one.envelope.state == "queued":
            word = waits_words(one.row) or word
        rows.append({"said": one, "row": one.row, "tone": tone, "word": word,
                     "audience": audience_words(one.row), "longest": LONGEST_SHOWN, "waits": bool(one.kind == "message" and waits_words(one.row))})  # fmt: skip
    return rows


@staff_door("message.read")
@require_safe
def messages_home(request: HttpRequest) -> HttpResponse:
    """What was said about all clients, newest first; above it what a person must settle and what was held (``?show=held``: all of that)."""
    actor = actor_of(request)
    found = queries.said_page(actor, None, request.GET.get("page"))
    every = request.GET.get("show") == "held"
    held_page = queries.held_page(request.GET.get("page") if every else 1, A_PAGE if every else 5)
    held = list(held_page.object_list)
    asked = asked_to_authorise([getattr(one, "inbound", None) or one for one in held])
    held_rows = [{"row": one, "asked": asked.get((getattr(one, "inbound", None) or one).id)} for one in held]
    context = {"section": "messages", "rows": said_rows(found.said), "page": found.page, "settle": queries.to_settle(actor),
               "held": held_rows, "held_all": held_page.paginator.count, "held_page": held_page if every else None, "to_read": queries.waiting_for_reading(timezone.now()), "mail_waits": waiting_counts()["ours"], "clients": look.clients_here(), "me": actor.id, "may_write": may(actor.role, "message.write") is None}  # fmt: skip
    return render(request, "staff/messages.html", context)


@staff_door("message.read")
@require_safe
def client_messages(request: HttpRequest, client_id: str) -> HttpResponse:
    """The conversation about one client."""
    client, actor = client_of(client_id), actor_of(request)
    found = queries.said_page(actor, client.id, request.GET.get("page"))
    settle = [one for one in queries.to_settle(actor) if one.client_id == client.id]
    context = {"section": "messages", "client": client, "rows": said_rows(found.said), "page": found.page, "settle": settle, "write_to": departure_address(client.id),
               "held": queries.held_open(client.id), "may_write": may(actor.role, "message.write") is None}  # fmt: skip
    return render(request, "staff/client_messages.html", context)


@staff_door("message.read")
@require_safe
def message_page(request: HttpRequest, message_id: str) -> HttpResponse:
    """One message with its pictures; another is added here (R4)."""
    actor = actor_of(request)
    found = queries.message_seen(actor, uuid_or_404(message_id))
    if found is None:
        raise Http404
    outside, mail = found.audience in queries.OUTSIDE, mail_in_of(actor, found.id)
    context = {"section": "messages", "message": found, "hours_left": left_words(standing(found.client_id)), "client": found.client, "audience": audience_words(found),
               "waits": waits_words(found), "may_stop": may(actor.role, "message.write") is None, "may_let_leave": may(actor.role, "message.write") is None and found.author_id != actor.id,
               "may_prepare": found.waits_for_consent and may_here(actor, found.client, "authorisation.propose"), "prepare_url": _prepare_url(found, mail),
               "may_answer": outside and not found.waits_for_consent and not waits_words(found) and may_here(actor, found.client, "message.write"),
               "mails": _carried(actor, found.id), "asked": asked_to_authorise([mail or found]).get((mail or found).id) if found.held else None, **with_mail("staff", mail), **pictured(actor, found.client, "message", found.id)}  # fmt: skip
    return render(request, "staff/message.html", context)


def _prepare_url(message: Any, mail: Any) -> str:
    """Where an authorisation for whoever wrote this is prepared; where nobody knows the firm, where firms are added."""
    if message.recipient_id is None:
        address = reverse("staff:client_consents", args=[message.client_id])
        return f"{address}?mail={mail.id}" if mail else address
    return reverse("staff:authorisation_new", args=[message.client_id, message.recipient_id])


def _carried(actor: Any, message_id: Any) -> list[dict[str, Any]]:
    """The mails that carry a message, each with its state and what became of it, step by step."""
    mails = queries.envelopes_of_message(actor, message_id)
    back = came_back(mails)
    rows = []
    for one in mails:
        tone, word = mail_state(one, back=one.id in back)
        if one.state == "queued" and one.message is not None:
            word = waits_words(one.message) or word
        rows.append({"mail": one, "tone": tone, "word": word, "facts": delivery_facts(actor, one)})
    return rows


def waits_words(message: Any) -> str:
    """What a page says of a message that waits, else ""."""
    if not still_waits(message.waits_until, message.read_by_name, timezone.now()):
        return ""
    return f"Waits until {when_words(message.waits_until)}, or for a colleague's reading"


@staff_door("message.write")
@require_POST
def send_now(request: HttpRequest, message_id: str) -> HttpResponse:
    """A colleague has read a message that waits."""
    result = let_leave(actor=actor_of(request), message_id=uuid_or_404(message_id))
    return answer(request, result, reverse("staff:message", args=[message_id]), "Read; it leaves now.")


@staff_door("message.write")
@require_POST
def stop_message(request: HttpRequest, message_id: str) -> HttpResponse:
    """A message that waits does not leave."""
    result = stop_waiting(actor=actor_of(request), message_id=uuid_or_404(message_id))
    return answer(request, result, reverse("staff:message", args=[message_id]), "Stopped; it went to nobody.")


class WriteForm(forms.Form):
    """One message. Who reads it is chosen in words; the client reads everything but notes."""

    to = forms.ChoiceField(label="Who reads it", widget=forms.RadioSelect)
    subject = forms.CharField(label="What it is about", max_length=200)
    text = forms.CharField(label="Message", max_length=20000, widget=forms.Textarea(attrs={"rows": 9}))
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    answers = forms.UUIDField(required=False, widget=forms.HiddenInput)
    safety = forms.BooleanField(required=False, label="It is about safety: let it leave at once")

    def __init__(self, *args: Any, client: Any, waits: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if waits:
            self.fields[
                "safety"
            ].help_text = f"{waits} An attack or data in danger cannot wait. That you said so is on record, for the client too."
        else:
            del self.fields["safety"]
        recipients = [
            (
                f"all:{row.id}",
                f"{client.name}, {row.firm} and us"
                + ("" if standing.stands else " (refused: no valid authorisation)"),
            )
            for row, standing in look.recipients_of(client.id)
        ]
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (CLIENT, f"{client.name} and us"),
            *recipients,
            (INTERNAL, "An internal note: only us"),
            (PRIVILEGED, "A privileged note (lawyer, insurer): only us"),
        ]


def set_of(request: HttpRequest) -> tuple[tuple[UUID, ...], UUID | None]:
    """The items that a form releases with its message, and to whom that set goes."""
    chosen = request.POST.get("set_to", "")
    return tuple(uuids(request.POST.getlist("item"))), uuid_or_404(chosen) if chosen else None


def _set_words(message: Any) -> str:
    if message.release is None:
        return ""
    lines = list(message.release.lines.values_list("state", flat=True))
    waits = f", {lines.count('asked')} wait for the client's word" if "asked" in lines else ""
    return f" Release {message.release.number}: {lines.count('sent')} released{waits}."


def _offered(request: HttpRequest, actor: Any, client: Any) -> dict[str, Any]:
    """The items that can be released with a message, by category; those that were ticked stay ticked."""
    if not may_here(actor, client, "release.send"):
        return {}
    data = request.POST if request.method == "POST" else request.GET
    ticked, words = set(data.getlist("item")), data.get("q", "")[:200]
    page = estate.items_page(client.id, estate.ItemQuery(words=words, sort="category"), 1, size=OFFERED)
    rows = [{"item": item, "ticked": str(item.id) in ticked} for item in page.object_list]
    people = [
        {"id": (one.target.person or one.target.contact).id, "label": one.label}  # type: ignore[union-attr]
        for one in look.choices(client.id)
        if one.standing is None or one.standing.stands
    ]
    return {"offered": rows, "offered_more": page.paginator.count - len(rows), "ticked": len(ticked), "people": people,
            "set_to": data.get("set_to", "")}  # fmt: skip


@staff_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, client_id: str) -> HttpResponse:
    """Write a message or a note."""
    client, actor = client_of(client_id), actor_of(request)
    waits = would_wait(actor, client.id, timezone.now())
    if request.method == "POST":
        form = WriteForm(request.POST, client=client, waits=waits)
        if form.is_valid():
            given = form.cleaned_data
            audience, _, recipient = given["to"].partition(":")
            draft = Draft(
                given["subject"],
                given["text"],
                audience,
                uuid_or_404(recipient) if recipient else None,
                given["answers"],
                given["key"],
                *set_of(request),
                safety=given.get("safety", False),
            )
            try:
                result = write_message(actor=actor, client_id=client.id, draft=draft)
            except (NotInTheLoop, AnnouncementRefused) as stopped:
                result = stopped.refusal
            if isinstance(result, Refusal):
                return refusal_response(
                    request, result, back=reverse("staff:client_messages", args=[client.id])
                )
            if result.waits_until is not None:
                flash.warning(request, f"It has not left yet. {result.waits_why} {waits_words(result)}.")
                return HttpResponseRedirect(reverse("staff:message", args=[result.id]))
            flash.success(
                request,
                "Noted; it stays inside."
                if audience in (INTERNAL, PRIVILEGED)
                else f"On its way, with the client on it.{_set_words(result)}",
            )
            return HttpResponseRedirect(reverse("staff:client_messages", args=[client.id]))
        return render(
            request,
            "staff/message_write.html",
            {
                "section": "messages",
                "client": client,
                "form": form,
                "letters": LETTERS.items(),
                **_offered(request, actor, client),
            },
            status=422,
        )
    answered = (
        queries.message_seen(actor, uuid_or_404(request.GET["answers"]))
        if request.GET.get("answers")
        else None
    )
    if answered is not None and answered.client_id != client.id:
        raise Http404
    to = f"all:{answered.recipient_id}" if answered is not None and answered.recipient_id else CLIENT
    subject = answered.subject if answered else ""
    initial = {"to": to, "subject": subject if subject.startswith("Re: ") or not subject else f"Re: {subject}",
               "key": secrets.token_urlsafe(24), "answers": answered.id if answered else None}  # fmt: skip
    chosen = filled(actor, client.id, request.GET.get("letter", ""))
    if chosen is not None:
        initial |= {"subject": chosen.subject, "text": chosen.text}
    form = WriteForm(initial=initial, client=client, waits=waits)
    context = {"section": "messages", "client": client, "form": form, "answered": answered, "letters": LETTERS.items(),
               "chosen": chosen, "places": PLACES, **_offered(request, actor, client)}  # fmt: skip
    return render(request, "staff/message_write.html", context)


@staff_door("message.read")
@require_safe
def client_mails(request: HttpRequest, client_id: str) -> HttpResponse:
    """Every mail about a client, with its true state."""
    client = client_of(client_id)
    page = queries.envelopes_page(actor_of(request), client.id, request.GET.get("page"))
    context = {
        "section": "messages",
        "client": client,
        "page": page,
        "rows": mail_rows(list(page.object_list)),
    }
    return render(request, "staff/mails.html", context)


def _mail(request: HttpRequest, envelope_id: str) -> Any:
    found = queries.envelope_seen(actor_of(request), uuid_or_404(envelope_id))
    if found is None:
        raise Http404
    return found


@staff_door("message.read")
@require_safe
def mail(request: HttpRequest, envelope_id: str) -> HttpResponse:
    """The mail as it is frozen: recipients, words, documents, and what became of it."""
    found = _mail(request, envelope_id)
    tone, word = mail_state(found, back=bool(came_back([found])))
    may_settle = may(actor_of(request).role, "envelope.settle") is None
    context = {"section": "messages", "mail": found, "facts": delivery_facts(actor_of(request), found), **other_ways(found), "client": found.client, "tone": tone, "word": word,
               "may_settle": may_settle, "may_send_again": may_settle and found.state == "failed" and not found.settled_by_name and not found.stop_code}  # fmt: skip
    return render(request, "staff/mail.html", context)


@staff_door("message.read")
@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, envelope_id: str) -> HttpResponse:
    """The mail's HTML part alone, in a sandbox of its own."""
    found = _mail(request, envelope_id)
    return HttpResponse(
        found.html or "<p>This mail has no HTML part.</p>", headers={"Content-Security-Policy": STRANGERS}
    )


@staff_door("envelope.settle")
@require_POST
def mail_settle(request: HttpRequest, envelope_id: str) -> HttpResponse:
    """A person says what became of a mail of which nobody knows."""
    found = _mail(request, envelope_id)
    result = settle_unknown(
        actor=actor_of(request),
        envelope_id=found.id,
        outcome=request.POST.get("outcome", ""),
        ground=request.POST.get("ground", "")[:1000],
    )
    back = reverse("staff:mail", args=[found.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    flash.success(request, "Settled, with your name and ground on record.")
    return HttpResponseRedirect(back)
