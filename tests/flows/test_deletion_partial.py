# SPDX-License-Identifier: AGPL-3.0-or-later
"""A deletion that is not all done: what appeared, what could not go, what was found left, and who decides then (R6, R15)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.place_hold import HoldWish
from partwell.actions.retention.progress import newest_job
from partwell.actions.retention.run_deletion import except_left
from partwell.actions.retention.take_up import settle_broken
from partwell.actions.retention.validate import reject, validate
from partwell.actions.retention.verify import ask_verification
from partwell.records.estate.models import Item
from partwell.records.jobs.models import Job
from partwell.records.retention.deletions import line_counts
from tests.flows.cast import Cast, done
from tests.flows.deletion_cast import (
    approved,
    begin,
    code,
    due_set,
    fill,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
    started,
    validated,
    work,
)


@pytest.fixture
def c(db_world: object) -> Cast:
    """The people."""
    return people()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A filled folder of Northwick's."""
    found = tmp_path / "northwick"
    fill(found)
    return found


def wish(**more: object) -> HoldWish:
    """A hold on the whole client."""
    values = {"title": "Claim 4711", "description": "A claim about data of last year.", "asked_by": "A lawyer",
              "review_on": timezone.now().date() + timedelta(days=90), "whole_client": True, **more}  # fmt: skip
    return HoldWish(**values)  # type: ignore[arg-type]


