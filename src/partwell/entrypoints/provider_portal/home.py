# SPDX-License-Identifier: AGPL-3.0-or-later
"""The checklist: what was released to us, what waits for the client, what we confirmed and objected to."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.releases import look
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.provider_portal.common import frame, ids
from partwell.records.correspondence.queries import messages_visible_to
from partwell.records.releases import queries


@provider_door("release.read")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The checklist. After the authorisation ended only titles whose window is open (R17), answerable, not fetchable."""
    actor = actor_of(request)
    standing, context = frame(request, "home")
    if standing.stands and not standing.terms:
        return HttpResponseRedirect(reverse("provider:terms"))
    recipient_id, _ = ids(request)
    views = (
        look.line_views(queries.received_lines(actor), timezone.now()) if standing.stands else context["left"]
    )
    answer = [one for one in views if one.open and one.line.answer == ""]
    done = [one for one in views if one not in answer]
    waits: Any = queries.waiting_count(recipient_id) if standing.stands else 0
    asked = (
        messages_visible_to(actor, stands=standing.stands)
        .filter(subject__startswith="Asks for: ")
        .order_by("-written_at")[:10]
    )
    confirmed = sum(one.line.answer == "confirmed" for one in views)
    objected = sum(one.line.answer == "objected" for one in views)
    context.update(
        {
            "answer": answer,
            "done": done,
            "waits": waits,
            "asked": list(asked),
            "closes": min((one.last for one in answer), default=None),
            "tally": [
                (confirmed, "confirmed"),
                (len(answer), "await your answer"),
                (objected, "you objected to"),
                (waits, "wait for the client"),
            ],
            "counts": {
                "total": len(views) + waits,
                "confirmed": confirmed,
                "released": len(views) - confirmed - objected,
                "objected": objected,
            },
        }
    )
    return render(request, "provider_portal/home.html", context)
