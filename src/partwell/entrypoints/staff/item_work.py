# SPDX-License-Identifier: AGPL-3.0-or-later
"""What staff do to one item: each a form that is posted, one action, and back to its page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from partwell.actions.estate.attach_document import attach_document
from partwell.actions.estate.change_item import change_item, remove_item
from partwell.actions.estate.record_handover import FIELDS, record_handover
from partwell.actions.estate.secrets import purge_copy, see_secret, store_secret
from partwell.actions.estate.take_picture import take_picture
from partwell.actions.estate.try_credential import second_credential, try_credential
from partwell.connectors.secret import Secret
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.estate_forms import ChangeForm
from partwell.entrypoints.staff.item import item_or_404
from partwell.entrypoints.staff.pictures import picture_of
from partwell.rules.refusals import Refusal, refuse


def _back(request: HttpRequest, item: Any, result: Any, words: str) -> HttpResponse:
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:item", args=[item.client_id, item.id]))
    messages.success(request, words)
    return HttpResponseRedirect(reverse("staff:item", args=[item.client_id, item.id]))


@staff_door("item.change")
@require_http_methods(["GET", "POST"])
def item_change(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Change what it is, whose it is and who holds it."""
    item = item_or_404(client_id, item_id)
    names = (
        "title",
        "category",
        "kind",
        "owner",
        "custodian",
        "sensitivity",
        "critical",
        "endpoint",
        "internal",
        "row_version",
    )
    start = {name: getattr(item, name) for name in names} | {
        "details": "\n".join(f"{k}: {v}" for k, v in sorted(item.details.items()))
    }
    form = ChangeForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        return _back(
            request,
            item,
            change_item(
                actor=actor_of(request), client_id=item.client_id, item_id=item.id, **form.cleaned_data
            ),
            "Changed.",
        )
    return render(
        request,
        "staff/item_change.html",
        {"section": "estate", "client": item.client, "item": item, "form": form},
        status=422 if form.errors else 200,
    )


@staff_door("item.change")
@require_POST
def item_handover(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """What R3 asks of its kind."""
    item = item_or_404(client_id, item_id)
    values = {
        name: (name in request.POST) if type_ is bool else request.POST.get(name, "")
        for name, type_ in FIELDS[item.kind].items()
    }
    return _back(
        request,
        item,
        record_handover(actor=actor_of(request), client_id=item.client_id, item_id=item.id, **values),
        "Recorded for the handover.",
    )


@staff_door("item.change")
@require_POST
def item_remove(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Take it off the estate, with a reason."""
    item = item_or_404(client_id, item_id)
    result = remove_item(
        actor=actor_of(request),
        client_id=item.client_id,
        item_id=item.id,
        reason=request.POST.get("reason", ""),
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:item", args=[item.client_id, item.id]))
    messages.success(request, f"“{item.title}” was taken off the estate; its record stays.")
    return HttpResponseRedirect(reverse("staff:client_estate", args=[item.client_id]))


@staff_door("credential.change")
@require_POST
def item_secret(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Seal a secret."""
    item = item_or_404(client_id, item_id)
    return _back(
        request,
        item,
        store_secret(
            actor=actor_of(request),
            client_id=item.client_id,
            item_id=item.id,
            field=request.POST.get("field", ""),
            value=Secret(request.POST.get("value", "")),
        ),
        "The secret is sealed in the vault.",
    )


@staff_door("credential.see")
@require_POST
def item_see(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Show one secret once, after saying why. The page is never stored and never in an address."""
    item = item_or_404(client_id, item_id)
    result = see_secret(
        actor=actor_of(request),
        client_id=item.client_id,
        item_id=item.id,
        field=request.POST.get("field", ""),
        purpose=request.POST.get("purpose", ""),
    )
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:item", args=[item.client_id, item.id]))
    response = render(
        request,
        "staff/item_secret.html",
        {
            "section": "estate",
            "client": item.client,
            "item": item,
            "field": request.POST.get("field", ""),
            "value": result.reveal(),
        },
    )
    response.headers["Cache-Control"] = "no-store, private"
    return response


@staff_door("credential.try")
@require_POST
def item_try(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Record a try; the picture that proves it comes with the same form."""
    item = item_or_404(client_id, item_id)
    proof = None
    upload = request.FILES.get("picture")
    if upload is not None:
        picture = take_picture(
            actor=actor_of(request),
            client_id=item.client_id,
            subject_kind="item",
            subject_id=item.id,
            **picture_of(request),
            caption="Proof of a try",
        )
        if isinstance(picture, Refusal):
            return _back(request, item, picture, "")
        proof = picture.id
    return _back(
        request,
        item,
        try_credential(
            actor=actor_of(request),
            client_id=item.client_id,
            item_id=item.id,
            proof_id=proof,
            outcome=request.POST.get("outcome", ""),
            reason=request.POST.get("reason", ""),
        ),
        "The try is recorded.",
    )


@staff_door("credential.second")
@require_POST
def item_second(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """A second person agrees that it cannot be tried."""
    item = item_or_404(client_id, item_id)
    return _back(
        request,
        item,
        second_credential(actor=actor_of(request), client_id=item.client_id, item_id=item.id),
        "You agreed; both names stand on record.",
    )


@staff_door("credential.purge")
@require_POST
def item_purge(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """Purge our copy; the title is typed first, since nothing brings it back."""
    item = item_or_404(client_id, item_id)
    if " ".join(request.POST.get("typed_name", "").split()) != " ".join(item.title.split()):
        return _back(
            request,
            item,
            refuse("invalid_input", where="The typed name", problem="it is not the item's title"),
            "",
        )
    return _back(
        request,
        item,
        purge_copy(actor=actor_of(request), client_id=item.client_id, item_id=item.id),
        "Our copy of the secret is purged.",
    )


@staff_door("item.change")
@require_POST
def item_document(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """A new version of its document."""
    item = item_or_404(client_id, item_id)
    upload = request.FILES.get("document")
    if upload is None:
        return _back(request, item, refuse("required", where="The document"), "")
    return _back(
        request,
        item,
        attach_document(
            actor=actor_of(request),
            client_id=item.client_id,
            item_id=item.id,
            name=upload.name or "file",
            stream=upload.file,  # type: ignore[arg-type]  # an upload has one
        ),
        "The document is attached as a new version.",
    )
