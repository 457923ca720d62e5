# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kill -9 at any point of a backup or a restore: nothing that looks complete and is not, and the next run goes through."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import connections

from partwell.actions.backup import archive, restore, snapshot, target, unpack
from partwell.actions.backup.make import back_up
from partwell.actions.backup.unpack import staged
from partwell.actions.evidence.log_store import copy_new
from partwell.connectors.age import read_identities
from tests.flows.backup_cast import AgeKey, age_key
from tests.kill import stage
from tests.support.programs import ground
from tests.support.worlds import World


def killed_at(work: Callable[[], object], place: Any, name: str, at: int, *, after: bool = False) -> bool:
    """Fork; the child works and dies by SIGKILL at the ``at``-th call of ``place.name``, before it or after. False: it lived."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        count, real = [0], getattr(place, name)

        def dying(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == at and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            out = real(*arguments, **options)
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return out

        try:
            with mock.patch.object(place, name, dying):
                work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with ground("kill") as folder:
        yield folder


@pytest.fixture
def key(tmp_path: Path) -> AgeKey:
    return age_key(tmp_path, "data")


@pytest.fixture
def shelf(tmp_path: Path, db_world: World) -> Path:
    stage.prepare()
    copy_new()
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def whole(file: Path, key: AgeKey, tmp_path: Path) -> None:
    with staged(tmp_path / "tried") as folder:
        unpack.unpack(file, archive.DATA, folder, [key.private], lambda *_: None)


POINTS = [
    (archive, "tar_header", 1), (archive, "tar_header", 3), (archive, "tar_header", 5), (archive, "trailer", 1),
    (snapshot, "_sqlite_copy", 1), (target, "encrypt_stream", 1), (os, "fsync", 1), (Path, "rename", 1), (target, "fsync_folder", 1),
]  # fmt: skip


def test_a_killed_backup_never_looks_complete(
    shelf: Path, key: AgeKey, db_world: World, tmp_path: Path
) -> None:
    for number, (place, name, at) in enumerate(POINTS):
        for after in (False, True):
            assert killed_at(lambda: back_up(shelf, [key.public]), place, name, at, after=after), (
                name,
                at,
                after,
            )
            for one in shelf.glob("*.data.age"):
                whole(one, key, tmp_path)
                one.unlink()
            made = back_up(shelf / f"next-{number}-{after}.data.age", [key.public])
            whole(made.path, key, tmp_path)
            assert [one.name for one in shelf.iterdir()] == [made.path.name]
            assert not list((Path(settings.PARTWELL_HOME) / "tmp").glob("backup-*"))
            made.path.unlink()


STEPS = [
    (unpack, "_take", 1), (unpack, "_take", 4), (unpack, "_write", 2), (restore, "_database", 1), (restore, "_settle", 1),
    (restore, "put_in_place", 1), (os, "sync", 1), (Path, "rename", 1), (Path, "rename", 2), (unpack, "fsync_folder", 1),
]  # fmt: skip


def killed_restores(shelf: Path, key: AgeKey, world: World, tmp_path: Path, steps: list[Any]) -> None:
    made = back_up(shelf, [key.public])
    for number, (place, name, at) in enumerate(steps):
        home = tmp_path / f"place-{number}" / "home"
        home.parent.mkdir()
        wanted = restore.Wanted(
            made.path, home, read_identities(key.file), world.log, world.keys, files=False
        )
        assert killed_at(lambda: restore.restore(wanted, lambda *_: None), place, name, at), (name, at)  # noqa: B023  called at once
        if not home.exists():
            done = restore.restore(wanted, lambda *_: None)
            assert done.settled["ok"] and done.known_by == "the log store"
        assert (home / "partwell.sqlite3").is_file() and len(
            list((home / "vault").glob("??/*"))
        ) == made.files
        assert [one.name for one in home.parent.iterdir()] == ["home"]


def test_a_killed_restore_leaves_no_half_home(
    shelf: Path, key: AgeKey, db_world: World, tmp_path: Path
) -> None:
    killed_restores(shelf, key, db_world, tmp_path, [STEPS[2], STEPS[5], STEPS[9]])


@pytest.mark.nightly
def test_a_restore_killed_at_every_step(shelf: Path, key: AgeKey, db_world: World, tmp_path: Path) -> None:
    killed_restores(shelf, key, db_world, tmp_path, STEPS)
