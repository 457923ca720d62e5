# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set in a folder, from proposal to the day a certificate may be issued; and everything that stands in its way (R6, R15)."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.retention import lines, work_deletion
from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.cancel import cancel_deletion
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.progress import newest_job
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.stop import resume_deletion, stop_deletion
from partwell.actions.retention.validate import validate
from partwell.records.correspondence.models import Envelope
from partwell.records.jobs.models import Job
from partwell.records.retention.deletions import certifiable
from partwell.records.retention.models import Deletion, DeletionLine, OnlyCopy
from partwell.rules.terms import ClientState
from tests.flows.cast import Cast, done, today
from tests.flows.deletion_cast import (
    NAME,
    Stage,
    approved,
    begin,
    code,
    due_set,
    entries,
    fill,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
    proposed,
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


@pytest.mark.both_databases
def test_a_whole_life(tmp_path: Path) -> None:
    c, path = people(), tmp_path / "northwick"
    fill(path)
    (tmp_path / "quayside").mkdir()
    (tmp_path / "quayside" / "theirs.vhdx").write_text("Quayside's")
    kept = due_set(c, folder_facts(path))
    with Deed(c.jonah) as deed:  # as most clients are by then: gone, and read only (R4)
        deed.save(deed.lock(c.northwick.id), state=ClientState.INACTIVE)
        deed.record("client.changed", subjects=[c.northwick.id], public={"what": "the test's state"})
    stage = listed(c, kept)
    row = stage.now()
    # five files and two folders; nothing is gone by being listed
    assert (row.listed_count, row.locked_count, row.newer_count, row.foreign_count) == (7, 0, 0, 0)
    assert row.findings["identity"].startswith("folder") and row.listing is not None
    text = files.read_file(row.listing).decode().splitlines()
    assert json.loads(text[0])["facts"]["raw"] and len(text) == 8
    assert row.listing.sha256 == row.listed_digest
    assert len(list(path.rglob("*"))) == 7
    done(begin(stage))
    work()
    row = stage.now()
    assert row.state == "verified", (row.state, row.findings)
    assert (row.deleted_count, row.failed_count, row.left_count) == (7, 0, 0)
    assert path.is_dir() and not list(path.iterdir())
    assert (tmp_path / "quayside" / "theirs.vhdx").exists()
    outcome = [json.loads(line) for line in files.read_file(row.outcome).decode().splitlines()]  # type: ignore[arg-type]
    assert outcome[0]["counts"]["deleted"] == 7 and {line["state"] for line in outcome[1:]} == {"deleted"}
    assert code(validate(actor=c.dan, deletion_id=row.id)) == "second_person_needed"
    validated(stage)
    row = stage.now()
    assert row.state == "validated" and row.effective_on == today()
    assert not DeletionLine.objects.exists()
    assert [one.id for one in certifiable(row.effective_on)] == [row.id]
    assert not certifiable(row.effective_on - timedelta(days=1)).exists()
    assert entries() == ["deletion.proposed", "deletion.approved", "deletion.listed", "deletion.started",
                         "deletion.executed", "deletion.verified", "deletion.validated"]  # fmt: skip
    ledger_is_whole()


def test_nobody_approves_or_validates_their_own(c: Cast, path: Path) -> None:
    stage = proposed(c, due_set(c, folder_facts(path)))
    assert code(approve_deletion(actor=c.dan, deletion_id=stage.id)) == "second_person_needed"
    assert code(approve_deletion(actor=c.priya, deletion_id=stage.id)) == "owner_needed"
    assert code(approve_deletion(actor=c.mara, deletion_id=stage.id)) == "second_is_staff"
    assert code(approve_deletion(actor=c.kerstin, deletion_id=stage.id)) == "not_your_role"
    assert code(approve_deletion(actor=c.leo, deletion_id=stage.id)) == "not_found"
    done(approve_deletion(actor=c.jonah, deletion_id=stage.id))
    assert code(approve_deletion(actor=c.ines, deletion_id=stage.id)) == "deletion_state"


def test_in_an_msp_of_one_the_signatory_is_the_second(db_world: object, path: Path) -> None:
    c = people(alone=True)
    row = due_set(c, folder_facts(path))
    stage = Stage(c, row, done(propose_deletion(actor=c.jonah, set_id=row.id, reason="Time is over.")))
    mail = Envelope.objects.get(kind="deletion_to_approve")
    assert mail.recipients[0]["address"] == "mara@northwick.example" and NAME in mail.subject
    assert code(approve_deletion(actor=c.jonah, deletion_id=stage.id)) == "second_person_needed"
    done(approve_deletion(actor=c.mara, deletion_id=stage.id))
    work()
    done(begin(stage, actor=c.jonah))
    work()
    assert code(validate(actor=c.jonah, deletion_id=stage.id)) == "second_person_needed"
    done(validate(actor=c.mara, deletion_id=stage.id))
    assert stage.now().state == "validated"


def test_what_stops_a_proposal(c: Cast, path: Path) -> None:
    row, day = due_set(c, folder_facts(path)), today()
    assert code(propose_deletion(actor=c.mara, set_id=row.id, reason="x")) == "not_found"
    assert code(propose_deletion(actor=c.dan, set_id=row.id, reason=" ")) == "required"
    for keep, expected in ((None, "no_keep_date"), (day, "kept_until")):
        with Deed(c.jonah) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            before = row.keep_until
            deed.save(row, keep_until=keep)
            deed.record("client.changed", subjects=[row.id], public={"what": "the test's dates"})
        assert code(propose_deletion(actor=c.dan, set_id=row.id, reason="x")) == expected
        with Deed(c.jonah) as deed:
            deed.lock(row.client_id)
            row.refresh_from_db()
            deed.save(row, keep_until=before)
            deed.record("client.changed", subjects=[row.id], public={"what": "the test's dates"})
    done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=wish()))
    assert code(propose_deletion(actor=c.dan, set_id=row.id, reason="x")) == "on_hold"


