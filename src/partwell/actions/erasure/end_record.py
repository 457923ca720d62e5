# SPDX-License-Identifier: AGPL-3.0-or-later
"""The end of a client's record: keys, files, contents and rows go; leaves, proofs and checkpoints stay (R4, R15).

A job that can be killed anywhere. 1. keys are destroyed; 2. everything that goes is listed under a coming entry, in
chunks, then that entry is written; 3. only now contents and rows are deleted, in an order that keys allow, with the
salts of what was committed to them; 4. what lies outside the record: sessions, jobs, caught mail; 5. the bytes.
A hold stops it at the next step; what is gone by then is gone.
"""

from datetime import timedelta
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.erasure import bound, leftovers
from partwell.actions.erasure.content import delete_disclosures
from partwell.actions.erasure.holds import held
from partwell.actions.erasure.scrub import scrub
from partwell.actions.evidence.tombstones import DISCLOSURE, RECORD, queue_tombstone, write_pending
from partwell.actions.facts import zone
from partwell.actions.jobs import lease
from partwell.actions.vault.destroy_unit import backup_days, destroy_unit, units_of
from partwell.records.base import Committed
from partwell.records.clients.models import Client
from partwell.records.evidence import erasures
from partwell.records.evidence.models import Disclosure, Entry, EntrySubject, ErasureRequest, RowCommitment
from partwell.records.jobs.models import Job
from partwell.rules.actor import SYSTEM
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, Refused, refuse
from sealed import entry, merkle
from sealed.entry import ERASED_VERSION

CHUNK = 500
CALLED = "a client whose record ends"
BASIS = "The time of the record is over."


def run(job: Job) -> dict[str, object]:
    """The job ``record.end``; payload ``request``. Refused when a hold came in between; what is done stays done."""
    row = ErasureRequest.objects.get(pk=UUID(hex=job.payload["request"]))
    if row.state == "done":
        return dict(row.counts)
    assert row.entry_uid is not None
    if not Entry.objects.filter(uid=row.entry_uid).exists():
        _no_hold(row)
        lease.beat(job, stage="destroying keys")
        for unit in units_of(row.client_ref):
            done = destroy_unit(
                actor=SYSTEM, unit_id=unit.id, held=held(row.client_ref), basis=BASIS, called=CALLED
            )
            if isinstance(done, Refusal):
                raise Refused(done)
            lease.beat(job)
        _list(job, row)
    write_pending()
    leftovers.files_without_rows(row.client_ref)
    _delete(job, row)
    lease.beat(job, stage="cleaning the database")
    left = scrub(_tables())
    return _say_done(job, row, left)


def _no_hold(row: ErasureRequest) -> None:
    if Client.objects.filter(pk=row.client_ref).exists() and held(row.client_ref):
        raise Refused(refuse("erasure_held", client="this client"))


# the list ------------------------------------------------------------------


