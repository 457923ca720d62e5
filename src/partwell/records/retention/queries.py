# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about backup sets, choices, holds and notices, each in a fixed number of queries.

``held`` and its neighbours are asked inside other people's deeds too: they read and lock nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from partwell.records.retention.models import (
    BackupSet,
    DataChoice,
    Deletion,
    HeldSet,
    Hold,
    OnlyCopy,
    SetNotice,
)
from partwell.rules.deletion import OVER, DeletionState
from partwell.rules.keeping import NoticeKind

__all__ = ["BackupSet", "DataChoice", "Deletion", "Hold", "OnlyCopy"]

NOWHERE = "nowhere"  # the location of the row that says "no backups are kept"
BEGUN = (
    DeletionState.RUNNING,
    DeletionState.PARTIAL,
    DeletionState.EXECUTED,
    DeletionState.VERIFIED,
    DeletionState.VALIDATED,
    DeletionState.CERTIFIED,
)


def held(client_id: UUID, set_id: UUID | None = None) -> list[str]:
    """Titles of the holds in force that cover this set; without ``set_id`` every hold of the client. One query."""
    rows = Hold.objects.filter(client_id=client_id, lifted_at=None)
    if set_id is not None:
        rows = rows.filter(Q(whole_client=True) | Q(sets__backup_set_id=set_id))
    return list(rows.order_by("placed_at").values_list("title", flat=True).distinct())


