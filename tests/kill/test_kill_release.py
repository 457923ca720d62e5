# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 at every step of a release and its delivery, then recovery: no mail without its entry, none twice, none lost.

SQLite takes some hundred points in the suite (sixteen of each shard), PostgreSQL two dozen; ``make
kill-nightly`` takes every step on both. Half of a shard's points are chosen by a fixed seed, half by one that is new
in each run: it is printed, stands in the message of a failure, and KILL_SEED= brings the same points again.
"""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from partwell.actions.correspondence import deliver
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.releases.models import Release, ReleaseLine
from partwell.workers import relay
from tests.kill import stage
from tests.support.programs import ground
from tests.support.worlds import World

SHARDS = 8
POINTS = 16
SEED = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(2**32))


def entries_of(envelope: Envelope) -> list[str]:
    """Types of the entries that speak of an envelope, in order."""
    indexes = EntrySubject.objects.filter(subject_ref=envelope.id).values("entry_index")
    return list(Entry.objects.filter(index__in=indexes).order_by("index").values_list("type", flat=True))


def recover_and_check(departure: stage.Departure, post: stage.Post) -> None:
    """What a restarted worker and a person do afterwards, and what must then be true."""
    before = dict(post.taken)
    deliver.recover(older_than=timedelta(0))
    unknown = list(Envelope.objects.filter(state="unknown"))
    for envelope in unknown:
        # A person asks the recipients, who say whether it came.
        arrived = post.taken[envelope.internet_message_id] > 0
        said = deliver.settle_unknown(actor=departure.actor, envelope_id=envelope.id,
                                      outcome="arrived" if arrived else "send again", ground="I called Mara Ellery.")  # fmt: skip
        assert isinstance(said, Envelope)
    # The technician clicks again with the form that was open: the same key, so at most one release.
    stage.release(departure)
    for _ in range(3):
        for envelope_id in Envelope.objects.filter(state="queued").values_list("pk", flat=True):
            relay.deliver_one(envelope_id)
    assert Release.objects.count() == 1
    assert ReleaseLine.objects.filter(state="sent").count() == len(departure.items)
    envelopes = list(Envelope.objects.all())
    assert envelopes
    for envelope in envelopes:
        assert envelope.state == "accepted", (envelope.state, envelope.answer)
        assert post.taken[envelope.internet_message_id] == 1, "a mail left twice or never"
        kinds = entries_of(envelope)
        assert "envelope.data_started" in kinds
        assert kinds[-1] in ("envelope.accepted", "envelope.settled")
        assert Entry.objects.filter(uid=envelope.entry_id, type="release.sent").exists()
    assert set(post.taken) == {envelope.internet_message_id for envelope in envelopes}, (
        "a mail left without an envelope"
    )
    assert set(before) <= set(post.taken)
    check_the_ledger()


def check_the_ledger() -> None:
    """``partwell ledger check`` has nothing to say."""
    from partwell.actions.evidence.check import check_ledger

    report = check_ledger()
    assert report.ok, report.findings


def points(total: int, shard: int, nightly: bool, most: int = POINTS, seed: int = SEED) -> list[int]:
    """The steps of this shard: all nightly, else ``most``, half of them always the same and half by ``seed``."""
    mine = list(range(1 + shard, total + 1, SHARDS))
    if nightly or len(mine) <= most:
        return mine
    fixed = random.Random(shard).sample(mine, most // 2)
    rest = [step for step in mine if step not in fixed]
    return sorted(fixed + random.Random(f"{seed}/{shard}").sample(rest, most - len(fixed)))


def test_the_points_can_be_had_again() -> None:
    again = points(600, 2, nightly=False, seed=7)
    assert again == points(600, 2, nightly=False, seed=7) and len(again) == POINTS
    assert again != points(600, 2, nightly=False, seed=8)
    assert len(set(again) & set(points(600, 2, nightly=False, seed=8))) >= POINTS // 2
    everything = [step for shard in range(SHARDS) for step in points(600, shard, nightly=True)]
    assert sorted(everything) == list(range(1, 601))


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_any_step_on_sqlite(shard: int, request: pytest.FixtureRequest) -> None:
    nightly = bool(request.config.getoption("--nightly"))
    _kill_everywhere("sqlite", shard, nightly, request)


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("shard", (3, 6))
def test_killed_at_some_steps_on_postgresql(shard: int, request: pytest.FixtureRequest) -> None:
    _kill_everywhere("postgresql", shard, False, request, most=12)


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_any_step_on_postgresql(shard: int, request: pytest.FixtureRequest) -> None:
    _kill_everywhere("postgresql", shard, True, request)


def _kill_everywhere(
    kind: str, shard: int, nightly: bool, request: pytest.FixtureRequest, most: int = POINTS
) -> None:
    from tests.support import worlds

    blocker = request.getfixturevalue("django_db_blocker")
    killed = 0
    with ground("kill") as folder, stage.mail_server() as (post, port), blocker.unblock():
        total = _steps(kind, folder / "count", port, request)
        chosen = points(total, shard, nightly, most)
        print(f"\n{kind}, shard {shard}: KILL_SEED={SEED}, {len(chosen)} of {total} steps: {chosen}")
        for at in chosen:
            post.taken.clear()
            with _world(kind, folder / str(at), request) as world, worlds.entered(world):
                departure = stage.prepare()  # before the settings change: a copy, see tests/support/kept.py
                with stage.mail_at(port):
                    was_killed, _ = stage.run_killed(lambda made=departure: stage.release(made), at)
                    killed += was_killed
                    try:
                        recover_and_check(departure, post)
                    except AssertionError as failed:
                        failed.add_note(
                            f"{kind}: killed at step {at} of {total}; again with KILL_SEED={SEED}"
                        )
                        raise
    assert killed >= len(chosen) - 2, "the points lie beyond the end of the work: the test no longer kills"


@contextmanager
def _world(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world for one point, gone after it: they lie in memory."""
    from tests.support import worlds

    folder.mkdir()
    made = (
        worlds.sqlite_world(folder)
        if kind == "sqlite"
        else worlds.postgresql_world(folder, request.getfixturevalue("pg_cluster"))
    )
    with made as world:
        yield world
    shutil.rmtree(folder)


_TOTALS: dict[str, int] = {}


def _steps(kind: str, folder: Path, port: int, request: pytest.FixtureRequest) -> int:
    """How many steps the whole work takes; counted once a process, all shards do the same work."""
    from tests.support import worlds

    if kind not in _TOTALS:
        with _world(kind, folder, request) as world, worlds.entered(world):
            departure = stage.prepare()
            with stage.mail_at(port):
                _, _TOTALS[kind] = stage.run_killed(lambda: stage.release(departure), 0)
    assert _TOTALS[kind] > 100, "a release with its delivery has more steps than that"
    return _TOTALS[kind]
