# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second person looks at the outcome of a deletion (SP 800-88r2 separates this from the verification by listing again)."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.secrets import purge_values
from partwell.actions.retention.deletion_common import (
    about,
    asked,
    candidates,
    locked,
    moved,
    second_of,
)
from partwell.actions.retention.ending import effective_day
from partwell.actions.retention.hand_steps import unproved
from partwell.actions.retention.set_facts import STORAGE
from partwell.actions.retention.trust import untrue
from partwell.records.estate.models import Item
from partwell.records.retention.models import BackupSet, Deletion, HandStep
from partwell.records.vault.models import SealedValue
from partwell.rules import deletion_steps
from partwell.rules.actor import Actor
from partwell.rules.deletion import may_validate
from partwell.rules.refusals import Refusal, refuse


def validate(*, actor: Actor, deletion_id: UUID, words: str = "") -> Deletion | Refusal:
    """The second person accepts the outcome: neither who started it nor who emptied it by hand.

    The day it takes effect is reckoned here. The working rows go (listing, outcome and verification lie in the vault), and
    the key that opened the set and the secret of its storage are purged: they live as long as their set. The certificate follows on that day.
    """
    row = asked(actor, deletion_id, "deletion.validate")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem, state = _ask(deed, row, actor, "validate")
        if problem is None and (open_ := unproved(row)):
            problem = refuse("step_unproved", subject=row.backup_set.name, count=open_)
        problem = problem or untrue(row)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.validate")
        effective = effective_day(row)
        row.lines.all().delete()
        if not row.exceptions:  # nothing is left that the storage would have to be asked about
            for value in SealedValue.objects.filter(subject_id=row.backup_set_id, field=STORAGE).exclude(
                ciphertext=None
            ):
                deed.save(value, ciphertext=None, purged_at=deed.now)
        deed.save(
            row,
            state=state,
            validated_by_ref=actor.id,
            validated_by_name=actor.name[:160],
            validated_by_role=actor.role,
            validated_at=deed.now,
            validated_words=words.strip()[:4000],
            effective_on=effective,
        )
        deed.record(
            "deletion.validated",
            subjects=about(row),
            public={"set": row.backup_set.name},
            to_client={
                "effective_on": effective.isoformat(),
                **({"words": row.validated_words} if row.validated_words else {}),
            },
        )
        _purge_key(deed, row)
        return row


def reject(*, actor: Actor, deletion_id: UUID, words: str) -> Deletion | Refusal:
    """The second person does not accept the outcome, and says why; it is partial again, to be tried again."""
    row = asked(actor, deletion_id, "deletion.validate")
    if isinstance(row, Refusal):
        return row
    words = words.strip()[:4000]
    if not words:
        return refuse("required", where="What is wrong with the outcome")
    with Deed(actor) as deed:
        problem, state = _ask(deed, row, actor, "reject")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.validate")
        deed.save(
            row,
            state=state,
            executed_at=None,
            verified_at=None,
            findings={**row.findings, "why": words[:300]},
        )
        if row.by_hand:  # whoever tries again looks again afterwards
            for step in HandStep.objects.filter(deletion=row, key=deletion_steps.CHECK):
                deed.save(step, done_by_ref=None, done_by_name="", done_at=None, words="", proof=None)
        deed.record(
            "deletion.rejected",
            subjects=about(row),
            public={"set": row.backup_set.name},
            to_client={"words": words},
        )
        return row


def _ask(deed: Deed, row: Deletion, actor: Actor, move: str) -> tuple[Refusal | None, Any]:
    """What stops this person from judging the outcome; and the state after it."""
    problem = locked(deed, row, "deletion.validate")
    state = moved(row, move)
    if problem is None and isinstance(state, Refusal):
        problem = state
    if problem is None:
        assert row.executed_by_ref is not None  # nothing is verified that nobody executed
        hands = HandStep.objects.filter(deletion=row).exclude(done_by_ref=None)
        did = {
            one.done_by_ref
            for one in hands
            if one.done_by_ref is not None and deletion_steps.kind_of(one.key) in deletion_steps.TAKES_AWAY
        }
        barred = {row.executed_by_ref, *did}
        first = actor.id if actor.id in did else row.executed_by_ref
        problem = may_validate(first.hex, second_of(actor), staff_count=candidates(barred))
    return problem, state


def _purge_key(deed: Deed, row: Deletion) -> None:
    """R6, R16: the MSP's copy of the key that opened the set goes with it, unless another set still needs it or something stays."""
    kept = row.backup_set
    if kept.key_item_id is None or row.exceptions:
        return
    needed = BackupSet.objects.filter(key_item_id=kept.key_item_id, gone_at=None, removed_at=None)
    if needed.exclude(pk=kept.pk).exists():
        return
    item = Item.objects.get(pk=kept.key_item_id)
    if item.copy_purged_at is not None:
        return
    purge_values(deed, [item.id])
    deed.save(item, copy_purged_at=deed.now)
    deed.record(
        "credential.purged",
        subjects=[item.id, kept.id],
        public={"item": "an internal item" if item.internal else item.title},
        to_client={"store": "Partwell's vault"},
    )
