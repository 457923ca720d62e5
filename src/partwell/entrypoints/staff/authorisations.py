# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every authorisation of a client or of one departure, in all states, drafts included."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from partwell.actions.authorisations.look import state_words
from partwell.actions.facts import zone
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.offboarding import head
from partwell.entrypoints.staff.recipients import client_or_404
from partwell.records.authorisations import queries
from partwell.rules.roles import may
from partwell.rules.terms import AuthorisationState

STATES = (
    ("", _("All")), (AuthorisationState.DRAFT, _("Drafts")), (AuthorisationState.PROPOSED, _("Waiting")),
    (AuthorisationState.GRANTED, _("Granted")), (AuthorisationState.DECLINED, _("Declined")),
    (AuthorisationState.WITHDRAWN, _("Withdrawn or discarded")), (AuthorisationState.REPLACED, _("Replaced")),
)  # fmt: skip


@staff_door("authorisation.read")
@require_safe
def of_client(request: HttpRequest, client_id: str) -> HttpResponse:
    """A client's, with or without a departure."""
    client = client_or_404(client_id)
    return _page(request, client, {"client_id": client.id}, "staff/authorisations.html")


@staff_door("authorisation.read")
@require_safe
def of_offboarding(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Those that were prepared within one departure."""
    found = head(request, offboarding_id, "offboarding_authorisations")
    of = {"offboarding_id": uuid_or_404(offboarding_id)}
    return _page(request, found.context["client"], of, "staff/offboarding_authorisations.html", found.context)


def _page(
    request: HttpRequest, client: Any, of: dict[str, Any], template: str, more: dict[str, Any] | None = None
) -> HttpResponse:
    actor, at = actor_of(request), zone()
    state = request.GET.get("state", "")
    state = state if state in dict(STATES) else ""
    page = queries.authorisations_page(actor, request.GET.get("page", "1"), state=state, **of)
    rows = [
        {"row": row, "tone": tone, "word": word, "draft": row.state == AuthorisationState.DRAFT}
        for row in page.object_list
        for tone, word in [state_words(row, at)]
    ]
    context = {
        "section": "clients", "client": client, "rows": rows, "page": page, "state": state, "states": STATES,
        "may_propose": may(actor.role, "authorisation.propose") is None, **(more or {}),
    }  # fmt: skip
    return render(request, template, context)
