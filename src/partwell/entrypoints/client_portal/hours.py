# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours as the client reads them: what is left, what each piece of time went on and was drawn from. No internal note."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.actions.hours.standing import standing
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.hours_words import UNUSED_WORDS, budget_words, entry_row
from partwell.records.hours.lists import time_for_client

A_PAGE = 25


@client_door("time.read")
@require_safe
def hours(request: HttpRequest) -> HttpResponse:
    """The page; queries do not grow with the entries."""
    client_id = client_id_of(actor_of(request))
    how = standing(client_id)
    page = Paginator(time_for_client(client_id), A_PAGE).get_page(request.GET.get("page"))
    context = frame(
        budget=budget_words(how), terms=how.terms, page=page, rows=[entry_row(one) for one in page.object_list],
        unused=UNUSED_WORDS[how.terms.unused], open=how.open_departure,
    )  # fmt: skip
    return render(request, "client_portal/hours.html", context)
