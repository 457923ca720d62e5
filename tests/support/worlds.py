# SPDX-License-Identifier: AGPL-3.0-or-later
"""A fresh database and home for each test, cloned from a template that was migrated once.

Real commits, never a rollback: the ledger's triggers refuse the DELETE that flushing needs, actions
own their transactions, and a race needs a second connection that sees what the first one did.
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support import on_demand
from tests.support.postgres import APP, OWNER, TEMPLATE, Cluster

ROOT = Path(__file__).resolve().parents[2]
DATABASE_FILE = "partwell.sqlite3"
# Floors that cannot change what a migration leaves behind; all else is part of a template's digest.
NOT_IN_TEMPLATE = ("entrypoints", "importers", "documents", "connectors", "workers")
SECRET = "only-for-tests"


def scratch() -> Path:
    """Where databases of tests lie: in memory where there is room, because a busy disk made a clone
    50 times slower (0.02 s against 1 s), else the temporary folder. Containers often have 64 MB only."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31:
        return memory
    return Path(tempfile.gettempdir())


def sweep() -> None:
    """Remove what killed test runs of ours left in ``scratch()``; the folder's name holds its process."""
    for folder in scratch().glob("partwell-test-*-*"):
        try:
            os.kill(int(folder.name.split("-")[2]), 0)
        except ProcessLookupError:
            if folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError, FileNotFoundError):
            continue  # not a name of ours, or somebody else's


def shelf(name: str) -> Path:
    """A folder of ours in the temporary folder that outlives the session. RuntimeError if another user made it."""
    folder = Path(tempfile.gettempdir()) / f"partwell-{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to another user; remove it or set TMPDIR.")
    return folder


@dataclass(frozen=True)
class World:
    """One test's installation. Fields: which database, its addresses, and its two folders."""

    kind: str
    """"sqlite" or "postgresql"."""
    url: str
    """What the program connects with (PARTWELL_DATABASE)."""
    owner_url: str
    """The role that owns the tables; the same file on SQLite."""
    home: Path
    keys: Path

    @property
    def log(self) -> Path:
        """The log store, outside the home (PARTWELL_LOG)."""
        return self.home.parent / "log"

    def environment(self) -> dict[str, str]:
        """The environment of a child process that is to live in this world."""
        _touch()
        return {**os.environ, **variables(self.url, self.owner_url, self.home, self.keys)}

    @contextlib.contextmanager
    def behind(self, *, role: str = OWNER) -> "Iterator[Any]":
        """A plain autocommitting DB-API connection behind the program's back: no guard, no PRAGMA.

        On PostgreSQL as ``role``: the owner of the tables, or ``postgres.APP`` or ``postgres.SUPER``.
        """
        _touch()
        if self.kind == "sqlite":
            connection: Any = sqlite3.connect(self.home / DATABASE_FILE, timeout=20, isolation_level=None)
        else:
            import psycopg

            connection = psycopg.connect(self.owner_url.replace(OWNER, role), autocommit=True)
        try:
            yield connection
        finally:
            connection.close()


def variables(url: str, owner_url: str, home: Path, keys: Path) -> dict[str, str]:
    """PARTWELL_* of one installation."""
    return {
        "PARTWELL_HOME": str(home),
        "PARTWELL_KEYS": str(keys),
        "PARTWELL_LOG": str(home.parent / "log"),
        "PARTWELL_DATABASE": url,
        "PARTWELL_DATABASE_OWNER": owner_url,
    }


@contextlib.contextmanager
def sqlite_world(folder: Path) -> Iterator[World]:
    """A world on SQLite under ``folder``."""
    template = sqlite_template()
    _copy(template, folder)
    url = f"sqlite:///{folder / 'home' / DATABASE_FILE}"
    yield World("sqlite", url, url, folder / "home", folder / "keys")


