# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before anything is deleted: are the rows it hangs from what the ledger commits to? `ledger check` would find it too late."""

from uuid import UUID

from partwell.records.base import Committed
from partwell.records.evidence.erasures import standing
from partwell.records.evidence.models import Entry, RowCommitment
from partwell.records.retention.models import BackupSet, DataChoice, Deletion, HeldSet, Hold, OnlyCopy
from partwell.rules.refusals import Refusal, refuse
from sealed import canonical, entry


def untrue(row: Deletion) -> Refusal | None:
    """``record_altered`` where the deletion, its set, a hold, a choice or an only copy was edited, removed or put in behind

    the program's back. A fixed number of queries, however many entries there are. Call it under the client's lock.
    """
    client, kept = row.client_id, row.backup_set_id
    holds = Hold.objects.filter(client_id=client)
    groups: list[tuple[type[Committed], list[Committed]]] = [
        (Deletion, list(Deletion.objects.filter(pk=row.pk))),
        (BackupSet, list(BackupSet.objects.filter(pk=kept))),
        (Hold, list(holds)),
        (HeldSet, list(HeldSet.objects.filter(hold__client_id=client))),
        (DataChoice, list(DataChoice.objects.filter(client_id=client, replaced_at=None))),
        (OnlyCopy, list(OnlyCopy.objects.filter(backup_set_id=kept))),
    ]
    if any(not _as_committed(model, rows) for model, rows in groups) or _hold_removed(client):
        return refuse("record_altered", subject=row.backup_set.name)
    return None


def _as_committed(model: type[Committed], rows: list[Committed]) -> bool:
    """Whether each row is at its newest committed version and has that version's digest."""
    if not rows:
        return True
    found = RowCommitment.objects.filter(table=model._meta.db_table, row_ref__in=[one.pk for one in rows])
    newest: dict[object, RowCommitment] = {}
    for one in found.order_by("version"):
        newest[one.row_ref] = one
    return all(row.pk in newest and _same(row, newest[row.pk]) for row in rows)


def _same(row: Committed, newest: RowCommitment) -> bool:
    try:
        return row.row_version == newest.version and entry.row_digest(
            bytes(newest.salt), row.committed_fields()
        ) == bytes(newest.digest)
    except (entry.EntryError, canonical.CanonicalError):
        return False


def _hold_removed(client_id: UUID) -> bool:
    """Whether an entry placed a hold, or named a set in one, that is not there any more."""
    placed = Entry.objects.filter(type="hold.placed", client_ref=client_id).values("uid")
    for model in (Hold, HeldSet):
        rows = RowCommitment.objects.filter(entry_uid__in=placed, table=model._meta.db_table)
        named = set(rows.values_list("row_ref", flat=True))
        gone = named - set(model._base_manager.filter(pk__in=named).values_list("pk", flat=True))
        erased = RowCommitment.objects.filter(standing(), table=model._meta.db_table, row_ref__in=gone)
        if gone - set(erased.values_list("row_ref", flat=True)):
            return True
    return False
