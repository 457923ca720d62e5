# SPDX-License-Identifier: AGPL-3.0-or-later
"""The dry run, as a job: list every thing in the set's place, judge each, keep what was found and what the storage said.

Things go into working rows a batch at a time and the listing goes on behind the last of them after a crash; the file in
the vault and its digest are what people are shown and what a start is bound to. Nothing is changed in the storage, and
nothing of the deletion until the last transaction.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Sum
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.jobs import lease
from partwell.actions.keys import blob_store
from partwell.actions.retention import lines
from partwell.actions.retention.deletion_common import about, asked, locked, moved, today_of
from partwell.actions.retention.place_of import Neighbours, facts_of, open_place, storage
from partwell.connectors.places import Lock, PlaceFacts, Thing
from partwell.connectors.places import Place as ConnectorPlace
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion, DeletionLine
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.deletion import DeletionState, FoundThing, LineVerdict, judge
from partwell.rules.refusals import Refusal, Refused, refuse

KIND = "deletion.list"


def queue_listing(deed: Deed, row: Deletion) -> Job:
    """Within a deed that has locked the client: the job that lists; one that is waiting or at work already is that job."""
    open_ = Job.objects.filter(kind=KIND, client_ref=row.client_id, state__in=("queued", "running"))
    for job in open_:
        if job.payload.get("deletion") == row.id.hex:
            return job
    number = Job.objects.filter(kind=KIND, key__startswith=f"{KIND}:{row.id.hex}:").count() + 1
    return deed.job(KIND, f"{KIND}:{row.id.hex}:{number}", client=row.client_id, deletion=row.id.hex)


def ask_listing(*, actor: Actor, deletion_id: UUID) -> Job | Refusal:
    """List anew: after a failed listing, after the place was corrected, or when the list has become old."""
    row = asked(actor, deletion_id, "deletion.list")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.list")
        state = moved(row, "list")
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is None and row.by_hand:
            problem = refuse("deletion_by_hand", subject=row.backup_set.name)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.list")
        return queue_listing(deed, row)


# the job ------------------------------------------------------------------


def run(job: Job) -> dict[str, Any]:
    """List the set's place. Raises ``Refused`` with the storage's reason, ``lease.Later`` for what may pass by itself."""
    row = Deletion.objects.select_related("client", "backup_set").get(pk=UUID(hex=job.payload["deletion"]))
    _may_list(row)
    name = row.backup_set.name
    lease.beat(job, stage="asking the storage")
    with storage(name):
        place = open_place(row.backup_set)
    found = facts_of(place, name)
    _collect(job, row, place, found)
    now = timezone.now()
    first = lines.heading(row, "listing", now, place=place.describe(), facts=lines.facts_as_data(found))
    stored = lines.store_lines(
        row,
        f"listing-{row.id.hex[:8]}-{now:%Y%m%d-%H%M%S}.jsonl",
        lines.lines_as_json(
            row, first, outcome=False, beat=lambda _: lease.beat(job, stage="writing the list")
        ),
    )
    try:
        return _settle(job, row, found, stored, now)
    except BaseException:
        blob_store().delete(stored.blob_id)
        raise


def _may_list(row: Deletion) -> DeletionState:
    state = moved(row, "list")
    if isinstance(state, Refusal):
        raise Refused(state)
    return state


def _collect(job: Job, row: Deletion, place: ConnectorPlace, found: PlaceFacts) -> None:
    """Write every thing to a line; goes on behind the last line that this very job wrote."""
    if not job.payload.get("begun"):
        DeletionLine.objects.filter(deletion=row).delete()
        job.payload = {**job.payload, "begun": True}
        Job.objects.filter(pk=job.pk, lease=job.lease).update(payload=job.payload)
    last = DeletionLine.objects.filter(deletion=row).order_by("-position").first()
    position = last.position if last else 0
    # a key that could not be written as it is says nothing of where it stands: from the start, nothing is written twice
    after = place.marker_of(lines.as_thing(last)) if last and "\\" not in last.key else ""
    judged = _Judge(row)
    with storage(row.backup_set.name):
        for batch in lines.batches(place.list(after)):
            locks: dict[tuple[str, str], list[Lock]] = {}
            if found.object_lock:
                for lock in place.locks(batch):
                    locks.setdefault((lock.key, lock.version), []).append(lock)
            lease.beat(job, done=position, stage="listing")
            rows = []
            for thing in batch:
                position += 1
                rows.append(judged.line(position, thing, locks.get((thing.key, thing.version), [])))
            DeletionLine.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
            lease.beat(job, done=position, stage="listing")
            lease.got_on(job)


class _Judge:
    """The rule's verdict on each thing, with what is the same for all of them."""

    def __init__(self, row: Deletion) -> None:
        self._row, self._zone = row, zone()
        self._today = today_of(timezone.now())
        self._neighbours = Neighbours(row.backup_set)
        self._prefix = str(row.backup_set.whereabouts.get("prefix") or "")
        self._end = row.backup_set.end_of_service

    def line(self, position: int, thing: Thing, locks: list[Lock]) -> DeletionLine:
        """The unsaved line of one thing."""
        days = [lock.until for lock in locks if lock.until is not None]
        until: date | None = max(days) if days else None
        verdict = judge(
            FoundThing(
                within=not self._neighbours.theirs(thing.key, below=self._prefix),
                locked_until=until,
                locked_for_ever=any(lock.until is None for lock in locks),
                # a folder's day changes with whatever is done in it, and says nothing of who uses it
                modified_on=day_in(thing.modified, self._zone) if thing.kind != "folder" else None,
            ),
            today=self._today,
            end_of_service=self._end,
        )
        return DeletionLine(
            deletion=self._row,
            position=position,
            ident=lines.ident(thing),
            key=lines.printable(thing.key),
            version=lines.printable(thing.version)[:200],
            kind=thing.kind,
            size=thing.size,
            modified=thing.modified,
            etag=thing.etag[:120],
            verdict=verdict.value,
            locked_until=until,
        )


