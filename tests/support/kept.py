# SPDX-License-Identifier: AGPL-3.0-or-later
"""What many tests begin with is built once a run and copied: the database, the folders, and what the builder gave.

A test still has a world of its own: it gets a copy, and may change it as it likes. Where a copy could differ from
what the builder would make here and now (a world that was written to, settings or a clock that the test changed), the
builder runs instead. See docs/decisions/0020-test-speed.md.
"""

import fcntl
import functools
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from tests.support import worlds
from tests.support.worlds import World

Built = TypeVar("Built")
Given = ParamSpec("Given")
FOLDERS = ("home", "keys", "log")


def built_once(name: str, build: Callable[[], Built], *, minutes: int = 60) -> Built:
    """What ``build()`` makes of an empty world, and its result.

    ``name`` says the builder and every argument of it. The first call of a run builds, and keeps a copy for both
    workers; later calls get the copy while it is no older than ``minutes`` and of the same hour, so that "today" is
    the same day in it. The result is pickled: rows, actors and Django's test clients can be.
    """
    world = worlds.current()
    if world is None or not _clock_runs() or not worlds.untouched():
        return build()
    shelf = _shelf()
    begins = f"{name}-{world.kind}-{int(time.time() // 3600)}-"
    with (shelf / f"{name}-{world.kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(shelf.glob(f"{begins}*.kept"), key=_built_at, default=None)
        if newest is None or time.time() - _built_at(newest) > minutes * 60:
            began = int(time.time())
            result = build()
            _keep(shelf / f"{begins}{began}.kept", world, result)
            return result
    _take(newest, world)
    with (newest / "result").open("rb") as result_file:
        return pickle.load(result_file)  # type: ignore[no-any-return]  # noqa: S301 - written by this run


def kept(build: Callable[Given, Built]) -> Callable[Given, Built]:
    """A builder whose worlds are built once and copied, by its name and its arguments, which must be plain values."""

    @functools.wraps(build)
    def asked(*args: Given.args, **kwargs: Given.kwargs) -> Built:
        values = [*args, *kwargs.values()]
        if not all(value is None or isinstance(value, (bool, int, str)) for value in values):
            return build(*args, **kwargs)
        name = "-".join([build.__module__.rpartition(".")[2], build.__name__, *map(str, args),
                         *(f"{key}={value}" for key, value in sorted(kwargs.items()))])  # fmt: skip
        return built_once(name, lambda: build(*args, **kwargs))

    return asked


def _shelf() -> Path:
    """The run's folder of copies, named like the scratch folders so that ``worlds.sweep`` finds it."""
    session = os.environ.get("PARTWELL_TEST_SESSION", os.getpid())
    folder = worlds.scratch() / f"partwell-test-{session}-kept"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def lasting_folder() -> Path:
    """A folder outside every world for what rows name by its path, there until the run ends."""
    return Path(tempfile.mkdtemp(prefix="lasting-", dir=_shelf()))


def _built_at(copy: Path) -> int:
    return int(copy.stem.rpartition("-")[2])


def _clock_runs() -> bool:
    from django.utils import timezone

    return abs(timezone.now().timestamp() - time.time()) < 2


def _keep(shelf: Path, world: World, result: Any) -> None:
    """Put a copy of ``world`` on the shelf; nothing, if somebody else is connected to it just now."""
    if not worlds.let_go(world):
        return
    making = Path(tempfile.mkdtemp(prefix="making-", dir=shelf.parent))
    with (making / "result").open("wb") as result_file:
        _Pickler(result_file).dump(result)
    for name in FOLDERS:
        if (world.home.parent / name).is_dir():
            shutil.copytree(world.home.parent / name, making / name)
    if world.kind == "postgresql":
        (making / "database").write_text(worlds.copy_database(world))
    making.rename(shelf)


def _take(shelf: Path, world: World) -> None:
    for name in FOLDERS:
        if (shelf / name).is_dir():
            shutil.copytree(shelf / name, world.home.parent / name, dirs_exist_ok=True)
    if world.kind == "postgresql":
        worlds.replace_database(world, (shelf / "database").read_text())


class _Pickler(pickle.Pickler):
    """With Django's test client: its cookies are all that it has, the sessions stand in the database."""

    def reducer_override(self, thing: Any) -> Any:
        from django.test import Client

        if type(thing) is Client:
            return _client, (dict(thing.cookies.items()), dict(thing.defaults))
        return NotImplemented


def _client(cookies: dict[str, Any], defaults: dict[str, Any]) -> Any:
    from django.test import Client

    made = Client()
    made.defaults.update(defaults)
    for name, one in cookies.items():
        dict.__setitem__(made.cookies, name, one)
    return made
