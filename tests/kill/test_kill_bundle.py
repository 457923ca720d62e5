# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 while a bundle with the whole correspondence is built, then a new worker: whole, checked, built once, nothing left over.

The suite dies at five points that matter, four of them one after the other in the same build; ``make kill-nightly`` dies at
each of a few dozen steps (a statement before or after it, a commit, a file put in place or removed, a chunk read from the vault),
half of them of a new seed that a failure prints.
"""

import io
import json
import os
import random
import re
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.recording_asks import Asked, Heard, answer_recording, ask_recording
from partwell.actions.correspondence.recordings import add_recording
from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, write_message
from partwell.actions.files import open_file
from partwell.actions.jobs.sweep import remove_stray_blobs, remove_temporary_files
from partwell.actions.keys import blob_store
from partwell.actions.releases import build_bundle, said
from partwell.actions.releases.download_bundle import download_bundle
from partwell.actions.releases.request_bundle import request_bundle
from partwell.connectors.blobreader import BlobReader
from partwell.documents import pdf
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.vault.models import KeyUnit, StoredFile
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from partwell.workers import jobs
from sealed.verify import verify_zip
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import ledger_is_whole
from tests.kill import stage
from tests.kill.test_kill_release import SEED, _world
from tests.support import worlds
from tests.support.kept import kept

VOICES = b"RIFF\x24\x80\x00\x00WAVEfmt " + random.Random(3).randbytes(3_000_000)
WORKS = "partwell.actions.releases."
# Where the build dies: a function, the how-manieth call of it, and whether before (or after) it.
POINTS: dict[str, tuple[str, int, str]] = {
    "some of what was said is written": (f"{WORKS}said_files._Writer.add", 4, "before"),
    "the list is fixed, nothing is written": (f"{WORKS}build_bundle.proof_set", 1, "before"),
    "half of a recording is in the container": (
        "partwell.connectors.blobreader.BlobReader._chunk",
        3,
        "before",
    ),
    "the container lies in the vault, no row names it": (f"{WORKS}build_bundle._store", 1, "after"),
}
SAID_SO = (f"{WORKS}build_bundle._finish", 1, "after")


@kept
def story() -> tuple[Cast, UUID]:
    """Messages, a mail of each, a call with a recording; and a bundle of it all that Mara asked for."""
    c = cast(signed=True)
    for by, audience, subject in (
        (c.ines, CLIENT, "We begin on Monday"),
        (c.theo, ALL, "Which firewall is it?"),
    ):
        done(
            write_message(
                actor=by, client_id=c.northwick.id, draft=Draft(subject, "As agreed.\n" * 40, audience)
            )
        )
    ask = done(
        ask_recording(actor=c.dan, client_id=c.northwick.id, what=Asked("The alarm", Heard([c.mara.id])))
    )
    for actor in (c.mara, c.dan):
        done(answer_recording(actor=actor, ask_id=ask.id, given=True))
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=CallNotes("Mara Ellery", "It is armed at eight.", timezone.now())))  # fmt: skip
    done(add_recording(actor=c.dan, call_id=call.id, ask_id=ask.id, started_at=timezone.now(), nobody_else=True, name="call.wav", stream=io.BytesIO(VOICES)))  # fmt: skip
    job = done(request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT))
    return c, job.id


def only_this(job_id: UUID) -> None:
    """A worker that does this job and nothing else."""
    Job.objects.filter(pk=job_id).update(due_at=timezone.now() - timedelta(days=1))
    assert jobs.run_one()


@contextmanager
def forkable() -> Iterator[None]:
    """The typesetter works in a process of its own, as for long letters: its threads do not live on in a forked child."""
    with mock.patch.object(pdf, "APART", -1):
        yield


def doomed(job_id: UUID, at: tuple[str, int, str]) -> Callable[[], None]:
    """A worker's work that dies at a point."""

    def work() -> None:
        path, nth, when = at
        module, name = re.fullmatch(r"([a-z_.]+)\.(\w+(?:\.\w+)?)", path).groups()  # type: ignore[union-attr]
        holder: Any = import_module(module)
        *inside, attribute = name.split(".")
        for one in inside:
            holder = getattr(holder, one)
        real, met = getattr(holder, attribute), [0]

        def dying(*given: Any, **named: Any) -> Any:
            met[0] += 1
            if met[0] == nth and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*given, **named)
            if met[0] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        with mock.patch.object(holder, attribute, dying):
            only_this(job_id)

    return work


