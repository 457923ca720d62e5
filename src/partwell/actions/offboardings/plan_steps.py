# SPDX-License-Identifier: AGPL-3.0-or-later
"""People edit the plan: due date, owner, note, order; a step is finished, reopened, added or taken out."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import manager_of
from partwell.actions.offboardings.common import find
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.vault.models import Picture
from partwell.rules import dates, plan, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import OffboardingState, Phase
from sealed import canonical

UNCHANGED: Any = object()


def as_rules(steps: Sequence[PlanStep]) -> list[plan.PlanStep]:
    """Rows as the rules see them."""
    return [
        plan.PlanStep(
            s.key,
            s.title,
            Phase(s.phase),
            s.owner_role or plan.SIGNATORY,
            s.due,
            tuple(s.after),
            s.blocks_closing,
        )
        for s in steps
    ]


def _steps(offboarding_id: UUID) -> list[PlanStep]:
    return list(PlanStep.objects.filter(offboarding_id=offboarding_id, removed_at=None))


def _on_step(
    actor: Actor, step_id: UUID, verb: str, do: Callable[[Deed, PlanStep, list[PlanStep]], Refusal | None]
) -> PlanStep | Refusal:
    """Lock, look whether the departure is open, do it; the refusal is recorded."""
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    peek = PlanStep.objects.select_related("offboarding").filter(pk=step_id, removed_at=None).first()
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.offboarding.client_id)
        step = PlanStep.objects.select_related("offboarding", "owner").get(pk=step_id)
        closed = dates.still_open(OffboardingState(step.offboarding.state))
        refusal = closed or (refuse("not_found") if step.removed_at else None)
        refusal = refusal or do(deed, step, _steps(step.offboarding_id))
        return deed.refuse(refusal, subject=step.id, verb=verb) if refusal is not None else step


def _order_problem(steps: Sequence[PlanStep], key: str, after: Sequence[str]) -> Refusal | None:
    known = {step.key for step in steps}
    if key in after or not set(after) <= known:
        return refuse("invalid_input", where="What comes first", problem="choose other steps of this plan")
    changed = [
        plan.PlanStep(s.key, s.title, s.phase, "", s.due_on, tuple(after) if s.key == key else s.blocked_by)
        for s in as_rules(steps)
    ]
    try:
        plan.order(changed)
    except ValueError:
        return refuse(
            "invalid_input", where="What comes first", problem="these steps would wait for each other"
        )
    return None


def change_step(
    *,
    actor: Actor,
    step_id: UUID,
    due: date | None = None,
    owner_id: UUID | None = UNCHANGED,
    note: str | None = None,
    after: Sequence[str] | None = None,
    title: str | None = None,
) -> PlanStep | Refusal:
    """Change due date, owner (None: nobody), note, what comes first (keys, R14) or the words of a step."""

    def do(deed: Deed, step: PlanStep, steps: list[PlanStep]) -> Refusal | None:
        new: dict[str, Any] = {}
        if due is not None:
            new["due"] = due
        if note is not None:
            new["note"] = note.strip()
        if title is not None and title.strip():
            new["title"] = title.strip()[:300]
        if owner_id is not UNCHANGED:
            if owner_id is not None and manager_of(owner_id) is None:
                return refuse("not_found")
            new["owner_id"] = owner_id
        if after is not None:
            if (problem := _order_problem(steps, step.key, after)) is not None:
                return problem
            new["after"] = list(after)
        moved = {name: value for name, value in new.items() if getattr(step, name) != value}
        if not moved:
            return None
        before = {name: getattr(step, name) for name in moved}
        deed.save(step, **moved)
        deed.record(
            "plan.changed",
            subjects=[step.id, step.offboarding_id],
            public={"step": step.title},
            to_client={"before": _plain(before), "after": _plain(moved)},
        )
        return None

    return _on_step(actor, step_id, "plan.change", do)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, list) else str(value or "")
        for name, value in values.items()
        if name != "note"  # a note is the MSP's own; that it changed is said, not what it says
    }


def add_step(
    *,
    actor: Actor,
    offboarding_id: UUID,
    title: str,
    due: date,
    phase: Phase = Phase.HANDOVER,
    owner_id: UUID | None = None,
    note: str = "",
    after: Sequence[str] = (),
    blocks_closing: bool = True,
) -> PlanStep | Refusal:
    """A step of people's own."""
    if (refusal := roles.may(actor.role, "plan.change")) is not None:
        return refusal
    peek = find(offboarding_id)
    if peek is None or (owner_id is not None and manager_of(owner_id) is None):
        return refuse("not_found")
    if not title.strip():
        return refuse("required", where="The step")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Offboarding.objects.get(pk=offboarding_id)
        steps = _steps(row.id)
        key = f"own_{uuid4().hex[:12]}"
        problem = dates.still_open(OffboardingState(row.state))
        if problem is None and not set(after) <= {step.key for step in steps}:
            problem = refuse(
                "invalid_input", where="What comes first", problem="choose other steps of this plan"
            )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="plan.change")
        owner = manager_of(owner_id)
        step = deed.add(
            PlanStep(
                offboarding=row,
                position=max((s.position for s in steps), default=0) + 1,
                key=key,
                title=title.strip()[:300],
                phase=phase,
                owner=owner,
                owner_role=owner.role if owner else "",
                due=due,
                blocks_closing=blocks_closing,
                after=list(after),
                note=note.strip(),
            )
        )
        deed.record(
            "plan.step_added",
            subjects=[step.id, row.id],
            public={"step": step.title},
            to_client={"due": due.isoformat(), "owner": owner.name if owner else ""},
        )
        return step


