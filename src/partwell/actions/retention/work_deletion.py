# SPDX-License-Identifier: AGPL-3.0-or-later
"""The work of a deletion, as a job: list once more, compare with what was approved, and delete batch by batch.

Before each batch the client is locked and everything is asked anew: a hold, a pause, a later date, an only copy, the
lease. What the place lists now and the approved list does not hold is left alone. A crash at any point resumes by
listing again: what is not there any more was deleted, or is gone. Things whose deletion had left for the storage when
somebody placed a hold are settled and counted; nothing follows them.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.jobs import lease
from partwell.actions.retention import lines
from partwell.actions.retention.deletion_common import start_facts
from partwell.actions.retention.finish_deletion import Tally, execute, halt, leave
from partwell.actions.retention.place_of import facts_of, open_place, storage
from partwell.actions.retention.stop import stop_row
from partwell.actions.retention.trust import untrue
from partwell.actions.retention.vault_place import VaultPlace
from partwell.actions.vault.destroy_unit import destroy_unit
from partwell.connectors.errors import PlaceError
from partwell.connectors.places import Outcome, Thing
from partwell.connectors.places import Place as ConnectorPlace
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion, DeletionLine
from partwell.rules.actor import SYSTEM
from partwell.rules.deletion import DeletionState, LineVerdict, may_run
from partwell.rules.refusals import Refusal, Refused

# A leave to delete is used at once or asked for again: a worker that slept through a hold must not go on with it.
FRESH = 20.0
SETTLED = ("deleted", "gone", "excepted")


class Stopped(Exception):
    """A hold, a pause or a person stopped it; what was under way is settled."""


def run(job: Job) -> dict[str, Any]:
    """Carry the deletion out. It ends *executed*, *partial* with its reason, or *stopped*; never rounded up."""
    row = Deletion.objects.select_related("client", "backup_set").get(pk=UUID(hex=job.payload["deletion"]))
    if row.runs != job.payload["run"]:
        return {"deletion": row.id.hex, "state": row.state}
    if row.state != DeletionState.RUNNING:
        return halt(job, row)
    tally = Tally()
    try:
        with storage(row.backup_set.name):
            place = open_place(row.backup_set, expect=_identity(row))
        facts_of(place, row.backup_set.name, expect=_identity(row))
        if isinstance(place, VaultPlace):
            _empty_vault(job, row, place)
        else:
            _empty(job, row, place, tally)
    except Stopped:
        return halt(job, row)
    except Refused as refused:
        # Wrong secret, expired credentials, another share: what is gone is counted, and a person goes on from there.
        return leave(job, row, tally, refused.refusal.sentence)
    except lease.Later as later:
        if job.attempts < lease.MOST_ATTEMPTS:
            raise
        return leave(job, row, tally, str(later))
    return execute(job, row, tally)


def _identity(row: Deletion) -> str:
    return str(row.findings.get("identity") or "")


def _empty(job: Job, row: Deletion, place: ConnectorPlace, tally: Tally) -> None:
    """All batches, driven by what the place lists now."""
    total = row.lines.count()
    job.done = row.lines.filter(state__in=SETTLED).count()
    lease.beat(job, done=job.done, total=total, stage="deleting")
    with storage(row.backup_set.name):
        for batch in lines.batches(place.list()):
            _batch(job, row, place, batch, tally)
            lease.beat(job, done=min(total, job.done), stage="deleting")
            lease.got_on(job)
    # The whole place was listed, and these were not in it.
    row.lines.filter(state="going").update(
        state="deleted",
        code="unanswered",
        words="Its deletion was under way when work broke off; it is not there any more.",
    )
    row.lines.filter(state="waits").update(state="gone", words="It was not there any more.")


def _batch(job: Job, row: Deletion, place: ConnectorPlace, batch: Sequence[Thing], tally: Tally) -> None:
    idents = {lines.ident(thing): thing for thing in batch}
    known: dict[str, DeletionLine] = {}
    for part in lines.batches(idents, 500):
        known.update({line.ident: line for line in row.lines.filter(ident__in=part)})
    tally.appeared += len(idents) - len(known)
    going: list[Thing] = []
    kept: list[Outcome] = []
    locked: list[Thing] = []
    for name, line in known.items():
        thing = idents[name]
        if line.state == "excepted" or line.code == "appeared":
            continue
        if lines.changed(line, thing):
            kept.append(
                _kept(thing, "changed", "Something else has this name since it was listed; it was left.")
            )
        elif line.verdict == LineVerdict.LOCKED:
            locked.append(thing)
        elif line.verdict == LineVerdict.NOT_OURS:
            kept.append(_kept(thing, "not_ours", "It does not belong to this set."))
        else:
            going.append(thing)
    if locked:
        held = {(lock.key, lock.version): lock for lock in place.locks(locked)}
        for thing in locked:
            if (lock := held.get((thing.key, thing.version))) is None:
                going.append(thing)
            else:
                until = f"until {lock.until.isoformat()}" if lock.until else "until somebody lifts it"
                kept.append(
                    _kept(thing, "locked", f"The storage keeps it ({lock.kind.replace('_', ' ')}) {until}.")
                )
    lines.mark(row, kept)
    if not going:
        return
    asked_at = _leave_to_delete(job, row, going)
    if time.monotonic() - asked_at > FRESH:
        asked_at = _leave_to_delete(job, row, going)
    # in the order in which they were listed: what is in a folder before the folder
    going.sort(key=lambda thing: known[lines.ident(thing)].position)
    try:
        outcomes = place.delete(going)
    except PlaceError as error:
        _count(job, lines.mark(row, error.outcomes))
        raise
    _count(job, lines.mark(row, outcomes))


def _count(job: Job, found: dict[str, int]) -> None:
    job.done += found.get("deleted", 0) + found.get("gone", 0)


def _kept(thing: Thing, code: str, words: str) -> Outcome:
    return Outcome(thing.key, thing.version, thing.kind, "failed", code, words)


def _leave_to_delete(job: Job, row: Deletion, going: Sequence[Thing]) -> float:
    """Ask whether exactly these may go now, under the client's lock; raises ``Stopped`` if not. When it was asked."""
    at = time.monotonic()
    stopped = False
    with Deed(SYSTEM) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        row.backup_set.refresh_from_db()
        lease.hold(job)
        if row.state != DeletionState.RUNNING or row.runs != job.payload["run"]:
            stopped = True
        elif (why := may_run(start_facts(row.backup_set, deed.now, row)) or untrue(row)) is not None:
            stop_row(deed, row, why.sentence)
            stopped = True
        else:
            for part in lines.batches([lines.ident(thing) for thing in going], 500):
                row.lines.filter(ident__in=part).update(state="going", code="", words="")
    if stopped:
        raise Stopped
    return at


def _empty_vault(job: Job, row: Deletion, place: VaultPlace) -> None:
    """Destroy the set's key units whole; files and values go with them."""
    lease.beat(job, total=row.lines.count(), stage="destroying the key")
    _leave_to_delete(job, row, [])
    for unit in place.units():
        done = destroy_unit(
            actor=SYSTEM, unit_id=unit.id, held=False, basis=f"the deletion of the set {row.backup_set.name}"
        )
        if isinstance(done, Refusal):
            with Deed(SYSTEM) as deed:
                deed.lock(row.client_id)
                row.refresh_from_db()
                if row.state == DeletionState.RUNNING:
                    stop_row(deed, row, done.sentence)
            raise Stopped
        lease.beat(job, stage="destroying the key")
    row.lines.filter(state__in=("waits", "going", "failed")).exclude(code="appeared").update(
        state="deleted", code="", words="It was removed after its key was destroyed."
    )
