# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tombstones: what was destroyed is written outside the backups, and done again after a restore (PROOF.md, "Deletion").

A deletion queues its tombstone as a row of its own deed (``queue_tombstone``), so that no crash can lose it; the worker,
or the deletion itself by ``write_pending``, appends it to the log store and flushes it to the disk. A restored
database knows nothing of deletions after its backup: ``apply_tombstones`` carries them out before anything is served.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from partwell.actions.base import Conflict, Deed
from partwell.actions.evidence import tombstone_lines as lines
from partwell.actions.evidence.tombstone_lines import BLOB, DISCLOSURE, KEY_UNIT, RECORD, SECRET
from partwell.actions.keys import blob_store, key_store
from partwell.connectors.disk import fsync_folder
from partwell.connectors.errors import ConnectorError
from partwell.records.evidence import triggers
from partwell.records.evidence.models import Disclosure, Entry, Tombstone
from partwell.records.guard import permit
from partwell.records.vault.models import KeyUnit, SealedValue
from partwell.rules.actor import SYSTEM, Actor
from sealed import entry as entries

__all__ = ["BLOB", "DISCLOSURE", "KEY_UNIT", "RECORD", "SECRET", "Applied", "apply_tombstones", "queue_tombstone", "waiting", "write_pending"]  # fmt: skip

BATCH = 200


class TombstonesWait(ConnectorError):
    """A deletion could not be carried out again with this database role."""

    code = "tombstones_wait"


def queue_tombstone(deed: Deed, kind: str, **what: str | int) -> UUID:
    """Remember a deletion in its own deed, *before* the ``record`` of the entry it belongs to; gives the tombstone's id.

    ``kind`` and ``what``: KEY_UNIT (``unit``: KeyUnit.id.hex, ``key``: kek_id), BLOB (``blob``: blob_id), DISCLOSURE
    (``index`` of the entry, ``label``), SECRET (``value``: SealedValue.id.hex), RECORD (a client's whole record:
    ``client``, and who ``proposed`` and ``decided``). ValueError for anything else. Call ``write_pending()`` after the deed.
    """
    lines.check(kind, what)
    row = Tombstone(id=uuid4(), kind=kind, what=what, entry_uid=deed.next_uid, made_at=deed.now)
    row.save(force_insert=True)
    return row.id