def move_step(*, actor: Actor, step_id: UUID, earlier: bool) -> PlanStep | Refusal:
    """Change places with the step before or after it on the same day and in the same phase.

    Days are moved by changing the due date; a step never goes before one that it waits for (R14).
    """

    def do(deed: Deed, step: PlanStep, steps: list[PlanStep]) -> Refusal | None:
        same = sorted(
            (s for s in steps if s.phase == step.phase and s.due == step.due), key=lambda s: s.position
        )
        at = next(n for n, one in enumerate(same) if one.pk == step.pk) + (-1 if earlier else 1)
        if not 0 <= at < len(same):
            where = "first" if earlier else "last"
            return refuse(
                "invalid_input",
                where="The order",
                problem=f"“{step.title}” is the {where} of its phase on that day; change its due date instead",
            )
        other = same[at]
        first, second = (step, other) if earlier else (other, step)
        if second.key in first.after:
            return refuse("plan_step_blocked", step=first.title, waits_for=[second.title])
        here, there = step.position, other.position
        deed.save(other, position=here)
        deed.save(step, position=there)
        deed.record(
            "plan.changed",
            subjects=[step.id, step.offboarding_id],
            public={"step": step.title},
            to_client={"before": {"position": here}, "after": {"position": there}},
        )
        return None

    return _on_step(actor, step_id, "plan.change", do)


def remove_step(*, actor: Actor, step_id: UUID, reason: str) -> PlanStep | Refusal:
    """Take a step out with a reason; the row stays. Steps that waited for it wait no longer."""

    def do(deed: Deed, step: PlanStep, steps: list[PlanStep]) -> Refusal | None:
        if not reason.strip():
            return refuse("required", where="The reason")
        for other in steps:
            if step.key in other.after:
                deed.save(other, after=[key for key in other.after if key != step.key])
        # The reason stays readable with the row; the ledger has it too.
        note = f"{step.note}\n{reason.strip()}".strip()
        deed.save(step, removed_at=deed.now, note=note)
        deed.record(
            "plan.step_removed",
            subjects=[step.id, step.offboarding_id],
            public={"step": step.title},
            to_client={"reason": reason.strip()},
        )
        return None

    return _on_step(actor, step_id, "plan.change", do)


def finish_step(*, actor: Actor, step_id: UUID, words: str = "") -> PlanStep | Refusal:
    """Mark a step done; refused while a step it waits for is open (R14). The plan is approved by an owner."""

    def do(deed: Deed, step: PlanStep, steps: list[PlanStep]) -> Refusal | None:
        if step.key == "approve_plan" and (refusal := roles.may(actor.role, "plan.approve")) is not None:
            return refusal
        done = frozenset(s.key for s in steps if s.done_at)
        if (refusal := plan.may_finish(step.key, as_rules(steps), done)) is not None:
            return refusal
        if step.key == "accept":
            # The client's own step: only the signature finishes it.
            return refuse("plan_step_blocked", step=step.title, waits_for=["the client's signature"])
        deed.save(step, done_at=deed.now, done_by_name=actor.name)
        pictures = Picture.objects.filter(subject_kind="step", subject_id=step.id, internal=False)
        proof = list(pictures.order_by("taken_at").values_list("file__sha256", flat=True))
        if step.key == "approve_plan":
            digest = hashlib.sha256(canonical.dumps([[s.key, s.title, s.due.isoformat()] for s in steps]))
            deed.record(
                "plan.approved",
                subjects=[step.id, step.offboarding_id],
                to_client={"digest": digest.hexdigest()},
            )
            return None
        deed.record(
            "plan.step_done",
            subjects=[step.id, step.offboarding_id],
            public={"step": step.title},
            to_client={
                **({"words": words.strip()} if words.strip() else {}),
                **({"proof": proof} if proof else {}),
            },
        )
        return None

    return _on_step(actor, step_id, "plan.step_done", do)


def reopen_step(*, actor: Actor, step_id: UUID, reason: str) -> PlanStep | Refusal:
    """A step was not done after all; the reason is on record."""

    def do(deed: Deed, step: PlanStep, steps: list[PlanStep]) -> Refusal | None:
        if step.done_at is None:
            return refuse("no_such_step", what="This step", current="open", wanted="reopened")
        if not reason.strip():
            return refuse("required", where="The reason")
        deed.save(step, done_at=None, done_by_name="")
        deed.record(
            "plan.step_reopened",
            subjects=[step.id, step.offboarding_id],
            public={"step": step.title},
            to_client={"reason": reason.strip()},
        )
        return None

    return _on_step(actor, step_id, "plan.step_done", do)
