# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is changed behind the program's back, the ledger's check finds it and names it first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.evidence.log_store import copy_new
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, LogState
from partwell.records.vault.models import StoredFile
from tests.kill import stage
from tests.support.kept import kept
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@kept
def sealed_world() -> stage.Departure:
    """A departure with one release under way, a checkpoint and a copy of the log."""
    departure = stage.prepare()
    release_only(departure)
    copy_new()
    report = check_ledger(options=CheckOptions(files=True))
    assert report.ok, report.findings
    assert not report.findings
    assert report.facts["rows"] > 10
    assert report.facts["files"] == 3
    return departure


def release_only(departure: stage.Departure) -> None:
    from partwell.actions.releases.gate import Target
    from partwell.actions.releases.release_items import release_items
    from partwell.records.authorisations.models import RecipientPerson
    from partwell.records.clients.models import Contact
    from partwell.rules.terms import Party

    target = Target(Party.PROVIDER, contact=Contact.objects.get(pk=departure.contact),
                    person=RecipientPerson.objects.select_related("recipient").get(pk=departure.person))  # fmt: skip
    release_items(
        actor=departure.actor,
        client_id=departure.client,
        target=target,
        item_ids=departure.items,
        idempotency="click",
    )


def first(**options: Any) -> tuple[str, str]:
    """Code and place of the first finding, of a fresh look."""
    connection.close()
    report = check_ledger(options=CheckOptions(**options))
    assert not report.ok
    return report.findings[0].code, report.findings[0].where


def without_triggers(world: World, cursor: Any, work: Callable[[Any], None]) -> None:
    """Do what the triggers forbid, as an administrator of the database would, and leave them as they were."""
    if world.kind == "sqlite":
        kept = cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in kept:
            cursor.execute(f"DROP TRIGGER {name}")
        work(cursor)
        for _, sql in kept:
            cursor.execute(sql)
    else:
        cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        kept = cursor.fetchall()
        for name, table in kept:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        work(cursor)
        for name, table in kept:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}")


def attack(world: World, *statements: str) -> None:
    """Run statements behind the program's back."""
    with world.behind() as outside:
        cursor = outside.cursor()
        without_triggers(world, cursor, lambda at: [at.execute(sql) for sql in statements])


def test_a_row_that_was_edited(db_world: World) -> None:
    sealed_world()
    attack(db_world, "UPDATE estate_item SET title = 'Something else' WHERE title = 'Document 1'")
    code, where = first()
    assert code == "row-changed"
    assert where.startswith("estate_item ")


def test_a_row_that_was_put_back_with_its_version(db_world: World) -> None:
    sealed_world()
    attack(db_world, "UPDATE clients_client SET row_version = row_version + 1")
    assert first()[0] == "row-version"


def test_a_row_that_was_deleted(db_world: World) -> None:
    sealed_world()
    attack(db_world, "DELETE FROM authorisations_termsacceptance")
    code, where = first()
    assert code == "row-missing"
    assert where.startswith("authorisations_termsacceptance ")


def test_a_row_that_was_inserted(db_world: World) -> None:
    sealed_world()
    new = "'0123456789abcdef0123456789abcdef'"
    attack(db_world, "INSERT INTO clients_site (id, row_version, client_id, name, address, note) "
                     f"SELECT {new}, 1, id, 'A site', '', '' FROM clients_client")  # fmt: skip
    assert first() == ("row-added", "clients_site 0123456789abcdef0123456789abcdef")


def test_a_disclosure_that_was_altered(db_world: World) -> None:
    sealed_world()
    uid = Entry.objects.get(type="release.sent").uid
    index = Entry.objects.get(uid=uid).index
    new = json.dumps({"actor": "Nobody"}, separators=(",", ":")).encode().hex()
    value = f"X'{new}'" if db_world.kind == "sqlite" else f"'\\x{new}'::bytea"
    attack(
        db_world,
        f"UPDATE evidence_disclosure SET content = {value} WHERE entry_uid = '{uid.hex}' AND label = 'public'",
    )
    assert first() == ("disclosure-changed", f"entry {index}, public")


def test_a_disclosure_that_was_removed(db_world: World) -> None:
    sealed_world()
    attack(db_world, "DELETE FROM evidence_disclosure WHERE label = 'client'")
    assert first()[0] == "disclosure-missing"


def test_a_trigger_that_was_dropped(db_world: World) -> None:
    sealed_world()
    with db_world.behind() as outside:
        name = "pw_evidence_entry_update" if db_world.kind == "sqlite" else "pw_evidence_entry_keep"
        outside.cursor().execute(
            f"DROP TRIGGER {name}" + ("" if db_world.kind == "sqlite" else " ON evidence_entry")
        )
    assert first() == ("trigger-missing", f"trigger {name}")