@contextlib.contextmanager
def postgresql_world(folder: Path, cluster: Cluster) -> Iterator[World]:
    """A world on the session's PostgreSQL, its folders under ``folder``; the database is dropped after."""
    template = postgresql_template(cluster)
    _copy(template, folder)
    name = f"t_{uuid4().hex[:16]}"
    on_demand.later(cluster, name, TEMPLATE)
    _CLUSTERS[name] = cluster
    try:
        yield World(
            "postgresql", cluster.url(name, APP), cluster.url(name, OWNER), folder / "home", folder / "keys"
        )
    finally:
        del _CLUSTERS[name]
        if on_demand.gone(name):
            cluster.leave(name)


def sqlite_template() -> Path:
    """A folder with a migrated ``home`` and ``keys``, kept between sessions under the source's digest."""
    kept = shelf("tests")
    digest = _source_digest()
    template = kept / digest
    if template.exists():
        return template
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template.exists():
            return template
        building = Path(tempfile.mkdtemp(prefix="building-", dir=kept))
        database = building / "home" / DATABASE_FILE
        migrate(f"sqlite:///{database}", building)
        with contextlib.closing(sqlite3.connect(database)) as connection:
            # One file: a copy without its -wal would miss the last rows.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for old in sorted(kept.iterdir(), key=lambda path: path.stat().st_mtime)[:-12]:
            if old.is_dir() and old != building:
                shutil.rmtree(old, ignore_errors=True)
        building.rename(template)
    return template


