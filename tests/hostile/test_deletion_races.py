# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two at once, and somebody with the database in hand: whoever deletes alone or under a hold is stopped or found (R6, R15)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from partwell.actions.evidence.check import check_ledger
from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.run_deletion import start
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Deletion, Hold
from tests.flows.cast import Cast, done
from tests.flows.deletion_cast import (
    begin,
    code,
    due_set,
    entries,
    fill,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
    proposed,
    started,
    work,
)
from tests.support.worlds import World


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each in a thread with a connection of its own, let go together; what each gave, in order."""
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def one(number: int, doing: Callable[[], Any]) -> None:
        try:
            gate.wait(20)
            found[number] = doing()
        except Exception as error:
            found[number] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(n, w)) for n, w in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(isinstance(one, Exception) for one in found), found
    return found


def a_hold(c: Cast) -> Any:
    """Ines places one on everything of Northwick."""
    return place_hold(actor=c.ines, client_id=c.northwick.id, wish=HoldWish(
        "Claim 4711", "A claim.", "A lawyer", timezone.now().date() + timedelta(days=90), whole_client=True))  # fmt: skip


@pytest.mark.both_databases
def test_two_approve_at_once(tmp_path: Path) -> None:
    c = people()
    fill(tmp_path / "n")
    row = due_set(c, folder_facts(tmp_path / "n"))
    from partwell.actions.retention.propose import propose_deletion

    # the owner proposes, so that either colleague could be the second
    deletion = done(propose_deletion(actor=c.jonah, set_id=row.id, reason="The time is over."))
    found = at_once(
        *(lambda who=who: approve_deletion(actor=who, deletion_id=deletion.id) for who in (c.dan, c.priya))
    )
    assert sorted(map(code, found)) == ["deletion_state", "done"]
    assert entries().count("deletion.approved") == 1 and Job.objects.filter(kind="deletion.list").count() == 1
    ledger_is_whole()


@pytest.mark.both_databases
def test_two_propose_at_once(tmp_path: Path) -> None:
    from partwell.actions.retention.propose import propose_deletion

    c = people()
    fill(tmp_path / "n")
    row = due_set(c, folder_facts(tmp_path / "n"))
    found = at_once(
        *(lambda who=who: propose_deletion(actor=who, set_id=row.id, reason="x") for who in (c.dan, c.priya))
    )
    assert sorted(map(code, found)) == ["deletion_open", "done"]
    assert Deletion.objects.count() == 1


@pytest.mark.both_databases
def test_a_start_and_a_hold_at_once(tmp_path: Path) -> None:
    c = people()
    fill(tmp_path / "n", 20)
    stage = listed(c, due_set(c, folder_facts(tmp_path / "n")))
    row = stage.now()
    found = at_once(
        lambda: start(
            actor=c.dan, deletion_id=row.id, shown_digest=row.listed_digest, typed_name=row.backup_set.name
        ),
        lambda: a_hold(c),
    )
    assert code(found[1]) == "done" and code(found[0]) in ("done", "on_hold", "deletion_state")
    work()
    assert stage.now().state == "stopped"
    assert len(list((tmp_path / "n").rglob("*.vhdx"))) == 20, (
        "whoever came first, nothing went after the hold"
    )
    ledger_is_whole()


@pytest.mark.both_databases
def test_a_hold_while_the_work_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker deletes in one thread, the hold is placed in another: what goes after its commit is at most one batch."""
    from partwell.actions.retention import lines
    from partwell.connectors.folder import FolderPlace

    monkeypatch.setattr(lines.batches, "__defaults__", (5,))
    c = people()
    fill(tmp_path / "n", 60)
    stage = started(c, due_set(c, folder_facts(tmp_path / "n")))
    first, placed = threading.Event(), threading.Event()
    sizes: list[int] = []
    real = FolderPlace.delete

    def slow(self: FolderPlace, things: Any) -> Any:
        sizes.append(len(things))
        first.set()
        if len(sizes) == 2:
            placed.wait(20)  # the leave for this batch was given before the hold
        return real(self, things)

    monkeypatch.setattr(FolderPlace, "delete", slow)

    def hold() -> Any:
        first.wait(20)
        result = a_hold(c)
        placed.set()
        return result

    found = at_once(lambda: len(work()), hold)
    assert code(found[1]) == "done"
    row = stage.now()
    left = len(list((tmp_path / "n").rglob("*.vhdx")))
    assert row.state == "stopped" and len(sizes) <= 2
    assert left == 60 - sum(sizes) and row.deleted_count == sum(sizes)
    assert "deletion.halted" in entries()
    ledger_is_whole()


