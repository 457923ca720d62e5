# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 at every step of a deletion's work: listing, batches, outcome, the look afterwards. It resumes and ends the same.

A step is a statement reaching the database (before or after it) or a commit; points between them are named below. What must be
true after recovery: everything on the list is gone, nothing else is, counts are whole, and *verified* only by a listing
that found nothing. SQLite takes a few dozen points (half fixed, half of a new seed, which a failure prints), PostgreSQL six.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.utils import timezone

from partwell.actions.retention import lines
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion
from partwell.workers import jobs
from tests.flows.deletion_cast import (
    Stage,
    begin,
    due_set,
    fill,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
)
from tests.kill import stage as kill_stage
from tests.kill.test_kill_release import SEED, _world
from tests.support.programs import ground

FILES = 7


@contextmanager
def small_batches() -> Iterator[None]:
    """Three things a batch, so that there are boundaries to die at."""
    with mock.patch.object(lines.batches, "__defaults__", (3,)):
        yield


def all_work() -> None:
    """What a worker does until nothing is due."""
    for _ in range(12):
        if not jobs.run_one():
            return


def prepare(path: Path, *, until: str) -> Stage:
    """A deletion that waits for its listing ("listing") or for its run ("run")."""
    c = people()
    fill(path, FILES)
    row = due_set(c, folder_facts(path))
    if until == "listing":
        from tests.flows.deletion_cast import approved

        return approved(c, row)
    stage = listed(c, row)
    assert isinstance(begin(stage), Deletion)
    return stage


def recover(stage: Stage, path: Path, *, from_listing: bool) -> None:
    """A worker that comes back later, and a person who goes on where there is something to decide."""
    for _ in range(4):
        Job.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1))
        Job.objects.filter(state="queued").update(due_at=timezone.now())
        all_work()
    row = stage.now()
    if from_listing:
        assert row.state == "listed" and row.listed_count == FILES + 2, (row.state, row.listed_count)
        assert row.lines.count() == FILES + 2 and len(list(path.rglob("*.vhdx"))) == FILES
        assert isinstance(begin(stage), Deletion)
        all_work()
        row = stage.now()
    assert row.state == "verified", (
        row.state,
        row.findings,
        [(job.kind, job.state, job.error) for job in Job.objects.all()],
    )
    assert (row.deleted_count, row.failed_count, row.left_count) == (FILES + 2, 0, 0)
    assert row.outcome is not None and row.verification is not None
    assert path.is_dir() and not list(path.iterdir())
    assert (path.parent / "theirs.vhdx").read_text() == "Quayside's"
    ledger_is_whole()


def chosen(total: int, most: int) -> list[int]:
    """Half of the points always the same, half by the session's seed."""
    if total <= most:
        return list(range(1, total + 1))
    everything = range(1, total + 1)
    fixed = random.Random(7).sample(everything, most // 2)
    rest = [one for one in everything if one not in fixed]
    return sorted(fixed + random.Random(SEED).sample(rest, most - len(fixed)))


def _kill(kind: str, what: str, most: int, request: pytest.FixtureRequest) -> None:
    from tests.support import worlds

    blocker = request.getfixturevalue("django_db_blocker")
    with ground("kill") as folder, blocker.unblock(), small_batches():
        with _world(kind, folder / "count", request) as world, worlds.entered(world):
            prepare(folder / "counted" / "north", until=what)
            _, total = kill_stage.run_killed(all_work, 0)
        assert total > 60
        points = chosen(total, most)
        print(f"\n{kind}, {what}: KILL_SEED={SEED}, {len(points)} of {total} steps: {points}")
        killed = 0
        for at in points:
            path = folder / f"place-{at}" / "north"
            with _world(kind, folder / str(at), request) as world, worlds.entered(world):
                made = prepare(path, until=what)
                (path.parent / "theirs.vhdx").write_text("Quayside's")
                was_killed, _ = kill_stage.run_killed(all_work, at)
                killed += was_killed
                try:
                    recover(made, path, from_listing=what == "listing")
                except AssertionError as failed:
                    failed.add_note(f"{kind}: killed at step {at} of {total}; again with KILL_SEED={SEED}")
                    raise
    assert killed >= len(points) - 2, "the points lie beyond the end of the work: the test no longer kills"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["listing", "run"])
def test_killed_at_some_steps_on_sqlite(what: str, request: pytest.FixtureRequest) -> None:
    _kill("sqlite", what, 10_000 if request.config.getoption("--nightly") else 14, request)


@pytest.mark.slow
@pytest.mark.postgresql
def test_killed_at_some_steps_on_postgresql(request: pytest.FixtureRequest) -> None:
    _kill("postgresql", "run", 200 if request.config.getoption("--nightly") else 5, request)


# --- named points that statements do not mark -----------------------------------------------------------------


NAMED = {
    "between two files of a batch": ("os.unlink", 2),
    "after the last file, before its folder": ("os.rmdir", 1),
    "while the outcome is written": ("partwell.actions.files.store", 1),
    "before the look afterwards is stored": ("partwell.actions.files.store", 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NAMED))
def test_killed_at_a_named_point(name: str, request: pytest.FixtureRequest) -> None:
    import signal
    from importlib import import_module

    from tests.support import worlds

    target, nth = NAMED[name]
    module, _, attribute = target.rpartition(".")
    unblocked = request.getfixturevalue("django_db_blocker").unblock()
    with (
        ground("kill") as folder,
        unblocked,
        small_batches(),
        _world("sqlite", folder / "w", request) as world,
        worlds.entered(world),
    ):
        path = folder / "place" / "north"
        made = prepare(path, until="run")
        (path.parent / "theirs.vhdx").write_text("Quayside's")

        def doomed() -> None:
            holder: Any = import_module(module)
            real, met = getattr(holder, attribute), [0]

            def dying(*given: Any, **named: Any) -> Any:
                ours = attribute == "store" or str(given[0]).endswith((".vhdx", "may", "2025"))
                met[0] += ours
                if ours and met[0] == nth:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            with mock.patch.object(holder, attribute, dying):
                all_work()

        was_killed, _ = kill_stage.run_killed(doomed, 0)
        assert was_killed, "the point was not reached"
        recover(made, path, from_listing=False)
