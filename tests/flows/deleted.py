# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deletions in a state of their own, made as rows in one deed, and media on record: for what comes after deleting."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.retention.media import NewDestruction, record_destruction
from partwell.records.clients.models import Client
from partwell.records.retention.models import BackupSet, Deletion, HandStep, MediaDestruction
from partwell.rules.actor import Actor
from tests.flows.cast import Cast, done, today

BUCKET = {
    "endpoint": "https://s3.keepsafe.example",
    "region": "eu-central-1",
    "bucket": "harbourline-backups",
    "prefix": "northwick/",
}
REPLICA = {"what": "replica", "where": "Frankfurt", "sub_processor": "Keepsafe GmbH", "expires_days": 14}


def backup_set(c: Cast, name: str = "Nightly set", *, client: Client | None = None, **more: Any) -> BackupSet:
    """A set in a bucket, kept until yesterday."""
    values: dict[str, Any] = {
        "place": "bucket", "location": "Keepsafe, eu-central-1", "vendor": "Keepsafe", "whereabouts": BUCKET, "copies": 2,
        "replicas": [REPLICA], "contents": "backup", "keep_until": today() - timedelta(days=10), **more,
    }  # fmt: skip
    client = client or c.northwick
    with Deed(c.ines) as deed:
        deed.lock(client.id)
        row = deed.add(BackupSet(client=client, name=name, recorded_at=deed.now, **values))
        deed.record(
            "backup_set.changed",
            subjects=[row.id],
            public={"set": name},
            to_client={"before": "", "after": name},
        )
    return row


def deleted(
    c: Cast,
    kept: BackupSet,
    *,
    state: str = "validated",
    effective: date | None = None,
    exceptions: list[dict[str, str]] | None = None,
    steps: int = 0,
    unproved: int = 0,
    validator: Actor | None = None,
    **more: Any,
) -> Deletion:
    """A deletion of ``kept`` as its actions leave it: proposed by Dan, approved by Jonah, carried out by Dan, validated by Priya."""
    now: datetime = timezone.now() - timedelta(days=20)  # the replica of fourteen days has expired since
    client_id: UUID = kept.client_id
    second = validator or c.priya
    listing = files.store(c.dan, b'{"key":"a"}\n' * 3, client_id=client_id, name="listing.jsonl")
    outcome = files.store(c.dan, b'{"answer":"204"}\n', client_id=client_id, name="outcome.jsonl")
    after = files.store(c.dan, b"", client_id=client_id, name="after.jsonl")
    proof = files.store(
        c.dan, b"a picture of the console", client_id=client_id, name="console.png", media_type="image/png"
    )
    finished = state in ("validated", "certified")
    values: dict[str, Any] = {
        "listing": listing, "listed_at": now, "listed_digest": listing.sha256, "listed_count": 1204, "listed_bytes": 88_000_000_000,
        "executed_by_ref": c.dan.id, "executed_by_name": c.dan.name, "executed_by_role": c.dan.role, "started_at": now, "runs": 1,
        "deleted_count": 1204 - len(exceptions or []), "outcome": outcome, "executed_at": now, "verified_at": now, "verification": after,
        "findings": {"versioning": "on"}, "exceptions": exceptions or [], "except_reason": "Object Lock until 2031" if exceptions else "",
        **({"validated_by_ref": second.id, "validated_by_name": second.name, "validated_by_role": second.role, "validated_at": now,
            "validated_words": "I listed it once more.", "effective_on": effective or now.date()} if finished else {}),
        **more,
    }  # fmt: skip
    with Deed(c.dan) as deed:
        deed.lock(client_id)
        for one in (listing, outcome, after, proof):
            deed.add(one)
        row = deed.add(Deletion(
            client_id=client_id, backup_set=kept, state=state, reason="kept as agreed, then deleted", until=kept.keep_until or now.date(),
            proposed_by_ref=c.dan.id, proposed_by_name=c.dan.name, proposed_by_role=c.dan.role, proposed_at=now, approved_by_ref=c.jonah.id,
            approved_by_name=c.jonah.name, approved_by_role=c.jonah.role, approved_at=now, **values))  # fmt: skip
        for number in range(steps + unproved):
            proved = number < steps
            deed.add(HandStep(deletion=row, position=number + 1, key=f"step{number}", title=f"Step {number + 1} in the console", done_at=now,
                              done_by_name=c.dan.name, words="Done as shown.", proof=proof if proved else None))  # fmt: skip
        deed.record("deletion.approved", subjects=[row.id, kept.id], public={"set": kept.name})
    return Deletion.objects.select_related("backup_set").get(pk=row.id)


def drive(**more: Any) -> NewDestruction:
    """A disk that Dan overwrote."""
    values: dict[str, Any] = {
        "manufacturer": "Western Digital", "model": "Red Plus 4 TB", "serial": "WX21D-4711", "media_type": "magnetic disk",
        "source": "NAS-2, bay 3", "confidentiality": "confidential", "method": "clear", "technique": "one pass of zeros over every sector",
        "tool": "nwipe", "tool_version": "0.37", "verification_method": "every sector read back", "done_by_name": "Dan Frey",
        "done_by_title": "Technician", "done_by_contact": "the desk of Harbourline IT", "done_on": timezone.now().date() - timedelta(days=1),
        "done_where": "Workshop, Speicherstrasse 8, Hamburg", **more,
    }  # fmt: skip
    return NewDestruction(**values)


def wiped(c: Cast, **more: Any) -> MediaDestruction:
    """Its record, by Dan, with the tool's report."""
    return done(
        record_destruction(
            actor=c.dan, client_id=c.northwick.id, what=drive(**more), report=b"%PDF-1.4 nwipe report", report_name="nwipe.pdf",
            report_type="application/pdf",
        )
    )  # fmt: skip
