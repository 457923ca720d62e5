# SPDX-License-Identifier: AGPL-3.0-or-later
"""What broken-off work leaves is swept after its age, with an entry where it was evidence, and never what is named."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions import files
from partwell.actions.estate import confirm_import as confirming
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.run_import import run_now
from partwell.actions.estate.start_import import read_again
from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.actions.jobs import sweep
from partwell.actions.keys import blob_store
from partwell.records.estate.models import Import, ImportLine, Item
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules.refusals import Refusal
from partwell.workers import calendar
from tests.flows.estate_cast import cast, confirmed, staged
from tests.kill import stage
from tests.support.worlds import World

LATER = timedelta(days=8)
TABLE = ("a.csv", b"Name,Password\nrouter,pw-Kk3-very-long\nswitch,pw-Zz9-very-long\n")


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def old_blob(blob_id: str, hours: float = 30) -> Path:
    path = next((blob_store()._root).rglob(blob_id))
    age(path, hours)
    return path


def clean() -> None:
    report = check_ledger(options=CheckOptions(files=True, log_store=False))
    assert report.ok, report.findings


@pytest.mark.both_databases
def test_an_import_that_nobody_confirmed_goes_with_an_entry(db_world: World) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, TABLE)
    kept = confirmed(who.dan, staged(who.dan, who.northwick, ("b.csv", b"Name\nprinter\n")))
    blob = batch.options["files"][0]["blob"]
    assert sweep.discard_abandoned(now=timezone.now() + timedelta(days=6)) == 0
    assert blob_store().exists(blob)
    assert (
        sweep.discard_abandoned(actor=who.dan, now=timezone.now() + LATER) == 0
    )  # it is not a person's verb
    assert sweep.discard_abandoned(now=timezone.now() + LATER) == 1
    assert sweep.discard_abandoned(now=timezone.now() + LATER) == 0
    batch.refresh_from_db()
    assert batch.state == "discarded" and batch.options["files"][0]["blob"] == ""
    assert not blob_store().exists(blob)
    assert not ImportLine.objects.filter(batch=batch).exists()
    assert Entry.objects.filter(type="import.discarded").count() == 1
    assert Import.objects.get(pk=kept.pk).state == "confirmed"
    clean()


def test_an_import_that_is_still_read_or_was_read_again_stays(db_world: World) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, TABLE)
    job = Job.objects.get(kind="import.stage")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() + timedelta(days=5))
    assert sweep.discard_abandoned(now=timezone.now() + LATER) == 0
    Job.objects.filter(pk=job.pk).update(created_at=job.created_at, state="queued")
    assert sweep.discard_abandoned(now=timezone.now() + LATER) == 0
    assert blob_store().exists(batch.options["files"][0]["blob"])


def test_a_discarded_import_keeps_what_a_row_names(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writing that broke off for good has made rows of some files: discarding it must not take their blobs."""
    who = cast()
    monkeypatch.setattr(confirming, "CHUNK", 1)
    batch = staged(who.dan, who.northwick, ("plan.pdf", b"%PDF-1.4 one"), ("notes.txt", b"router notes"), source="documents")  # fmt: skip
    job = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(job, Job)
    real, calls = confirming._write, []

    def crash(*args: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError("the machine went away")
        return real(*args)

    monkeypatch.setattr(confirming, "_write", crash)
    with pytest.raises(MemoryError):
        run_now(job)
    Job.objects.filter(pk=job.pk).update(state="failed")
    stored = list(StoredFile.objects.values_list("blob_id", flat=True))
    assert stored
    assert sweep.discard_abandoned(now=timezone.now() + LATER) == 1
    assert all(blob_store().exists(one) for one in stored)
    assert not Item.objects.present().filter(client=who.northwick, batch=batch).exists()
    clean()


@pytest.mark.both_databases
def test_the_check_is_calm_while_an_import_is_written(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two chunks: items, files and secrets without their entry are counted, not taken for a break-in."""
    who = cast()
    monkeypatch.setattr(confirming, "CHUNK", 1)
    pdfs = [(f"plan{number}.pdf", b"%PDF-1.4 " + str(number).encode()) for number in range(2)]
    batch = staged(who.dan, who.northwick, TABLE, *pdfs)
    job = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(job, Job)
    real, unfinished = confirming._write, []

    def look(*args: Any) -> int:
        done = real(*args)
        report = check_ledger(options=CheckOptions(log_store=False))
        assert report.ok, report.findings
        assert report.findings == []
        unfinished.append(report.facts["rows_of_unfinished_imports"])
        return done

    monkeypatch.setattr(confirming, "_write", look)
    assert run_now(job).state == "done"
    assert unfinished == sorted(unfinished) and len(unfinished) == 4
    report = check_ledger(options=CheckOptions(log_store=False))
    assert report.ok and "rows_of_unfinished_imports" not in report.facts
    with db_world.behind() as outside:  # under cover of a coming entry nobody smuggles a row in
        outside.cursor().execute("UPDATE jobs_job SET payload = '{}' WHERE kind = 'import.confirm'")
    clean()


def test_a_writing_that_failed_for_good_goes_on_without_doubles(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = cast()
    monkeypatch.setattr(confirming, "CHUNK", 1)
    batch = staged(who.dan, who.northwick, TABLE)
    first = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(first, Job)
    real, calls = confirming._write, []

    def crash(*args: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError("the machine went away")
        return real(*args)

    monkeypatch.setattr(confirming, "_write", crash)
    with pytest.raises(MemoryError):
        run_now(first)
    monkeypatch.setattr(confirming, "_write", real)
    Job.objects.filter(pk=first.pk).update(state="failed")
    again = read_again(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(again, Refusal) and again.code == "import_not_staged"
    assert confirmed(who.dan, batch).state == "confirmed"
    assert Item.objects.filter(batch=batch).count() == 2
    clean()


@pytest.mark.both_databases
def test_only_blobs_that_nothing_names_go(db_world: World) -> None:
    who = cast()
    batch = staged(
        who.dan, who.northwick, TABLE, ("plan.pdf", b"%PDF-1.4 one")
    )  # a preview's originals and files
    confirmed(who.dan, staged(who.dan, who.northwick, ("diagram.pdf", b"%PDF-1.4 two"), source="documents"))
    stray = files.store(who.dan, b"of a deed that failed", client_id=who.northwick.id, name="x").blob_id
    young = files.store(who.dan, b"of a deed under way", client_id=who.northwick.id, name="y").blob_id
    waiting = files.store(
        who.dan, b"of a job that will be tried again", client_id=who.northwick.id, name="z"
    ).blob_id
    Job.objects.create(kind="bundle.build", key="k", payload={"blob": waiting}, due_at=timezone.now(), created_at=timezone.now())  # fmt: skip
    before = set(blob_store().ids())
    assert len(before) >= 7 and batch.options["files"][0]["blob"] in before
    for one in before - {young}:
        old_blob(one)
    found = [
        one
        for one in check_ledger(options=CheckOptions(log_store=False)).findings
        if one.code == "file-stray"
    ]
    assert len(found) == 1 and found[0].meaning.startswith("1 files")
    assert sweep.remove_stray_blobs(actor=who.dan) == 0
    assert sweep.remove_stray_blobs() == 1
    assert set(blob_store().ids()) == before - {stray}
    assert sweep.remove_stray_blobs() == 0
    clean()


def test_temporary_files_go_and_fresh_ones_stay(db_world: World) -> None:
    home = db_world.home / "tmp"
    (home / "import-old" / "0").mkdir(parents=True)
    (home / "import-old" / "0" / "all-clients.zip").write_bytes(b"plain")
    (home / "import-busy").mkdir()
    (home / "import-busy" / "now.csv").write_bytes(b"plain")
    (home / "upload").write_bytes(b"plain")
    part = blob_store()._tmp / f"{'a' * 32}.part"
    part.write_bytes(b"half")
    elsewhere = db_world.home / "precious"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (home / "link").symlink_to(elsewhere)
    for one in (home / "import-old" / "0" / "all-clients.zip", home / "import-old" / "0", home / "import-old",
                home / "import-busy", home / "upload", part):  # fmt: skip
        age(one, 30)
    then = time.time() - 30 * 3600
    os.utime(home / "link", (then, then), follow_symlinks=False)
    assert sweep.remove_temporary_files() >= 3
    assert sorted(one.name for one in home.iterdir()) == ["import-busy"]
    assert not part.exists() and (elsewhere / "kept").exists()


def test_the_calendar_sweeps_seldom(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "_last", {})
    cast()
    assert set(calendar.run_due()) == set(calendar.TASKS)
    assert set(calendar.run_due()) == set(calendar.TASKS) - set(calendar.SELDOM)


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_sweep_that_is_killed_is_finished_by_the_next(db_world: World) -> None:
    """kill -9 at steps all over the sweep; afterwards one entry an import, no line, no original, a clean ledger."""
    who = cast()
    later = timezone.now() + LATER
    batch = staged(who.dan, who.northwick, TABLE)
    _, total = stage.run_killed(lambda: sweep.discard_abandoned(now=later), 0)
    assert total > 20 and Import.objects.get(pk=batch.pk).state == "discarded"
    points = sorted({1 + number * total // 8 for number in range(8)} | {total - 6, total - 3, total - 1})
    for at in points:
        batch = staged(who.dan, who.northwick, TABLE)
        blob = batch.options["files"][0]["blob"]
        stage.run_killed(lambda: sweep.discard_abandoned(now=later), at)
        sweep.discard_abandoned(now=later)
        batch.refresh_from_db()
        assert batch.state == "discarded", f"killed at {at} of {total}"
        assert not ImportLine.objects.filter(batch=batch).exists(), f"killed at {at} of {total}"
        if blob_store().exists(blob):  # killed between the entry and the deletion: the other sweep's
            old_blob(blob)
            assert sweep.remove_stray_blobs() == 1
        assert not blob_store().exists(blob)
    assert Entry.objects.filter(type="import.discarded").count() == len(points) + 1
    clean()