def held_sets(client_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Titles of holds in force by set, for all sets of these clients; two queries."""
    out: dict[UUID, list[str]] = defaultdict(list)
    whole: dict[UUID, list[str]] = defaultdict(list)
    for hold in Hold.objects.filter(client_id__in=client_ids, lifted_at=None).prefetch_related("sets"):
        if hold.whole_client:
            whole[hold.client_id].append(hold.title)
        for one in hold.sets.all():
            out[one.backup_set_id].append(hold.title)
    if whole:
        rows = BackupSet.objects.filter(client_id__in=list(whole), removed_at=None)
        for pk, client in rows.values_list("pk", "client_id"):
            out[pk] = [*whole[client], *out[pk]]
    return dict(out)


def holds_of(client_id: UUID) -> "list[Hold]":
    """Every hold of a client with the sets it names, those in force first."""
    rows = Hold.objects.filter(client_id=client_id).prefetch_related("sets__backup_set")
    return sorted(rows, key=lambda one: (one.lifted_at is not None, one.placed_at))


def hold_of(hold_id: UUID) -> Hold | None:
    """One hold with its client and the sets it names."""
    return (
        Hold.objects.select_related("client").prefetch_related("sets__backup_set").filter(pk=hold_id).first()
    )


def set_of(set_id: UUID) -> BackupSet | None:
    """One set that was not taken off the list, with its client and the key that opens it."""
    return BackupSet.objects.select_related("client", "key_item").filter(pk=set_id, removed_at=None).first()


def kept_sets(client_id: UUID) -> "QuerySet[BackupSet]":
    """A client's sets that are still there; the row that says "none is kept" is no set."""
    rows = BackupSet.objects.filter(client_id=client_id, removed_at=None, gone_at=None)
    return rows.exclude(location=NOWHERE)


def kept_or_gone(client_id: UUID) -> bool:
    """Whether a set of this client was ever on record, deleted ones too; the row that says "none is kept" is none."""
    rows = BackupSet.objects.filter(client_id=client_id, removed_at=None)
    return rows.exclude(location=NOWHERE).exists()


def choices_of(client_ids: Collection[UUID]) -> "list[DataChoice]":
    """The choices that stand, of these clients; one query."""
    rows = DataChoice.objects.filter(client_id__in=client_ids, replaced_at=None)
    return list(rows.select_related("made_by"))


def choice_history(client_id: UUID) -> "list[DataChoice]":
    """Every choice that was ever signed, the newest first."""
    rows = DataChoice.objects.filter(client_id=client_id).select_related("made_by", "backup_set")
    return list(rows.order_by("-made_at"))


def only_copies(set_ids: Iterable[UUID], *, settled: bool = False) -> "dict[UUID, list[OnlyCopy]]":
    """Client-owned items whose only copy lies in these sets, by set; handed over or waived ones only with ``settled``."""
    rows = OnlyCopy.objects.filter(backup_set_id__in=list(set_ids), removed_at=None).select_related(
        "item", "waived_by"
    )
    if not settled:
        rows = rows.filter(handed_over_at=None, waived_at=None)
    out: dict[UUID, list[OnlyCopy]] = defaultdict(list)
    for one in rows.order_by("title"):
        out[one.backup_set_id].append(one)
    return dict(out)


def only_copies_left(set_id: UUID) -> list[str]:
    """Titles of what stops the set's deletion: neither handed over nor waived (R6)."""
    return [one.title for one in only_copies([set_id]).get(set_id, [])]


def told_on(set_id: UUID, until: date) -> date | None:
    """The day on which the client was first told of exactly this day; what came after the day itself does not count."""
    rows = SetNotice.objects.filter(backup_set_id=set_id, until=until).exclude(kind=NoticeKind.AFTER)
    late = SetNotice.objects.filter(backup_set_id=set_id, until=until)
    found = rows.order_by("given_on").values_list("given_on", flat=True).first()
    return found or late.order_by("given_on").values_list("given_on", flat=True).first()


def notices_of(client_id: UUID) -> "list[SetNotice]":
    """Every notice that was given to a client, the newest first."""
    rows = SetNotice.objects.filter(backup_set__client_id=client_id).select_related("backup_set")
    return list(rows.order_by("-given_at"))


def given(set_ids: Collection[UUID]) -> dict[tuple[UUID, date], set[NoticeKind]]:
    """Kinds of notices given or covered, by set and the day they spoke of; one query."""
    out: dict[tuple[UUID, date], set[NoticeKind]] = defaultdict(set)
    for one in SetNotice.objects.filter(backup_set_id__in=set_ids):
        out[one.backup_set_id, one.until].update(NoticeKind(kind) for kind in (one.kind, *one.covers))
    return dict(out)


def open_deletions(client_id: UUID) -> "list[Deletion]":
    """Deletions of a client that are neither certified nor cancelled."""
    rows = Deletion.objects.filter(client_id=client_id).exclude(state__in=[one.value for one in OVER])
    return list(rows.select_related("backup_set").order_by("proposed_at"))


def has_begun(set_ids: Collection[UUID]) -> set[UUID]:
    """Of these sets, those whose deletion has begun to take things away: nobody can choose otherwise any more."""
    rows = Deletion.objects.filter(backup_set_id__in=set_ids)
    begun = Q(state__in=[one.value for one in BEGUN]) | Q(
        state=DeletionState.STOPPED, started_at__isnull=False
    )
    return set(rows.filter(begun).values_list("backup_set_id", flat=True))


def holds_in_force(client_ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """Titles of holds in force by client, for the gates; one query."""
    out: dict[UUID, list[str]] = defaultdict(list)
    rows = Hold.objects.filter(client_id__in=client_ids, lifted_at=None).order_by("placed_at")
    for client, title in rows.values_list("client_id", "title"):
        out[client].append(title)
    return {client: tuple(titles) for client, titles in out.items()}


def covered_by(hold: Hold) -> "QuerySet[BackupSet]":
    """The sets that a hold covers and that are still there."""
    rows = kept_sets(hold.client_id)
    return rows if hold.whole_client else rows.filter(held_by__hold=hold)


def named_in(hold_id: UUID) -> set[UUID]:
    """The sets that a hold names."""
    return set(HeldSet.objects.filter(hold_id=hold_id).values_list("backup_set_id", flat=True))


def only_copy_of(copy_id: UUID) -> OnlyCopy | None:
    """One only copy with its set, client and item."""
    rows = OnlyCopy.objects.select_related("backup_set__client", "item", "waived_by")
    return rows.filter(pk=copy_id, removed_at=None).first()


def notices_of_set(set_id: UUID) -> "list[SetNotice]":
    """The notices that were given for one set, the newest first."""
    return list(SetNotice.objects.filter(backup_set_id=set_id).order_by("-given_at"))


def deletions_of_set(set_id: UUID) -> "list[Deletion]":
    """Every deletion of one set, the newest first, with its certificate."""
    rows = Deletion.objects.filter(backup_set_id=set_id).select_related("certificate")
    return list(rows.order_by("-proposed_at", "id"))
