# SPDX-License-Identifier: AGPL-3.0-or-later
"""API tokens: make one (shown once), see them, revoke one. Owners only."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST

from partwell.actions.people.tokens import LONGEST, make_token, revoke_token
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.people import queries
from partwell.rules.refusals import Refusal
from partwell.rules.scopes import SCOPES

EACH = 50


class TokenForm(forms.Form):
    """A name, whose rights bound it, what for, how long."""

    name = forms.CharField(
        label=later("Name"), max_length=80, help_text=later("What uses it, such as a script's name.")
    )
    staff = forms.ChoiceField(
        label=later("Acts as"), help_text=later("Never more than this person's role may do.")
    )
    scopes = forms.MultipleChoiceField(
        label=later("Good for"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label=later("Days it lives"), min_value=1, max_value=LONGEST, initial=90)


@staff_door("token.make")
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List, and a form to make one. A new token is in this one answer and nowhere else, so there is no redirect."""
    actor = actor_of(request)
    form = TokenForm(request.POST or None, initial={"staff": str(actor.id)})
    form.fields["staff"].choices = [(str(one.id), one.name) for one in queries.staff_here()]  # type: ignore[attr-defined]
    raw, status = "", 200
    if form.is_bound and not form.is_valid():
        status = 422
    elif form.is_bound:
        data = form.cleaned_data
        made = make_token(
            actor=actor,
            staff_id=uuid_or_404(data["staff"]),
            name=data["name"],
            scopes=data["scopes"],
            days=data["days"],
        )
        if isinstance(made, Refusal):
            return refusal_response(request, made)
        raw = made[1]
    page = Paginator(queries.api_tokens(), EACH).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "raw": raw, "now": timezone.now()}
    return render(request, "staff/tokens.html", context, status=status)


@staff_door("token.revoke")
@require_POST
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """End a token at once."""
    done = revoke_token(actor=actor_of(request), token_id=uuid_or_404(token_id))
    if isinstance(done, Refusal):
        return refusal_response(request, done)
    messages.success(request, _("{name} opens nothing any more.").format(name=done.name))
    return HttpResponseRedirect(reverse("staff:tokens"))