def test_the_only_copy_is_never_deleted(c: Cast, path: Path) -> None:
    from partwell.actions.estate.add_item import add_item

    row = due_set(c, folder_facts(path))
    stage = listed(c, row)
    item = done(add_item(actor=c.dan, client_id=c.northwick.id, title="Books of 2019", category="onsite_data", kind="document",
                         owner="client"))  # fmt: skip
    with Deed(c.dan) as deed:
        deed.lock(row.client_id)
        only = deed.add(OnlyCopy(backup_set=row, item=item, title=item.title, named_at=deed.now))
        deed.record("only_copy.named", subjects=[only.id], public={"item": item.title, "set": row.name})
    assert code(begin(stage)) == "only_copy"
    with Deed(c.dan) as deed:
        deed.lock(row.client_id)
        only.refresh_from_db()
        deed.save(only, handed_over_at=deed.now, handed_over_words="on a drive")
        deed.record("only_copy.handed_over", subjects=[only.id], public={"item": item.title, "set": row.name},
                    to_client={"words": "on a drive"})  # fmt: skip
    done(begin(stage))


def test_what_a_start_asks_for(c: Cast, path: Path) -> None:
    stage = listed(c, due_set(c, folder_facts(path), told=False))
    assert code(begin(stage)) == "not_told_yet"
    fill(path.parent / "second")
    second = listed(c, due_set(c, folder_facts(path.parent / "second", "Second")))
    assert code(begin(second, shown_digest="0" * 64)) == "list_changed"
    assert code(begin(second, typed_name="second")) == "name_not_typed"
    assert code(begin(second, actor=c.kerstin)) == "not_your_role"
    assert code(begin(second, actor=c.mara)) == "not_your_role"
    done(begin(second))
    assert code(begin(second)) == "done", "the same click twice is one start"
    assert Job.objects.filter(kind="deletion.run").count() == 1
    assert code(begin(second, actor=c.jonah)) == "deletion_state"


def test_newer_things_need_a_word_of_their_own(c: Cast, path: Path) -> None:
    (path / "fresh.vhdx").write_text("written today")
    stage = listed(c, due_set(c, folder_facts(path)))
    assert stage.now().newer_count == 1
    assert code(begin(stage)) == "newer_data"
    done(begin(stage, newer_agreed=True))
    work()
    assert stage.now().state == "verified" and not list(path.iterdir())


