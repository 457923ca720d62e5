# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every test's ground: the environment before Django loads, and a database of its own on demand.

A test that needs rows asks for ``db_world`` (or ``db``, which is the same). It runs on SQLite; with
``@pytest.mark.both_databases`` also on PostgreSQL, with ``@pytest.mark.postgresql`` only there.
Nothing is rolled back: see tests/support/worlds.py.
"""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import static_once, worlds
from tests.support.postgres import Cluster, stop
from tests.support.s3_server import s3_server
from tests.support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport", "s3_server"]

# Collecting makes some millions of objects that live as long as the run: searching them for garbage again and again was
# a third of a worker's time. They are set aside when they are all there; a test's own garbage is searched as ever.
gc.disable()

# Before Django loads. Whoever runs the tests may live in an installation of their own: leave it alone.
for _name in [
    name for name in os.environ if name.startswith("PARTWELL_") and not name.startswith("PARTWELL_TEST_")
]:
    del os.environ[_name]
worlds.sweep()
if sys.dont_write_bytecode and not sys.pycache_prefix:
    # Where nothing may be written beside the sources, each of the hundreds of programs that tests start would
    # compile Django anew (1.4 s of processor time instead of 0.7): keep the bytecode in the temporary folder.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(worlds.shelf("bytecode"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
_SCRATCH = Path(tempfile.mkdtemp(prefix=f"partwell-test-{os.getpid()}-", dir=worlds.scratch()))
os.environ.update(
    worlds.variables(
        "sqlite:///" + str(_SCRATCH / "nobody-asked-for-a-database"), "", _SCRATCH / "home", _SCRATCH / "keys"
    )
)
os.environ.setdefault("PARTWELL_SECRET_KEY", worlds.SECRET)
os.environ.setdefault("PARTWELL_TEST_FAST_HASH", "1")
os.environ["DJANGO_SETTINGS_MODULE"] = "partwell.settings"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's sync API runs a loop in our thread

_DJANGO_PROBLEM: Exception | None = None
try:
    import django

    django.setup()
    static_once.install()
except Exception as problem:
    # Rules, sealed and importers need no Django and can be tested while it does not start.
    _DJANGO_PROBLEM = problem
    from django.conf import settings
    from django.utils.functional import empty

    settings._wrapped = empty  # type: ignore[attr-defined]
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="also run the tests marked nightly")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--nightly"):  # make fuzz: ten times as many examples as in the suite
        from hypothesis import settings

        settings.register_profile("nightly", max_examples=1000, deadline=None)
        settings.load_profile("nightly")
    if not hasattr(config, "workerinput"):
        os.environ["PARTWELL_TEST_SESSION"] = str(os.getpid())
        # Short: a Unix socket's path has about 100 bytes.
        folder = worlds.scratch() / f"pw{os.getpid()}"
        os.environ["PARTWELL_TEST_CLUSTER"] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_SCRATCH, ignore_errors=True)
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ["PARTWELL_TEST_CLUSTER"])
        if (folder / "ready").exists():
            stop(folder, Path((folder / "ready").read_text()))
        shutil.rmtree(worlds.scratch() / f"partwell-test-{os.getpid()}-kept", ignore_errors=True)


def pytest_report_header() -> str | None:
    return (
        f"Django does not start, so only tests without it can pass: {_DJANGO_PROBLEM!r}"
        if _DJANGO_PROBLEM
        else None
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nightly tests are deselected, not skipped: in CI a skip is a failure (tests/support/skips.py)."""
    if config.getoption("--nightly"):
        return
    later = [item for item in items if item.get_closest_marker("nightly")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "both_databases" in marks:
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)
    elif "postgresql" in marks:
        metafunc.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> str:
    """Which database this test runs on: "sqlite" unless its marks say otherwise."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(autouse=True)
def _world_by_mark(request: pytest.FixtureRequest) -> None:
    if any(request.node.get_closest_marker(name) for name in ("both_databases", "postgresql")):
        request.getfixturevalue("db_world")


@pytest.fixture(scope="session")
def pg_cluster() -> Cluster:
    """The session's PostgreSQL, started on first use; shared by all workers."""
    cluster = Cluster(Path(os.environ["PARTWELL_TEST_CLUSTER"]))
    cluster.ensure()
    return cluster


@pytest.fixture
def db_world(
    request: pytest.FixtureRequest, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[worlds.World]:
    """A migrated, empty installation of its own for this test; commits are real."""
    if _DJANGO_PROBLEM is not None:
        raise RuntimeError("Django does not start") from _DJANGO_PROBLEM
    from partwell.entrypoints.door import portal

    portal.ANSWER_AFTER = (
        0.0  # some hundred sign-ins waited for it; test_portals_sign_in.py proves it by a clock of its own
    )
    blocker = request.getfixturevalue("django_db_blocker")
    folder = Path(tempfile.mkdtemp(prefix="world-", dir=_SCRATCH))
    if database == "postgresql":
        made = worlds.postgresql_world(folder, request.getfixturevalue("pg_cluster"))
    else:
        made = worlds.sqlite_world(folder)
    with made as world, blocker.unblock(), worlds.entered(world):
        yield world
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def db(db_world: worlds.World) -> worlds.World:
    """pytest-django's name for it: ``admin_client`` and friends arrive here too."""
    return db_world


@pytest.fixture
def transactional_db(db_world: worlds.World) -> worlds.World:
    """The same: every test here commits."""
    return db_world


@pytest.fixture
def _django_db_helper(request: pytest.FixtureRequest) -> None:
    """``@pytest.mark.django_db`` brings the same world instead of a test database that is rolled back."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db_world")
