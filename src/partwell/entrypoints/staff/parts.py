# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the staff pages of clients and departures share: addresses that may not exist yet, forms with days, flashes."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from partwell.entrypoints.door.refused import refusal_response
from partwell.records.people.queries import staff_here
from partwell.rules.actor import Actor
from partwell.rules.lifecycle import may_work_on
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may


def url_or(name: str, *args: Any) -> str:
    """The address of a staff page, or "" where that page is not part of this installation."""
    try:
        return reverse(f"staff:{name}", args=args)
    except NoReverseMatch:
        return ""


def id_of(text: str) -> UUID:
    """An identifier from an address; anything else is nothing here."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def id_or_none(text: object) -> UUID | None:
    """An identifier chosen in a form, or None for no choice."""
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def day_field(label: Any, **more: Any) -> forms.DateField:
    """A day, with the browser's own picker."""
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more
    )


def words_field(label: Any, rows: int = 3, **more: Any) -> forms.CharField:
    """Some sentences."""
    return forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": rows}), max_length=8000, **more)


def staff_choices(empty: str = "nobody yet", *, auditors: bool = False) -> list[tuple[str, str]]:
    """Everybody who is here, for a list to choose from."""
    people = [one for one in staff_here() if auditors or one.role != "auditor"]
    return ([("", empty)] if empty else []) + [(str(one.id), one.name) for one in people]


def may_here(actor: Actor, client: Any, verb: str) -> bool:
    """Whether a page offers this verb: the role may, and an inactive client is read only (R4)."""
    if may(actor.role, verb) is not None:
        return False
    return may_work_on(client.state, client.name, verb) is None


def url_for(actor: Actor, client: Any, verb: str, name: str) -> str:
    """The address of a client's page when this actor may use it here, else "": what is not allowed is not offered."""
    offered = verb.endswith((".read", ".preview")) or may_here(actor, client, verb)
    return url_or(name, client.id) if offered and may(actor.role, verb) is None else ""


def answer(request: HttpRequest, result: object, to: str, said: str) -> HttpResponse:
    """A refusal as its page, else a flash and on to ``to`` (PRG)."""
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=to)
    messages.success(request, said)
    return HttpResponseRedirect(to)


def form_page(request: HttpRequest, form: forms.Form, **context: Any) -> HttpResponse:
    """One form on a page: ``title``, ``back`` (address), ``back_label``, ``button``, optional ``lede``, ``section``, ``files``."""
    shown = {"section": "clients", "form": form, "files": form.is_multipart(), **context}
    return render(request, "staff/form_page.html", shown, status=422 if form.errors else 200)


def form_with_refusal(form: forms.Form, refusal: Refusal, **at: str) -> None:
    """Put a refusal at the field it is about, or above the form, so that nothing typed is lost.

    ``at``: field → what the refusal names: its code, or its ``where``/``what``; several with ``|``.
    """
    named = {refusal.code, str(refusal.data.get("where", "")), str(refusal.data.get("what", ""))} - {""}
    field = next((name for name, what in at.items() if named & set(what.split("|"))), None)
    form.add_error(field if field in form.fields else None, f"{refusal.sentence} {refusal.next_step}".strip())
