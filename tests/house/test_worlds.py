# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ground itself: a world of one's own, real commits, the guard in force, an application that owns no table."""

import os
import subprocess
import sys
import threading
from datetime import timedelta

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.utils import timezone

from tests.support.postgres import APP
from tests.support.worlds import World


def _leave_a_trace() -> None:
    Session.objects.create(
        session_key="trace", session_data="", expire_date=timezone.now() + timedelta(days=1)
    )


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_empty_and_commits_for_real(db_world: World, turn: int) -> None:
    assert connection.vendor == db_world.kind
    assert Session.objects.count() == 0
    _leave_a_trace()
    seen: list[int] = []

    def from_another_connection() -> None:
        seen.append(Session.objects.count())
        connections.close_all()

    thread = threading.Thread(target=from_another_connection)
    thread.start()
    thread.join()
    assert seen == [1]
    with db_world.behind() as raw:
        assert raw.execute("SELECT count(*) FROM django_session").fetchone() == (1,)


@pytest.mark.both_databases
def test_a_child_process_lives_in_the_same_world(db_world: World) -> None:
    _leave_a_trace()
    code = (
        "import django; django.setup()\n"
        "from django.contrib.sessions.models import Session\n"
        "print(Session.objects.get().session_key)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=db_world.environment(), capture_output=True, text=True
    )
    assert done.stdout.strip() == "trace", done.stderr


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE django_session",
        "TRUNCATE django_session",
        "ALTER TABLE django_session DISABLE TRIGGER ALL",
        "CREATE TABLE mine (a int)",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_role_owns_nothing(db_world: World, statement: str) -> None:
    # Below the guard, which would refuse these first: this is what the database itself refuses.
    with db_world.behind(role=APP) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement)


def test_rows_without_asking_for_a_world_are_refused() -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        Session.objects.count()


@pytest.mark.both_databases
def test_the_write_guard_is_in_force_here(db_world: World) -> None:
    from partwell.records.clients.models import Client

    connection.ensure_connection()
    assert connection.execute_wrappers, "the guard is not installed on this connection"
    with pytest.raises(Exception, match="action"):
        Client(name="Nobody asked an action").save()
    assert Client.objects.count() == 0


def test_nobody_elses_installation_is_touched() -> None:
    assert "partwell-test-" in os.environ["PARTWELL_HOME"]