def test_what_appears_meanwhile_is_left_and_makes_it_partial(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    late = path / "2025" / "late.vhdx"
    late.write_text("somebody backs up still")
    work()
    row = stage.now()
    # the folders around it could not go either
    assert row.state == "partial" and late.exists() and row.findings["appeared"] == 1
    assert {one.code for one in row.lines.filter(state="failed")} == {"not_empty"}
    done(ask_listing(actor=c.dan, deletion_id=row.id))
    work()
    row = stage.now()
    assert row.state == "listed" and row.newer_count == 1
    done(begin(stage, newer_agreed=True))
    work()
    row = stage.now()
    assert row.state == "verified" and not list(path.iterdir()) and row.deleted_count == 8
    assert len(row.findings["outcomes"]) == 2 and len(row.findings["listings"]) == 2


def test_found_left_when_it_is_listed_again(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    assert jobs_one() == "deletion.run"
    assert stage.now().state == "executed"
    (path / "late.vhdx").write_text("came after the last batch")
    work()
    row = stage.now()
    assert row.state == "partial" and row.left_count == 1 and row.verification is not None
    assert row.lines.get(state="failed").code == "appeared"
    # trying again does not take what nobody approved
    done(begin(stage))
    work()
    row = stage.now()
    assert row.state == "partial" and (path / "late.vhdx").exists()
    assert code(except_left(actor=c.dan, deletion_id=row.id, reason="x", line_ids=[1])) == "not_your_role"
    line = row.lines.get(state="failed")
    assert (
        code(except_left(actor=c.jonah, deletion_id=row.id, reason=" ", line_ids=[line.id]))
        == "except_without_reason"
    )
    done(
        except_left(actor=c.jonah, deletion_id=row.id, reason="It is the new provider's.", line_ids=[line.id])
    )
    work()
    row = stage.now()
    assert row.state == "verified" and row.exceptions[0]["key"] == "late.vhdx" and row.left_count == 1
    validated(stage)
    assert (path / "late.vhdx").exists()
    ledger_is_whole()


def jobs_one() -> str:
    """Run one job; its kind."""
    from partwell.workers import jobs

    before = set(Job.objects.filter(state="done").values_list("pk", flat=True))
    assert jobs.run_one()
    return str(Job.objects.filter(state="done").exclude(pk__in=before).get().kind)


def test_what_cannot_be_deleted_is_partial_and_tried_again(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    kept = path / "2025" / "may"
    real = os.unlink

    def refuse(name: object, *more: object, **named: object) -> None:
        if str(name).endswith("disk-3.vhdx"):
            raise PermissionError(13, "no")
        real(name, *more, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        work()
    row = stage.now()
    assert row.state == "partial" and row.failed_count == 3 and row.deleted_count == 4
    assert (kept / "disk-3.vhdx").exists()
    assert row.lines.get(key="2025/may/disk-3.vhdx").code == "no_permission"
    assert code(validate(actor=c.priya, deletion_id=row.id)) == "deletion_state"
    done(begin(stage))
    work()
    row = stage.now()
    assert row.state == "verified" and row.runs == 2 and row.deleted_count == 7


def test_a_share_that_is_not_mounted_is_never_empty(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    path.rename(path.parent / "away")
    path.mkdir()
    work()
    row = stage.now()
    assert row.state == "partial" and row.deleted_count == 0, (row.state, row.findings)
    assert "Another" in row.findings["why"]
    path.rmdir()
    (path.parent / "away").rename(path)
    done(begin(stage))
    assert jobs_one() == "deletion.run"
    path.rename(path.parent / "away")
    path.mkdir()
    work()
    row = stage.now()
    assert row.state == "executed" and newest_job(row).state == "failed"  # type: ignore[union-attr]
    path.rmdir()
    (path.parent / "away").rename(path)
    done(ask_verification(actor=c.dan, deletion_id=row.id))
    work()
    assert stage.now().state == "verified"


def test_a_place_that_is_not_there_is_a_failed_listing(c: Cast, path: Path) -> None:
    row = due_set(c, folder_facts(path))
    path.rename(path.parent / "away")
    stage = approved(c, row)
    work(1)
    job = newest_job(stage.now())
    assert job is not None and "is not there" in job.error, (job.state, job.error)
    assert stage.now().state == "approved"
    (path.parent / "away").rename(path)
    Job.objects.filter(state="queued").update(due_at=timezone.now())
    if job.state == "failed":
        done(ask_listing(actor=c.dan, deletion_id=stage.id))
    work()
    assert stage.now().state == "listed"


def test_a_rejected_outcome_is_tried_again(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    work()
    assert code(reject(actor=c.priya, deletion_id=stage.id, words=" ")) == "required"
    done(reject(actor=c.priya, deletion_id=stage.id, words="The second listing names another folder."))
    assert stage.now().state == "partial"
    done(begin(stage))
    work()
    assert stage.now().state == "verified"
    validated(stage)


def test_a_date_that_moves_later_stops_a_running_one(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    with Deed(c.jonah) as deed:
        deed.lock(stage.row.client_id)
        kept = stage.now().backup_set
        deed.save(kept, keep_until=timezone.localdate() + timedelta(days=30))
        deed.record("client.changed", subjects=[kept.id], public={"what": "the test's dates"})
    work()
    row = stage.now()
    assert row.state == "stopped" and "kept until" in row.stopped_why
    assert len(list(path.rglob("*.vhdx"))) == 5


def test_work_that_was_given_up_is_shown_as_partial(c: Cast, path: Path) -> None:
    stage = started(c, due_set(c, folder_facts(path)))
    Job.objects.filter(kind="deletion.run").update(
        state="failed", error="It was tried five times and never finished."
    )
    assert settle_broken(now=timezone.now()) == 1
    assert settle_broken(now=timezone.now()) == 0
    row = stage.now()
    assert row.state == "partial" and row.failed_count == 7 and "five times" in row.findings["why"]
    done(begin(stage))
    work()
    assert stage.now().state == "verified"


def test_the_key_that_opened_the_set_goes_with_it(c: Cast, path: Path) -> None:
    from partwell.actions.estate.add_item import add_item
    from partwell.actions.estate.secrets import store_secret
    from partwell.connectors.secret import Secret
    from partwell.records.vault.models import SealedValue

    key = done(add_item(actor=c.dan, client_id=c.northwick.id, title="Backup key", category="admin_access",
                        kind="credential", owner="client"))  # fmt: skip
    done(
        store_secret(
            actor=c.dan, client_id=c.northwick.id, item_id=key.id, field="key", value=Secret("opens the set")
        )
    )
    stage = started(c, due_set(c, folder_facts(path, key_item_id=key.id)))
    work()
    assert SealedValue.objects.get(subject_id=key.id).ciphertext is not None
    validated(stage)
    assert SealedValue.objects.get(subject_id=key.id).ciphertext is None
    assert Item.objects.get(pk=key.id).copy_purged_at is not None
    assert line_counts(stage.id) == {}
    ledger_is_whole()


def test_nothing_starts_on_a_list_that_is_being_written_over(c: Cast, path: Path) -> None:
    stage = listed(c, due_set(c, folder_facts(path)))
    done(ask_listing(actor=c.priya, deletion_id=stage.id))
    assert code(begin(stage)) == "list_changed", "a newer list is on its way"
    path.rename(path.parent / "away")
    work()
    assert stage.now().state == "listed" and newest_job(stage.now()).state == "failed"  # type: ignore[union-attr]
    (path.parent / "away").rename(path)
    assert code(begin(stage)) == "list_changed", "the newer list broke off"
    done(ask_listing(actor=c.priya, deletion_id=stage.id))
    work()
    done(begin(stage))
    work()
    assert stage.now().state == "verified"