def found_by(world: World, sql: str, *values: Any) -> set[str]:
    """What ledger check says after somebody with the database in hand ran this."""
    with world.behind() as connection:
        cursor = connection.cursor()
        cursor.execute(sql if world.kind == "sqlite" else sql.replace("?", "%s"), values)
    connections.close_all()
    return {finding.code for finding in check_ledger().findings} - {"log-store-missing"}


def key(world: World, value: Any) -> str:
    """A row's id as the database stores it."""
    return value.hex if world.kind == "sqlite" else str(value)


EDITS = {"approved_by_name": "Ines Duarte", "until": "2020-01-01", "effective_on": "2020-01-01", "state": "validated",
         "newer_agreed": True, "left_count": 5, "listed_digest": "0" * 64}  # fmt: skip


@pytest.mark.both_databases
def test_an_edited_deletion_is_found(db_world: World, tmp_path: Path) -> None:
    c = people()
    fill(tmp_path / "n")
    stage = started(c, due_set(c, folder_facts(tmp_path / "n")))
    work()
    for column, value in EDITS.items():
        before = Deletion.objects.values_list(column, flat=True).get(pk=stage.id)
        sql = f"UPDATE retention_deletion SET {column} = ? WHERE id = ?"
        assert found_by(db_world, sql, value, key(db_world, stage.id)) == {"row-changed"}, column
        put_back = before.isoformat() if hasattr(before, "isoformat") else before
        assert found_by(db_world, sql, put_back, key(db_world, stage.id)) == set(), column


@pytest.mark.both_databases
def test_a_set_whose_date_was_edited_is_found(db_world: World, tmp_path: Path) -> None:
    c = people()
    row = due_set(c, folder_facts(tmp_path / "n"))
    sql = "UPDATE retention_backupset SET keep_until = ? WHERE id = ?"
    assert found_by(db_world, sql, "2020-01-01", key(db_world, row.id)) == {"row-changed"}


@pytest.mark.both_databases
def test_a_hold_that_was_removed_behind_the_program_is_found(db_world: World, tmp_path: Path) -> None:
    c = people()
    fill(tmp_path / "n")
    stage = listed(c, due_set(c, folder_facts(tmp_path / "n")))
    hold = done(a_hold(c))
    assert stage.now().state == "stopped"
    found = found_by(db_world, "DELETE FROM retention_hold WHERE id = ?", key(db_world, hold.id))
    assert found == {"row-missing"} and not Hold.objects.exists()


@pytest.mark.both_databases
def test_the_database_itself_wants_two_people(db_world: World, tmp_path: Path) -> None:
    c = people()
    fill(tmp_path / "n")
    stage = proposed(c, due_set(c, folder_facts(tmp_path / "n")))
    with pytest.raises(Exception, match=r"(?i)deletion_second_person"), db_world.behind() as connection:
        connection.cursor().execute("UPDATE retention_deletion SET approved_by_ref = proposed_by_ref")
    assert stage.now().state == "proposed"
    assert not Entry.objects.filter(type="deletion.approved").exists()


@pytest.mark.both_databases
def test_a_start_of_edited_rows_is_refused(db_world: World, tmp_path: Path) -> None:
    """Nobody has to wait for the nightly check: what was edited or removed behind the program deletes nothing."""
    c = people()
    fill(tmp_path / "n")
    stage = listed(c, due_set(c, folder_facts(tmp_path / "n")))
    hold = done(a_hold(c))
    with db_world.behind() as connection:
        cursor = connection.cursor()
        mark = "?" if db_world.kind == "sqlite" else "%s"
        cursor.execute(f"DELETE FROM retention_hold WHERE id = {mark}", (key(db_world, hold.id),))
        cursor.execute("UPDATE retention_deletion SET state = 'listed', stopped_at = NULL, stopped_why = ''")
    connections.close_all()
    assert code(begin(stage)) == "record_altered"
    work()
    assert len(list((tmp_path / "n").rglob("*.vhdx"))) == 5
