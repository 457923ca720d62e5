# SPDX-License-Identifier: AGPL-3.0-or-later
""" "Your data": what is held, until when and why, what was chosen, held, told and certified. Observers read it too."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.hours.standing import today
from partwell.actions.retention.certify import label_of
from partwell.actions.retention.choices import choice_wanted
from partwell.actions.retention.lift_hold import decline_lift, lift_hold
from partwell.actions.retention.look import views
from partwell.actions.retention.object import take_back_objection
from partwell.actions.retention.second_person import waiting_for, waits_for_lift
from partwell.actions.retention.set_files import file_of, files_of
from partwell.entrypoints.client_portal import retention_words as words
from partwell.entrypoints.client_portal.frame import client_id_of, frame
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.retention import certificates, lists, queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE, MOST_LATE = 20, 100


def home_of_data() -> dict[str, str]:
    """The way back to this page."""
    return {"label": _("Back to your data"), "url": reverse("client:retention")}


@client_door("retention.read")
@require_safe
def your_data(request: HttpRequest) -> HttpResponse:
    """Everything on one page, the sets paged."""
    actor = actor_of(request)
    client_id = client_id_of(actor)
    now = timezone.now()
    page = Paginator(lists.kept_and_gone(client_id), A_PAGE).get_page(request.GET.get("page"))
    found = views(list(page.object_list), now)
    passed = views(list(lists.passed(client_id, today(now))[:MOST_LATE]), now)
    overdue = [one for one in passed if one.late]
    begun = words.begun_of([one.row.id for one in found])
    lie = files_of([one.row for one in found])
    cards = [{**words.set_card(one, one.row.id in begun), "files": lie.get(one.row.id, [])} for one in found]
    holds = [
        {**words.hold_card(row), "second": waits_for_lift(row) and may(actor.role, "hold.lift") is None}
        for row in queries.holds_of(client_id)
    ]
    told = Paginator(queries.notices_of(client_id), A_PAGE).get_page(request.GET.get("told"))
    history = Paginator(queries.choice_history(client_id), A_PAGE).get_page(request.GET.get("choices"))
    signs = may(actor.role, "choice.make") is None
    return render(request, "client_portal/retention.html", frame(
        page=page, cards=cards, overdue=overdue, wanted=choice_wanted(client_id),
        holds=[one for one in holds if one["row"].lifted_at is None], lifted=[one for one in holds if one["row"].lifted_at is not None],
        notices=[{"row": one, "word": words.NOTICES.get(one.kind, one.kind)} for one in told.object_list], told=told,
        history=history, signs=signs, waits=waiting_for(client_id) if signs else None,
        certificates=[{"row": one, "label": label_of(one.number)} for one in certificates.certificates_of(client_id)[:5]],
    ))  # fmt: skip


@client_door("retention.read")
@require_safe
def set_file(request: HttpRequest, set_id: str, file_id: str) -> Any:
    """A file of a set in our vault, as a download: what is the client's, it takes whenever it likes."""
    file = file_of(actor=actor_of(request), set_id=uuid_or_404(set_id), file_id=uuid_or_404(file_id))
    if file is None:
        raise Http404
    return file_response(request, file)


def hold_here(request: HttpRequest, hold_id: str) -> UUID:
    """The id of a hold of the actor's client; 404 for a stranger's."""
    row = queries.hold_of(uuid_or_404(hold_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row.id


def _after(request: HttpRequest, done: Any, said: str) -> HttpResponse:
    here = reverse("client:retention")
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=here)
    messages.success(request, said)
    return HttpResponseRedirect(here)


@client_door("hold.lift")
@require_POST
def hold_lift(request: HttpRequest, hold_id: str) -> HttpResponse:
    """The signatory lifts a hold as the second person of a provider of one."""
    done = lift_hold(actor=actor_of(request), hold_id=hold_here(request, hold_id))
    return _after(request, done, _("Lifted. What it stopped stays stopped until somebody takes it up again."))


@client_door("hold.lift")
@require_POST
def hold_keep(request: HttpRequest, hold_id: str) -> HttpResponse:
    """The hold stays."""
    reason = request.POST.get("reason", "").strip()[:2000]
    done = decline_lift(actor=actor_of(request), hold_id=hold_here(request, hold_id), reason=reason)
    return _after(request, done, _("It stays in force."))


@client_door("deletion.object")
@require_POST
def objection_back(request: HttpRequest, hold_id: str) -> HttpResponse:
    """The client no longer objects."""
    said = request.POST.get("words", "").strip()[:2000]
    done = take_back_objection(actor=actor_of(request), hold_id=hold_here(request, hold_id), words=said)
    return _after(
        request, done, _("We have it. An owner of ours lifts the hold; until then nothing is deleted.")
    )
