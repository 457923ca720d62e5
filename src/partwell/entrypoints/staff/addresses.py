# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail to a contact came back and arrives again: said by a person, with how they know."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.clients.address_works import address_works
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import answer, form_page, id_of, words_field
from partwell.records.clients import queries


class WorksForm(forms.Form):
    """How somebody knows that mail arrives."""

    ground = words_field(
        "How you know", help_text="For example: they answered a test mail, or their IT lifted a block."
    )


@staff_door("contact.change")
@require_http_methods(["GET", "HEAD", "POST"])
def works(request: HttpRequest, client_id: str, contact_id: str) -> HttpResponse:
    """Trust a contact's addresses again; a new address is written down on the contact's own form."""
    client = client_or_404(client_id)
    contact = queries.contact_of(id_of(contact_id))
    if contact is None or contact.client_id != client.id:
        raise Http404
    back = reverse("staff:client", args=[client.id])
    form = WorksForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        result = address_works(
            actor=actor_of(request), contact_id=contact.id, ground=form.cleaned_data["ground"]
        )
        return answer(request, result, back, "Noted. What waited for an address of theirs is on its way.")
    return form_page(
        request,
        form,
        title=f"Mail to {contact.name} arrives again",
        button="It works again",
        back=back,
        back_label=client.name,
        lede=f"Mail to {contact.email} came back. If the address is another one now, change the contact instead.",
    )
