# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set emptied by hand: guided steps, each done with its proof, taken back by a new entry, never rounded up (R15)."""

from typing import Any
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.keys import blob_store
from partwell.actions.retention.basis import basis_of
from partwell.actions.retention.deletion_common import about, asked, locked, moved, start_facts
from partwell.actions.retention.ending import effective_day
from partwell.records.retention.models import Deletion, HandStep
from partwell.records.vault.models import StoredFile
from partwell.rules import deletion_steps
from partwell.rules.actor import Actor
from partwell.rules.deletion import DeletionState, may_run
from partwell.rules.keeping import Choice, Place
from partwell.rules.refusals import Refusal, refuse

_S = DeletionState
WORKED = (_S.APPROVED, _S.RUNNING, _S.PARTIAL)
# A vendor's letter may come late; a replica's confirmation must not wait for the listing.
LATE = (*WORKED, _S.LISTED, _S.EXECUTED, _S.VERIFIED, _S.VALIDATED)
MOST = 50 * 1024 * 1024


def lay_out(deed: Deed, row: Deletion) -> list[HandStep]:
    """Within the deed that approves: make the steps once. A deletion that was stopped keeps those it has."""
    if row.steps.exists():
        return []
    kept = row.backup_set
    choice = basis_of(kept.client).choice(kept)
    said = kept.whereabouts
    plans = deletion_steps.steps_for(
        deletion_steps.SetFacts(
            name=kept.name,
            place=Place(kept.place),
            vendor=kept.vendor,
            console=str(said.get("console") or ""),
            tenant=str(said.get("tenant") or ""),
            description=str(said.get("description") or ""),
            location=kept.location,
            until=kept.keep_until,
            window_days=kept.vendor_window_days,
            returns=choice is not None and Choice(choice.choice).returns,
            replicas=tuple(kept.replicas),
        )
    )
    return [
        deed.add(
            HandStep(
                deletion=row,
                position=number,
                key=plan.key,
                title=plan.title[:300],
                guidance=plan.guidance,
                proof_needed=plan.proof_needed,
            )
        )
        for number, plan in enumerate(plans, 1)
    ]


def do_step(
    *,
    actor: Actor,
    deletion_id: UUID,
    step_id: UUID,
    words: str = "",
    proof: bytes | None = None,
    proof_name: str = "",
    media_type: str = "application/octet-stream",
) -> HandStep | Refusal:
    """Tick one step with what proves it: ``proof`` (a picture or file, at most 50 MiB) goes into the vault.

    A step that takes something away is refused under a hold or pause, and before somebody began the deletion
    (``run_deletion.start``). The last step done leads on: to *executed*, and the look afterwards to *verified*.
    A step without required proof needs words instead.
    """
    row = asked(actor, deletion_id, "deletion.step")
    if isinstance(row, Refusal):
        return row
    step = HandStep.objects.filter(pk=step_id, deletion=row).first()
    if step is None:
        return refuse("not_found")
    words = words.strip()[:4000]
    if proof is not None and len(proof) > MOST:
        return refuse("file_too_large", file=proof_name or "The proof", limit="50 MiB")
    if step.proof_needed and not proof:
        return refuse("proof_missing")
    if not proof and not words:
        return refuse("required", where="What was done")
    stored = (
        files.store(actor, proof, client_id=row.client_id, name=proof_name or "proof", media_type=media_type)
        if proof
        else None
    )
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.step")
        step.refresh_from_db()
        problem = problem or _may_do(deed, row, step)
        if problem is not None:
            if stored is not None:
                blob_store().delete(stored.blob_id)
            return deed.refuse(problem, subject=row.id, verb="deletion.step")
        if stored is not None:
            deed.add(stored)
        deed.save(
            step,
            done_by_ref=actor.id,
            done_by_name=actor.name[:160],
            done_at=deed.now,
            words=words,
            proof=stored,
        )
        changes: dict[str, Any] = {}
        if deletion_steps.kind_of(step.key) == deletion_steps.CONFIRMATION and stored is not None:
            changes["vendor_confirmed"] = True
            row.vendor_confirmed = True
        _say(deed, row, step, stored, changes)
        _go_on(deed, row, step, stored)
        return step


def _may_do(deed: Deed, row: Deletion, step: HandStep) -> Refusal | None:
    kind = deletion_steps.kind_of(step.key)
    name = row.backup_set.name
    state = DeletionState(row.state)
    if step.done_at is not None:
        return refuse("deletion_step_done", step=step.title)
    late = kind == deletion_steps.CONFIRMATION or not row.by_hand
    if state not in (LATE if late else (*WORKED, _S.EXECUTED) if kind == deletion_steps.CHECK else WORKED):
        return refuse("deletion_state", subject=name, state=row.state, wanted="worked at")
    if kind in deletion_steps.TAKES_AWAY:
        if row.by_hand and state is not _S.RUNNING:
            return refuse(
                "deletion_state", subject=name, state=row.state, wanted="worked at before it is started"
            )
        if (stopped := may_run(start_facts(row.backup_set, deed.now))) is not None:
            return stopped
    if kind == deletion_steps.SUBSCRIPTION and (
        before := [one for one in _open(row) if one.position < step.position]
    ):
        return refuse("step_unproved", subject=name, count=len(before))
    if kind == deletion_steps.CHECK and state is not _S.EXECUTED:
        return refuse("step_unproved", subject=name, count=len(_open(row)))
    return None


