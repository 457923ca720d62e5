# SPDX-License-Identifier: AGPL-3.0-or-later
"""Emptying by hand: the guided steps of a deletion, each with its proof (R15)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.retention.hand_steps import do_step, leave_partial, undo_step
from partwell.entrypoints.api.endpoints.common import LETTER_MOST, actor_of, content_of
from partwell.entrypoints.api.endpoints.deletions import DeletionWhole, answered, deletion_here
from partwell.entrypoints.api.endpoints.retention_shown import Reason
from partwell.entrypoints.api.fields import Given, Line, PathId, Shown, Text, Whole
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page
from partwell.entrypoints.door.files import file_response
from partwell.records.retention import deletions as queries
from partwell.rules.refusals import Refusal, refuse

router = Router()


class HandStepShown(Shown):
    """``key``: stable; ``proof_sha256``: of its picture or file."""

    id: UUID
    position: int
    key: str
    title: str
    guidance: str
    proof_needed: bool
    done_by_name: str
    done_at: datetime | None
    words: str
    proof_sha256: str


class StepForm(Given):
    words: Annotated[Text, Field(max_length=4000)] = ""


class LeftGiven(Given):
    """``left``: how many things could not be deleted; ``words``: what and why."""

    left: Annotated[Whole, Field(ge=1, lt=2**62)]
    words: Annotated[Line, Field(min_length=1, max_length=300)]


def _shown(row: queries.HandStep) -> HandStepShown:
    return HandStepShown(
        id=row.id, position=row.position, key=row.key, title=row.title, guidance=row.guidance, proof_needed=row.proof_needed,
        done_by_name=row.done_by_name, done_at=row.done_at, words=row.words, proof_sha256=row.proof.sha256 if row.proof else "",
    )  # fmt: skip


def _steps(deletion_id: UUID) -> Page[HandStepShown]:
    deletion_here(deletion_id)
    return Page(items=[_shown(one) for one in queries.steps_of(deletion_id)], next=None)


@operation(router, "GET", "/deletions/{deletion_id}/steps", scope="retention:read", verb="retention.read", response=Page[HandStepShown])  # fmt: skip
def list_deletion_steps(request: HttpRequest, deletion_id: PathId) -> Page[HandStepShown]:
    """The steps by hand in their order, all on one page."""
    return _steps(deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/steps/{hand_step_id}/done", scope="retention:write", verb="deletion.step", response=Page[HandStepShown])  # fmt: skip
def post_deletion_step(
    request: HttpRequest,
    deletion_id: PathId,
    hand_step_id: PathId,
    form: Form[StepForm],
    proof: File[UploadedFile | None] = None,
) -> Page[HandStepShown] | Refusal:
    """Tick a step (form data): words, and a picture or file as proof, at most 50 MiB, where the step asks for it."""
    made = do_step(
        actor=actor_of(request),
        deletion_id=deletion_id,
        step_id=hand_step_id,
        words=form.words,
        proof=content_of(proof, LETTER_MOST) if proof is not None else None,
        proof_name=(proof.name or "proof") if proof is not None else "",
        media_type=(proof.content_type if proof is not None else None) or "application/octet-stream",
    )
    return made if isinstance(made, Refusal) else _steps(deletion_id)


@operation(router, "POST", "/deletions/{deletion_id}/steps/{hand_step_id}/undo", scope="retention:write", verb="deletion.step", response=Page[HandStepShown])  # fmt: skip
def post_deletion_step_undone(
    request: HttpRequest, deletion_id: PathId, hand_step_id: PathId, body: Reason
) -> Page[HandStepShown] | Refusal:
    """Take a tick back that was a mistake; the entry of the tick stays beside the new one."""
    made = undo_step(
        actor=actor_of(request), deletion_id=deletion_id, step_id=hand_step_id, reason=body.reason
    )
    return made if isinstance(made, Refusal) else _steps(deletion_id)


@operation(router, "GET", "/deletions/{deletion_id}/steps/{hand_step_id}/proof", scope="retention:read", verb="retention.read", file=True)  # fmt: skip
def get_deletion_step_proof(
    request: HttpRequest, deletion_id: PathId, hand_step_id: PathId
) -> HttpResponseBase | Refusal:
    """What proves a step."""
    deletion_here(deletion_id)
    row = next((one for one in queries.steps_of(deletion_id) if one.id == hand_step_id), None)
    return file_response(request, row.proof) if row is not None and row.proof else refuse("not_found")


@operation(router, "POST", "/deletions/{deletion_id}/left", scope="retention:write", verb="deletion.step", response=DeletionWhole)  # fmt: skip
def post_deletion_left(request: HttpRequest, deletion_id: PathId, body: LeftGiven) -> DeletionWhole | Refusal:
    """Say that not all could be deleted by hand; it is partial until tried again, or an owner excepts what is left."""
    made = leave_partial(actor=actor_of(request), deletion_id=deletion_id, left=body.left, words=body.words)
    return answered(made, deletion_id)
