# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing on a client's file: each page is one form and calls one action."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.actions.clients.add_client import add_client
from partwell.actions.clients.add_contact import add_contact
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.change_client import change_client
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.clients.lift_pause import lift_pause
from partwell.actions.clients.record_agreement import record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.actions.clients.set_pause import set_pause
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff import client_forms as shapes
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of
from partwell.records.clients import queries
from partwell.records.estate import queries as estate
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import Refusal

_BOTH = require_http_methods(["GET", "POST"])


def _given(request: HttpRequest, form: type[forms.Form], initial: dict[str, Any] | None = None) -> forms.Form:
    return form(request.POST, request.FILES) if request.method == "POST" else form(initial=initial)


def _upload(form: forms.Form, name: str) -> dict[str, Any]:
    file = form.cleaned_data.get(name)
    if file is None:
        return {name: None}
    return {
        name: file,
        f"{name}_name": file.name,
        f"{name}_type": file.content_type or "application/octet-stream",
    }


def _page(
    request: HttpRequest, form: forms.Form, client: Any, title: str, button: str, **more: Any
) -> HttpResponse:
    back = reverse("staff:client", args=[client.id])
    return form_page(request, form, title=title, button=button, back=back, back_label=client.name, **more)


def _done(request: HttpRequest, form: forms.Form, client: Any, result: object, said: str, title: str, button: str, **more: Any
          ) -> HttpResponse:  # fmt: skip
    """Input that was refused stands above the form again; another refusal is its own page."""
    if isinstance(result, Refusal) and (result.status == 422 or result.code in ("duplicate", "same_address")):
        form_with_refusal(form, result)
        return _page(request, form, client, title, button, **more)
    return answer(request, result, reverse("staff:client", args=[client.id]), said)


@staff_door("client.add")
@_BOTH
def client_add(request: HttpRequest) -> HttpResponse:
    """A new client."""
    actor = actor_of(request)
    form = _given(request, shapes.ClientForm)
    if request.method == "POST" and form.is_valid():
        result = add_client(actor=actor, **form.values())  # type: ignore[attr-defined]
        if not isinstance(result, Refusal):
            return answer(
                request,
                result,
                reverse("staff:client", args=[result.id]),
                f"{result.name} is on file. Next: a signatory.",
            )
        form_with_refusal(form, result)
    return form_page(
        request,
        form,
        title="Add a client",
        button="Add the client",
        back=reverse("staff:clients"),
        back_label="Clients",
    )


@staff_door("client.change")
@_BOTH
def client_change(request: HttpRequest, client_id: str) -> HttpResponse:
    """What is on file of a client."""
    row = client_or_404(client_id)
    initial = {name: getattr(row, name) for name in shapes.ClientForm.base_fields}
    form = _given(request, shapes.ClientForm, {**initial, "domains": "\n".join(row.domains)})
    said = (f"Change {row.name}", "Save")
    if request.method == "POST" and form.is_valid():
        result = change_client(actor=actor_of(request), client_id=row.id, **form.values())  # type: ignore[attr-defined]
        return _done(request, form, row, result, "Saved.", *said)
    return _page(request, form, row, *said)


@staff_door("site.change")
@_BOTH
def site_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """A place of the client's."""
    row = client_or_404(client_id)
    form, said = _given(request, shapes.SiteForm), ("Add a site", "Add the site")
    if request.method == "POST" and form.is_valid():
        result = add_site(actor=actor_of(request), client_id=row.id, **form.cleaned_data)
        return _done(request, form, row, result, "The site is on file.", *said)
    return _page(request, form, row, *said)


@staff_door("contact.add")
@_BOTH
def contact_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """A person at the client."""
    row = client_or_404(client_id)
    form, said = _given(request, shapes.ContactForm), ("Add a contact", "Add the contact")
    if request.method == "POST" and form.is_valid():
        result = add_contact(actor=actor_of(request), client_id=row.id, contact=form.values())  # type: ignore[attr-defined]
        return _done(request, form, row, result, "The contact is on file.", *said)
    return _page(request, form, row, *said)


def _contact(row: Any, contact_id: str) -> Any:
    contact = queries.contact_of(id_of(contact_id))
    if contact is None or contact.client_id != row.id:
        raise Http404
    return contact


@staff_door("contact.change")
@_BOTH
def contact_change(request: HttpRequest, client_id: str, contact_id: str) -> HttpResponse:
    """What is on file of a person."""
    row = client_or_404(client_id)
    contact = _contact(row, contact_id)
    form = _given(
        request, shapes.ContactForm, {name: getattr(contact, name) for name in shapes.ContactForm.base_fields}
    )
    said = (f"Change {contact.name}", "Save")
    if request.method == "POST" and form.is_valid():
        result = change_contact(actor=actor_of(request), contact_id=contact.id, **form.cleaned_data)
        return _done(request, form, row, result, "Saved.", *said)
    return _page(request, form, row, *said)


