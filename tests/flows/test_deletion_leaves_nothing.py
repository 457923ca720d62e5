# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a certified deletion of sets nothing planted in them is in any raw file: database and its log, vault, keys, mail, temp.

The record of the client stays, and with it the lists of what was deleted, encrypted under the record's own key.
"""

from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.keys import unit_for
from partwell.actions.retention.certify import certify, certify_due
from partwell.actions.retention.set_facts import SetFacts
from partwell.actions.retention.vault_place import purpose_of
from partwell.connectors.secret import Secret
from partwell.records.guard import permit
from partwell.records.jobs.models import Job
from partwell.records.retention.models import BackupSet, Deletion
from partwell.records.vault.models import SealedValue, StoredFile
from partwell.rules.keeping import Place
from tests.flows.cast import Cast, done
from tests.flows.deletion_cast import (
    Stage,
    begin,
    code,
    due_set,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
    validated,
    work,
)
from tests.support import postgres
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
INSIDE, NAMED = b"PLANTED-in-a-backup", b"PLANTED-as-a-name"


def hits(folder: Path) -> dict[str, list[bytes]]:
    """File → markers in its raw bytes."""
    out = {}
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            if found := [marker for marker in (INSIDE, NAMED) if marker in data]:
                out[str(file.relative_to(folder))] = found
    return out


def in_vault(c: Cast) -> BackupSet:
    """A set whose files lie in our vault."""
    row = due_set(c, SetFacts(name="Vault set", location="our vault", place=Place.VAULT))
    unit_for(c.dan, row.client_id, purpose_of(row))
    stored = [files.store(c.dan, INSIDE * 4000, client_id=row.client_id, name=f"disk-{n}.img", purpose=purpose_of(row))
              for n in range(2)]  # fmt: skip
    with Deed(c.dan) as deed:
        deed.lock(row.client_id)
        for one in stored:
            deed.add(one)
        deed.record("client.changed", subjects=[row.id], public={"what": "the test's files"})
    return row


def in_folder(c: Cast, path: Path) -> BackupSet:
    """A set in a folder; its files' names say something of the client."""
    import os

    folder = path / "northwick"
    folder.mkdir()
    for number in range(40):
        file = folder / f"{NAMED.decode()}-{number}.bak"
        file.write_bytes(INSIDE)
        os.utime(file, (1_000_000_000, 1_000_000_000))
    return due_set(c, folder_facts(folder, "Folder set"))


def carried_out(c: Cast, row: BackupSet) -> Stage:
    """From proposal to validation."""
    stage = listed(c, row)
    done(begin(stage, newer_agreed=True))
    work()
    assert stage.now().state == "verified", stage.now().findings
    validated(stage)
    return stage


def test_nothing_that_was_planted_is_left(db_world: World, tmp_path: Path) -> None:
    c = people()
    vault, folder = in_vault(c), in_folder(c, tmp_path)
    held = StoredFile.objects.filter(unit__purpose=purpose_of(vault)).first()
    assert held is not None and files.read_file(held).startswith(INSIDE), "it was there to be destroyed"
    stages = [carried_out(c, vault), carried_out(c, folder)]
    assert certify_due(now=timezone.now()) == 2
    work()
    assert all(stage.now().state == "certified" for stage in stages)
    scrubbed = Job.objects.filter(kind="deletion.scrub")
    assert [one.state for one in scrubbed] == ["done", "done"]
    ledger_is_whole()
    connection.close()
    for place in (db_world.home, db_world.log, db_world.keys, tmp_path):
        assert hits(place) == {}, place
    if db_world.kind == "postgresql":
        assert all("write-ahead log" in one.result["left"][-1] for one in scrubbed)
        assert _raw_tables(db_world) <= {"pg_statistic", "pg_toast_2619"}


def _raw_tables(world: World) -> set[str]:
    """Tables of PostgreSQL's own files with a marker; its statistics keep samples, its log is said to keep pages."""
    with psycopg.connect(world.owner_url.replace(postgres.OWNER, postgres.SUPER), autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        row = admin.execute("SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()").fetchone()  # fmt: skip
        assert row is not None
        names = {
            str(node): str(name)
            for node, name in admin.execute(
                "SELECT pg_relation_filenode(oid)::text, relname FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL"
            ).fetchall()
        }
    found = hits(Path(row[0]) / "base" / str(row[1]))
    return {names.get(Path(one).name.split(".")[0], one) for one in found}


def test_the_storages_secret_goes_with_its_set(c: Cast, tmp_path: Path) -> None:
    row = in_folder(c, tmp_path)
    from partwell.actions.retention.record_set import change_set

    done(change_set(actor=c.dan, set_id=row.id, facts=folder_facts(tmp_path / "northwick", "Folder set"),
                    secret=Secret("a made-up secret of a storage")))  # fmt: skip
    sealed = SealedValue.objects.get(subject_id=row.id, field="storage")
    assert sealed.ciphertext
    carried_out(c, row)
    sealed.refresh_from_db()
    assert sealed.ciphertext is None and sealed.purged_at is not None
    ledger_is_whole()


def test_no_certificate_on_rows_edited_behind_the_program(c: Cast, tmp_path: Path) -> None:
    """Whoever has the database writes an earlier day, or a validator, into it: nothing is certified on that."""
    stage = carried_out(c, in_folder(c, tmp_path))
    with permit("deed"):
        Deletion.objects.filter(pk=stage.id).update(validated_by_name="Somebody Else")
    assert code(certify(actor=c.jonah, deletion_id=stage.id)) == "record_altered"
    assert certify_due(now=timezone.now()) == 0 and stage.now().state == "validated"


@pytest.fixture
def c(db_world: World) -> Cast:
    """The people."""
    return people()