def write_pending() -> int:
    """Append what waits to the log store and flush it to the disk; gives how many. Safe to repeat at any place.

    A crash between writing and noting it writes a line twice; readers take each id once. Call it outside transactions.
    """
    written = 0
    while rows := list(Tombstone.objects.filter(copied_at=None).order_by("made_at", "id")[:BATCH]):
        folder = Path(settings.PARTWELL_LOG)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / lines.FILE
        fresh = not path.exists()
        with path.open("ab") as out:
            if out.tell() and not _ends_whole(path):
                out.truncate(_whole_bytes(path))
            for row in rows:
                out.write(
                    lines.Tombstone(row.id.hex, row.kind, row.what, row.entry_uid.hex, entries.format_at(row.made_at)).line()
                )  # fmt: skip
            out.flush()
            os.fsync(out.fileno())
        if fresh:
            fsync_folder(folder)
        with permit("deed"), transaction.atomic():
            Tombstone.objects.filter(pk__in=[row.pk for row in rows]).update(copied_at=timezone.now())
        written += len(rows)
    return written


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _whole_bytes(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


@dataclass(frozen=True)
class Applied:
    """What had to be done again: keys, files, contents of entries, secrets, key units marked, whole records."""

    keys: int = 0
    blobs: int = 0
    disclosures: int = 0
    secrets: int = 0
    units: int = 0
    records: int = 0

    @property
    def total(self) -> int:
        """All of them; 0 when nothing had come back."""
        return self.keys + self.blobs + self.disclosures + self.secrets + self.units + self.records


def _batches(folder: Path) -> Iterator[dict[str, list[lines.Tombstone]]]:
    batch: dict[str, list[lines.Tombstone]] = {kind: [] for kind in lines.FIELDS}
    for count, one in enumerate(lines.read(folder), 1):
        batch[one.kind].append(one)
        if count % BATCH == 0:
            yield batch
            batch = {kind: [] for kind in lines.FIELDS}
    yield batch


def waiting() -> bool:
    """Whether anything that was deleted is there again: a restored home or key folder. Reads only."""
    return any(_todo(batch).any() for batch in _batches(Path(settings.PARTWELL_LOG)))


@dataclass
class _Todo:
    keys: list[str]
    blobs: list[str]
    disclosures: list[tuple[int, str]]
    secrets: list[SealedValue]
    units: list[KeyUnit]

    def any(self) -> bool:
        return bool(self.keys or self.blobs or self.disclosures or self.secrets or self.units)


def _todo(batch: dict[str, list[lines.Tombstone]]) -> _Todo:
    store, blobs = key_store(), blob_store()
    units = [UUID(hex=str(one.what["unit"])) for one in batch[KEY_UNIT]]
    wanted = {(int(one.what["index"]), str(one.what["label"])) for one in batch[DISCLOSURE]}
    uids = dict(Entry.objects.filter(index__in=[index for index, _ in wanted]).values_list("uid", "index"))
    there = {(uids[uid], label) for uid, label in Disclosure.objects.filter(entry_uid__in=list(uids)).values_list("entry_uid", "label")}  # fmt: skip
    values = [UUID(hex=str(one.what["value"])) for one in batch[SECRET]]
    return _Todo(
        [str(one.what["key"]) for one in batch[KEY_UNIT] if store.exists(str(one.what["key"]))],
        [str(one.what["blob"]) for one in batch[BLOB] if blobs.exists(str(one.what["blob"]))],
        sorted(wanted & there),
        list(SealedValue.objects.filter(pk__in=values).exclude(ciphertext=None)),
        list(KeyUnit.objects.filter(pk__in=units, destroyed_at=None)),
    )


def apply_tombstones(*, actor: Actor = SYSTEM, rows: bool = True) -> Applied:
    """Carry out again whatever of the log store's tombstones is there; nothing where nothing had come back.

    ``rows=False``: only what needs no entry (keys, files, contents of entries), for a restore whose ledger is still
    behind: an entry appended there would be a fork. Raises TombstonesWait where the database's role may not erase,
    TombstoneBroken for a line that cannot be read. Only Partwell itself may ask; anybody else gets nothing done.
    """
    if actor.kind != "system":
        return Applied()
    totals = {"keys": 0, "blobs": 0, "disclosures": 0, "secrets": 0, "units": 0}
    store, blobs = key_store(), blob_store()
    for batch in _batches(Path(settings.PARTWELL_LOG)):
        todo = _todo(batch)
        # Keys first: with them everything sealed under them is unreadable, whatever a crash leaves undone.
        totals["keys"] += sum(store.destroy(key) for key in todo.keys)
        totals["blobs"] += sum(blobs.delete(one) for one in todo.blobs)
        if todo.disclosures:
            _erase(todo.disclosures)
            totals["disclosures"] += len(todo.disclosures)
        if rows and (todo.units or todo.secrets):
            _mark(actor, todo)
            totals["units"] += len(todo.units)
            totals["secrets"] += len(todo.secrets)
    return Applied(**totals)


def _mark(actor: Actor, todo: _Todo) -> None:
    """The rows of what is gone, with one entry that says why they changed."""
    try:
        with Deed(actor) as deed:
            for unit in todo.units:
                deed.save(
                    unit,
                    destroying_at=unit.destroying_at or deed.now,
                    destroyed_at=deed.now,
                    copies_expire_on=unit.copies_expire_on
                    or deed.now.date() + timedelta(days=settings.PARTWELL_KEY_BACKUP_DAYS),
                )
            for value in todo.secrets:
                deed.save(value, ciphertext=None, purged_at=deed.now)
            deed.record(
                "deletion.reapplied",
                subjects=[row.id for row in (*todo.units, *todo.secrets)],
                public={"count": len(todo.units) + len(todo.secrets)},
            )
    except Conflict:
        return  # another process of ours does the same at this moment


def _erase(wanted: list[tuple[int, str]]) -> None:
    """Remove contents of entries from a restored database. Its triggers keep them otherwise, so this asks first in the
    ordinary way and then as whoever owns the tables; on PostgreSQL the program's role may not."""
    uids = dict(Entry.objects.filter(index__in=[index for index, _ in wanted]).values_list("index", "uid"))
    pairs = [(uids[index], label) for index, label in wanted]
    try:
        with permit("deed"), transaction.atomic():
            _delete(pairs)
        return
    except DatabaseError:
        pass
    try:
        with permit("schema"), transaction.atomic():
            with connection.cursor() as cursor:
                _triggers(cursor, on=False)
            _delete(pairs)
            with connection.cursor() as cursor:
                _triggers(cursor, on=True)
    except DatabaseError:
        raise TombstonesWait(
            "Contents of entries that were erased are in the restored database again, and the program's role may not "
            "erase them. Run, with PARTWELL_DATABASE set to the owner's address: partwell ledger reapply"
        ) from None


def _delete(pairs: list[tuple[UUID, str]]) -> None:
    for uid, label in pairs:
        rows = Disclosure.objects.filter(entry_uid=uid, label=label)
        rows._raw_delete(using=rows.db)


def _triggers(cursor: object, *, on: bool) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    if connection.vendor == "postgresql":
        verb = "ENABLE" if on else "DISABLE"
        execute(f"ALTER TABLE evidence_disclosure {verb} TRIGGER pw_evidence_disclosure_keep")
    elif on:
        triggers.install(connection)
    else:
        execute("DROP TRIGGER IF EXISTS pw_evidence_disclosure_delete")
