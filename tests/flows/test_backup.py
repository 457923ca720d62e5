# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup is made while others work, tells nothing without its key, and comes back whole; keys are never in it."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from partwell.actions import files
from partwell.actions.backup.archive import BackupFailed
from partwell.actions.backup.make import back_up, back_up_keys
from partwell.actions.base import Deed
from partwell.actions.evidence.log_store import copy_new
from partwell.connectors.errors import ConnectorError
from tests.flows.backup_cast import AgeKey, age_key, members_of, new_place, partwell, plain_of
from tests.kill import stage
from tests.support.programs import ground
from tests.support.worlds import World

MARKER = b"the planted marker of Northwick, 4711"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with ground("backup") as folder:
        yield folder


@pytest.fixture
def keys(tmp_path: Path) -> tuple[AgeKey, AgeKey]:
    return age_key(tmp_path, "data"), age_key(tmp_path, "keys")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def departure(world: World) -> stage.Departure:
    made = stage.prepare()
    stored = files.store(made.actor, MARKER * 100_000, client_id=made.client, name="large.bin")
    with Deed(made.actor) as deed:
        deed.lock(made.client)
        deed.add(stored)
        deed.record("client.changed", subjects=[made.client], public={"what": "a large file"})
    copy_new()
    return made


@pytest.fixture
def cluster(request: pytest.FixtureRequest, database: str) -> Any:
    return request.getfixturevalue("pg_cluster") if database == "postgresql" else None


@pytest.mark.both_databases
def test_what_was_backed_up_comes_back_whole(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path, tmp_path: Path, cluster: Any
) -> None:
    departure(db_world)
    made = partwell(db_world, "backup", "--to", str(shelf), "--recipient", keys[0].public)
    file = Path(made["output"])
    assert file.parent == shelf and file.name.endswith(".data.age")
    assert made["files"] == 4 and not made["missing"]
    assert [one.name for one in shelf.iterdir()] == [file.name]
    with new_place(db_world, tmp_path / "place", cluster) as (place, extra):
        extra |= {"PARTWELL_LOG": str(db_world.log)}
        found = partwell(db_world, "restore", str(file), "--into", str(place.home), "--identity", str(keys[0].file),
                         "--keys-into", str(db_world.keys), environ=extra)  # fmt: skip
        assert (
            found["ok"]
            and found["findings"] == []
            and found["known_by"] == "the log store"
            and not found["behind"]
        )
        assert found["facts"]["files_hashed"] and found["facts"]["files"] == 4
        again = partwell(place, "ledger", "check", "--files", environ={"PARTWELL_LOG": str(db_world.log)})
        assert again["findings"] == []
        assert not list(tmp_path.glob("place/*.restoring"))
        assert place.home.stat().st_mode & 0o777 == 0o700


@pytest.mark.both_databases
def test_verify_restores_and_leaves_nothing(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path, tmp_path: Path, cluster: Any
) -> None:
    departure(db_world)
    file = back_up(shelf, [keys[0].public]).path
    with new_place(db_world, tmp_path / "scratch", cluster) as (_, extra):
        extra = extra if cluster else {}
        found = partwell(
            db_world, "backup", "--verify", str(file), "--identity", str(keys[0].file), environ=extra
        )
    assert found["ok"] and found["kept"] is False and found["facts"]["files_hashed"]
    assert not list((db_world.home / "tmp").iterdir())


@pytest.mark.both_databases
def test_a_backup_while_others_write_is_of_one_moment(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path, tmp_path: Path, cluster: Any
) -> None:
    made = departure(db_world)
    stop, written = threading.Event(), [0]

    def write() -> None:
        try:
            while not stop.is_set():
                stored = files.store(
                    made.actor, os.urandom(5_000), client_id=made.client, name=f"n{written[0]}.bin"
                )
                with Deed(made.actor) as deed:
                    deed.lock(made.client)
                    deed.add(stored)
                    deed.record(
                        "client.changed", subjects=[made.client], public={"what": f"file {written[0]}"}
                    )
                written[0] += 1
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while written[0] < 5:
            pass
        one = back_up(shelf, [keys[0].public])
        before = written[0]
        while written[0] < before + 3:
            pass
    finally:
        stop.set()
        thread.join()
    with new_place(db_world, tmp_path / "place", cluster) as (place, extra):
        found = partwell(db_world, "restore", str(one.path), "--into", str(place.home), "--identity", str(keys[0].file),
                         "--keys-into", str(db_world.keys), environ={**extra, "PARTWELL_LOG": str(db_world.log)})  # fmt: skip
    assert found["ok"] and found["entries"] == one.entries
    assert [one["code"] for one in found["findings"] if one["code"] != "file-stray"] == []


