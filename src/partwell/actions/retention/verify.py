# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a deletion: list the place again, all versions, markers and uploads, and keep that listing. The only proof there is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.jobs import lease
from partwell.actions.keys import blob_store
from partwell.actions.retention import lines
from partwell.actions.retention.deletion_common import about, asked, locked
from partwell.actions.retention.place_of import facts_of, open_place, storage
from partwell.connectors.places import Place as ConnectorPlace
from partwell.connectors.places import Thing
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion, DeletionLine
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.deletion import DeletionState, LineVerdict, after
from partwell.rules.refusals import Refusal, Refused, refuse

KIND = "deletion.verify"
_S = DeletionState


def queue_verification(deed: Deed, row: Deletion, wait: timedelta = timedelta(0)) -> Job:
    """Within a deed that has locked the client: the job that lists again; one that is waiting already is that job."""
    for job in Job.objects.filter(kind=KIND, client_ref=row.client_id, state__in=("queued", "running")):
        if job.payload.get("deletion") == row.id.hex:
            return job
    number = Job.objects.filter(kind=KIND, key__startswith=f"{KIND}:{row.id.hex}:").count() + 1
    return deed.job(
        KIND,
        f"{KIND}:{row.id.hex}:{number}",
        client=row.client_id,
        due=deed.now + wait,
        deletion=row.id.hex,
    )


def ask_verification(*, actor: Actor, deletion_id: UUID) -> Job | Refusal:
    """List an executed deletion's place again; it happens by itself after a run, this is for when that failed."""
    row = asked(actor, deletion_id, "deletion.list")
    if isinstance(row, Refusal):
        return row
    with Deed(actor) as deed:
        problem = locked(deed, row, "deletion.list")
        state = after(DeletionState(row.state), "verify", row.backup_set.name)
        if problem is None and isinstance(state, Refusal):
            problem = state
        if problem is None and row.by_hand:
            problem = refuse("deletion_by_hand", subject=row.backup_set.name)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="deletion.list")
        return queue_verification(deed, row)


class _Look:
    """One look at the place: what it lists, and what of that nobody excepted."""

    def __init__(self, job: Job, row: Deletion, place: ConnectorPlace) -> None:
        self.job, self.row, self.place = job, row, place
        self.excepted = {str(one.get("ident") or "") for one in row.exceptions}
        self.found = self.left = 0

    def pieces(self, first: bytes) -> Iterator[bytes]:
        """The listing as JSON lines; writes what is left to its line on the way."""
        yield first
        for batch in lines.batches(self.place.list()):
            lease.beat(self.job, done=self.found, stage="listing again")
            out = []
            left: list[Thing] = []
            for thing in batch:
                named = lines.ident(thing) in self.excepted
                out.append(lines.dump({**_as_data(thing), **({"excepted": True} if named else {})}))
                if not named:
                    left.append(thing)
            self.found += len(batch)
            self.left += len(left)
            if left:
                self._note(left)
            yield b"".join(out)

    def _note(self, left: list[Thing]) -> None:
        """What is still there fails; what nobody had listed gets a line of its own, so that it can be named."""
        row = self.row
        idents = {lines.ident(thing): thing for thing in left}
        known: set[str] = set()
        for part in lines.batches(idents, 500):
            rows = DeletionLine.objects.filter(deletion=row, ident__in=part)
            known.update(rows.values_list("ident", flat=True))
            rows.exclude(code="appeared").update(
                state="failed", code="found_left", words="It was listed again after the deletion."
            )
        last = row.lines.aggregate(last=Max("position"))["last"] or 0
        fresh = [thing for name, thing in idents.items() if name not in known]
        DeletionLine.objects.bulk_create(
            [
                DeletionLine(
                    deletion=row,
                    position=last + number,
                    ident=lines.ident(thing),
                    key=lines.printable(thing.key),
                    version=lines.printable(thing.version)[:200],
                    kind=thing.kind,
                    size=thing.size,
                    modified=thing.modified,
                    etag=thing.etag[:120],
                    verdict=LineVerdict.NEWER.value,
                    state="failed",
                    code="appeared",
                    words="It was not on the list that was approved; it was left.",
                )
                for number, thing in enumerate(fresh, 1)
            ],
            batch_size=500,
            ignore_conflicts=True,
        )


def _as_data(thing: Thing) -> dict[str, Any]:
    return {
        "key": thing.key,
        "version": thing.version,
        "kind": thing.kind,
        "size": thing.size,
        "modified": thing.modified.isoformat(),
    }


def run(job: Job) -> dict[str, Any]:
    """List again and compare. What is left and not excepted by name makes the deletion partial; else it is verified."""
    row = Deletion.objects.select_related("client", "backup_set").get(pk=UUID(hex=job.payload["deletion"]))
    if row.state != _S.EXECUTED:
        return {"deletion": row.id.hex, "state": row.state}
    name = row.backup_set.name
    expect = str(row.findings.get("identity") or "")
    lease.beat(job, stage="asking the storage")
    with storage(name):
        place = open_place(row.backup_set, expect=expect)
    facts = facts_of(place, name, expect=expect)
    now = timezone.now()
    look = _Look(job, row, place)
    first = lines.heading(row, "verification", now, place=place.describe(), facts=lines.facts_as_data(facts))
    with storage(name):
        stored = lines.store_lines(
            row, f"verification-{row.id.hex[:8]}-{now:%Y%m%d-%H%M%S}.jsonl", look.pieces(first)
        )
    try:
        with Deed(SYSTEM) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            lease.hold(job)
            state = after(DeletionState(row.state), "find_left" if look.left else "verify", name)
            if isinstance(state, Refusal):
                raise Refused(state)
            deed.add(stored)
            changes: dict[str, Any] = {"state": state, "verification": stored, "left_count": look.found}
            if look.left:
                changes |= {"left_count": look.left, "failed_count": look.left, "executed_at": None}
                deed.save(row, **changes)
                deed.record(
                    "deletion.partial",
                    subjects=[*about(row), stored.id],
                    public={"set": name, "left": look.left},
                    to_client={
                        "deleted": row.deleted_count,
                        "failed": look.left,
                        "digest": stored.sha256,
                        "why": "It was listed again, and this was found left.",
                    },
                )
            else:
                deed.save(row, verified_at=deed.now, **changes)
                deed.record(
                    "deletion.verified",
                    subjects=[*about(row), stored.id],
                    public={"set": name},
                    to_client={"digest": stored.sha256, "left": look.found},
                )
    except BaseException:
        blob_store().delete(stored.blob_id)
        raise
    return {"deletion": row.id.hex, "state": row.state, "found": look.found, "left": look.left}
