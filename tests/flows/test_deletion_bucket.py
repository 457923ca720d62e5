# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set in a bucket of a real S3 server: versions, markers, uploads, locks, neighbours, wrong and expiring credentials.

The server is moto (tests/support/s3_server.py says what it cannot prove).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.progress import newest_job
from partwell.actions.retention.record_set import change_set, record_set
from partwell.actions.retention.run_deletion import except_left
from partwell.connectors import s3_calls
from partwell.connectors.secret import Secret
from partwell.records.jobs.models import Job
from tests.flows.cast import Cast, done
from tests.flows.deletion_cast import (
    approved,
    begin,
    bucket_facts,
    code,
    due_set,
    ledger_is_whole,
    listed,
    people,
    started,
    validated,
    work,
)
from tests.support.s3_faults import Fault, deleting, faults_before
from tests.support.s3_server import S3Server

PREFIX = "clients/north/"


@pytest.fixture
def c(db_world: object) -> Cast:
    """The people."""
    return people()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partwell.connectors.s3.S3Place.__init__.__kwdefaults__", None, raising=False)
    defaults = dict(_original_defaults())
    defaults["sleep"] = lambda seconds: None
    monkeypatch.setattr("partwell.connectors.s3.S3Place.__init__.__kwdefaults__", defaults)


def _original_defaults() -> dict[str, Any]:
    from partwell.connectors.s3 import S3Place

    return dict(S3Place.__init__.__kwdefaults__ or _KEPT)


_KEPT: dict[str, Any] = {}


def due(c: Cast, server: S3Server, bucket: str, prefix: str = PREFIX, **more: Any) -> Any:
    """Northwick's set in a bucket. Everything in it was written today, so it is newer than the end of service."""
    secret = more.pop("secret", server.secret)
    return due_set(c, bucket_facts(server, bucket, prefix, **more), secret=Secret(secret))


def left(server: S3Server, bucket: str, prefix: str = "") -> int:
    """How many versions, markers and uploads the bucket holds."""
    return len(list(server.place(bucket, prefix).list()))


def start_it(c: Cast, row: Any) -> Any:
    """Listed and started, newer things agreed."""
    return started(c, row, newer_agreed=True)


@pytest.mark.both_databases
def test_versions_markers_uploads_and_a_neighbour_by_prefix(s3_server: S3Server) -> None:
    c = people()
    bucket = s3_server.make_bucket(versioning=True)
    client = s3_server.client()
    for number in range(3):
        for body in (b"one", b"two"):
            client.put_object(Bucket=bucket, Key=f"{PREFIX}disk-{number}", Body=body)
    client.delete_object(Bucket=bucket, Key=f"{PREFIX}disk-0")  # a marker; its versions lie behind it
    s3_server.uploads(bucket, PREFIX, 2, 2)
    client.put_object(Bucket=bucket, Key="clients/northwind/theirs", Body=b"another client's")
    stage = start_it(c, due(c, s3_server, bucket, "clients/north"))
    row = stage.now()
    assert row.listed_count == 6 + 1 + 2 and row.findings["versioning"] == "on"
    work()
    row = stage.now()
    assert (row.state, row.deleted_count) == ("verified", 9), (row.state, row.findings)
    assert left(s3_server, bucket, PREFIX) == 0 and left(s3_server, bucket) == 1
    validated(stage)
    ledger_is_whole()


def test_a_whole_bucket_goes_only_where_that_was_said(c: Cast, s3_server: S3Server) -> None:
    """What can be recorded can be deleted: the bucket's every version, and nothing of the bucket beside it."""
    bucket, other = s3_server.make_bucket(versioning=True), s3_server.make_bucket()
    s3_server.fill(bucket, "", 4)
    s3_server.fill(bucket, "deep/er/", 3)
    s3_server.fill(other, "", 2)
    facts = bucket_facts(s3_server, bucket, "")
    whole = replace(facts, whereabouts={**facts.whereabouts, "whole_bucket": True})
    assert code(record_set(actor=c.jonah, client_id=c.northwick.id, facts=facts)) == "invalid_input"
    row = due_set(c, whole, secret=Secret(s3_server.secret))
    beside = record_set(actor=c.jonah, client_id=c.quayside.id, facts=bucket_facts(s3_server, bucket, "deep"))
    assert code(beside) == "place_overlaps"
    stage = start_it(c, row)
    assert stage.now().listed_count == 7
    work()
    now = stage.now()
    assert (now.state, now.deleted_count, now.left_count) == ("verified", 7, 0), now.findings
    assert left(s3_server, bucket) == 0 and left(s3_server, other) == 2