@pytest.mark.both_databases
def test_no_key_is_in_the_datas_archive(db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path) -> None:
    departure(db_world)
    file = back_up(shelf, [keys[0].public]).path
    raw, plain = file.read_bytes(), plain_of(file, keys[0])
    assert MARKER[:20] not in raw and MARKER[:20] not in plain
    secrets = [one.read_bytes() for one in db_world.keys.iterdir()]
    assert len(secrets) > 2
    for content in secrets:
        for part in (content, content[6:38], content[6:38].hex().encode()):
            assert part not in plain
    names = [name for name, _ in members_of(plain)]
    assert names[:2] == ["backup.json", "checkpoint"] and names[-2:] == ["manifest-sha256.txt", "seal.note"]


def test_keys_have_an_archive_of_their_own(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path, tmp_path: Path
) -> None:
    departure(db_world)
    vault = tmp_path / "safe"
    vault.mkdir()
    with pytest.raises(BackupFailed, match="PARTWELL_KEY_BACKUP_DAYS"):
        back_up_keys(vault, [keys[1].public])
    data = back_up(shelf, [keys[0].public]).path
    with override_settings(PARTWELL_KEY_BACKUP_DAYS=30):
        with pytest.raises(BackupFailed, match="apart"):
            back_up_keys(shelf, [keys[1].public])
        with pytest.raises(BackupFailed, match="lies inside"):
            back_up_keys(db_world.home, [keys[1].public])
        old = back_up_keys(vault, [keys[1].public], now=datetime.now(UTC) - timedelta(days=31))
        made = back_up_keys(vault, [keys[1].public])
    assert made.removed == (old.path.name,) and not old.path.exists()
    with pytest.raises(BackupFailed, match="apart"):
        back_up(vault, [keys[0].public])
    ids = {one.stem for one in db_world.keys.glob("*.key")}
    assert {
        name.split("/")[1][:-4]
        for name, _ in members_of(plain_of(made.path, keys[1]))
        if name.endswith(".key")
    } == ids
    place = tmp_path / "place"
    place.mkdir()
    found = partwell(db_world, "restore", str(data), "--into", str(place / "home"), "--identity", str(keys[0].file),
                     "--keys", str(made.path), "--keys-into", str(place / "keys"), "--keys-identity", str(keys[1].file),
                     environ={"PARTWELL_LOG": str(db_world.log)})  # fmt: skip
    assert found["ok"] and found["keys"] == len(ids) and found["facts"]["files_hashed"]
    assert {one.stem for one in (place / "keys").glob("*.key")} == ids
    assert (place / "keys").stat().st_mode & 0o777 == 0o700


def test_one_key_for_both_is_refused(db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path) -> None:
    import dataclasses

    from django.conf import settings

    departure(db_world)
    other = dataclasses.replace(settings.ENV, key_backup_recipients=(keys[0].public,))
    with override_settings(ENV=other), pytest.raises(BackupFailed, match="both data and keys"):
        back_up(shelf, [keys[0].public])
    with pytest.raises(BackupFailed, match="For whom"):
        back_up(shelf)
    assert not list(shelf.iterdir())


def test_a_missing_file_is_said_and_not_hidden(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path
) -> None:
    departure(db_world)
    lost = next(one for one in (db_world.home / "vault").glob("??/*"))
    lost.unlink()
    made = partwell(db_world, "backup", "--to", str(shelf), "--recipient", keys[0].public, check=1)
    assert made["missing"] == 1 and made["files"] == 3
    found = partwell(db_world, "backup", "--verify", made["output"], "--identity", str(keys[0].file), check=1)
    assert found["findings"][0]["code"] == "file-missing"


def test_the_wrong_key_and_a_full_home_are_refused(
    db_world: World, keys: tuple[AgeKey, AgeKey], shelf: Path, tmp_path: Path
) -> None:
    departure(db_world)
    file = back_up(shelf, [keys[0].public]).path
    found = partwell(db_world, "restore", str(file), "--into", str(tmp_path / "home"), "--identity", str(keys[1].file),
                     "--keys-into", str(db_world.keys), environ={"PARTWELL_LOG": str(db_world.log)}, check=2)  # fmt: skip
    assert "does not open" in found["problem"] and "Nothing was restored" in found["problem"]
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("here")
    found = partwell(db_world, "restore", str(file), "--into", str(full), "--identity", str(keys[0].file),
                     "--keys-into", str(db_world.keys), environ={"PARTWELL_LOG": str(db_world.log)}, check=2)  # fmt: skip
    assert "not empty" in found["problem"] and (full / "letter.txt").read_text() == "here"
    assert not (tmp_path / "home").exists() and not list(tmp_path.glob("*.restoring"))


def test_errors_are_of_one_kind() -> None:
    assert issubclass(BackupFailed, ConnectorError)