def cut_tail(world: World, at: int) -> None:
    """Remove the last entries with everything that hangs on them."""
    gone = f'(SELECT uid FROM evidence_entry WHERE "index" >= {at})'
    nodes = f'DELETE FROM evidence_node WHERE "index" >= {at} AND level = 0'
    attack(world, f"DELETE FROM evidence_disclosure WHERE entry_uid IN {gone}", nodes,
           f"DELETE FROM evidence_rowcommitment WHERE entry_uid IN {gone}",
           f"DELETE FROM evidence_entrysubject WHERE entry_index >= {at}",
           f"DELETE FROM evidence_checkpoint WHERE size > {at}",
           f"DELETE FROM correspondence_envelope WHERE entry_id IN {gone}",
           f"DELETE FROM evidence_entry WHERE \"index\" >= {at}")  # fmt: skip


def test_a_tail_that_was_cut(db_world: World) -> None:
    sealed_world()
    size = Entry.objects.count()
    held = make_checkpoint()
    assert held is not None
    cut_tail(db_world, size - 2)
    assert first() == ("tail-cut", f"entry {size - 2}")
    # Somebody who rewrites the log store too is still found by the checkpoint that a client holds.
    code, _ = first(log_store=False, checkpoints={"Mara Ellery's mail": held.note.encode()})
    assert code in ("node-added", "tail-cut")
    connection.close()
    report = check_ledger(
        options=CheckOptions(log_store=False, checkpoints={"Mara Ellery's mail": held.note.encode()})
    )
    assert ("tail-cut", "Mara Ellery's mail") in [(one.code, one.where) for one in report.findings]


def test_a_leaf_that_was_altered(db_world: World) -> None:
    sealed_world()
    leaf = bytes(Entry.objects.get(index=3).leaf)
    new = leaf.replace(b'"n":', b'"n" :')[:-1].hex()
    value = f"X'{new}'" if db_world.kind == "sqlite" else f"'\\x{new}'::bytea"
    attack(db_world, f'UPDATE evidence_entry SET leaf = {value} WHERE "index" = 3')
    assert first() == ("leaf-form", "entry 3")


def test_a_column_beside_the_leaf(db_world: World) -> None:
    sealed_world()
    attack(
        db_world,
        "UPDATE evidence_entry SET client_ref = '0123456789abcdef0123456789abcdef' WHERE type = 'release.sent'",
    )
    assert first()[0] == "entry-columns"


def test_a_node_that_was_altered(db_world: World) -> None:
    sealed_world()
    zero = "X'" + "00" * 32 + "'" if db_world.kind == "sqlite" else "'\\x" + "00" * 32 + "'::bytea"
    attack(db_world, f'UPDATE evidence_node SET hash = {zero} WHERE level = 1 AND "index" = 1')
    assert first() == ("node-changed", "node 1/1")


def test_a_checkpoint_that_was_changed(db_world: World) -> None:
    sealed_world()
    attack(db_world, "UPDATE evidence_checkpoint SET note = replace(note, 'partwell-log', 'partwell-l0g')")
    assert first()[0] == "checkpoint-signature"


def test_an_exchanged_log_key(db_world: World) -> None:
    sealed_world()
    other = "log.example/0f3c9a+0967bc01+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
    attack(db_world, f"UPDATE evidence_logstate SET vkey = '{other}'")
    assert LogState.objects.get().vkey == other
    assert first()[0] == "log-key"


def test_a_stored_file_that_was_removed_cut_or_altered(db_world: World) -> None:
    sealed_world()
    files = list(StoredFile.objects.order_by("pk"))
    vault = Path(settings.PARTWELL_HOME) / "vault"
    place = {file.id: vault / file.blob_id[:2] / file.blob_id for file in files}
    data = bytearray(place[files[0].id].read_bytes())
    data[-20] ^= 1
    place[files[0].id].chmod(0o600)
    place[files[0].id].write_bytes(data)
    assert check_ledger().ok  # the size still fits
    assert first(files=True) == ("file-changed", f"stored file {files[0].id.hex}")
    place[files[0].id].unlink()
    assert first() == ("file-missing", f"stored file {files[0].id.hex}")


def test_a_rewritten_log_store(db_world: World) -> None:
    sealed_world()
    path = Path(settings.PARTWELL_LOG) / "entries.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[2], lines[1] = lines[1], lines[2]
    path.write_text("".join(lines))
    assert first() == ("log-store-differs", "entry 1")


def test_an_envelope_without_its_entries(db_world: World) -> None:
    sealed_world()
    attack(db_world, "UPDATE correspondence_envelope SET state = 'accepted'")
    connection.close()
    codes = [one.code for one in check_ledger().findings]
    assert "row-changed" in codes
    assert "envelope-unrecorded" in codes
    assert Envelope.objects.exists()


def test_an_empty_installation_says_so(db_world: World) -> None:
    assert first() == ("log-missing", "the ledger")