def _list(job: Job, row: ErasureRequest) -> None:
    """Commit to everything that goes, in chunks under the coming entry, then write it. Begins again after the last chunk."""
    uid, client_id = row.entry_uid, row.client_ref
    assert uid is not None
    tree, count = merkle.CompactRange(), {"contents": 0, "rows": 0}
    for table, ref, version, digest in (
        RowCommitment.objects.filter(entry_uid=uid)
        .order_by("position")
        .values_list("table", "row_ref", "version", "digest")
        .iterator(chunk_size=5000)
    ):
        tree.append(merkle.leaf_hash(entry.row_leaf(table, ref.hex, version, bytes(digest))))
        count["contents" if table.startswith(erasures.DISCLOSURE) else "rows"] += 1
    for table, ids in bound.committed_rows(client_id, CHUNK):
        known = set(RowCommitment.objects.filter(table=table, row_ref__in=ids, version=ERASED_VERSION).values_list("row_ref", flat=True))  # fmt: skip
        fresh = [one for one in ids if one not in known]
        if not fresh:
            continue
        with Deed(SYSTEM) as deed:
            _hold_lease(deed, job, row)
            for ref in fresh:
                deed.tombstone(table, ref)
            count["rows"] += len(fresh)
            spoken = EntrySubject.objects.filter(subject_ref__in=fresh).values("entry_index")
            count["contents"] += _list_contents(deed, Entry.objects.filter(client_ref=None, index__in=spoken))
            deed.commit_chunk(uid, tree)
        lease.beat(job, stage="listing what goes", done=tree.size)
    last = -1
    while indexes := list(Entry.objects.filter(client_ref=client_id, index__gt=last).order_by("index").values_list("index", flat=True)[:CHUNK]):  # fmt: skip
        last = indexes[-1]
        with Deed(SYSTEM) as deed:
            _hold_lease(deed, job, row)
            count["contents"] += _list_contents(deed, Entry.objects.filter(index__in=indexes))
            deed.commit_chunk(uid, tree)
        lease.beat(job, stage="listing what goes", done=tree.size)
    with Deed(SYSTEM) as deed:
        _hold_lease(deed, job, row)
        # What came meanwhile: nothing was, as a rule. Under the client's lock the list is whole.
        for table, ids in bound.committed_rows(client_id, CHUNK):
            known = set(RowCommitment.objects.filter(table=table, row_ref__in=ids, version=ERASED_VERSION).values_list("row_ref", flat=True))  # fmt: skip
            for ref in ids:
                if ref not in known:
                    deed.tombstone(table, ref)
                    count["rows"] += 1
        count["contents"] += _list_contents(deed, Entry.objects.filter(client_ref=client_id, index__gt=last))
        deed.commit_chunk(uid, tree)
        deed.next_uid = uid
        assert row.decided_by is not None
        queue_tombstone(
            deed, RECORD, client=client_id.hex, proposed=row.proposed_by.hex, decided=row.decided_by.hex
        )
        deed.record(
            "record.erased",
            client=client_id,
            subjects=[row.id],
            public=count,
            internal={"request": row.id.hex},
            rows_root=(tree.size, tree.root()),
        )


def _hold_lease(deed: Deed, job: Job, row: ErasureRequest) -> None:
    deed.lock(row.client_ref)
    deed.client = None  # nothing written here names the client
    if held(row.client_ref):
        raise Refused(refuse("erasure_held", client="this client"))
    lease.hold(job)


def _list_contents(deed: Deed, entries: "models.QuerySet[Entry]") -> int:
    """Commit to the erasure of what these entries still disclose; how many pieces."""
    found = dict(entries.values_list("uid", "index"))
    pieces = list(Disclosure.objects.filter(entry_uid__in=list(found)).values_list("entry_uid", "label"))
    listed = RowCommitment.objects.filter(
        row_ref__in=list(found), version=ERASED_VERSION, table__startswith=erasures.DISCLOSURE
    )
    known = set(listed.values_list("row_ref", "table"))
    count = 0
    for uid, label in pieces:
        if (uid, erasures.table_of(label)) not in known:
            deed.tombstone(erasures.table_of(label), uid)
            queue_tombstone(deed, DISCLOSURE, index=found[uid], label=label)
            count += 1
    return count


# the deletion ----------------------------------------------------------------


def _delete(job: Job, row: ErasureRequest) -> None:
    assert row.entry_uid is not None
    listed = RowCommitment.objects.filter(entry_uid=row.entry_uid)
    total = listed.count()
    lease.beat(job, stage="erasing", done=0, total=total)
    done, last = 0, -1
    contents = listed.filter(table__startswith=erasures.DISCLOSURE)
    while pieces := list(contents.filter(position__gt=last).order_by("position").values_list("position", "row_ref", "table")[:CHUNK]):  # fmt: skip
        last = pieces[-1][0]
        with Deed(SYSTEM):
            lease.hold(job)
            delete_disclosures([(ref, table.removeprefix(erasures.DISCLOSURE)) for _, ref, table in pieces])
        done += len(pieces)
        lease.beat(job, done=done)
    leftovers.forget(row.client_ref, job.id)
    for group in bound.order():
        if group == (Client,):
            _last_words(row)
        alone = len(group) == 1 and not bound.refers_to_itself(group[0])
        if alone:
            while _delete_some(job, row, group[0], CHUNK):
                lease.beat(job)
        else:
            with Deed(SYSTEM):
                lease.hold(job)
                for model in group:
                    while _rows_gone(row, model, CHUNK):
                        pass
        lease.beat(job)


