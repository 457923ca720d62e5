# SPDX-License-Identifier: AGPL-3.0-or-later
"""The quick road from nothing to a schema (cli/first_schema.py) ends where Django's own does, and is taken from nothing only."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db.migrations.state import ProjectState

from partwell.entrypoints.cli.first_schema import quick_if_empty
from tests.flows.test_cli import partwell
from tests.support import worlds
from tests.support.postgres import OWNER, TEMPLATE, Cluster
from tests.support.worlds import DATABASE_FILE, World, sqlite_template

# What a database is made of on PostgreSQL, and which migrations it says it had.
OF_POSTGRESQL = (
    """SELECT table_name, column_name, ordinal_position, data_type, character_maximum_length, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT app, name FROM django_migrations",
    "SELECT app_label, model FROM django_content_type",
    "SELECT codename FROM auth_permission",
)
OF_SQLITE = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "SELECT app, name FROM django_migrations",
    "SELECT app_label, model FROM django_content_type",
    "SELECT codename FROM auth_permission",
)


def made_of(world: World) -> list[list[tuple[object, ...]]]:
    """Every table, column, constraint, index, trigger and function, and what migrations leave as rows; sorted."""
    if world.kind == "sqlite":
        with closing(sqlite3.connect(world.home / DATABASE_FILE)) as connection:
            return [sorted(connection.execute(sql), key=repr) for sql in OF_SQLITE]
    with world.behind() as outside:
        return [sorted(outside.execute(sql).fetchall(), key=repr) for sql in OF_POSTGRESQL]


def test_a_new_installation_has_the_schema_that_djangos_own_road_leads_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    url = f"sqlite:///{home / DATABASE_FILE}"
    new = World("sqlite", url, url, home, tmp_path / "keys")
    done = partwell(new, "setup-db")
    assert done.returncode == 0, done.stderr
    shutil.copytree(sqlite_template() / "home", tmp_path / "template")
    template = World("sqlite", "", "", tmp_path / "template", tmp_path / "keys")
    ours, theirs = made_of(new), made_of(template)
    assert ours == theirs
    assert len(ours[0]) > 400 and len(ours[1]) > 60


@pytest.mark.nightly
def test_and_on_postgresql(pg_cluster: Cluster, tmp_path: Path) -> None:
    """Nightly, for Django's own road takes as long there as on SQLite, where the suite goes it. Every test on
    PostgreSQL lives in a schema that was made the quick way (worlds.postgresql_template)."""
    worlds.postgresql_template(pg_cluster)
    pg_cluster.create_empty("djangos_own")
    roads = [
        World("postgresql", "", pg_cluster.url(name, OWNER), tmp_path, tmp_path)
        for name in (TEMPLATE, "djangos_own")
    ]
    worlds.migrate(roads[1].owner_url, tmp_path)
    ours, theirs = map(made_of, roads)
    assert ours == theirs
    assert len(ours[0]) > 900 and len(ours[2]) > 300


DJANGOS = ProjectState.reload_model


def test_a_database_in_use_is_migrated_by_djangos_own_road(db_world: World) -> None:
    with quick_if_empty():
        assert ProjectState.reload_model is DJANGOS


def test_what_is_quick_ends_with_it_whatever_happens(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "partwell.entrypoints.cli.first_schema.MigrationRecorder.applied_migrations", lambda self: {}
    )
    with pytest.raises(KeyError), quick_if_empty():
        assert ProjectState.reload_model is not DJANGOS
        raise KeyError
    assert ProjectState.reload_model is DJANGOS