def lease_over(job_id: UUID) -> None:
    """Two minutes later."""
    assert (
        Job.objects.filter(pk=job_id, state="running").update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )
        == 1
    )


def nothing_looks_whole(c: Cast, job_id: UUID) -> None:
    """Of a build that died before its last transaction."""
    assert isinstance(download_bundle(actor=c.mara, job_id=job_id), Refusal)
    assert not StoredFile.objects.filter(name__startswith="handover-").exists()
    assert not Envelope.objects.filter(kind="bundle_ready").exists()
    assert not Entry.objects.filter(type="bundle.built").exists()


def whole_and_once(c: Cast, job_id: UUID) -> None:
    """What must be true when a new worker has done the job."""
    job = Job.objects.get(pk=job_id)
    assert job.state == "done", job.error
    row = StoredFile.objects.get(name__startswith="handover-")
    assert job.result["file"] == row.id.hex and job.result["sha256"] == row.sha256
    assert Entry.objects.filter(type="bundle.built").count() == 1
    assert Envelope.objects.filter(kind="bundle_ready").count() == 1
    assert [one.id for one in KeyUnit.objects.filter(purpose__startswith="bundle:")] == [row.unit_id]
    file = done(download_bundle(actor=c.mara, job_id=job_id))
    with open_file(file) as reader:
        report = verify_zip(reader, file.size)
        assert [one.code for one in report.findings] == ["key-from-bundle"], report.findings
        reader.seek(0)
        with zipfile.ZipFile(reader) as archive:
            files = {name.partition("/data/correspondence/")[2]: name for name in archive.namelist()}
            index = json.loads(archive.read(files["index.json"]))
            (voices,) = [name for name in files if name.startswith("recordings/")]
            assert archive.read(files[voices]) == VOICES
            # Nothing that was said when it was asked for is lost, and each thing has all its files.
            assert archive.read(files["entries.txt"]).count(b"\n") == report.facts["said_proved"] >= 3
    asked_at = Job.objects.values_list("created_at", flat=True).get(pk=job_id)
    expected = [key for key in said.keys(c.northwick.id) if key.at <= asked_at]
    assert [row["kind"] for row in index[: len(expected)]] == [key.kind for key in expected]
    assert not [row["missing"] for row in index if row["missing"]]
    assert {one for row in index for one in row["files"]} <= set(files)
    # Plain files of a try that died go with the next try; sealed ones no row names go with the daily sweep.
    assert list((Path(settings.PARTWELL_HOME) / "tmp").iterdir()) == []
    remove_stray_blobs(older_than=timedelta(0))
    remove_temporary_files(older_than=timedelta(0))
    assert set(blob_store().ids()) == set(StoredFile.objects.values_list("blob_id", flat=True))
    assert list((Path(settings.PARTWELL_HOME) / "vault/tmp").iterdir()) == []
    ledger_is_whole()


@contextmanager
def on_stage(kind: str, request: pytest.FixtureRequest) -> Iterator[tuple[Cast, UUID]]:
    # Where other tests' worlds lie: a disk costs as much as the work.
    ground = tempfile.TemporaryDirectory(prefix=f"partwell-test-{os.getpid()}-kill-", dir=worlds.scratch())
    unblocked = request.getfixturevalue("django_db_blocker").unblock()
    with (
        ground as folder,
        unblocked,
        _world(kind, Path(folder) / "w", request) as world,
        worlds.entered(world),
        forkable(),
    ):
        yield story()


@pytest.mark.slow
def test_four_workers_die_one_after_the_other_and_the_fifth_builds_it_whole(
    request: pytest.FixtureRequest,
) -> None:
    with on_stage("sqlite", request) as (c, job_id):
        for name, point in POINTS.items():
            was_killed, _ = stage.run_killed(doomed(job_id, point), 0)
            assert was_killed, f"the point was not reached: {name}"
            nothing_looks_whole(c, job_id)
            lease_over(job_id)
        only_this(job_id)
        whole_and_once(c, job_id)


