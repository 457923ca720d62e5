# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 at every step of a release and its delivery, then recovery: no mail without its entry, none twice, none lost.

SQLite takes a few hundred points in the suite (every fourth step of each shard, so that together the shards cover
all of them nightly), PostgreSQL some dozen; ``make kill-nightly`` takes every step.
"""

import random
from datetime import timedelta
from typing import Any

import pytest

from partwell.actions.correspondence import deliver
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.releases.models import Release, ReleaseLine
from partwell.workers import relay
from tests.kill import stage

SHARDS = 8


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
        Envelope.objects.none()
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


def points(total: int, shard: int, nightly: bool) -> list[int]:
    """The steps of this shard: all nightly, else a fixed sample of about thirty with a random part."""
    mine = list(range(1 + shard, total + 1, SHARDS))
    if nightly or len(mine) <= 30:
        return mine
    return sorted(random.Random(shard).sample(mine, 30))


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_any_step_on_sqlite(shard: int, tmp_path: Any, request: pytest.FixtureRequest) -> None:
    nightly = bool(request.config.getoption("--nightly"))
    _kill_everywhere("sqlite", shard, nightly, request)


@pytest.mark.slow
@pytest.mark.postgresql
def test_killed_at_some_steps_on_postgresql(request: pytest.FixtureRequest) -> None:
    _kill_everywhere("postgresql", 3, False, request, most=14)


def _kill_everywhere(
    kind: str, shard: int, nightly: bool, request: pytest.FixtureRequest, most: int | None = None
) -> None:
    from tests.support import worlds

    blocker = request.getfixturevalue("django_db_blocker")
    folder = request.getfixturevalue("tmp_path_factory").mktemp("kill")
    killed = 0
    with stage.mail_server() as (post, port), blocker.unblock():
        total = _steps(kind, folder / "count", port, request)
        chosen = points(total, shard, nightly)
        if most is not None:
            chosen = chosen[:: max(1, len(chosen) // most)][:most]
        for at in chosen:
            post.taken.clear()
            with _world(kind, folder / str(at), request) as world, worlds.entered(world), stage.mail_at(port):
                departure = stage.prepare()
                was_killed, _ = stage.run_killed(lambda made=departure: stage.release(made), at)
                killed += was_killed
                recover_and_check(departure, post)
    assert killed >= len(chosen) - 2, "the points lie beyond the end of the work: the test no longer kills"


def _world(kind: str, folder: Any, request: pytest.FixtureRequest) -> Any:
    from tests.support import worlds

    folder.mkdir()
    return (
        worlds.sqlite_world(folder)
        if kind == "sqlite"
        else worlds.postgresql_world(folder, request.getfixturevalue("pg_cluster"))
    )


def _steps(kind: str, folder: Any, port: int, request: pytest.FixtureRequest) -> int:
    from tests.support import worlds

    with _world(kind, folder, request) as world, worlds.entered(world), stage.mail_at(port):
        departure = stage.prepare()
        _, total = stage.run_killed(lambda: stage.release(departure), 0)
    assert total > 100, "a release with its delivery has more steps than that"
    return total