def _settle(job: Job, row: Deletion, found: PlaceFacts, stored: StoredFile, now: datetime) -> dict[str, Any]:
    """The last transaction: the list becomes what a start is bound to."""
    summed = row.lines.aggregate(count=Count("id"), size=Sum("size"), until=Max("locked_until"))
    verdicts = dict(row.lines.values_list("verdict").annotate(number=Count("id")).order_by())
    newer, locked_, foreign = (
        int(verdicts.get(one.value, 0))
        for one in (LineVerdict.NEWER, LineVerdict.LOCKED, LineVerdict.NOT_OURS)
    )
    with Deed(SYSTEM) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        lease.hold(job)
        state = _may_list(row)
        deed.add(stored)
        told = {name: value for name, value in lines.facts_as_data(found).items() if name != "raw"}
        before = int(row.findings.get("deleted_before", 0))
        # what earlier lists of this deletion took stays counted; their outcome files lie in the vault
        before = row.deleted_count if row.started_at else before
        findings = {
            **told,
            "deleted_before": before,
            "listings": [*row.findings.get("listings", []), stored.id.hex],
            "outcomes": row.findings.get("outcomes", []),
            **({"locked_until": summed["until"].isoformat()} if summed["until"] else {}),
        }
        deed.save(
            row,
            state=state,
            listing=stored,
            listed_at=deed.now,
            listed_digest=stored.sha256,
            listed_count=summed["count"],
            listed_bytes=summed["size"] or 0,
            locked_count=locked_,
            newer_count=newer,
            foreign_count=foreign,
            newer_agreed=False,
            findings=findings,
        )
        deed.record(
            "deletion.listed",
            subjects=[*about(row), stored.id],
            public={"set": row.backup_set.name, "count": row.listed_count},
            to_client={
                "bytes": row.listed_bytes,
                "digest": stored.sha256,
                "locked": locked_,
                "newer": newer,
                "foreign": foreign,
                "facts": told,
            },
        )
    return {"deletion": row.id.hex, "listed": row.listed_count, "digest": stored.sha256}
