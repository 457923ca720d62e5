# SPDX-License-Identifier: AGPL-3.0-or-later
"""PostgreSQL's two roles: the owner sets up, the application works, and can unmake none of the ledger's guards."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.records.evidence.triggers import APPEND_ONLY
from tests.flows.test_cli import partwell, said
from tests.kill import stage
from tests.support import worlds
from tests.support.postgres import APP, OWNER, SUPER, Cluster
from tests.support.worlds import World

# docs/install.md, "Database": two bare roles and a schema of the owner; setup-db must need no more.
INSTALL = (
    f"ALTER SCHEMA public OWNER TO {OWNER}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA public TO {APP}",
)


@pytest.fixture
def empty(pg_cluster: Cluster, tmp_path: Path) -> Iterator[World]:
    """A database that nobody has migrated, and its two roles."""
    name = f"roles_{uuid4().hex[:12]}"
    pg_cluster.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
    )
    with psycopg.connect(pg_cluster.url(name, SUPER), autocommit=True) as inside:
        for statement in INSTALL:
            inside.execute(statement)
    home, keys = tmp_path / "home", tmp_path / "keys"
    yield World("postgresql", pg_cluster.url(name, APP), pg_cluster.url(name, OWNER), home, keys)
    pg_cluster.leave(name)


def forbidden(cursor: Any, statement: str) -> bool:
    """True if the database refuses the statement for want of a right, not by a trigger."""
    try:
        cursor.execute(statement)
    except errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.slow
def test_everything_works_with_the_application_role_only(empty: World) -> None:
    """Set-up runs as the owner; after it the owner's address is not needed by anything, sample to bundle."""
    assert partwell(empty, "ledger", "vkey").returncode == 2  # nothing there yet, and said so
    done = partwell(empty, "setup-db")
    assert done.returncode == 0, done.stderr
    assert partwell(empty, "setup-db").returncode == 0
    alone = {"PARTWELL_DATABASE_OWNER": ""}
    loaded = _sample(empty)
    made = said(loaded)
    assert made["client"]["name"] == "Northwick Traders" and made["offboarding"] and not loaded.stderr
    assert said(partwell(empty, "ledger", "check", "--files", "--json", **alone))["ok"]
    for arguments in (("ledger", "checkpoint"), ("ledger", "proof", "0"), ("ledger", "vkey")):
        assert partwell(empty, *arguments, **alone).returncode == 0
    table = empty.home.parent / "more.csv"
    table.write_text("Name,Serial\nA printer that nobody knew,SN-1\n")
    name = made["client"]["name"]
    assert said(partwell(empty, "import", "--client", name, str(table), "--json", **alone))["items"] == 1
    out = empty.home.parent / "b.zip"
    built = partwell(empty, "bundle", "--client", name, "--to", "client", "--output", str(out), "--json", **alone)  # fmt: skip
    assert said(built)["ok"]
    assert said(partwell(empty, "ledger", "check", "--json", **alone))["ok"]
    _refused_to_the_application(empty)


def _sample(world: World) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "partwell.entrypoints.cli.main", "sample", "--json"]
    environment = {**world.environment(), "PARTWELL_DATABASE_OWNER": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)


def _refused_to_the_application(world: World) -> None:
    with world.behind(role=APP) as outside:
        cursor = outside.cursor()
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone()[0] == 0, "the application's role owns something"
        for table in APPEND_ONLY:
            for statement in (
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"TRUNCATE {table} CASCADE",
                f"DROP TABLE {table}",
                f"DROP TRIGGER pw_{table}_keep ON {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"ALTER TABLE {table} ADD COLUMN more integer",
                f"ALTER TABLE {table} OWNER TO {APP}",
                f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
                f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION pw_entry_next()",
                f"DROP FUNCTION pw_{table}_keep() CASCADE",
                f"UPDATE {table} SET {_column(cursor, table)} = {_column(cursor, table)}",
            ):
                assert forbidden(cursor, statement), statement
        for statement in (
            "TRUNCATE correspondence_envelope",
            "DROP TRIGGER pw_envelope_client ON correspondence_envelope",
            "ALTER TABLE correspondence_envelope DISABLE TRIGGER ALL",
            "CREATE OR REPLACE FUNCTION pw_entry_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "SET session_replication_role = replica",  # would switch every trigger off
            f"SET ROLE {OWNER}",
            f"GRANT {OWNER} TO {APP}",
            "CREATE TABLE public.mine (id integer)",
            f"GRANT UPDATE ON evidence_entry TO {APP}",
        ):
            assert _fails(cursor, statement), statement


def _column(cursor: Any, table: str) -> str:
    cursor.execute("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
                   "ORDER BY attnum LIMIT 1", (table,))  # fmt: skip
    return str(cursor.fetchone()[0])


def _fails(cursor: Any, statement: str) -> bool:
    """Refused, or (GRANT of what one does not hold) answered with a warning and without effect."""
    if forbidden(cursor, statement):
        return True
    cursor.execute("SELECT has_table_privilege(current_user, 'evidence_entry', 'UPDATE')")
    return statement.startswith("GRANT UPDATE") and not cursor.fetchone()[0]


def test_the_owner_that_is_none_is_told(empty: World) -> None:
    """An owner's address that may not make tables ends in a sentence and exit code 2, not in a half-made database."""
    done = partwell(empty, "setup-db", PARTWELL_DATABASE_OWNER=empty.url + "&application_name=x")
    assert done.returncode == 2 and "PARTWELL_DATABASE_OWNER must be the role" in done.stderr
    assert "Traceback" not in done.stderr, done.stderr[-6000:]
    nobody = partwell(
        empty, "setup-db", PARTWELL_DATABASE_OWNER=empty.owner_url.replace(OWNER, "no_such_role")
    )
    assert nobody.returncode == 2 and "Traceback" not in nobody.stderr, nobody.stderr


def test_an_application_that_owns_the_tables_is_warned(empty: World, request: pytest.FixtureRequest) -> None:
    """With one role for both, a break-in could drop the triggers: `partwell run` and the check say so."""
    alone = {"PARTWELL_DATABASE": empty.owner_url, "PARTWELL_DATABASE_OWNER": ""}
    assert partwell(empty, "setup-db", **alone).returncode == 0
    one_role = World(empty.kind, empty.owner_url, "", empty.home, empty.keys)
    with request.getfixturevalue("django_db_blocker").unblock(), worlds.entered(one_role):
        stage.prepare()
        report = check_ledger(options=CheckOptions(log_store=False))
        assert report.ok
        assert "database-role" in [one.code for one in report.findings]
