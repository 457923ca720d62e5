# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets as people record, correct, return and remove them, and the only copies in them: a form a verb (R6, R13)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from partwell.actions.retention.only_copies import name_only_copy, record_handed_over, unname_only_copy
from partwell.actions.retention.record_set import change_set, has_secret, record_return, record_set
from partwell.actions.retention.remove_set import remove_set
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of, may_here
from partwell.entrypoints.staff.set_forms import PLACES, OnlyCopyForm, RemoveForm, SetForm, WordsForm
from partwell.entrypoints.staff.sets import view_or_404
from partwell.records.estate.queries import own_items
from partwell.records.retention import queries
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal
from partwell.rules.roles import OWNER

_BOTH = require_http_methods(["GET", "HEAD", "POST"])
# Which field a refusal is about.
AT = {
    "name": "The name of the backup set|duplicate|A backup set",
    "location": "Where the backup set lies",
    "longer_until": "shorter_than_rule",
    "longer_reason": "longer_without_reason",
    "secret": "The secret of the storage",
    "prefix": "The prefix",
    "bucket": "The bucket",
    "endpoint": "The address of the storage",
    "path": "The path",
}
NONE_SAID = "none"  # in an address: the place that is not said yet


def _place(request: HttpRequest, otherwise: Place | None) -> Place | None:
    said = request.GET.get("place")
    if said is None:
        return otherwise
    try:
        return Place.UNKNOWN if said == NONE_SAID else Place(said)
    except ValueError:
        raise Http404 from None


def _cards(address: str, now: Place | None) -> list[dict[str, Any]]:
    return [{"icon": icon, "title": title, "text": text, "url": f"{address}?place={place.value or NONE_SAID}", "now": place is now}
            for place, icon, title, text in PLACES]  # fmt: skip


@staff_door("set.record")
@sensitive_post_parameters("secret")
@_BOTH
def set_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """First where it lies, then the fields of that kind of place."""
    client, actor = client_or_404(client_id), actor_of(request)
    back = reverse("staff:client_data", args=[client.id])
    place, here = _place(request, None), reverse("staff:set_add", args=[client.id])
    if place is None:
        none_kept = may_here(actor, client, "client.change")
        return render(request, "staff/set_place.html", {"section": "clients", "client": client, "cards": _cards(here, None), "back": back,
                                                        "title": _("Where does the set lie?"), "none_kept": none_kept})  # fmt: skip
    form = SetForm(request.POST or None, client=client, place=place)
    if request.method == "POST" and form.is_valid():
        done = record_set(actor=actor, client_id=client.id, facts=form.facts(), secret=form.given_secret())
        if not isinstance(done, Refusal):
            return answer(
                request,
                done,
                reverse("staff:set", args=[done.id]),
                _("Recorded. From now on it is promised."),
            )
        if done.code == "not_found":
            return answer(request, done, back, "")
        form_with_refusal(form, done, **AT)
    return _set_page(request, form, title=_("A backup set of %(name)s") % {"name": client.name}, button=_("Record it"), back=back, back_label=client.name, other=here)  # fmt: skip


@staff_door("set.record")
@sensitive_post_parameters("secret")
@_BOTH
def set_change(request: HttpRequest, set_id: str) -> HttpResponse:
    """Correct it; with another place in the address, also where it lies."""
    one, actor = view_or_404(set_id), actor_of(request)
    row, back = one.row, reverse("staff:set", args=[one.row.id])
    here = reverse("staff:set_change", args=[row.id])
    if "choose" in request.GET:
        return render(request, "staff/set_place.html", {"section": "clients", "client": row.client, "cards": _cards(here, Place(row.place)),
                                                        "back": back, "title": _("Where does “%(name)s” lie?") % {"name": row.name}})  # fmt: skip
    place = _place(request, Place(row.place)) or Place.UNKNOWN
    form = SetForm(
        request.POST or None, client=row.client, place=place, row=row, has_secret=has_secret(row.id)
    )
    if request.method == "POST" and form.is_valid():
        done = change_set(actor=actor, set_id=row.id, facts=form.facts(), secret=form.given_secret())
        if not isinstance(done, Refusal) or done.code == "not_found":
            return answer(request, done, back, _("Corrected. The client reads it in its portal."))
        form_with_refusal(form, done, **AT)
    return _set_page(request, form, title=_("Correct “%(name)s”") % {"name": row.name}, button=_("Keep the correction"), back=back, back_label=row.name,
                     other=f"{here}?choose")  # fmt: skip


def _set_page(request: HttpRequest, form: SetForm, **context: Any) -> HttpResponse:
    shown = {"section": "clients", "form": form, "groups": form.groups(), **context}
    return render(request, "staff/set_form.html", shown, status=422 if form.errors else 200)


