# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a run of a deletion ends: executed, partial or stopped, with its outcome file in the vault and the counts as they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.jobs import lease
from partwell.actions.keys import blob_store
from partwell.actions.retention import lines
from partwell.actions.retention.deletion_common import about, counts, today_of
from partwell.actions.retention.vault_place import VaultPlace
from partwell.actions.retention.verify import queue_verification
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM
from partwell.rules.deletion import DeletionState
from partwell.rules.keeping import Place

_S = DeletionState


@dataclass
class Tally:
    """What a run saw besides its list: ``appeared``: things that nobody approved, left alone."""

    appeared: int = 0


def _outcome_file(job: Job, row: Deletion, now: datetime, why: str) -> StoredFile:
    first = lines.heading(row, "outcome", now, listing=row.listed_digest, counts=counts(row), why=why)
    return lines.store_lines(
        row,
        f"outcome-{row.id.hex[:8]}-run{row.runs}-{now:%Y%m%d-%H%M%S}.jsonl",
        lines.lines_as_json(
            row, first, outcome=True, beat=lambda _: lease.beat(job, stage="writing the outcome")
        ),
    )


def _gone(row: Deletion, found: dict[str, int]) -> int:
    """All that this deletion took or found gone, earlier lists included."""
    return int(row.findings.get("deleted_before", 0)) + found["deleted"] + found["gone"]


def _findings(
    row: Deletion, stored: StoredFile, found: dict[str, int], tally: Tally, why: str = ""
) -> dict[str, Any]:
    kept = {name: value for name, value in row.findings.items() if name not in ("why", "appeared", "gone")}
    return {
        **kept,
        "outcomes": [*row.findings.get("outcomes", []), stored.id.hex],
        **({"gone": found["gone"]} if found["gone"] else {}),
        **({"appeared": tally.appeared} if tally.appeared else {}),
        **({"why": why[:300]} if why else {}),
    }


def execute(job: Job, row: Deletion, tally: Tally) -> dict[str, Any]:
    """Everything was tried: *executed* if all of the list is gone or excepted, else *partial*. Then it is listed again."""
    found = counts(row)
    if found["failed"] or found["waits"] or found["going"]:
        return leave(job, row, tally, "")
    now = timezone.now()
    stored = _outcome_file(job, row, now, "")
    try:
        with Deed(SYSTEM) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            lease.hold(job)
            deed.add(stored)
            done = _gone(row, found)
            changes: dict[str, Any] = {
                "outcome": stored,
                "deleted_count": done,
                "failed_count": 0,
                "findings": _findings(row, stored, found, tally),
            }
            if row.state == _S.RUNNING:
                changes |= {"state": _S.EXECUTED, "executed_at": deed.now, **_key_day(row)}
            deed.save(row, **changes)
            if row.state == _S.EXECUTED:
                deed.record(
                    "deletion.executed",
                    subjects=[*about(row), stored.id],
                    public={"set": row.backup_set.name},
                    to_client={"deleted": done, "excepted": len(row.exceptions), "digest": stored.sha256},
                )
                queue_verification(deed, row)
            else:  # a hold came after the last batch: what is done is done, and it stays stopped
                _record_halt(deed, row, stored, found)
    except BaseException:
        blob_store().delete(stored.blob_id)
        raise
    return {"deletion": row.id.hex, "state": row.state, "deleted": done}


def _key_day(row: Deletion) -> dict[str, Any]:
    if Place(row.backup_set.place) is not Place.VAULT:
        return {}
    days = [unit.destroyed_at for unit in VaultPlace(row.backup_set).units() if unit.destroyed_at is not None]
    return {"key_destroyed_on": today_of(max(days))} if days else {}


def leave(job: Job, row: Deletion, tally: Tally, why: str) -> dict[str, Any]:
    """Not all is gone, or work could not go on: *partial*, with counts, failures and the reason."""
    found = counts(row)
    left = found["failed"] + found["waits"] + found["going"]
    now = timezone.now()
    stored = _outcome_file(job, row, now, why)
    try:
        with Deed(SYSTEM) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            lease.hold(job)
            deed.add(stored)
            done = _gone(row, found)
            changes: dict[str, Any] = {
                "outcome": stored,
                "deleted_count": done,
                "failed_count": left,
                "findings": _findings(row, stored, found, tally, why),
            }
            if row.state == _S.RUNNING:
                deed.save(row, state=_S.PARTIAL, **changes)
                deed.record(
                    "deletion.partial",
                    subjects=[*about(row), stored.id],
                    public={"set": row.backup_set.name, "left": left},
                    to_client={
                        "deleted": done,
                        "failed": found["failed"],
                        "digest": stored.sha256,
                        **({"why": why[:300]} if why else {}),
                    },
                )
            else:
                deed.save(row, **changes)
                _record_halt(deed, row, stored, found)
    except BaseException:
        blob_store().delete(stored.blob_id)
        raise
    return {"deletion": row.id.hex, "state": row.state, "deleted": done, "left": left, "why": why}


def halt(job: Job, row: Deletion) -> dict[str, Any]:
    """It was stopped: write down how far it came, once a run."""
    row.refresh_from_db()
    if row.findings.get("halted") == row.runs or row.state != _S.STOPPED:
        return {"deletion": row.id.hex, "state": row.state}
    found = counts(row)
    now = timezone.now()
    stored = _outcome_file(job, row, now, row.stopped_why)
    try:
        with Deed(SYSTEM) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            lease.hold(job)
            deed.add(stored)
            findings = {**_findings(row, stored, found, Tally()), "halted": row.runs}
            deed.save(row, outcome=stored, deleted_count=_gone(row, found), findings=findings)
            _record_halt(deed, row, stored, found)
    except BaseException:
        blob_store().delete(stored.blob_id)
        raise
    return {"deletion": row.id.hex, "state": row.state, "deleted": row.deleted_count}


def _record_halt(deed: Deed, row: Deletion, stored: StoredFile, found: dict[str, int]) -> None:
    deed.record(
        "deletion.halted",
        subjects=[*about(row), stored.id],
        public={"set": row.backup_set.name, "deleted": row.deleted_count},
        to_client={"left": found["waits"] + found["going"] + found["failed"], "digest": stored.sha256},
    )