@staff_door("contact.change")
@_BOTH
def contact_leave(request: HttpRequest, client_id: str, contact_id: str) -> HttpResponse:
    """A person is no longer with the client."""
    row = client_or_404(client_id)
    contact = _contact(row, contact_id)
    form, said = (
        _given(request, shapes.LeftForm),
        (f"{contact.name} has left {row.name}", "End their access"),
    )
    lede = "Their sign-in to the portal ends at once. What they signed and said stays on record."
    if request.method == "POST" and form.is_valid():
        result = contact_left(
            actor=actor_of(request), contact_id=contact.id, reason=form.cleaned_data["reason"]
        )
        return _done(
            request,
            form,
            row,
            result,
            f"{contact.name} is no longer a contact, and can no longer sign in.",
            *said,
        )
    return _page(request, form, row, *said, lede=lede)


@staff_door("authority.record")
@_BOTH
def authority(request: HttpRequest, client_id: str, contact_id: str) -> HttpResponse:
    """Why a signatory may bind the client."""
    row = client_or_404(client_id)
    contact = _contact(row, contact_id)
    form, said = _given(request, shapes.AuthorityForm), (f"Why {contact.name} may sign", "Record the proof")
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = record_authority(
            actor=actor_of(request),
            contact_id=contact.id,
            kind=data["kind"],
            valid_until=data["valid_until"],
            **_upload(form, "file"),
        )
        return _done(request, form, row, result, "The proof is on file.", *said)
    return _page(request, form, row, *said)


@staff_door("agreement.record")
@_BOTH
def agreement(request: HttpRequest, client_id: str) -> HttpResponse:
    """The agreement's terms as data; a new version replaces the one before."""
    row, msp = client_or_404(client_id), the_msp()
    old = queries.agreement_of(row.id)
    source = old or msp
    names = [name for name in shapes.AgreementForm.base_fields if name != "document"]
    initial = {name: getattr(source, name) for name in names if source is not None and hasattr(source, name)}
    if old is not None:
        initial.update({f"owner_{key}": value for key, value in old.ownership.items()})
    form = _given(request, shapes.AgreementForm, initial)
    assert isinstance(form, shapes.AgreementForm)
    title = (
        f"Version {old.version + 1} of the agreement with {row.name}"
        if old
        else f"The agreement with {row.name}"
    )
    more: dict[str, Any] = {
        "groups": form.groups(),
        "lede": "A version that is recorded is never edited; a new one replaces it.",
    }
    if request.method == "POST" and form.is_valid():
        result = record_agreement(
            actor=actor_of(request), client_id=row.id, terms=form.terms(), **_upload(form, "document")
        )
        return _done(
            request,
            form,
            row,
            result,
            "The agreement's terms are on file.",
            title,
            "Record the terms",
            **more,
        )
    return _page(request, form, row, title, "Record the terms", **more)


@staff_door("client.change")
@_BOTH
def backup_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """A known backup set, or that there is none."""
    row = client_or_404(client_id)
    form, said = _given(request, shapes.BackupForm), ("Add a backup set", "Add it")
    if request.method == "POST" and form.is_valid():
        result = add_backup_set(actor=actor_of(request), client_id=row.id, **form.cleaned_data)
        return _done(request, form, row, result, "The backups are on file.", *said)
    return _page(request, form, row, *said)


@staff_door("pause.set")
@_BOTH
def pause(request: HttpRequest, client_id: str) -> HttpResponse:
    """Pause releases (R11); an owner alone. Whoever tries it for a debt is told the rule, and the attempt is on record."""
    row, item = client_or_404(client_id), None
    if request.GET.get("item"):
        item = estate.item_of(row.id, id_of(request.GET["item"]))
        if item is None:
            raise Http404
    form, said = _given(request, shapes.PauseForm), (f"Pause releases of {row.name}", "Pause releases")
    lede = "What the client owns is never withheld for a debt. Four grounds are lawful; each is named and recorded."
    if item is not None:
        lede = f"A pause stops every release, not “{item.title}” alone. {lede}"
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = set_pause(
            actor=actor_of(request),
            client_id=row.id,
            ground=data["ground"],
            note=data["note"],
            item_id=item.id if item else None,
            **_upload(form, "file"),
        )
        return answer(request, result, reverse("staff:client", args=[row.id]), "Releases are paused.")
    return _page(request, form, row, *said, lede=lede)


@staff_door("pause.lift")
@_BOTH
def pause_lift(request: HttpRequest, client_id: str, pause_id: str) -> HttpResponse:
    """A lawful pause is settled."""
    row = client_or_404(client_id)
    wanted = next((one for one in queries.pauses_of(row.id) if one.id == id_of(pause_id)), None)
    if wanted is None:
        raise Http404
    form, said = _given(request, shapes.LiftForm), ("Lift the pause on releases", "Lift the pause")
    if request.method == "POST" and form.is_valid():
        result = lift_pause(actor=actor_of(request), pause_id=wanted.id, reason=form.cleaned_data["reason"])
        return _done(request, form, row, result, "Releases go on.", *said)
    return _page(request, form, row, *said)
