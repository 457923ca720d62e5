# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office's letters, and any message as it will leave: plain text and HTML, in a frame of its own."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.letter_preview import preview_letter
from partwell.actions.correspondence.letter_words import Letter
from partwell.actions.correspondence.letters import (
    all_letters,
    change_letter,
    history,
    letter,
    restore_letter,
)
from partwell.actions.correspondence.preview import Preview, preview_message
from partwell.actions.correspondence.write_message import Draft
from partwell.actions.releases import look
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.headers import STRANGERS
from partwell.entrypoints.staff.messages import set_of
from partwell.entrypoints.staff.parts import answer, form_with_refusal
from partwell.entrypoints.staff.releases import client_of
from partwell.rules.letter_seeds import SEEDS
from partwell.rules.letters import LANGUAGES, LETTERS, OUTSIDE, REQUIRED, WHEN, places_of
from partwell.rules.refusals import Refusal


class LetterForm(forms.Form):
    """One letter in one language."""

    subject = forms.CharField(label="Subject", max_length=200)
    text = forms.CharField(label="Text", max_length=8000, widget=forms.Textarea(attrs={"rows": 14}))


@staff_door("letter.change")
@require_safe
def letters_home(request: HttpRequest) -> HttpResponse:
    """Every letter by step and language, and whose words they are."""
    steps: dict[str, list[dict[str, Any]]] = {key: [] for key in LETTERS}
    for one in all_letters():
        steps[one.key].append({"letter": one, "language": LANGUAGES[one.language]})
    rows = [
        {"title": LETTERS[key], "when": WHEN[key], "outside": key in OUTSIDE, "letters": found}
        for key, found in steps.items()
    ]
    return render(request, "staff/letters.html", {"section": "settings", "rows": rows})


@staff_door("letter.change")
@require_http_methods(["GET", "HEAD", "POST"])
def letter_change(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """Change one letter; the places it may have stand beside it."""
    if key not in LETTERS or language not in LANGUAGES:
        raise Http404
    found = letter(key, language)
    assert found is not None  # the key was just looked up
    versions = history(key, language)
    asked = request.GET.get("version", "")
    put_in = next((one for one in versions if str(one.version) == asked), None)
    if asked == "0":
        put_in = Letter(key, language, *SEEDS[key][language])
    begun = put_in or found
    form = LetterForm(
        request.POST if request.method == "POST" else None,
        initial={"subject": begun.subject, "text": begun.text},
    )
    if request.method == "POST" and form.is_valid():
        result = change_letter(actor=actor_of(request), key=key, language=language, **form.cleaned_data)
        if not isinstance(result, Refusal) or result.status != 422:
            return answer(
                request, result, reverse("staff:letters"), "Saved. From now on this is what leaves."
            )
        form_with_refusal(form, result)
    context = {
        "section": "settings",
        "letter": found,
        "language": LANGUAGES[language],
        "form": form,
        "places": [(name, words, name in REQUIRED[key]) for name, words in places_of(key).items()],
        "when": WHEN[key],
        "outside": key in OUTSIDE,
        "versions": versions,
        "put_in": put_in,
        "clients": look.clients_here(),
    }
    return render(request, "staff/letter.html", context, status=422 if form.errors else 200)


@staff_door("letter.change")
@require_POST
def letter_restore(request: HttpRequest, key: str, language: str) -> HttpResponse:
    """Back to the letter that Partwell brings along."""
    result = restore_letter(actor=actor_of(request), key=key, language=language)
    return answer(
        request, result, reverse("staff:letters"), "The letter that Partwell brings along is in force again."
    )


@staff_door("letter.change")
@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
def letter_shown(request: HttpRequest, key: str, language: str, what: str) -> HttpResponse:
    """The words in the form as the mail that one client would get; nothing is kept."""
    if key not in LETTERS or language not in LANGUAGES or what not in ("html", "text", "empty"):
        raise Http404
    if request.method != "POST":
        return _framed("Choose a client and press “Show the mail” to see the letter with its real data.")
    found = preview_letter(
        actor=actor_of(request),
        client_id=uuid_or_404(request.POST.get("client", "")),
        key=key,
        language=language,
        subject=request.POST.get("subject", "") or " ",
        text=request.POST.get("text", "") or " ",
    )
    return _mail_shown(found, what)


@staff_door("message.write")
@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
def preview(request: HttpRequest, client_id: str, what: str) -> HttpResponse:
    """What is in the form as the mail it would become; nothing is kept. Without a form: what the frame is for."""
    client = client_of(client_id)
    if what not in ("html", "text", "empty"):
        raise Http404
    if request.method != "POST":
        return _framed("Press “Show the mail” to see it here, as it will leave.")
    audience, _, recipient = request.POST.get("to", "").partition(":")
    draft = Draft(
        request.POST.get("subject", ""),
        request.POST.get("text", ""),
        audience,
        uuid_or_404(recipient) if recipient else None,
        None,
        "",
        *set_of(request),
        safety=bool(request.POST.get("safety")),
    )
    return _mail_shown(preview_message(actor=actor_of(request), client_id=client.id, draft=draft), what)


def _mail_shown(found: Preview | Refusal, what: str) -> HttpResponse:
    if isinstance(found, Refusal):
        return _framed(f"{found.sentence} {found.next_step}", status=found.status)
    if what == "html":
        return HttpResponse(found.mail.html, headers={"Content-Security-Policy": STRANGERS})
    to = "\n".join(f"{one['name']} <{one['address']}>" for one in found.recipients)
    waits = f"\n{found.waits}" if found.waits else ""
    return _framed(f"To:\n{to}{waits}\nSubject: {found.mail.subject}\n\n{found.mail.text}")


def _framed(words: str, status: int = 200) -> HttpResponse:
    return HttpResponse(
        words,
        status=status,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Security-Policy": STRANGERS},
    )
