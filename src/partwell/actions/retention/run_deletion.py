# SPDX-License-Identifier: AGPL-3.0-or-later
"""A person starts a deletion, tries it again, or an owner names what stays. The work itself is a job (work_deletion.py)."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.retention import lines
from partwell.actions.retention.deletion_common import about, asked, counts, locked, moved, start_facts
from partwell.actions.retention.hand_steps import finish_by_hand
from partwell.actions.retention.trust import untrue
from partwell.actions.retention.verify import queue_verification
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion, DeletionLine
from partwell.rules.actor import Actor
from partwell.rules.deletion import DeletionState, may_start
from partwell.rules.refusals import Refusal, refuse

_S = DeletionState
KIND = "deletion.run"
MOST_NAMED = 1000


def start(
    *,
    actor: Actor,
    deletion_id: UUID,
    shown_digest: str = "",
    typed_name: str = "",
    newer_agreed: bool = False,
) -> Deletion | Refusal:
    """Start what was listed, or try a partial deletion again; the same click twice is one start.

    ``shown_digest``: of the listing that the person looked at; ``typed_name``: the set's name as typed;
    ``newer_agreed``: what was written after the end of service goes too. For a set emptied by hand it says that the
    steps that take something away begin now. From here on nothing can be called off, only stopped.
    """
    row = asked(actor, deletion_id, "deletion.start")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.start")
        if problem is None and row.state == _S.RUNNING and _same_click(row, actor, shown_digest):
            return row
        state = moved(row, "begin" if row.by_hand and row.state == _S.APPROVED else "start")
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is None:
            agreed = newer_agreed or (row.newer_agreed and row.state == _S.PARTIAL)
            asked_of = start_facts(
                row.backup_set,
                deed.now,
                row,
                newer_agreed=agreed,
                shown_digest=shown_digest,
                typed_name=typed_name,
            )
            problem = may_start(asked_of, by_hand=row.by_hand) or _list_stands(row) or untrue(row)
            newer_agreed = agreed
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.start")
        deed.save(
            row,
            state=state,
            executed_by_ref=actor.id,
            executed_by_name=actor.name[:160],
            executed_by_role=actor.role,
            started_at=row.started_at or deed.now,
            executed_at=None,
            runs=row.runs + 1,
            failed_count=0,
            newer_agreed=newer_agreed and row.newer_count > 0,
            findings={name: value for name, value in row.findings.items() if name != "why"},
        )
        deed.record(
            "deletion.started",
            subjects=about(row),
            public={"set": row.backup_set.name},
            to_client={
                "digest": row.listed_digest,
                "run": row.runs,
                **({"newer_agreed": row.newer_count} if row.newer_agreed else {}),
            },
        )
        if row.by_hand:
            finish_by_hand(deed, row)  # after a stop everything may be done already
        else:
            deed.job(
                KIND,
                f"{KIND}:{row.id.hex}:{row.runs}",
                client=row.client_id,
                deletion=row.id.hex,
                run=row.runs,
            )
        return row


def _list_stands(row: Deletion) -> Refusal | None:
    """A newer listing that waits, is at work or broke off has begun to write over the things of the one that was shown."""
    rows = Job.objects.filter(kind="deletion.list", key__startswith=f"deletion.list:{row.id.hex}:")
    newest = rows.order_by("-created_at", "-due_at").first()
    if newest is None or newest.state == "done":
        return None
    return refuse("list_changed", subject=row.backup_set.name)


def _same_click(row: Deletion, actor: Actor, shown_digest: str) -> bool:
    return row.executed_by_ref == actor.id and (row.by_hand or row.listed_digest == shown_digest)


def except_left(
    *,
    actor: Actor,
    deletion_id: UUID,
    reason: str,
    line_ids: Collection[int] = (),
    things: Collection[str] = (),
) -> Deletion | Refusal:
    """An owner names what stays and why; the certificate lists each by name (at most 1,000 of them).

    ``line_ids``: failed lines of the list; ``things``: of a set emptied by hand, in words. When nothing that failed is
    left without a name, the deletion counts as executed and is listed again; else it stays partial.
    """
    row = asked(actor, deletion_id, "deletion.except")
    if isinstance(row, Refusal):
        return row
    reason = " ".join(reason.split())[:1000]
    if not reason:
        return refuse("except_without_reason")
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.except")
        state = moved(row, "except")
        if problem is None and isinstance(state, Refusal):
            problem = state
        named: list[dict[str, str]] = []
        chosen: list[DeletionLine] = []
        if problem is None and row.by_hand:
            named = [
                {"key": " ".join(one.split())[:1000], "version": "", "why": reason}
                for one in things
                if one.strip()
            ]
        elif problem is None:
            chosen = list(
                row.lines.filter(state="failed", id__in=list(line_ids)[: MOST_NAMED + 1]).order_by("position")
            )
            named = [
                {"key": one.key, "version": one.version, "ident": one.ident, "why": reason} for one in chosen
            ]
        if problem is None and not named:
            problem = refuse("required", where="What is to stay")
        if problem is None and len(row.exceptions) + len(named) > MOST_NAMED:
            problem = refuse(
                "invalid_input", where="What is to stay", problem="a certificate names at most 1,000 things"
            )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.except")
        for part in lines.batches([one.id for one in chosen], 500):
            DeletionLine.objects.filter(id__in=part).update(state="excepted")
        left = max(0, row.failed_count - len(named)) if row.by_hand else counts(row)["failed"]
        changes: dict[str, Any] = {
            "exceptions": [*row.exceptions, *named],
            "except_reason": reason,
            "except_by_ref": actor.id,
            "failed_count": left,
        }
        unfinished = row.by_hand and row.steps.filter(done_at=None).exclude(
            key__in=("check", "vendor_confirmation")
        ).exists()  # fmt: skip
        if not left and not unfinished and not _waits(row):
            changes |= {"state": _S.EXECUTED, "executed_at": deed.now}
        deed.save(row, **changes)
        deed.record(
            "deletion.excepted",
            subjects=about(row),
            public={"set": row.backup_set.name, "count": len(named)},
            to_client={
                "reason": reason,
                "things": [one["key"] for one in named[:100]],
                **({"digest": row.listed_digest} if row.listed_digest else {}),
            },
        )
        if row.state == _S.EXECUTED and not row.by_hand:
            queue_verification(deed, row)
        return row


def _waits(row: Deletion) -> bool:
    """Whether anything was never tried: a run that broke off leaves such things, and they are no exceptions."""
    return row.lines.filter(state__in=("waits", "going")).exists()
