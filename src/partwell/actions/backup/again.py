# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ends a client's record again that a restored backup brought back: the same steps as at first, before anything is served."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.erasure import end_record
from partwell.actions.evidence import tombstone_lines
from partwell.actions.evidence.tombstone_lines import RECORD
from partwell.actions.jobs import lease
from partwell.records.clients.models import Client
from partwell.records.evidence.models import ErasureRequest
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Hold
from partwell.rules.actor import SYSTEM

REASON = "The record of this client had ended before a backup was restored; so had its holds."


def end_records_again() -> int:
    """Carry out again what the log store's tombstones say of whole records; how many. Safe to repeat after a crash."""
    done = 0
    for one in tombstone_lines.read(Path(settings.PARTWELL_LOG)):
        if one.kind == RECORD and Client.objects.filter(pk=UUID(hex=str(one.what["client"]))).exists():
            _end(one)
            done += 1
    return done


def _end(one: tombstone_lines.Tombstone) -> None:
    client, proposed, decided = (UUID(hex=str(one.what[name])) for name in ("client", "proposed", "decided"))
    with Deed(SYSTEM) as deed:
        deed.lock(client)
        deed.client = None  # nothing written here names the client
        row = ErasureRequest.objects.filter(client_ref=client, kind="record", state="approved").first()
        if row is None:
            stale = ErasureRequest.objects.filter(client_ref=client, kind="record", state="proposed").first()
            row = stale or ErasureRequest(
                client_ref=client, kind="record", proposed_by=proposed, proposed_at=deed.now
            )
            values = {
                "state": "approved",
                "decided_by": decided,
                "decided_at": deed.now,
                "entry_uid": uuid4(),
            }
            if stale is not None:
                deed.save(stale, **values)
            else:
                for name, value in values.items():
                    setattr(row, name, value)
                deed.add(row)
        for hold in Hold.objects.filter(client_id=client, lifted_at=None):
            deed.save(hold, lifted_at=deed.now, lifted_by_name=SYSTEM.name, lift_reason=REASON)
        deed.record("deletion.reapplied", subjects=[row.id], public={"count": 1})
        job = deed.job("record.end", f"record.end:{row.id.hex}", client=client, request=row.id.hex)
    token = uuid4()
    Job.objects.filter(pk=job.pk).update(
        state="running",
        lease=token,
        lease_until=timezone.now() + timedelta(minutes=2),
        attempts=1,
        error="",
        finished_at=None,
    )
    job.refresh_from_db()
    lease.finish(job, end_record.run(job))
