# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that was said, "ask us", and every mail about the client as it left."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.correspondence.delivery import came_back, delivery_facts, other_ways, state_words
from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, NotInTheLoop, write_message
from partwell.actions.facts import standing_in
from partwell.actions.releases import look
from partwell.entrypoints.client_portal.releases import HOME, MAIL_STATES
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.correspondence import queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


class AskForm(forms.Form):
    """One message to us, or to us and a recipient whose authorisation stands."""

    to = forms.ChoiceField(label="Who reads it", widget=forms.RadioSelect)
    subject = forms.CharField(label="What it is about", max_length=200)
    text = forms.CharField(label="Your message", max_length=20000, widget=forms.Textarea(attrs={"rows": 7}))
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, client_id: Any, msp: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = [
            (f"all:{row.id}", f"{msp} and {row.firm}")
            for row, found in look.recipients_of(client_id)
            if found.stands
        ]
        self.fields["to"].choices = [(CLIENT, f"{msp} alone"), *standing]  # type: ignore[attr-defined]


@client_door("message.read")
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest) -> HttpResponse:
    """Read and write. Observers read."""
    actor = actor_of(request)
    assert actor.client_id is not None  # a contact always belongs to a client
    writes = may(actor.role, "message.write") is None
    msp = look.msp_name()
    initial = {"to": CLIENT, "key": secrets.token_urlsafe(24)}
    form = AskForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        client_id=actor.client_id,
        msp=msp,
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        audience, _, recipient = given["to"].partition(":")
        draft = Draft(
            given["subject"],
            given["text"],
            ALL if audience == ALL else CLIENT,
            uuid_or_404(recipient) if recipient else None,
            None,
            given["key"],
        )
        try:
            result: Any = write_message(actor=actor, client_id=actor.client_id, draft=draft)
        except NotInTheLoop as stopped:
            result = stopped.refusal
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=reverse("client:messages"))
        messages.success(request, "Sent. You have a copy by mail.")
        return HttpResponseRedirect(reverse("client:messages"))
    found = queries.said_page(actor, actor.client_id, request.GET.get("page"))
    context = {
        "instead": standing_in(actor.client_id),
        "said": _shown(found.said),
        "page": found.page,
        "form": form if writes else None,
        "write_url": "?ask#ask" if writes else "",
        "msp_name": msp,
        "back": HOME,
        "home_url": "/client/",
    }
    return render(request, "client_portal/messages.html", context, status=422 if form.is_bound else 200)


def _shown(said: list[queries.Said]) -> list[dict[str, Any]]:
    """What was said, with the state of each mail that carried it."""
    back = came_back([mail for one in said for mail in one.mails])
    rows = []
    for one in said:
        states = [(mail, state_words(MAIL_STATES, mail, mail.id in back)) for mail in one.mails]
        mails = [{"mail": mail, "tone": found[0], "word": found[1]} for mail, found in states]
        rows.append({"kind": one.kind, "at": one.at, "row": one.row, "mails": mails})
    return rows


@client_door("message.read")
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """Every mail about the client, with its true state."""
    actor = actor_of(request)
    assert actor.client_id is not None
    page = queries.envelopes_page(actor, actor.client_id, request.GET.get("page"))
    back_came = came_back(list(page.object_list))
    words = {one.id: state_words(MAIL_STATES, one, one.id in back_came) for one in page.object_list}
    rows = [{"mail": one, "tone": words[one.id][0], "word": words[one.id][1],
             "to": ", ".join(dict.fromkeys(to["name"] for to in one.recipients))} for one in page.object_list]  # fmt: skip
    back = {"label": "Messages", "url": reverse("client:messages")}
    return render(
        request,
        "client_portal/mails.html",
        {"page": page, "rows": rows, "back": back, "home_url": "/client/"},
    )


@client_door("message.read")
@require_safe
def mail(request: HttpRequest, envelope_id: str) -> HttpResponse:
    """One mail as it was sent."""
    found = queries.envelope_seen(actor_of(request), uuid_or_404(envelope_id))
    if found is None:
        raise Http404
    tone, word = state_words(MAIL_STATES, found, bool(came_back([found])))
    context = {
        "mail": found,
        "facts": delivery_facts(actor_of(request), found),
        **other_ways(found),
        "tone": tone,
        "word": word,
        "home_url": "/client/",
        "back": {"label": "Every mail", "url": reverse("client:mails")},
    }
    return render(request, "client_portal/mail.html", context)
