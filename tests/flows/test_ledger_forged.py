# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forgers with more patience: triggers that look whole, a log rebuilt with the real key, a log store that is gone."""

import dataclasses
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from partwell.actions.evidence import check_notes
from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.evidence.log_store import copy_new
from partwell.records.evidence.models import Entry, LogState
from sealed import entry, merkle
from sealed.verify import verify
from tests.flows.test_ledger_check import attack, first, sealed_world
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


def binary(world: World, value: bytes) -> str:
    return f"X'{value.hex()}'" if world.kind == "sqlite" else f"'\\x{value.hex()}'::bytea"


def rebuild(world: World, index: int) -> None:
    """Give entry ``index`` another time and recompute everything that hangs on it, signed with the real key."""
    leaf = entry.parse_leaf(bytes(Entry.objects.get(index=index).leaf))
    moment = leaf.when + timedelta(days=-30)
    raw = bytes(Entry.objects.get(index=index).leaf)
    new = raw.replace(leaf.at.encode(), entry.format_at(moment).encode())
    assert new != raw and entry.parse_leaf(new) == dataclasses.replace(leaf, at=entry.format_at(moment))
    leaves = [bytes(one) for one in Entry.objects.order_by("index").values_list("leaf", flat=True)]
    leaves[index] = new
    zone = "" if world.kind == "sqlite" else "+00"
    stored = f"leaf = {binary(world, new)}, leaf_hash = {binary(world, merkle.leaf_hash(new))}"
    at = f"recorded_at = '{moment:%Y-%m-%d %H:%M:%S.%f}{zone}'"
    statements = [
        "DELETE FROM evidence_checkpoint",
        f'UPDATE evidence_entry SET {stored}, {at} WHERE "index" = {index}',
    ]
    compact = merkle.CompactRange()
    for one in leaves:
        for level, position, value in compact.append(merkle.leaf_hash(one)):
            statements.append(
                f'UPDATE evidence_node SET hash = {binary(world, value)} WHERE level = {level} AND "index" = {position}'
            )
    attack(world, *statements)
    connection.close()
    shutil.rmtree(settings.PARTWELL_LOG)
    copy_new()


def test_a_rebuilt_log_is_found_by_what_a_client_holds(db_world: World, tmp_path: Path) -> None:
    """Whoever has database, key and log store can rewrite everything; the checkpoint in a client's mail names it."""
    sealed_world()
    held = make_checkpoint()
    assert held is not None
    rebuild(db_world, 3)
    connection.close()
    assert check_ledger().ok  # nothing inside the installation can tell: that is why clients hold checkpoints
    assert first(checkpoints={"Mara Ellery's mail": held.note.encode()}) == (
        "log-forked",
        "Mara Ellery's mail",
    )
    made = make_checkpoint()
    assert made is not None and made.size == held.size and made.root != held.root
    key = LogState.objects.get().vkey
    old, new = tmp_path / "held.note", tmp_path / "new.note"
    old.write_text(held.note)
    new.write_text(made.note)
    assert verify(old, key).ok and verify(new, key).ok  # both are signed; only side by side they contradict


def test_a_log_store_that_is_gone_or_behind(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed_world()
    shutil.rmtree(settings.PARTWELL_LOG)
    report = check_ledger()
    assert report.ok and [one.code for one in report.findings] == ["log-store-missing"]
    assert (
        copy_new() == Entry.objects.count()
    )  # the worker begins again with the first entry, not in the middle
    assert not check_ledger().findings
    path = Path(settings.PARTWELL_LOG) / "entries.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-2]))
    assert not check_ledger().findings  # a worker that has not come to it yet is no news
    monkeypatch.setattr(check_notes.timezone, "now", lambda real=timezone.now: real() + timedelta(hours=2))
    report = check_ledger()
    assert report.ok and [one.code for one in report.findings] == ["log-store-behind"]


def test_a_trigger_that_only_looks_whole(db_world: World) -> None:
    sealed_world()
    if db_world.kind == "sqlite":
        name = "pw_evidence_entry_delete"
        tricks = [f"CREATE TRIGGER {name} BEFORE DELETE ON evidence_entry WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END",
                  f"CREATE TRIGGER {name} AFTER DELETE ON evidence_checkpoint BEGIN SELECT 1; END"]  # fmt: skip
        drop = f"DROP TRIGGER {name}"
        undo: list[str] = []
    else:
        name = "pw_evidence_entry_keep"
        drop = f"DROP TRIGGER {name} ON evidence_entry"
        run = f"EXECUTE FUNCTION {name}()"
        tricks = [
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON evidence_entry FOR EACH ROW WHEN (false) {run}",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON evidence_entry FOR EACH ROW {run}",
            f"CREATE TRIGGER {name} AFTER UPDATE OR DELETE ON evidence_entry FOR EACH ROW {run}",
            f"CREATE TRIGGER {name} BEFORE UPDATE OF type OR DELETE ON evidence_entry FOR EACH ROW {run}",
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON evidence_entry FOR EACH STATEMENT {run}",
        ]
        undo = [
            f"ALTER TABLE evidence_entry ENABLE REPLICA TRIGGER {name}",
            f"ALTER TABLE evidence_entry DISABLE TRIGGER {name}",
        ]
    with db_world.behind() as outside:
        cursor = outside.cursor()
        for trick in undo:
            cursor.execute(trick)
            assert first() == ("trigger-missing", f"trigger {name}"), trick
        for trick in tricks:
            cursor.execute(drop)
            cursor.execute(trick)
            assert first() == ("trigger-missing", f"trigger {name}"), trick


def test_the_first_wrong_thing_is_named_first(db_world: World) -> None:
    """Three things at once: the report begins with the earliest in its stated order, and holds them all."""
    sealed_world()
    attack(
        db_world,
        "UPDATE estate_item SET title = 'Other' WHERE title = 'Document 1'",
        "DELETE FROM evidence_disclosure WHERE label = 'client'",
        "UPDATE evidence_entry SET client_ref = '0123456789abcdef0123456789abcdef' WHERE type = 'release.sent'",
    )
    connection.close()
    codes: list[Any] = [one.code for one in check_ledger(options=CheckOptions()).findings]
    assert codes[0] == "entry-columns"
    assert codes.index("disclosure-missing") < codes.index("row-changed")
