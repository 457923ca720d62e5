# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the verbs of a deletion share: who may see it, who can be the second person, and the facts it hangs from."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from partwell.actions import facts
from partwell.actions.base import Deed
from partwell.actions.retention.basis import basis_of
from partwell.records.people.models import StaffMember
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.deletion import DeletionState, Second, StartFacts, after
from partwell.rules.keeping import Choice, told_early_enough
from partwell.rules.refusals import Refusal, refuse

DOORS = ("staff", "client")
WHAT = "a deletion"


def find(actor: Actor, deletion_id: UUID) -> Deletion | None:
    """A deletion that this actor may see: staff any, a client its own, the system every one."""
    row = Deletion.objects.select_related("client", "backup_set").filter(pk=deletion_id).first()
    if row is None or actor.kind not in (*DOORS, "system"):
        return None
    return None if actor.kind == "client" and actor.client_id != row.client_id else row


def asked(actor: Actor, deletion_id: UUID, verb: str) -> Deletion | Refusal:
    """The deletion, if the actor may see it and its role may do ``verb``."""
    row = find(actor, deletion_id)
    if row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    return row


def locked(deed: Deed, row: Deletion, verb: str) -> Refusal | None:
    """Lock the client and read the deletion and its set anew; the refusal where the client's state forbids ``verb``."""
    client = deed.lock(row.client_id)
    row.refresh_from_db()
    row.backup_set.refresh_from_db()
    return lifecycle.may_work_on(client.state, client.name, verb)


def moved(row: Deletion, move: str) -> DeletionState | Refusal:
    """The state after ``move``, or where the deletion stands instead."""
    return after(DeletionState(row.state), move, row.backup_set.name)


def second_of(actor: Actor) -> Second:
    """The acting person as the rules of two people see it."""
    return Second(actor.id.hex, actor.name, actor.role)


def candidates(barred: Iterable[UUID]) -> int:
    """R15: how many people there are in all: the one who began, and every colleague who could be the second.

    Auditors only read, and whoever is ``barred`` cannot second themselves; 1 means that the client's signatory seconds.
    """
    rows = StaffMember.objects.filter(left_at=None, role__in=("owner", "account_manager", "technician"))
    return 1 + rows.exclude(pk__in=list(barred)).count()


def about(row: Deletion) -> list[UUID]:
    """The subjects of its entries."""
    return [row.id, row.backup_set_id]


def today_of(now: datetime) -> date:
    """The day of ``now`` in the MSP's zone."""
    return day_in(now, facts.zone())


def start_facts(
    backup_set: BackupSet, now: datetime, deletion: Deletion | None = None, **shown: Any
) -> StartFacts:
    """Everything that the rules of a deletion ask for, read now. ``shown``: what the person saw and typed.

    Call it under the client's lock wherever something follows from it.
    """
    today = today_of(now)
    choice = basis_of(backup_set.client).choice(backup_set)
    early: date | None = None
    if backup_set.keep_until is not None:
        early = told_early_enough(
            backup_set.keep_until,
            today,
            queries.told_on(backup_set.id, backup_set.keep_until),
            at_clients_word=choice is not None and choice.choice == Choice.DELETE_NOW,
        )
    return StartFacts(
        set_name=backup_set.name,
        held_by=tuple(queries.held(backup_set.client_id, set_id=backup_set.id)),
        paused_by=tuple(pause.reason.value.replace("_", " ") for pause in facts.pauses(backup_set.client_id)),
        keep_until=backup_set.keep_until,
        today=today,
        only_copies=tuple(queries.only_copies_left(backup_set.id)),
        awaiting_return=choice is not None
        and Choice(choice.choice).returns
        and backup_set.returned_at is None,
        told_until=early,
        locked=deletion.locked_count if deletion else 0,
        newer=deletion.newer_count if deletion else 0,
        not_ours=deletion.foreign_count if deletion else 0,
        listed_digest=deletion.listed_digest if deletion else "",
        **shown,
    )


def counts(row: Deletion) -> dict[str, int]:
    """How many of the things of the present list are in which state."""
    found = {"waits": 0, "going": 0, "deleted": 0, "gone": 0, "failed": 0, "excepted": 0}
    for state, number in row.lines.values_list("state").annotate(number=Count("id")).order_by():
        found[state] = number
    return found


def set_of(actor: Actor, set_id: UUID) -> BackupSet | None:
    """A set on the list that this actor may see."""
    row = BackupSet.objects.select_related("client").filter(pk=set_id, removed_at=None).first()
    if row is None or actor.kind not in DOORS:
        return None
    return None if actor.kind == "client" and actor.client_id != row.client_id else row
