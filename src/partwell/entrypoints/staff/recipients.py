# SPDX-License-Identifier: AGPL-3.0-or-later
"""Firms that may receive something of a client, and their people. Being on file allows nothing.

With ``?mail=`` of a mail by somebody whom nobody knows, its sender's name and address stand in the forms, and its cautions
above them; once firm and person are on file, the authorisation is prepared.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.authorisations.look import state_words
from partwell.actions.authorisations.recipients import add_person, add_recipient, person_left
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.consent_forms import FirmForm, PersonForm
from partwell.entrypoints.staff.parts import id_or_none
from partwell.records.authorisations import queries
from partwell.records.clients.queries import client_of
from partwell.records.correspondence.inbound_queries import mail_in_seen
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import ClientState, RecipientKind

KINDS = {RecipientKind.NEW_PROVIDER: "New provider", RecipientKind.CONTRACTOR: "Contractor"}


def client_or_404(client_id: str) -> Any:
    """The client of an address."""
    client = client_of(uuid_or_404(client_id))
    if client is None:
        raise Http404
    return client


def _home(client: Any, mail: Any = None) -> str:
    address = reverse("staff:client_consents", args=[client.id])
    return f"{address}?mail={mail.id}" if mail else address


def _mail(request: HttpRequest, client: Any) -> Any:
    """The mail that the page was reached from, or None; only one of this client that may be read."""
    wanted = id_or_none(request.GET.get("mail", ""))
    mail = mail_in_seen(actor_of(request), wanted) if wanted else None
    return mail if mail is not None and mail.client_id == client.id else None


@staff_door("authorisation.read")
@require_safe
def consent(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's recipients, their people, and every consent with its state."""
    return _page(request, client_or_404(client_id))


def _page(
    request: HttpRequest, client: Any, firm: FirmForm | None = None, person: PersonForm | None = None, person_of: Any = None
) -> HttpResponse:  # fmt: skip
    actor, mail = actor_of(request), _mail(request, client)
    firm = firm or FirmForm(initial={"kind": RecipientKind.NEW_PROVIDER.value} if mail else None)
    who = {"name": mail.from_name, "email": mail.from_address} if mail else None
    rows: dict[Any, list[dict[str, Any]]] = {}
    for row in queries.versions_for_client(actor, client.id):
        tone, word = state_words(row)
        rows.setdefault(row.recipient_id, []).append({"row": row, "tone": tone, "word": word})
    firms = [
        {"firm": one, "kind": KINDS[RecipientKind(one.row.kind)], "versions": rows.get(one.row.id, []),
         "form": person if person_of == one.row.id and person else PersonForm(auto_id=f"p{one.row.id.hex[:6]}_%s", initial=who),
         "open": person_of == one.row.id or mail is not None}
        for one in queries.firms_of(client.id)
    ]  # fmt: skip
    context = {
        "section": "clients", "client": client, "firms": firms, "firm_form": firm, "mail": mail, "careful": " ".join(mail.warnings) if mail else "", "here": client.state != ClientState.INACTIVE,
        "may_add": may(actor.role, "recipient.add") is None, "may_propose": may(actor.role, "authorisation.propose") is None,
    }  # fmt: skip
    return render(
        request,
        "staff/consent.html",
        context,
        status=422 if firm.is_bound or (person and person.is_bound) else 200,
    )


@staff_door("recipient.add")
@require_POST
def firm_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """A firm onto the client's file."""
    client = client_or_404(client_id)
    back = _home(client, _mail(request, client))
    form = FirmForm(request.POST)
    if not form.is_valid():
        return _page(request, client, form)
    given = form.cleaned_data
    done = add_recipient(
        actor=actor_of(request),
        client_id=client.id,
        firm=given["firm"],
        kind=RecipientKind(given["kind"]),
        address=given["address"],
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=back)
    messages.success(request, _("%(firm)s is on file. Add the people who may receive.") % {"firm": done.firm})
    return HttpResponseRedirect(f"{back}#firm-{done.id}")


@staff_door("recipient.change")
@require_POST
def person_add(request: HttpRequest, client_id: str, recipient_id: str) -> HttpResponse:
    """A person of that firm."""
    client = client_or_404(client_id)
    firm = queries.recipient_of(client.id, uuid_or_404(recipient_id))
    if firm is None:
        raise Http404
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _page(request, client, None, form, firm.id)
    actor, mail = actor_of(request), _mail(request, client)
    done = add_person(actor=actor, recipient_id=firm.id, **form.cleaned_data)
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=_home(client, mail))
    messages.success(request, _("%(name)s is on file.") % {"name": done.name})
    if mail and may(actor.role, "authorisation.propose") is None:
        return HttpResponseRedirect(reverse("staff:authorisation_new", args=[client.id, firm.id]))
    return HttpResponseRedirect(_home(client))


@staff_door("recipient.change")
@require_POST
def person_gone(request: HttpRequest, client_id: str, person_id: str) -> HttpResponse:
    """A person left that firm: everything of theirs ends at once."""
    client = client_or_404(client_id)
    person = uuid_or_404(person_id)
    if not any(one.id == person for firm in queries.firms_of(client.id) for one in firm.people):
        raise Http404
    done = person_left(actor=actor_of(request), person_id=person)
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=_home(client))
    messages.success(request, _("%(name)s has no way in any more.") % {"name": done.name})
    return HttpResponseRedirect(_home(client))
