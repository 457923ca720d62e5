# SPDX-License-Identifier: AGPL-3.0-or-later
"""The part of the ledger's check that concerns rows: each against its newest commitment, and mails against their entries."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps

from partwell.actions.evidence import check_erasures
from partwell.records.base import Committed
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Import
from partwell.records.evidence import erasures
from partwell.records.evidence.models import Entry, EntrySubject, RowCommitment
from partwell.records.jobs.models import Job
from sealed import canonical, entry
from sealed.entry import ERASED_VERSION
from sealed.findings import WARNING, Report

if TYPE_CHECKING:
    from partwell.actions.evidence.check import Progress

BATCH = 400
# What an envelope's state needs as an entry that speaks of it.
NEEDED = {
    "accepted": ("envelope.accepted", "envelope.settled"),
    "failed": ("envelope.failed", "envelope.settled"),
    "stopped": ("envelope.stopped",),
    "unknown": ("envelope.unknown",),
}


def committed_models() -> list[type[Committed]]:
    """Every model whose rows are evidence, in the order of their tables."""
    return sorted(
        (model for model in apps.get_models() if issubclass(model, Committed)),
        key=lambda model: model._meta.db_table,
    )


def check_rows(report: Report, tell: "Progress") -> None:
    """Each row of each committed table: there, unaltered, at its newest version; and none that nobody committed to."""
    models = committed_models()
    counts = {model: model._base_manager.count() for model in models}
    total, done = sum(counts.values()), 0
    # Most of eighty tables are empty in most installations, and ask nothing more than whether they should be.
    committed_to = set(RowCommitment.objects.order_by().values_list("table", flat=True).distinct())
    coming = set(
        RowCommitment.objects.exclude(entry_uid__in=Entry.objects.values("uid"))
        .values_list("entry_uid", flat=True)
        .distinct()
    )
    batches = _batches_of(coming)
    ends = check_erasures.check_requests(report)
    for model in models:
        last, first = UUID(int=0), True
        while counts[model] and (rows := _next(model, last, first)):
            first, last = False, rows[-1].pk
            _check_batch(report, model, rows, coming, batches, ends)
            done += len(rows)
            tell("rows", done, total)
            if len(rows) < BATCH:
                break
        if model._meta.db_table in committed_to:
            _missing(report, model)
    report.facts["rows"] = done
    tables = [model._meta.db_table for model in models]
    for table in (
        RowCommitment.objects.exclude(table__in=tables)
        .exclude(table__startswith=erasures.DISCLOSURE)
        .exclude(version=ERASED_VERSION)
        .values_list("table", flat=True)
        .distinct()[:100]
    ):
        report.add(
            "table-missing",
            f"table {table}",
            "Entries commit to rows of this table, which the program does not know.",
        )


def _batches_of(coming: set[UUID]) -> dict[UUID, Import]:
    """The imports that write under coming entries: their files and secrets do not name them, their job does."""
    if not coming:
        return {}
    jobs = Job.objects.filter(kind="import.confirm").values_list("payload", flat=True)
    imports = {
        UUID(hex=payload["uid"]): UUID(hex=payload["import"])
        for payload in jobs.iterator(chunk_size=500)
        if "uid" in payload and UUID(hex=payload["uid"]) in coming
    }
    rows = Import.objects.in_bulk(set(imports.values()))
    return {uid: rows[pk] for uid, pk in imports.items() if pk in rows}


def _next(model: type[Committed], last: UUID, first: bool) -> list[Any]:
    rows = model._base_manager.order_by("pk")
    return list((rows if first else rows.filter(pk__gt=last))[:BATCH])


def _check_batch(
    report: Report,
    model: type[Committed],
    rows: list[Any],
    coming: set[UUID],
    batches: dict[UUID, Import],
    ends: dict[UUID, bool],
) -> None:
    table = model._meta.db_table
    commitments: dict[UUID, dict[int, RowCommitment]] = defaultdict(dict)
    for one in RowCommitment.objects.filter(table=table, row_ref__in=[row.pk for row in rows]):
        commitments[one.row_ref][one.version] = one
    for row in rows:
        where = f"{table} {row.pk.hex}"
        versions = commitments[row.pk]
        if (tombstone := versions.pop(ERASED_VERSION, None)) is not None:
            check_erasures.still_there(report, where, tombstone.entry_uid, ends)
        if not versions:
            report.add(
                "row-added", where, "No entry commits to this row: it was inserted behind the program's back."
            )
            continue
        newest = versions[max(versions)]
        if newest.entry_uid in coming:
            _unfinished(report, where, row, batches.get(newest.entry_uid))
        if row.row_version != newest.version:
            report.add(
                "row-version",
                where,
                f"The row says version {row.row_version}, its newest entry commits to version {newest.version}: "
                "it was put back or edited behind the program's back.",
            )
        elif not _same(row, newest):
            report.add(
                "row-changed",
                where,
                f"Fields of version {newest.version} are not what the entry committed to: "
                "the row was edited behind the program's back.",
            )


def _unfinished(report: Report, where: str, row: Any, batch: Import | None) -> None:
    """A row of a big import whose entry has not been written yet: fine while the import is under way.

    ``batch``: the import whose job writes under the coming entry. A row that names an import must name that one.
    """
    if hasattr(row, "batch_id") and (batch is None or row.batch_id != batch.pk):
        batch = None
    if batch is not None and batch.state in ("writing", "staged", "reading"):
        report.facts["rows_of_unfinished_imports"] = report.facts.get("rows_of_unfinished_imports", 0) + 1
    elif batch is not None and batch.state in ("refused", "discarded", "undone"):
        report.add(
            "import-unfinished",
            where,
            f"The import of this row is {batch.state} and its entry was never written.",
            WARNING,
        )
    else:
        report.add(
            "row-added",
            where,
            "The row is committed to under an entry that does not exist: it was inserted behind the program's back.",
        )


def _same(row: Any, commitment: RowCommitment) -> bool:
    try:
        return entry.row_digest(bytes(commitment.salt), row.committed_fields()) == bytes(commitment.digest)
    except (entry.EntryError, canonical.CanonicalError):
        return False


def _missing(report: Report, model: type[Committed]) -> None:
    table = model._meta.db_table
    gone = RowCommitment.objects.filter(table=table).exclude(row_ref__in=model._base_manager.values("pk"))
    if not gone.exists():
        return
    if erased := gone.filter(erasures.standing()).count():
        report.facts["rows_erased"] = report.facts.get("rows_erased", 0) + erased
        gone = gone.exclude(
            row_ref__in=RowCommitment.objects.filter(erasures.standing(), table=table).values("row_ref")
        )
    for ref in gone.values_list("row_ref", flat=True).distinct()[:1000]:
        report.add(
            "row-missing",
            f"{table} {ref.hex}",
            "Entries commit to this row, but it is gone: it was deleted behind the program's back.",
        )


def check_envelopes(report: Report, tell: "Progress") -> None:
    """Every envelope has the entry it was queued with, and one for each thing that happened to it."""
    total, done = Envelope.objects.count(), 0
    last, first = UUID(int=0), True
    while True:
        rows = Envelope.objects.order_by("pk")
        batch = list(
            (rows if first else rows.filter(pk__gt=last)).values_list(
                "pk", "entry_id", "state", "data_started_at"
            )[:BATCH]
        )
        if not batch:
            break
        first, last = False, batch[-1][0]
        entries = set(Entry.objects.filter(uid__in=[one[1] for one in batch]).values_list("uid", flat=True))
        spoken = _entries_of([one[0] for one in batch])
        for pk, uid, state, started in batch:
            where = f"envelope {pk.hex}"
            if uid not in entries:
                report.add("envelope-unrecorded", where, "The entry that queued this message does not exist.")
            if started is not None and "envelope.data_started" not in spoken[pk]:
                report.add("envelope-unrecorded", where, "This message began to leave, and no entry says so.")
            if state in NEEDED and not spoken[pk] & set(NEEDED[state]):
                report.add("envelope-unrecorded", where, f"This message is {state}, and no entry says so.")
        done += len(batch)
        tell("envelopes", done, total)
    report.facts["envelopes"] = done


def _entries_of(ids: list[UUID]) -> dict[UUID, set[str]]:
    pairs = list(EntrySubject.objects.filter(subject_ref__in=ids).values_list("subject_ref", "entry_index"))
    types: dict[int, str] = {}
    indexes = sorted({index for _, index in pairs})
    for start in range(0, len(indexes), BATCH):
        types.update(
            Entry.objects.filter(index__in=indexes[start : start + BATCH]).values_list("index", "type")
        )
    out: dict[UUID, set[str]] = defaultdict(set)
    for ref, index in pairs:
        out[ref].add(types.get(index, ""))
    return out
