# SPDX-License-Identifier: AGPL-3.0-or-later
"""Decline, narrow or withdraw an authorisation: each acts at once and says beforehand what it does."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partwell.actions.authorisations import look
from partwell.actions.authorisations.end import narrow_authorisation, withdraw_authorisation
from partwell.actions.authorisations.propose import Scope
from partwell.actions.authorisations.sign import decline_authorisation
from partwell.actions.authorisations.text import PRESET_LABELS
from partwell.entrypoints.client_portal.authorise import seen
from partwell.entrypoints.client_portal.frame import frame
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.authorisations import queries
from partwell.rules.consent import PRESET_CATEGORIES
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Access, AuthorisationState, Category, ScopePreset


class WordsForm(forms.Form):
    """In the client's own words."""

    words = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Why, in your words"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _home(row: Any) -> str:
    return reverse("client:authorisation", args=[row.id])


@client_door("authorisation.decline")
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Say no to what was proposed."""
    row = seen(request, authorisation_id)
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = decline_authorisation(
            actor=actor_of(request), authorisation_id=row.id, words=form.cleaned_data["words"].strip()
        )
        if isinstance(done, Refusal):
            return refusal_response(request, done, back=_home(row))
        messages.success(
            request, _("You did not sign. Nothing goes to %(firm)s.") % {"firm": row.recipient.firm}
        )
        return HttpResponseRedirect(reverse("client:home"))
    return render(
        request,
        "client_portal/decline.html",
        frame(row=row, form=form, can=row.state == AuthorisationState.PROPOSED),
    )


@client_door("authorisation.withdraw")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Take it back at once, with everything listed that this stops and that it cannot call back."""
    row = seen(request, authorisation_id)
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = withdraw_authorisation(
            actor=actor_of(request), authorisation_id=row.id, words=form.cleaned_data["words"].strip()
        )
        if isinstance(done, Refusal):
            return refusal_response(request, done, back=_home(row))
        messages.success(
            request, _("Withdrawn. Nothing more goes to %(firm)s.") % {"firm": row.recipient.firm}
        )
        return HttpResponseRedirect(_home(row))
    can = row.state in (AuthorisationState.GRANTED, AuthorisationState.PROPOSED)
    context = frame(
        row=row,
        form=form,
        can=can,
        what=look.consequences(row) if row.state == AuthorisationState.GRANTED else None,
    )
    return render(request, "client_portal/withdraw.html", context)


class NarrowForm(forms.Form):
    """What stays, as boxes that are ticked where it stands now; unticking narrows. Nothing can be added here."""

    presets = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Kinds of things")
    )
    categories = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Categories"),
        help_text=_("To keep only a part of a kind, untick the kind and tick what stays of it."),
    )
    items = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Single items")
    )
    persons = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("People who may receive")
    )
    read_only = forms.BooleanField(required=False, label=_("To read only: no password or other credential"))
    ends_on = forms.DateField(label=_("It ends on"), widget=forms.DateInput(attrs={"type": "date"}))
    leave_out = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Also leave out these categories")
    )
    leave_out_items = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Also leave out these items")
    )

    def __init__(self, row: Any, items: list[Any], persons: list[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        inside = {item.id.hex: item for item in items}
        whole = set(row.presets) - {ScopePreset.ENDPOINTS.value}
        self._choose("presets", [(one, PRESET_LABELS[ScopePreset(one)]) for one in row.presets], row.presets)
        # A preset may be given up for one of its categories.
        held = {*row.categories, *(c.value for p in whole for c in PRESET_CATEGORIES[ScopePreset(p)])}
        self._choose("categories", [(c.value, c.label) for c in Category if c.value in held], row.categories)
        self._choose(
            "items", [(one, inside[one].title) for one in row.item_ids if one in inside], row.item_ids
        )
        self._choose(
            "persons",
            [(one.id.hex, f"{one.name}, {one.email}") for one in persons if not one.left_at],
            row.person_ids,
        )
        out = [c for c in Category if any(item.category == c.value for item in items)]
        self._choose("leave_out", [(c.value, c.label) for c in out], row.excluded_categories)
        self._choose("leave_out_items", [(item.id.hex, item.title) for item in items], [])
        self.fields["ends_on"].initial = row.ends_on
        self.fields["ends_on"].widget.attrs["max"] = row.ends_on.isoformat()
        self.fields["read_only"].initial = row.access == Access.READ
        if row.access == Access.READ:
            self.fields["read_only"].disabled = True

    def _choose(self, name: str, choices: list[tuple[str, str]], ticked: list[str]) -> None:
        field = self.fields[name]
        field.choices = choices  # type: ignore[attr-defined]
        field.initial = [value for value, _label in choices if value in ticked]
        if not choices:
            del self.fields[name]

    def scope(self) -> Scope:
        """The narrowed scope; what was excluded stays excluded."""
        given, row = self.cleaned_data, self.row

        def ids(*values: str) -> list[UUID]:
            return [UUID(hex=one) for one in dict.fromkeys(values)]

        ends: date = given["ends_on"]
        return Scope(
            starts_on=row.starts_on, ends_on=ends, presets=[ScopePreset(one) for one in given.get("presets", [])],
            categories=[Category(one) for one in given.get("categories", [])], item_ids=ids(*given.get("items", [])),
            excluded_categories=[Category(one) for one in dict.fromkeys([*row.excluded_categories, *given.get("leave_out", [])])],
            excluded_item_ids=ids(*row.excluded_item_ids, *given.get("leave_out_items", [])),
            person_ids=ids(*given.get("persons", [])), access=Access.READ if given.get("read_only") else Access(row.access),
            purpose=row.purpose,
        )  # fmt: skip


@client_door("authorisation.narrow")
@require_http_methods(["GET", "HEAD", "POST"])
def narrow(request: HttpRequest, authorisation_id: str) -> HttpResponse:
    """Choose fewer, before or after signing. Before: the new words are signed anew. After: it acts at once."""
    row = seen(request, authorisation_id)
    resolved = look.resolve(row)
    form = NarrowForm(row, resolved.inside, queries.persons_named(row), request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = narrow_authorisation(actor=actor_of(request), authorisation_id=row.id, scope=form.scope())
        if isinstance(done, Refusal):
            back = reverse("client:authorisation_narrow", args=[row.id])
            return refusal_response(request, done, back=back, next_label=_("Choose again"), next_url=back)
        if done.state == AuthorisationState.GRANTED:
            messages.success(request, _("Narrowed. It acts from this moment; a letter about it goes to you."))
        else:
            messages.success(
                request, _("These are the narrowed words. Read them, and sign if they are right.")
            )
        return HttpResponseRedirect(_home(done))
    status = 422 if request.method == "POST" else 200
    can = row.state in (AuthorisationState.GRANTED, AuthorisationState.PROPOSED)
    context = frame(
        row=row, form=form, resolved=resolved, can=can, stands=row.state == AuthorisationState.GRANTED
    )
    return render(request, "client_portal/narrow.html", context, status=status)