@pytest.mark.slow
def test_one_that_died_after_its_last_transaction_is_not_built_again(request: pytest.FixtureRequest) -> None:
    with on_stage("sqlite", request) as (c, job_id):
        was_killed, _ = stage.run_killed(doomed(job_id, SAID_SO), 0)
        assert was_killed and Job.objects.get(pk=job_id).state == "running"
        assert isinstance(download_bundle(actor=c.mara, job_id=job_id), Refusal), "not before the job says so"
        lease_over(job_id)
        with mock.patch(f"{WORKS}build_bundle.gather", side_effect=AssertionError("built again")):
            only_this(job_id)
        Path(settings.PARTWELL_HOME, "tmp").mkdir(exist_ok=True)
        remove_temporary_files(older_than=timedelta(0))
        whole_and_once(c, job_id)


@pytest.mark.slow
def test_what_fails_after_the_last_transaction_takes_nothing_back(request: pytest.FixtureRequest) -> None:
    real, met = build_bundle.make_checkpoint, list[int]()

    def fails() -> object:
        met.append(1)
        if len(met) == 2:  # the first is over the list, the second over what was built
            raise OSError("the log store is full")
        return real()

    with on_stage("sqlite", request) as (c, job_id):
        with mock.patch.object(build_bundle, "make_checkpoint", fails):
            only_this(job_id)
        assert Job.objects.get(pk=job_id).state == "queued" and len(met) == 2
        assert isinstance(download_bundle(actor=c.mara, job_id=job_id), Refusal), "not before the job says so"
        only_this(job_id)
        whole_and_once(c, job_id)


# --- nightly ------------------------------------------------------------------------------------------------------


def counted(work: Callable[[], None], at: int, tally: Path) -> Callable[[], None]:
    """``work`` that dies at step ``at`` (0: never); how many steps there were stands in ``tally`` if it lives."""

    def inner() -> None:
        steps = [0]

        def step() -> None:
            steps[0] += 1
            if steps[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

        def around(real: Any) -> Any:
            def stepping(*given: Any, **named: Any) -> Any:
                step()
                result = real(*given, **named)
                step()
                return result

            return stepping

        connection.ensure_connection()
        database = type(connections["default"])
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(lambda execute, *rest: around(execute)(*rest)))
            for holder, name in (
                (database, "_commit"),
                (os, "replace"),
                (os, "unlink"),
                (BlobReader, "_chunk"),
            ):
                stack.enter_context(mock.patch.object(holder, name, around(getattr(holder, name))))
            work()
        tally.write_text(str(steps[0]))

    return inner


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_killed_at_any_step(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    with on_stage(kind, request) as (_c, job_id):
        stage.run_killed(counted(lambda: only_this(job_id), 0, tally), 0)
    total = int(tally.read_text())
    assert total > 100, "a build has more steps than that"
    fixed = random.Random(5).sample(range(1, total + 1), 15)
    chosen = sorted({*fixed, *random.Random(f"{SEED}/bundle").sample(range(1, total + 1), 15)})
    print(f"\n{kind}: KILL_SEED={SEED}, {len(chosen)} of {total} steps: {chosen}")
    killed = 0
    for at in chosen:
        with on_stage(kind, request) as (c, job_id):
            was_killed, _ = stage.run_killed(counted(lambda made=job_id: only_this(made), at, tally), 0)  # type: ignore[misc]
            killed += was_killed
            try:
                if Job.objects.get(pk=job_id).state != "done":
                    Job.objects.filter(pk=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))
                    only_this(job_id)
                remove_temporary_files(older_than=timedelta(0))
                whole_and_once(c, job_id)
            except AssertionError as failed:
                failed.add_note(f"{kind}: killed at step {at} of {total}; again with KILL_SEED={SEED}")
                raise
    assert killed >= len(chosen) - 2, "the points lie beyond the end of the work: the test no longer kills"


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.parametrize("name", [*POINTS, "after the last transaction"])
def test_killed_at_a_named_point_on_postgresql(name: str, request: pytest.FixtureRequest) -> None:
    with on_stage("postgresql", request) as (c, job_id):
        was_killed, _ = stage.run_killed(doomed(job_id, POINTS.get(name, SAID_SO)), 0)
        assert was_killed
        lease_over(job_id)
        only_this(job_id)
        remove_temporary_files(older_than=timedelta(0))
        whole_and_once(c, job_id)
