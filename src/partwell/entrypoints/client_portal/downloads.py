# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every letter that the client has of us, and the way to everything else in one archive."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partwell.entrypoints.client_portal.frame import client_id_of, frame, maybe
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.records.authorisations import queries as consents
from partwell.records.billing import queries as billing
from partwell.records.billing import returns
from partwell.records.clients import queries as clients
from partwell.records.offboardings import lists
from partwell.records.offboardings import queries as departures
from partwell.records.retention.certificates import certificates_of


@client_door("client.read")
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """Letters, newest first: the agreement, acknowledgements, authorisations and their changes, acceptances, statements."""
    actor = actor_of(request)
    client_id = client_id_of(actor)
    rows: list[dict[str, Any]] = []

    def add(title: str, note: str, file: Any, url: str) -> None:
        if file is not None:
            rows.append({"title": title, "note": note, "file": file, "url": url})

    agreement = clients.agreement_of(client_id)
    if agreement is not None:
        add(agreement.title, _("as signed"), agreement.document, reverse("client:agreement_file"))
    for departure in clients.offboardings_of(client_id):
        full = departures.offboarding_of(departure.id)
        if full is not None:
            add(
                _("We have your notice"),
                _("acknowledgement"),
                full.acknowledgement,
                reverse("client:notice_letter", args=[full.id]),
            )
        for row in lists.acceptances(departure.id).select_related("document"):
            add(
                _("Acceptance of the handover"),
                _("list %(n)s") % {"n": row.version},
                row.document,
                reverse("client:acceptance_letter", args=[row.id]),
            )
    for one in consents.versions_for_client(actor, client_id):
        words = {"n": one.version, "firm": one.recipient.firm}
        add(
            _("Authorisation %(n)s for %(firm)s") % words,
            _("signed"),
            one.document,
            reverse("client:authorisation_document", args=[one.id, "letter"]),
        )
        add(_("Change of authorisation %(n)s for %(firm)s") % words, _("narrowed or withdrawn"), one.change_document,
            reverse("client:authorisation_document", args=[one.id, "change"]))  # fmt: skip
    for made in billing.statements_of(client_id):
        add(
            _("Statement of hours and money"),
            _("at closing") if made.at_closing else _("as it stood"),
            made.letter,
            reverse("client:statement_letter", args=[made.id]),
        )
    for quote in returns.quotes_of(client_id):
        add(
            _("Welcome back: our quote"),
            _("for coming back"),
            quote.letter,
            reverse("client:return_letter", args=[quote.id]),
        )
    for issued in certificates_of(client_id):
        add(
            _("Certificate of destruction: %(what)s") % {"what": issued.title},
            _("what was deleted, and how it was checked"),
            issued.letter,
            reverse("client:certificate_letter", args=[issued.id]),
        )
    rows.sort(key=lambda row: row["file"].stored_at, reverse=True)
    return render(request, "client_portal/letters.html", frame(rows=rows, bundle_url=maybe("client:bundles")))


@client_door("agreement.read")
@require_safe
def agreement_file(request: HttpRequest) -> Any:
    """The agreement in force, as it was signed."""
    found = clients.agreement_of(client_id_of(actor_of(request)))
    if found is None or found.document is None or found.document.internal:
        raise Http404
    return file_response(request, found.document, inline="show" in request.GET)


@client_door("offboarding.read")
@require_safe
def notice_letter(request: HttpRequest, offboarding_id: str) -> Any:
    """The acknowledgement of the notice."""
    found = departures.offboarding_of(uuid_or_404(offboarding_id))
    if found is None or found.client_id != actor_of(request).client_id or found.acknowledgement is None:
        raise Http404
    return file_response(request, found.acknowledgement, inline="show" in request.GET)