def test_two_and_a_half_thousand_objects_with_versions_and_markers(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    s3_server.fill(bucket, PREFIX, 2500)
    client = s3_server.client()
    for thing in list(s3_server.place(bucket, PREFIX).list())[:20]:
        client.delete_object(Bucket=bucket, Key=thing.key)
    stage = start_it(c, due(c, s3_server, bucket))
    assert stage.now().listed_count == 2520
    work()
    row = stage.now()
    assert (row.state, row.deleted_count, row.left_count) == ("verified", 2520, 0)
    assert left(s3_server, bucket) == 0
    job = Job.objects.get(kind="deletion.run")
    assert job.state == "done" and job.total == 2520


def test_a_wrong_secret_changes_nothing(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    s3_server.fill(bucket, PREFIX, 3)
    stage = approved(c, due(c, s3_server, bucket, secret="wrong-" + "x" * 20))
    work()
    job = newest_job(stage.now())
    assert job is not None and job.state == "failed" and "refused us" in job.error, (job.state, job.error)
    assert "wrong-" not in job.error
    assert stage.now().state == "approved" and left(s3_server, bucket) == 3
    done(change_set(actor=c.dan, set_id=stage.row.id, facts=bucket_facts(s3_server, bucket, PREFIX), secret=Secret(s3_server.secret)))  # fmt: skip
    done(ask_listing(actor=c.dan, deletion_id=stage.id))
    work()
    assert stage.now().state == "listed"


def test_credentials_that_expire_half_way(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    s3_server.fill(bucket, PREFIX, 2500)
    expired = Fault(deleting, status=400, code="ExpiredToken", skip=1)
    with faults_before(s3_server.endpoint, expired) as proxy:
        stage = start_it(c, due(c, s3_server, bucket, endpoint=proxy.endpoint))
        work()
        row = stage.now()
        assert row.state == "partial" and row.deleted_count == 1000 and row.failed_count == 1500, (
            row.state, row.deleted_count, row.findings,
        )  # fmt: skip
        assert "expired" in row.findings["why"].lower()
        assert left(s3_server, bucket) == 1500
        proxy.plan.clear()
        done(begin(stage))
        work()
    row = stage.now()
    assert (row.state, row.deleted_count) == ("verified", 2500) and left(s3_server, bucket) == 0


def test_throttling_and_a_broken_line_are_waited_out(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    s3_server.fill(bucket, PREFIX, 1500)
    slow, broken = Fault(deleting, times=2), Fault(deleting, kind="hang_up_after", times=1)
    with faults_before(s3_server.endpoint, slow, broken) as proxy:
        stage = start_it(c, due(c, s3_server, bucket, endpoint=proxy.endpoint))
        work()
    row = stage.now()
    assert (row.state, row.deleted_count) == ("verified", 1500), (row.state, row.findings)
    assert slow.done == 2 and broken.done == 1 and left(s3_server, bucket) == 0


def test_what_is_locked_stays_and_is_named(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(lock=True)
    client = s3_server.client()
    for number in range(3):
        client.put_object(Bucket=bucket, Key=f"{PREFIX}disk-{number}", Body=b"x")
    until = datetime.now(UTC) + timedelta(days=40)
    client.put_object_retention(Bucket=bucket, Key=f"{PREFIX}disk-1",
                                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until})  # fmt: skip
    stage = listed(c, due(c, s3_server, bucket))
    row = stage.now()
    assert row.locked_count == 1 and row.findings["object_lock"] and row.findings["locked_until"]
    done(begin(stage, newer_agreed=True))
    work()
    row = stage.now()
    assert (row.state, row.deleted_count, row.failed_count) == ("partial", 2, 1)
    line = row.lines.get(state="failed")
    assert line.code == "locked" and "compliance" in line.words
    done(except_left(actor=c.jonah, deletion_id=row.id, reason="The storage locks it.", line_ids=[line.id]))
    work()
    row = stage.now()
    assert row.state == "verified" and len(row.exceptions) == 1 and row.left_count == 1
    validated(stage)
    assert stage.now().backup_set.gone_at is None


def test_an_object_written_anew_is_not_what_was_approved(c: Cast, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    client = s3_server.client()
    for number in range(3):
        client.put_object(Bucket=bucket, Key=f"{PREFIX}disk-{number}", Body=b"old")
    stage = start_it(c, due(c, s3_server, bucket))
    client.put_object(Bucket=bucket, Key=f"{PREFIX}disk-1", Body=b"somebody still writes here")
    work()
    row = stage.now()
    assert row.state == "partial" and row.deleted_count == 2
    assert row.lines.get(state="failed").code == "changed"
    assert (
        client.get_object(Bucket=bucket, Key=f"{PREFIX}disk-1")["Body"].read()
        == b"somebody still writes here"
    )


def test_without_a_prefix_or_secret_there_is_no_proposal(c: Cast, s3_server: S3Server) -> None:
    from partwell.actions.retention.propose import propose_deletion

    bucket = s3_server.make_bucket()
    whole = bucket_facts(s3_server, bucket, "")
    assert code(record_set(actor=c.dan, client_id=c.northwick.id, facts=whole)) == "invalid_input"
    bare = due_set(c, bucket_facts(s3_server, s3_server.make_bucket(), PREFIX, "Bare"))
    assert code(propose_deletion(actor=c.dan, set_id=bare.id, reason="x")) == "place_incomplete"


_KEPT.update(_original_defaults())
assert s3_calls.SLEEP
