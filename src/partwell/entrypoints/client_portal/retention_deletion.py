# SPDX-License-Identifier: AGPL-3.0-or-later
"""One deletion as the client reads it; where the provider is one person, its signatory approves it and looks at the outcome (R15)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.second_person import waits_for_approval, waits_for_validation
from partwell.actions.retention.validate import reject, validate
from partwell.entrypoints.client_portal.frame import frame
from partwell.entrypoints.client_portal.retention import home_of_data
from partwell.entrypoints.client_portal.retention_words import STATES
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, client_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import deletions as queries
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.roles import may

NAMED = 200
FILES = ("listing", "outcome", "verification")


def _mine(request: HttpRequest, deletion_id: str) -> queries.Deletion:
    row = queries.deletion_of(uuid_or_404(deletion_id))
    if row is None or row.client_id != actor_of(request).client_id:
        raise Http404
    return row


def _file_of(row: queries.Deletion, what: str) -> Any:
    """A file of the deletion that the client may have; None where there is none.

    A list with things of somebody else in it is nobody's but ours: nothing starts before it was made anew without them.
    """
    found = getattr(row, what, None) if what in FILES else None
    if found is None or found.internal or (what == "listing" and row.foreign_count):
        return None
    return found


@client_door("retention.read")
@require_safe
def deletion(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """How it stands, who agreed, what is gone, what stays and why, and each step with its proof."""
    actor, row = actor_of(request), _mine(request, deletion_id)
    found = timeline_for(actor, Filters(subject=row.id), size=60)
    tone, word = STATES[row.state]
    context = frame(
        row=row, tone=tone, word=word, steps=queries.steps_of(row.id), counts=queries.line_counts(row.id),
        exceptions=row.exceptions[:NAMED], more=max(0, len(row.exceptions) - NAMED),
        files=[(what, label) for what, label in (("listing", _("What was found before")), ("outcome", _("What became of each thing")),
               ("verification", _("What was found afterwards"))) if _file_of(row, what) is not None],
        events=evidence_parts.events_of(found.lines, "/client/evidence/"), covered=found.covered,
        may_approve=may(actor.role, "deletion.approve") is None and waits_for_approval(row),
        may_validate=may(actor.role, "deletion.validate") is None and waits_for_validation(row),
        may_object=may(actor.role, "deletion.object") is None and row.backup_set.gone_at is None,
        certificate=getattr(row, "certificate", None),
    )  # fmt: skip
    return render(request, "client_portal/deletion.html", {**context, "back": home_of_data()})


def _after(request: HttpRequest, row: queries.Deletion, done: Any, said: str) -> HttpResponse:
    here = reverse("client:deletion", args=[row.id])
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=here)
    messages.success(request, said)
    return HttpResponseRedirect(here)


@client_door("deletion.approve")
@require_POST
def deletion_approve(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Approve with the set's name typed."""
    row = _mine(request, deletion_id)
    if request.POST.get("typed_name", "").strip() != row.backup_set.name:
        return _after(request, row, refuse("name_not_typed", subject=row.backup_set.name), "")
    done = approve_deletion(actor=actor_of(request), deletion_id=row.id)
    return _after(request, row, done, _("Approved. What lies there is listed before anything goes."))


@client_door("deletion.validate")
@require_POST
def deletion_validate(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Say that the outcome is as recorded, or what is wrong with it."""
    row, said = _mine(request, deletion_id), request.POST.get("words", "").strip()[:4000]
    if request.POST.get("do") == "accept":
        done: Any = validate(actor=actor_of(request), deletion_id=row.id, words=said)
        return _after(
            request, row, done, _("It is on record. The certificate follows on the day it takes effect.")
        )
    done = reject(actor=actor_of(request), deletion_id=row.id, words=said)
    return _after(request, row, done, _("It is on record that something is wrong. It is tried again."))


@client_door("retention.read")
@require_safe
def deletion_file(request: HttpRequest, deletion_id: str, what: str) -> Any:
    """The listing before, the outcome, or the listing afterwards."""
    found = _file_of(_mine(request, deletion_id), what)
    if found is None:
        raise Http404
    return file_response(request, found)


@client_door("retention.read")
@require_safe
def deletion_proof(request: HttpRequest, deletion_id: str, step_id: str) -> Any:
    """What proves a step by hand."""
    row, wanted = _mine(request, deletion_id), uuid_or_404(step_id)
    step = next((one for one in queries.steps_of(row.id) if one.id == wanted), None)
    if step is None or step.proof is None or step.proof.internal:
        raise Http404
    return file_response(request, step.proof, inline="show" in request.GET)