def _open(row: Deletion) -> list[HandStep]:
    """Steps of the work itself that are not done."""
    steps = HandStep.objects.filter(deletion=row, done_at=None).order_by("position")
    return [one for one in steps if deletion_steps.kind_of(one.key) not in deletion_steps.AFTERWARDS]


def _say(
    deed: Deed, row: Deletion, step: HandStep, stored: StoredFile | None, changes: dict[str, Any]
) -> None:
    if changes and row.state == _S.VALIDATED:
        changes["effective_on"] = effective_day(row)
    if changes:
        deed.save(row, **changes)
    deed.record(
        "deletion.step_done",
        subjects=[*about(row), step.id],
        public={"set": row.backup_set.name, "step": step.title},
        to_client={
            **({"words": step.words} if step.words else {}),
            **({"proof": stored.sha256} if stored else {}),
        },
    )


def _go_on(deed: Deed, row: Deletion, step: HandStep, stored: StoredFile | None) -> None:
    """What follows from a step of a deletion by hand."""
    if not row.by_hand:
        return
    if deletion_steps.kind_of(step.key) == deletion_steps.CHECK:
        deed.save(
            row, state=_S.VERIFIED, verified_at=deed.now, verification=stored, left_count=len(row.exceptions)
        )
        deed.record(
            "deletion.verified",
            subjects=about(row),
            public={"set": row.backup_set.name},
            to_client={"left": len(row.exceptions), **({"digest": stored.sha256} if stored else {})},
        )
    else:
        finish_by_hand(deed, row)


def finish_by_hand(deed: Deed, row: Deletion) -> bool:
    """Within a deed: a running deletion by hand is *executed* once all its work is done; whether it was."""
    if not row.by_hand or row.state != _S.RUNNING or _open(row):
        return False
    deed.save(row, state=_S.EXECUTED, executed_at=deed.now)
    deed.record(
        "deletion.executed",
        subjects=about(row),
        public={"set": row.backup_set.name},
        to_client={"deleted": row.deleted_count, "excepted": len(row.exceptions)},
    )
    return True


def undo_step(*, actor: Actor, deletion_id: UUID, step_id: UUID, reason: str) -> HandStep | Refusal:
    """Take a tick back that was a mistake: a new entry beside the old one. What was executed is then partial again."""
    row = asked(actor, deletion_id, "deletion.step")
    if isinstance(row, Refusal):
        return row
    step = HandStep.objects.filter(pk=step_id, deletion=row).first()
    if step is None:
        return refuse("not_found")
    reason = " ".join(reason.split())[:300]
    if not reason:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.step")
        step.refresh_from_db()
        state = DeletionState(row.state)
        if problem is None and (step.done_at is None or state not in (*WORKED, _S.LISTED, _S.EXECUTED)):
            problem = refuse("deletion_state", subject=row.backup_set.name, state=row.state, wanted="changed")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.step")
        changes: dict[str, Any] = {}
        if deletion_steps.kind_of(step.key) == deletion_steps.CONFIRMATION:
            changes["vendor_confirmed"] = False
        if (
            row.by_hand
            and state is _S.EXECUTED
            and deletion_steps.kind_of(step.key) != deletion_steps.CONFIRMATION
        ):
            changes |= {"state": _S.PARTIAL, "executed_at": None}
        if changes:
            deed.save(row, **changes)
        deed.save(step, done_by_ref=None, done_by_name="", done_at=None, words="", proof=None)
        deed.record(
            "deletion.step_undone",
            subjects=[*about(row), step.id],
            public={"set": row.backup_set.name, "step": step.title},
            to_client={"reason": reason},
        )
        return step


def leave_partial(*, actor: Actor, deletion_id: UUID, left: int, words: str) -> Deletion | Refusal:
    """Say that not all could be deleted by hand: how many things are left and why. It stays *partial* until it is tried

    again (``run_deletion.start``) or an owner excepts what is left (``run_deletion.except_left``). Also what the look
    afterwards found, which is how an executed deletion becomes partial again.
    """
    row = asked(actor, deletion_id, "deletion.step")
    if isinstance(row, Refusal):
        return row
    words = words.strip()[:300]
    if not words:
        return refuse("required", where="What is left and why")
    if left < 1:
        return refuse("invalid_input", where="How many things are left", problem="it is a number from one on")
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.step")
        if problem is None and not row.by_hand:
            problem = refuse("not_found")
        state = moved(row, "find_left" if row.state == _S.EXECUTED else "fail")
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.step")
        deed.save(
            row, state=state, failed_count=left, executed_at=None, findings={**row.findings, "why": words}
        )
        deed.record(
            "deletion.partial",
            subjects=about(row),
            public={"set": row.backup_set.name, "left": left},
            to_client={"deleted": row.deleted_count, "failed": left, "why": words},
        )
        return row


def unproved(row: Deletion) -> int:
    """Steps that are not done, or lack the proof they ask for."""
    return sum(
        one.done_at is None or (one.proof_needed and one.proof_id is None)
        for one in HandStep.objects.filter(deletion=row)
    )