def _delete_some(job: Job, row: ErasureRequest, model: "type[models.Model]", size: int) -> bool:
    with Deed(SYSTEM):
        lease.hold(job)
        return _rows_gone(row, model, size)


def _rows_gone(row: ErasureRequest, model: "type[models.Model]", size: int) -> bool:
    """Within a deed: delete the next rows of a model and the salts of what was committed to them; False when none is left."""
    assert row.entry_uid is not None
    # What was listed, also where the row that led to it is gone by now; and what leads to the client.
    listed = RowCommitment.objects.filter(entry_uid=row.entry_uid, table=model._meta.db_table).values(
        "row_ref"
    )
    ids = (
        list(model._base_manager.filter(pk__in=listed).values_list("pk", flat=True)[:size])
        if issubclass(model, Committed)
        else []
    )
    ids = ids or list(bound.rows_of(model, row.client_ref).values_list("pk", flat=True)[:size])
    if not ids:
        return False
    if issubclass(model, Committed):
        told = RowCommitment.objects.filter(table=model._meta.db_table, row_ref__in=ids)
        told.exclude(salt=b"").update(salt=b"")
    rows = model._base_manager.filter(pk__in=ids)
    rows._raw_delete(using=rows.db)
    return True


def _last_words(row: ErasureRequest) -> None:
    """Entries that were written of this client while its record was being erased, refusals for example, lose their words too."""
    later = Entry.objects.filter(client_ref=row.client_ref).exclude(
        Q(type__in=erasures.ERASING) | Q(type__startswith="record.")
    )
    uids = [
        uid
        for uid in later.values_list("uid", flat=True)
        if Disclosure.objects.filter(entry_uid=uid).exists()
    ]
    if not uids:
        return
    with Deed(SYSTEM) as deed:
        if _list_contents(deed, Entry.objects.filter(uid__in=uids)):
            deed.record("disclosure.erased", client=row.client_ref, public={"what": f"what {len(uids)} entries said"}, internal={"request": row.id.hex})  # fmt: skip
    write_pending()
    with Deed(SYSTEM):
        pairs = Disclosure.objects.filter(entry_uid__in=uids).values_list("entry_uid", "label")
        delete_disclosures(list(pairs))


def _tables() -> list[str]:
    tables = [model._meta.db_table for group in bound.order() for model in group]
    return [*tables, "evidence_disclosure", "evidence_rowcommitment", *leftovers.TABLES]


def _say_done(job: Job, row: ErasureRequest, left: list[str]) -> dict[str, object]:
    assert row.entry_uid is not None
    listed = RowCommitment.objects.filter(entry_uid=row.entry_uid)
    contents = listed.filter(table__startswith=erasures.DISCLOSURE).count()
    effective = day_in(timezone.now(), zone()) + timedelta(days=backup_days())
    counts: dict[str, object] = {"contents": contents, "rows": listed.count() - contents, "left": left, "effective_on": effective.isoformat()}  # fmt: skip
    with Deed(SYSTEM) as deed:
        lease.hold(job)
        row = ErasureRequest.objects.get(pk=row.pk)
        deed.save(row, state="done", counts=counts, finished_at=deed.now)
        deed.record(
            "record.gone",
            client=row.client_ref,
            subjects=[row.id],
            internal={"request": row.id.hex, "database": left, "effective_on": effective.isoformat()},
        )
    return counts