def postgresql_template(cluster: Cluster) -> Path:
    """The migrated template database of the session's cluster; returns the folders that go with it."""
    cluster.ensure()
    folder = cluster.folder / "template"
    if (folder / "done").exists():
        return folder
    with (cluster.folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            folder.mkdir()
            cluster.create_empty(TEMPLATE)
            # As an installation is (cli/first_schema.py), for each run makes it anew.
            migrate(cluster.url(TEMPLATE, OWNER), folder, quick=True)
            (folder / "done").touch()
    return folder


def migrate(url: str, folder: Path, *, quick: bool = False) -> None:
    """Migrate in a process of its own, as the owner of the tables: by Django's own road, or by our quicker one."""
    for name in ("home", "keys"):
        (folder / name).mkdir(mode=0o700)
    environment = {
        **os.environ,
        **variables(url, url, folder / "home", folder / "keys"),
        "DJANGO_SETTINGS_MODULE": "partwell.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _MIGRATE, *(["quick"] if quick else [])],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(
            f"The template could not be migrated:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )


_MIGRATE = """
import contextlib
import sys

import django

django.setup()
from django.core.management import call_command

from partwell.entrypoints.cli.first_schema import quick_if_empty
from partwell.records.guard import permit

with permit("schema"), quick_if_empty() if "quick" in sys.argv else contextlib.nullcontext():
    call_command("migrate", verbosity=0)
    call_command("createcachetable")
"""


def _copy(template: Path, folder: Path) -> None:
    for name in ("home", "keys"):
        shutil.copytree(template / name, folder / name, dirs_exist_ok=True)
        (folder / name).chmod(0o700)


@functools.cache
def _source_digest() -> str:
    """Once a process: reading the source took most of the time that a world takes."""
    digest = hashlib.sha256()
    source = ROOT / "src" / "partwell"
    for path in sorted(source.rglob("*.py")):
        if path.relative_to(source).parts[0] not in NOT_IN_TEMPLATE:
            digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((ROOT / "requirements" / "base.txt").read_bytes())
    return digest.hexdigest()[:24]


@contextlib.contextmanager
def entered(world: World) -> Iterator[None]:
    """Let Django live in ``world``: its database, folders and environment, until the block ends.

    Connections of other threads are theirs to close. The write guard hangs on ``connection_created``,
    so every connection made here carries it.
    """
    from django.conf import settings
    from django.core.cache import caches
    from django.db import connections
    from django.db.backends.signals import connection_created
    from django.test import override_settings

    from partwell import environment

    before = {
        name: os.environ.get(name) for name in variables(world.url, world.owner_url, world.home, world.keys)
    }
    os.environ.update(variables(world.url, world.owner_url, world.home, world.keys))
    databases = connections.settings
    default = databases["default"]
    databases["default"] = _complete(environment.database_from_url(world.url))
    _forget(connections)
    changed = {"PARTWELL_HOME": world.home, "PARTWELL_KEYS": world.keys, "PARTWELL_LOG": world.log}
    if dataclasses.is_dataclass(getattr(settings, "ENV", None)):
        fields = {"home": world.home, "keys": world.keys, "log": world.log, "database_url": world.url}
        changed["ENV"] = dataclasses.replace(settings.ENV, **fields)  # type: ignore[assignment]
    connection_created.connect(_touch)
    try:
        with override_settings(**changed):
            _ENTERED.append(_Entered(world, settings._wrapped))  # type: ignore[attr-defined]
            yield
    finally:
        if _ENTERED and _ENTERED[-1].world is world:
            _ENTERED.pop()
        _forget(connections)
        databases["default"] = default
        for cache in caches.all(initialized_only=True):
            cache.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass
class _Entered:
    """A world in which Django lives, the settings it lives with, and whether its database was reached for."""

    world: World
    settings: object
    touched: bool = False


_ENTERED: list[_Entered] = []
_CLUSTERS: dict[str, Cluster] = {}
"""Whose each open database is."""


def _touch(**_: object) -> None:
    on_demand.make_all()
    if _ENTERED:
        _ENTERED[-1].touched = True


def current() -> World | None:
    """The world in which Django lives."""
    return _ENTERED[-1].world if _ENTERED else None


def untouched() -> bool:
    """Whether the current world is as it was made, and its settings too.

    On PostgreSQL nobody has connected yet; on SQLite nobody is connected now (this thread's connection
    is closed by asking), and the files are those of the template.
    """
    from django.conf import UserSettingsHolder, settings

    entered = _ENTERED[-1]
    world = entered.world
    below = getattr(entered.settings, "default_settings", None)
    # Changed since the world was entered, or by a fixture before it was.
    if settings._wrapped is not entered.settings or isinstance(below, UserSettingsHolder):  # type: ignore[attr-defined]
        return False
    if world.kind == "postgresql":
        if _database(world) not in _CLUSTERS:
            return False  # a test made it by itself, and not from our template
        return not entered.touched and _names(world.home.parent) == _names(
            _CLUSTERS[_database(world)].folder / "template", "done"
        )
    if not let_go(world):
        return False
    template = sqlite_template()
    here, there = (folder / DATABASE_FILE for folder in (world.home, template / "home"))
    same = (here.stat().st_size, here.stat().st_mtime_ns) == (there.stat().st_size, there.stat().st_mtime_ns)
    return same and _names(world.home.parent) == _names(template)


def _names(folder: Path, *but: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")} - set(but)


def let_go(world: World) -> bool:
    """Close this thread's connection; False while somebody else has one, or within a transaction."""
    from django.db import connections

    connection = connections["default"]
    if connection.in_atomic_block:
        return False
    connection.close()
    # The last one who leaves takes these with them.
    return not any(world.home.glob(f"{DATABASE_FILE}-*"))


def copy_database(world: World) -> str:
    """A copy of the world's PostgreSQL database, to be copied from; its name."""
    name = f"kept_{uuid4().hex[:16]}"
    _CLUSTERS[_database(world)].clone(_database(world), name)
    return name


def replace_database(world: World, source: str) -> None:
    """Let the world's PostgreSQL database be a copy of ``source``; nobody is connected to it yet."""
    cluster, name = _CLUSTERS[_database(world)], _database(world)
    if not on_demand.waits(name):
        cluster.drop(name)
    on_demand.later(cluster, name, source)


def _database(world: World) -> str:
    return world.url.partition("@/")[2].partition("?")[0]


def _complete(config: dict[str, object]) -> dict[str, Any]:
    """Django's own defaults, filled in as it does at start."""
    from django.db.utils import ConnectionHandler

    return dict(ConnectionHandler({"default": config}).settings["default"])


def _forget(connections: Any) -> None:
    """Close this thread's connection and make Django build the next from the settings."""
    with contextlib.suppress(AttributeError):
        connection = connections["default"]
        connection.in_atomic_block = False
        connection.close()
        del connections["default"]