@staff_door("set.return")
@_BOTH
def set_return(request: HttpRequest, set_id: str) -> HttpResponse:
    """The data reached the client."""
    row, back = view_or_404(set_id).row, reverse("staff:set", args=[id_of(set_id)])
    form = WordsForm(request.POST or None, label=_("How it reached the client"), most=300,
                     hint=_("A drive that arrived, a download that was fetched: who said so, and when."))  # fmt: skip
    done = None
    if request.method == "POST" and form.is_valid():
        done = record_return(actor=actor_of(request), set_id=row.id, words=form.cleaned_data["words"])
    return _form(request, form, done, back, _("Recorded. What was returned may be deleted on its day."),
                 title=_("“%(name)s” was returned") % {"name": row.name}, button=_("Record it"), back_label=row.name)  # fmt: skip


@staff_door("set.remove")
@_BOTH
def set_remove(request: HttpRequest, set_id: str) -> HttpResponse:
    """Take it off the list: what was never promised, or was never there."""
    row, actor = view_or_404(set_id).row, actor_of(request)
    form = RemoveForm(request.POST or None, label=_("Why"), hint=_("The client reads it."), most=2000)
    if actor.role != OWNER:
        form.fields.pop("never_existed")
    done = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        done = remove_set(actor=actor, set_id=row.id, reason=data["words"], never_existed=data.get("never_existed", False))  # fmt: skip
    to = reverse("staff:client_data", args=[row.client_id])
    back = reverse("staff:set", args=[row.id])
    return _form(
        request, form, done, back, _("It is off the list."), to=to, title=_("Take “%(name)s” off the list") % {"name": row.name}, button=_("Take it off"),
        back_label=row.name, lede=_("What was promised leaves the list by its deletion and certificate. This is for what was recorded by mistake; an owner says so."),
    )  # fmt: skip


@staff_door("only_copy.settle")
@_BOTH
def only_copy_add(request: HttpRequest, set_id: str) -> HttpResponse:
    """Name a client-owned item whose only copy lies here."""
    row, back = view_or_404(set_id).row, reverse("staff:set", args=[id_of(set_id)])
    words = request.GET.get("q", "").strip()[:200]
    named = [one.item_id for one in queries.only_copies([row.id], settled=True).get(row.id, [])]
    items = list(own_items(row.client_id, words, named))
    form = OnlyCopyForm(request.POST or None, items=items)
    if request.method == "POST" and form.is_valid():
        done = name_only_copy(
            actor=actor_of(request), set_id=row.id, item_id=id_of(form.cleaned_data["item_id"])
        )
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, _("Named. The set is not deleted before this is settled."))
        form_with_refusal(form, done, item_id="The item")
    return render(request, "staff/only_copy.html", {"section": "clients", "client": row.client, "s": row, "form": form, "items": items,
                                                    "words": words}, status=422 if form.errors else 200)  # fmt: skip


def _only(text: str) -> queries.OnlyCopy:
    found = queries.only_copy_of(id_of(text))
    if found is None:
        raise Http404
    return found


@staff_door("only_copy.settle")
@_BOTH
def only_copy_given(request: HttpRequest, only_id: str) -> HttpResponse:
    """The item reached the client."""
    row = _only(only_id)
    form = WordsForm(request.POST or None, label=_("How and when the client got it"), most=300)
    done = None
    if request.method == "POST" and form.is_valid():
        done = record_handed_over(actor=actor_of(request), copy_id=row.id, words=form.cleaned_data["words"])
    return _form(request, form, done, reverse("staff:set", args=[row.backup_set_id]), _("Recorded."), button=_("Record it"),
                 title=_("“%(name)s” was handed over") % {"name": row.title}, back_label=row.backup_set.name,
                 lede=_("A release that the client confirms settles this by itself; this is for what went another way."))  # fmt: skip


@staff_door("only_copy.settle")
@_BOTH
def only_copy_other(request: HttpRequest, only_id: str) -> HttpResponse:
    """There is another copy after all."""
    row = _only(only_id)
    form = WordsForm(
        request.POST or None, label=_("Where the other copy lies"), hint=_("The client reads it.")
    )
    done = None
    if request.method == "POST" and form.is_valid():
        done = unname_only_copy(actor=actor_of(request), copy_id=row.id, reason=form.cleaned_data["words"])
    return _form(request, form, done, reverse("staff:set", args=[row.backup_set_id]), _("Taken back."), button=_("Take it back"),
                 title=_("“%(name)s” has another copy") % {"name": row.title}, back_label=row.backup_set.name)  # fmt: skip


def _form(
    request: HttpRequest, form: Any, done: object, back: str, said: str, *, to: str = "", **context: Any
) -> HttpResponse:
    """The form, or what came of it; input that was refused stands above the form again."""
    if done is not None:
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back if isinstance(done, Refusal) else to or back, said)
        form_with_refusal(form, done)
    return form_page(request, form, back=back, **context)
