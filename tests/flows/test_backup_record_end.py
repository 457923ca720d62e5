# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's record that had ended ends again before an old backup of it is served; so does a key unit."""

import shutil
from pathlib import Path

from partwell.actions.backup.make import back_up
from partwell.actions.evidence import tombstone_lines
from partwell.actions.evidence.log_store import copy_new
from partwell.actions.vault.destroy_unit import destroy_unit
from partwell.records.clients.models import Client
from partwell.records.vault.models import KeyUnit
from partwell.rules.actor import SYSTEM
from partwell.workers import jobs
from tests.flows.backup_cast import age_key, new_place, partwell
from tests.flows.test_record_end import former
from tests.support.worlds import World, entered


def test_a_record_that_ended_ends_again(db_world: World, tmp_path: Path) -> None:
    key, shelf, kept = age_key(tmp_path, "data"), tmp_path / "shelf", tmp_path / "old-keys"
    shelf.mkdir()
    gone = former(db_world)
    ids, quayside = gone.id, gone.c.quayside.id
    file = back_up(shelf, [key.public]).path
    shutil.copytree(db_world.keys, kept)
    kept.chmod(0o700)
    gone.approved()
    while jobs.run_one():
        pass
    copy_new()
    assert not Client.objects.filter(pk=ids).exists()
    kinds = [one.kind for one in tombstone_lines.read(db_world.log)]
    assert kinds.count("record") == 1 and "key_unit" in kinds and "disclosure" in kinds
    with new_place(db_world, tmp_path / "place") as (place, extra):
        environ = {**extra, "PARTWELL_LOG": str(db_world.log), "PARTWELL_KEYS": str(kept)}
        found = partwell(db_world, "restore", str(file), "--into", str(place.home), "--identity", str(key.file),
                         "--keys-into", str(kept), environ=environ)  # fmt: skip
        assert found["again"]["keys"] >= 1 and found["behind"]
        partwell(place, "ledger", "catch-up", "--reason", "The disk died.", environ=environ)
        checked = partwell(place, "ledger", "check", "--files", environ=environ)
        assert {one["code"] for one in checked["findings"]} <= {"entries-lost"}, checked["findings"]
        with entered(World(place.kind, place.url, place.owner_url, place.home, kept)):
            assert not Client.objects.filter(pk=ids).exists()
            assert Client.objects.filter(pk=quayside).exists()
        raw = b"".join(one.read_bytes() for one in place.home.rglob("*") if one.is_file())
        assert b"PLANTED-" not in raw and b"Mara Ellery" not in raw


def test_a_destroyed_unit_is_a_tombstone(db_world: World) -> None:
    gone = former(db_world)
    unit = KeyUnit.objects.get(client_id=gone.id, purpose="credentials")
    destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False, basis="Asked for.")
    found = [one.what for one in tombstone_lines.read(db_world.log)]
    assert found == [{"unit": unit.id.hex, "key": unit.kek_id}]
