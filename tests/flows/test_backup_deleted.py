# SPDX-License-Identifier: AGPL-3.0-or-later
"""An old backup brings nothing back that was destroyed after it, and a ledger behind its log store is not served."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from partwell.actions import files
from partwell.actions.backup.make import back_up
from partwell.actions.base import Deed
from partwell.actions.evidence import tombstone_lines
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.evidence.log_store import copy_new, stored_count
from partwell.actions.evidence.log_tail import LedgerBehind
from partwell.actions.evidence.tombstones import (
    BLOB,
    DISCLOSURE,
    KEY_UNIT,
    apply_tombstones,
    queue_tombstone,
    waiting,
    write_pending,
)
from partwell.actions.keys import blob_store, key_store
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Disclosure, Entry, Tombstone
from partwell.records.guard import permit
from partwell.records.vault.models import KeyUnit, StoredFile
from partwell.rules.actor import SYSTEM
from tests.flows.backup_cast import AgeKey, age_key, new_place, partwell
from tests.kill import stage
from tests.support.programs import ground
from tests.support.worlds import World, entered

MARKER = "the planted marker of Northwick 4711"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with ground("backup") as folder:
        yield folder


@pytest.fixture
def key(tmp_path: Path) -> AgeKey:
    return age_key(tmp_path, "data")


@pytest.fixture
def cluster(request: pytest.FixtureRequest, database: str) -> Any:
    return request.getfixturevalue("pg_cluster") if database == "postgresql" else None


def planted() -> tuple[stage.Departure, StoredFile, int]:
    """A departure, a file with the marker, and the number of an entry that says it."""
    made = stage.prepare()
    stored = files.store(made.actor, MARKER.encode() * 1000, client_id=made.client, name="marker.bin", purpose="credentials")  # fmt: skip
    with Deed(made.actor) as deed:
        deed.lock(made.client)
        deed.add(stored)
        deed.record("client.changed", subjects=[made.client], public={"what": MARKER})
    copy_new()
    return made, stored, deed.indexes[0]


def destroyed(made: stage.Departure, stored: StoredFile, index: int) -> KeyUnit:
    """Destroy the file's key unit, its blob and the entry's content, each with its tombstone, as deletions do."""
    unit = KeyUnit.objects.get(pk=stored.unit_id)
    with Deed(SYSTEM) as deed:
        deed.lock(made.client)
        deed.save(unit, destroyed_at=deed.now)
        queue_tombstone(deed, KEY_UNIT, unit=unit.id.hex, key=unit.kek_id)
        queue_tombstone(deed, BLOB, blob=stored.blob_id)
        queue_tombstone(deed, DISCLOSURE, index=index, label="public")
        deed.record("client.changed", subjects=[unit.id], public={"what": "destroyed"})
    assert write_pending() == 3
    key_store().destroy(unit.kek_id)
    blob_store().delete(stored.blob_id)
    copy_new()
    return unit


@pytest.mark.both_databases
def test_an_old_backup_brings_nothing_back(
    db_world: World, key: AgeKey, tmp_path: Path, cluster: Any
) -> None:
    made, stored, index = planted()
    shelf, kept = tmp_path / "shelf", tmp_path / "old-keys"
    shelf.mkdir()
    file = back_up(shelf, [key.public]).path
    shutil.copytree(db_world.keys, kept)  # a key store's backup that somebody kept too long
    kept.chmod(0o700)
    unit = destroyed(made, stored, index)
    with new_place(db_world, tmp_path / "place", cluster) as (place, extra):
        extra |= {"PARTWELL_LOG": str(db_world.log)}
        found = partwell(db_world, "restore", str(file), "--into", str(place.home), "--identity", str(key.file),
                         "--keys-into", str(kept), environ=extra)  # fmt: skip
        assert found["again"] == {
            "keys": 1,
            "blobs": 1,
            "disclosures": 1,
            "secrets": 0,
            "units": 0,
            "records": 0,
            "total": 3,
        }
        assert found["behind"] == 1
        assert not (kept / f"{unit.kek_id}.key").exists()
        raw = b"".join(one.read_bytes() for one in place.home.rglob("*") if one.is_file())
        assert MARKER.encode() not in raw
        # Nothing is served below the newest known checkpoint …
        served = subprocess.run([sys.executable, "-m", "partwell.entrypoints.cli.main", "run"], capture_output=True, text=True,
                                env={**place.environment(), "PARTWELL_KEYS": str(kept), **extra}, check=False, timeout=120)  # fmt: skip
        assert served.returncode == 1 and "catch-up" in served.stderr
        for module in ("partwell.workers", "partwell.wsgi"):
            other = subprocess.run([sys.executable, "-m", module], capture_output=True, text=True, check=False, timeout=120,
                                   env={**place.environment(), "PARTWELL_KEYS": str(kept), **extra})  # fmt: skip
            assert other.returncode == 1 and "Nothing is served below" in other.stderr
        environ = {**extra, "PARTWELL_KEYS": str(kept)}
        refused = partwell(place, "ledger", "checkpoint", check=2, environ=environ)
        assert "catch-up" in refused["problem"]
        # … until an owner takes the missing entries over; then the unit's row says that it is destroyed, too.
        caught = partwell(
            place, "ledger", "catch-up", "--reason", "The disk of the server died.", environ=environ
        )
        assert (caught["first"], caught["last"]) == (index + 1, index + 1)
        checked = partwell(place, "ledger", "check", "--files", environ=environ)
        assert [one["code"] for one in checked["findings"]] == ["entries-lost"]
        with entered(World(place.kind, place.url, place.owner_url, place.home, kept)):
            assert KeyUnit.objects.get(pk=unit.id).destroyed_at is not None
            assert Entry.objects.filter(type="deletion.reapplied").count() == 1
            assert apply_tombstones().total == 0


def test_a_home_that_was_copied_back_is_made_ready_at_start(
    db_world: World, key: AgeKey, tmp_path: Path
) -> None:
    made, stored, index = planted()
    unit = KeyUnit.objects.get(pk=stored.unit_id)
    kek = (db_world.keys / f"{unit.kek_id}.key").read_bytes()
    blob = db_world.home / "vault" / stored.blob_id[:2] / stored.blob_id
    kept = blob.read_bytes()
    destroyed(made, stored, index)
    (db_world.keys / f"{unit.kek_id}.key").write_bytes(kek)
    (db_world.keys / f"{unit.kek_id}.key").chmod(0o600)
    blob.write_bytes(kept)
    assert waiting()
    done = apply_tombstones()
    assert (done.keys, done.blobs) == (1, 1) and not waiting()
    assert not blob.exists() and apply_tombstones().total == 0


@pytest.mark.both_databases
def test_catching_up_keeps_the_log_and_ends_what_may_have_ended(
    db_world: World, key: AgeKey, tmp_path: Path, cluster: Any
) -> None:
    made = stage.prepare()
    from tests.flows.test_ledger_check import release_only

    release_only(made)  # an announcement waits
    copy_new()
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    file = back_up(shelf, [key.public]).path
    before = Entry.objects.count()
    from partwell.records.authorisations.models import Authorisation

    row = Authorisation.objects.get()
    with Deed(made.actor) as deed:  # the client withdraws after the backup
        deed.lock(made.client)
        from partwell.actions.authorisations.end import withdraw

        withdraw(deed, row, "No more.")
    copy_new()
    held = make_checkpoint()
    assert held is not None and held.size > before
    with new_place(db_world, tmp_path / "place", cluster) as (place, extra):
        environ = {**extra, "PARTWELL_LOG": str(db_world.log)}
        found = partwell(db_world, "restore", str(file), "--into", str(place.home), "--identity", str(key.file),
                         "--keys-into", str(db_world.keys), environ=environ)  # fmt: skip
        assert found["behind"] == held.size - before
        caught = partwell(place, "ledger", "catch-up", "--reason", "Lost.", environ=environ)
        assert caught["consents"] == 1 and caught["mails"] == 1
        note = tmp_path / "held.note"
        note.write_text(held.note)
        checked = partwell(place, "ledger", "check", "--checkpoint", str(note), environ=environ)
        assert [one["code"] for one in checked["findings"]] == ["entries-lost"]
        with entered(place):
            assert Authorisation.objects.get().state == "withdrawn"
            assert set(
                Envelope.objects.filter(kind="release_announcement").values_list("state", flat=True)
            ) == {"unknown"}
        again = partwell(place, "ledger", "catch-up", "--reason", "Lost.", check=2, environ=environ)
        assert "Nothing is missing" in again["problem"]


def test_nothing_is_appended_below_the_newest_checkpoint(db_world: World) -> None:
    made, _, _ = planted()
    at = db_world.log / "checkpoints.txt"
    size = Entry.objects.count()
    text = at.read_text()
    last = text.rsplit("-" * 64, 2)[-2].lstrip("\n")
    at.write_text(text + last.replace(f"\n{size}\n", f"\n{size + 5}\n", 1) + "-" * 64 + "\n")
    with pytest.raises(LedgerBehind, match="Nothing is served below"), Deed(made.actor) as deed:
        deed.record("client.changed", client=made.client, public={"client": "Northwick", "what": "x"})
    assert Entry.objects.count() == size


def test_a_tombstone_survives_a_crash_before_it_was_copied(db_world: World) -> None:
    made, stored, _ = planted()
    with Deed(SYSTEM) as deed:
        queue_tombstone(deed, BLOB, blob=stored.blob_id)
        deed.record("client.changed", client=made.client, public={"client": "Northwick", "what": "x"})
    assert list(tombstone_lines.read(db_world.log)) == []
    path = db_world.log / tombstone_lines.FILE
    path.write_bytes(b'{"half": ')  # a line that broke off
    copy_new()
    found = list(tombstone_lines.read(db_world.log))
    assert [(one.kind, one.what) for one in found] == [(BLOB, {"blob": stored.blob_id})]
    with permit("deed"):
        Tombstone.objects.update(copied_at=None)  # written, not noted
    copy_new()
    assert path.read_bytes().count(b"\n") == 2 and len(list(tombstone_lines.read(db_world.log))) == 1


def test_a_tombstone_holds_ids_only_and_a_broken_line_stops_everything(db_world: World) -> None:
    stage.prepare()
    with pytest.raises(ValueError, match="no id"), Deed(SYSTEM) as deed:
        queue_tombstone(deed, BLOB, blob="Mara Ellery")
    with pytest.raises(ValueError, match="fields"), Deed(SYSTEM) as deed:
        queue_tombstone(deed, KEY_UNIT, unit=UUID(int=1).hex)
    assert Tombstone.objects.count() == 0
    db_world.log.mkdir(exist_ok=True)
    (db_world.log / tombstone_lines.FILE).write_text(json.dumps({"kind": "blob"}) + "\n")
    with pytest.raises(tombstone_lines.TombstoneBroken, match="Line 1"):
        apply_tombstones()


def test_the_log_store_is_what_it_was(db_world: World) -> None:
    planted()
    assert stored_count() == Entry.objects.count()
    assert Disclosure.objects.exists() and check_ledger().ok
    assert os.access(db_world.log, os.W_OK)
