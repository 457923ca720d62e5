# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell backup`` and ``partwell backup-keys``: one archive of the data, one of the keys, never both in one.

Of the data: the database as of one moment, and every file of the vault that its rows need (docs/formats/backup.md).
The log store is not in it: it must stay outside, so that a restored backup can be held against it.
"""

import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from partwell.actions.backup import archive
from partwell.actions.backup.archive import DATA, KEYS, PIECE, BackupFailed, Tally, Tell
from partwell.actions.backup.seal import Facts, seal_text
from partwell.actions.backup.snapshot import Frozen, frozen
from partwell.actions.backup.target import expired, place_for, recipients_of, write_archive
from partwell.actions.evidence.log import make_checkpoint, signer
from partwell.actions.keys import blob_store, key_store
from partwell.records.evidence.models import Checkpoint, Entry, LogState
from partwell.records.vault.models import StoredFile
from sealed import note


@dataclass(frozen=True)
class Made:
    """What was written. ``bytes``: of the members; ``size``, ``sha256``: of the encrypted file. ``entries``: in the ledger.

    ``missing``: files that rows name and the vault does not hold. ``removed``: older key archives that expired.
    """

    path: Path
    kind: str
    size: int
    sha256: str
    members: int
    bytes: int
    entries: int = 0
    files: int = 0
    missing: int = 0
    keys: int = 0
    removed: tuple[str, ...] = ()


def _silent(_stage: str, _done: int, _total: int) -> None:
    return None


def _apart() -> list[Path]:
    return [Path(settings.PARTWELL_HOME), Path(settings.PARTWELL_KEYS), Path(settings.PARTWELL_LOG)]


def _state() -> LogState:
    state = LogState.objects.filter(pk=1).first()
    if state is None:
        raise BackupFailed("There is nothing to back up yet: set the service provider up first.")
    return state


def back_up(
    to: Path, recipients: Sequence[str] = (), *, tell: Tell = _silent, now: datetime | None = None
) -> Made:
    """Write the data's archive to a folder or file; consistent while others work. BackupFailed with a sentence.

    ``recipients``: age public keys; else those of PARTWELL_BACKUP_RECIPIENT. Memory does not grow with what is backed
    up; on SQLite the home needs free space for one more copy of the database.
    """
    env, moment = settings.ENV, now or timezone.now()
    keys = recipients_of(list(recipients) or env.backup_recipients, env.key_backup_recipients, "PARTWELL_BACKUP_RECIPIENT")  # fmt: skip
    target = place_for(DATA, Path(to), _apart(), moment)
    state = _state()
    make_checkpoint()
    tally = Tally()
    with frozen() as copy, tempfile.TemporaryFile() as names:
        facts = _facts(state, moment)
        facts.files, facts.missing, total = _list_files(names)
        checkpoint = Checkpoint.objects.order_by("-size").first()
        copy.start()
        pieces = _data(copy, facts, checkpoint.note if checkpoint else "", names, total, tally, tell, state)
        done = write_archive(target, pieces, keys)
    return Made(target, DATA, done.size, done.sha256, tally.members, tally.bytes, facts.entries, facts.files, facts.missing)  # fmt: skip


def _facts(state: LogState, moment: datetime) -> Facts:
    applied = MigrationRecorder(connection).applied_migrations()
    newest: dict[str, str] = {}
    for app, name in applied:
        newest[app] = max(newest.get(app, ""), name)
    return Facts(
        kind=DATA,
        made_at=moment,
        origin=state.origin,
        vkey=state.vkey,
        database=connection.vendor,
        entries=Entry.objects.count(),
        migrations=newest,
    )


def _list_files(names: IO[bytes]) -> tuple[int, int, int]:
    """Write the ids of the files to take, in order; gives how many, how many are missing, and their bytes.

    Rows are asked in the snapshot, the vault after it was taken, so that every file of a row is met; files of no row
    (a preview, an upload of this moment) come too, those under a destroyed key do not.
    """
    store = blob_store()
    count = missing = total = 0
    for number in range(256):
        prefix = f"{number:02x}"
        rows = StoredFile.objects.filter(blob_id__startswith=prefix)
        gone = set(rows.exclude(unit__destroyed_at=None).values_list("blob_id", flat=True))
        there = {one: store.stored_size(one) for one in store.ids_below(prefix)}
        needed = set(rows.filter(unit__destroyed_at=None).values_list("blob_id", flat=True))
        missing += len(needed - there.keys())
        for one in sorted(there.keys() - gone):
            names.write(one.encode() + b"\n")
            count += 1
            total += there[one] or 0
    return count, missing, total


def _data(
    copy: Frozen, facts: Facts, newest: str, names: IO[bytes], total: int, tally: Tally, tell: Tell, state: LogState
) -> Iterator[bytes]:  # fmt: skip
    yield from _small(archive.HEADER, facts.header(), tally)
    yield from _small(archive.CHECKPOINT, newest.encode(), tally)
    number = 0
    while piece := copy.read(PIECE):
        yield from archive.member(f"database/{number:08d}", len(piece), io.BytesIO(piece), tally)
        number += 1
        tell("database (MiB)", number * PIECE >> 20, 0)
    copy.finish()
    if not number:
        raise BackupFailed("The database gave no copy of itself.")
    copy.close()
    names.seek(0)
    store, vanished, packed = blob_store(), 0, 0
    for done, line in enumerate(names, 1):
        one = line.decode().strip()
        source = store.raw(one)
        if source is None:  # deleted meanwhile, by a deletion or the sweep
            vanished += 1
        else:
            with source as (stream, size):
                yield from archive.member(f"vault/{one[:2]}/{one}", size, stream, tally)
                packed += size
        if done % 50 == 0 or done == facts.files:
            tell("files (MiB)", packed >> 20, total >> 20)
    facts.files -= vanished
    facts.missing += vanished
    yield from _end(facts, tally, state)


def _small(name: str, content: bytes, tally: Tally | None) -> Iterator[bytes]:
    yield from archive.member(name, len(content), io.BytesIO(content), tally)


def _end(facts: Facts, tally: Tally, state: LogState) -> Iterator[bytes]:
    """Manifest, and over it a note signed with the log's key: age does not say who wrote an archive."""
    lines: Any = tally.lines
    size = lines.tell()
    lines.seek(0)
    digest = _digest(lines)
    lines.seek(0)
    yield from archive.member(archive.MANIFEST, size, lines, None)
    one = signer(state)
    text = seal_text(facts, digest, tally.members, tally.bytes)
    yield from _small(archive.SEAL, note.sign(text, one.name, one.sign, one.public_key), None)
    yield archive.trailer()


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(archive.CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def back_up_keys(
    to: Path, recipients: Sequence[str] = (), *, tell: Tell = _silent, now: datetime | None = None
) -> Made:
    """Write the key store's archive, and remove those of the same folder that are older than PARTWELL_KEY_BACKUP_DAYS.

    Refused while that setting is 0: a certificate of destruction then says that no backup of keys exists. Refused for
    the data's recipient, the data's folder, and inside home, keys or log store.
    """
    env, moment = settings.ENV, now or timezone.now()
    days = settings.PARTWELL_KEY_BACKUP_DAYS
    if days < 1:
        raise BackupFailed(
            "This installation says that it keeps no backup of its keys, and its certificates of destruction rely on that. "
            "Set PARTWELL_KEY_BACKUP_DAYS to the number of days that you keep them, and run this again."
        )
    public = recipients_of(list(recipients) or env.key_backup_recipients, env.backup_recipients, "PARTWELL_KEY_BACKUP_RECIPIENT")  # fmt: skip
    target = place_for(KEYS, Path(to), _apart(), moment)
    state, store, tally = _state(), key_store(), Tally()
    facts = Facts(kind=KEYS, made_at=moment, origin=state.origin, vkey=state.vkey, keep_days=days)
    done = write_archive(target, _keys(store, facts, tally, tell, state), public)
    old = expired(target.parent, days, moment)
    for one in old:
        one.unlink(missing_ok=True)
    return Made(target, KEYS, done.size, done.sha256, tally.members, tally.bytes, keys=facts.files, removed=tuple(one.name for one in old))  # fmt: skip


def _keys(store: Any, facts: Facts, tally: Tally, tell: Tell, state: LogState) -> Iterator[bytes]:
    ids = store.key_ids()
    yield from _small(archive.HEADER, facts.header(), tally)
    for number, key_id in enumerate(ids, 1):
        content = store.raw(key_id)
        if content is not None:  # destroyed since it was listed
            yield from _small(f"keys/{key_id}.key", content, tally)
            facts.files += 1
        tell("keys", number, len(ids))
    secret = Path(settings.PARTWELL_KEYS) / "cookie-secret"
    if secret.is_file():
        yield from _small("keys/cookie-secret", secret.read_bytes(), tally)
    yield from _end(facts, tally, state)
