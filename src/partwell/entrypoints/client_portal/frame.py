# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all of the client's pages share: the way back, links to pages of other hands, a signature's parts."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal

BIGGEST = 256 * 1024


def frame(**more: Any) -> dict[str, Any]:
    """The context of a page below the first one."""
    return {
        "home_url": "/client/",
        "back": {"label": _("Back to where things stand"), "url": "/client/"},
        **more,
    }


def maybe(name: str, *args: Any) -> str:
    """The address of a page, or an empty string where this installation has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def client_id_of(actor: Actor) -> UUID:
    """A contact's client."""
    assert actor.client_id is not None  # a contact always has a client
    return actor.client_id


def agent_of(request: HttpRequest) -> str:
    """The browser's own name for itself, cut."""
    return request.headers.get("User-Agent", "")[:200]


def json_body(request: HttpRequest) -> tuple[dict[str, str], dict[str, Any]] | None:
    """The form's fields and the passkey's answer out of a script's POST; None for anything else."""
    try:
        given = json.loads(request.body[: BIGGEST + 1].decode("utf-8"))
    except (ValueError, UnicodeDecodeError):
        return None
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("form"), dict)
        or not isinstance(given.get("credential"), dict)
    ):
        return None
    return {str(key): value for key, value in given["form"].items() if isinstance(value, str)}, given[
        "credential"
    ]


def json_refusal(refusal: Refusal) -> JsonResponse:
    """A refusal for a script: one sentence and the next step."""
    return JsonResponse(
        {"code": refusal.code, "detail": f"{refusal.sentence} {refusal.next_step}"}, status=refusal.status
    )


class SignForm(forms.Form):
    """The affirmative act: nothing is ticked beforehand, the name is typed, the digest is that of the words on screen."""

    read = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick that you have read it and may sign.")}
    )
    electronic = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick that you agree to sign electronically.")}
    )
    name = forms.CharField(max_length=160, error_messages={"required": gettext_lazy("Type your full name.")})
    digest = forms.RegexField(r"\A[0-9a-f]{64}\Z", widget=forms.HiddenInput)

    def __init__(self, *args: Any, signer: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signer = signer

    def clean_name(self) -> str:
        """The signer's own name, whatever its case and spaces."""
        typed = " ".join(str(self.cleaned_data["name"]).split())
        if typed.casefold() != " ".join(self.signer.split()).casefold():
            raise forms.ValidationError(
                _("Type your name as we have it on file: %(name)s.") % {"name": self.signer}
            )
        return typed


def first_error(form: forms.Form) -> str:
    """The first thing that is wrong with a form, as one sentence."""
    return next((str(error) for errors in form.errors.values() for error in errors), "")