def test_a_folder_of_another_set_within_is_not_ours(c: Cast, path: Path) -> None:
    row = due_set(c, folder_facts(path))
    (path / "quayside").mkdir()
    (path / "quayside" / "theirs.vhdx").write_text("Quayside's")
    os.utime(path / "quayside" / "theirs.vhdx", (1_000_000_000, 1_000_000_000))
    # recording it would be refused; somebody brought it in another way
    inner = due_set(c, folder_facts(path.parent / "elsewhere", "Inner"), client=c.quayside)
    with Deed(c.jonah) as deed:
        deed.lock(inner.client_id)
        inner.refresh_from_db()
        deed.save(inner, whereabouts={"path": str(path / "quayside"), "resolved": str(path / "quayside")})
        deed.record("client.changed", subjects=[inner.id], public={"what": "the test's place"})
    stage = listed(c, row)
    assert stage.now().foreign_count == 2
    assert code(begin(stage)) == "not_ours"
    assert (path / "quayside" / "theirs.vhdx").exists()


def test_a_hold_placed_between_batches_wins(c: Cast, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path / "more", 30)
    monkeypatch.setattr(lines, "BATCH", 10)
    monkeypatch.setattr(lines.batches, "__defaults__", (10,))
    stage = started(c, due_set(c, folder_facts(path)))
    asked: list[int] = []
    real = work_deletion._leave_to_delete

    def at_the_second_batch(job: Job, row: Deletion, going: object) -> float:
        asked.append(1)
        if len(asked) == 2:
            done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=wish()))
        return real(job, row, going)  # type: ignore[arg-type]

    monkeypatch.setattr(work_deletion, "_leave_to_delete", at_the_second_batch)
    work()
    row = stage.now()
    left = [one for one in path.rglob("*") if one.is_file()]
    assert (
        row.state == "stopped" and row.deleted_count == 10 and len(left) == 27
    )  # eight files and two folders
    assert entries()[-2:] == ["deletion.stopped", "deletion.halted"]
    assert code(begin(stage)) == "deletion_state"
    assert code(resume_deletion(actor=c.dan, deletion_id=row.id)) == "on_hold"
    assert code(cancel_deletion(actor=c.jonah, deletion_id=row.id, reason="no more")) == "deletion_begun"
    monkeypatch.setattr(work_deletion, "_leave_to_delete", real)
    lift(c)
    done(resume_deletion(actor=c.dan, deletion_id=row.id))
    work()
    assert stage.now().state == "listed"
    done(begin(stage))
    work()
    row = stage.now()
    assert row.state == "verified" and not list(path.iterdir())
    assert row.deleted_count == 35 + 5, "what the first run took is counted too"
    ledger_is_whole()


def lift(c: Cast) -> None:
    """Two people lift every hold."""
    from partwell.actions.retention.lift_hold import ask_lift, lift_hold
    from partwell.records.retention.models import Hold

    for hold in Hold.objects.filter(lifted_at=None):
        done(ask_lift(actor=c.ines, hold_id=hold.id, reason="The claim was settled."))
        done(lift_hold(actor=c.jonah, hold_id=hold.id))


def test_a_hold_on_a_proposal_brings_it_back_as_one(c: Cast, path: Path) -> None:
    stage = proposed(c, due_set(c, folder_facts(path)))
    done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=wish()))
    assert stage.now().state == "stopped"
    lift(c)
    done(resume_deletion(actor=c.dan, deletion_id=stage.id))
    assert stage.now().state == "proposed", "a hold must not stand in for the second person"
    assert not Job.objects.filter(kind="deletion.list").exists()


def test_cancelled_and_stopped_by_hand(c: Cast, path: Path) -> None:
    row = due_set(c, folder_facts(path))
    stage = approved(c, row)
    assert code(cancel_deletion(actor=c.dan, deletion_id=stage.id, reason="x")) == "not_your_role"
    assert code(propose_deletion(actor=c.dan, set_id=row.id, reason="again")) == "deletion_open"
    done(cancel_deletion(actor=c.ines, deletion_id=stage.id, reason="The client wants to think."))
    work()
    assert stage.now().state == "cancelled" and newest_job(stage.now()).state == "failed"  # type: ignore[union-attr]
    again = listed(c, row)
    done(stop_deletion(actor=c.dan, deletion_id=again.id, why="Something looks odd."))
    assert code(begin(again)) == "deletion_state"
    done(resume_deletion(actor=c.priya, deletion_id=again.id))
    work()
    assert again.now().state == "listed"
