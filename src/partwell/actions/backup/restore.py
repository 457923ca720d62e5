# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell restore``: unpack beside the home, compare everything, put the database in place, settle, and only then let
the home appear. Needs no Django of its own: what needs it runs in a process that lives in the staged home."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from partwell import environment
from partwell.actions.backup.archive import DATA, KEYS, BackupBroken, BackupFailed, Tell
from partwell.actions.backup.snapshot import POSTGRESQL, SQLITE, pg_connection, program
from partwell.actions.backup.unpack import DATABASE_COPY, Unpacked, is_empty, put_in_place, staged, unpack
from partwell.actions.evidence import tombstone_lines
from partwell.actions.evidence.log_tail import newest
from partwell.connectors.errors import ConnectorError
from partwell.connectors.keystore import check_apart
from sealed import note

DATABASE_FILE = "partwell.sqlite3"


@dataclass(frozen=True)
class Wanted:
    """What to restore, and where. ``identities``: age private keys (connectors.age.read_identities).

    ``keys``: the key archive (``keys_identities`` open it), put into ``keys_into``, which must be empty; without one
    ``keys_into`` names the key folder that is there. ``log``: the log store. ``database``, ``owner``: addresses for
    PostgreSQL. ``vkey``: the log's verifier key, where no log store can say it. ``files``: decrypt and hash every file.
    """

    file: Path
    into: Path
    identities: Sequence[Any]
    log: Path
    keys_into: Path
    keys: Path | None = None
    keys_identities: Sequence[Any] = ()
    database: str = ""
    owner: str = ""
    vkey: str = ""
    files: bool = True


@dataclass
class Restored:
    """What came of it. ``settled``: the facts of settle.py; ``known_by``: what outside the backup vouches for it, or empty."""

    header: dict[str, Any]
    seal: dict[str, Any]
    settled: dict[str, Any] = field(default_factory=dict)
    known_by: str = ""
    keys: int = 0


def restore(wanted: Wanted, tell: Tell, *, keep: bool = True) -> Restored:
    """Restore; ``keep=False`` only tries (``--verify``): everything is done, and nothing of it stays.

    Raises ConnectorErrors with a sentence; whatever happens, the home appears whole or not at all. PostgreSQL: the
    database must be empty, and is filled in one transaction.
    """
    into, keys_into = Path(wanted.into).absolute(), Path(wanted.keys_into).absolute()
    check_apart(into, keys_into)
    if wanted.keys is not None and not is_empty(keys_into):
        raise BackupFailed(
            f"{keys_into} is not empty; keys are restored into a folder that does not exist yet."
        )
    gone = frozenset(
        str(one.what["key"])
        for one in tombstone_lines.read(wanted.log)
        if one.kind == tombstone_lines.KEY_UNIT
    )
    with ExitStack() as stack:
        home = stack.enter_context(staged(into))
        # A folder of its own: both places may have the same parent, which is locked once.
        keys = home.with_name(home.name + ".keys") if wanted.keys else keys_into
        if wanted.keys:
            shutil.rmtree(keys, ignore_errors=True)
            keys.mkdir(mode=0o700)
            stack.callback(shutil.rmtree, keys, True)
        data = unpack(wanted.file, DATA, home, wanted.identities, tell)
        out = Restored(data.header, data.seal, known_by=_known(data, wanted))
        if wanted.keys:
            found = unpack(wanted.keys, KEYS, keys, wanted.keys_identities, tell, gone)
            if found.header["vkey"] != data.header["vkey"]:
                raise BackupBroken("These keys are of another installation than the data.")
            out.keys = sum(1 for _ in keys.glob("*.key"))
        _not_newer(data)
        (home / "tmp").mkdir(mode=0o700, exist_ok=True)
        tell("database", 0, 0)
        environ = _database(data, wanted, home, keys)
        tell("checking the ledger", 0, 0)
        out.settled = _settle(environ, data, wanted)
        if refused := out.settled.get("refused"):
            raise BackupFailed(str(refused))
        if keep:
            if wanted.keys:
                put_in_place(keys, keys_into)
            put_in_place(home, into)
    return out


def _known(data: Unpacked, wanted: Wanted) -> str:
    """What outside this archive says that its log is ours; BackupBroken if something says that it is not."""
    vkey = data.header["vkey"]
    if wanted.vkey:
        if wanted.vkey.strip() != vkey:
            raise BackupBroken("This backup was sealed with another log's key than the one that you gave.")
        return "the verifier key that was given"
    head = newest(wanted.log)
    if head is None:
        return ""
    text = _newest_note(wanted.log, head)
    try:
        note.verify_checkpoint(text, [vkey])
    except note.NoteError:
        raise BackupBroken(
            f"The log store {wanted.log} is of another log than this backup: one of them is not this installation's. "
            "If the log's key was changed meanwhile, give the key of the backup's time with --vkey."
        ) from None
    return "the log store"


def _newest_note(log: Path, head: note.Checkpoint) -> bytes:
    for text in reversed((log / "checkpoints.txt").read_bytes().split(b"-" * 64 + b"\n")):
        try:
            if note.Checkpoint.parse(note.parse_note(text.lstrip(b"\n")).text) == head:
                return text.lstrip(b"\n")
        except note.NoteError:
            continue
    return b""


def _not_newer(data: Unpacked) -> None:
    """BackupFailed for a backup whose database this program is too old for; looked up before anything is migrated."""
    import partwell.records

    for app, name in sorted((data.header.get("migrations") or {}).items()):
        folder = Path(partwell.records.__path__[0]) / str(app)
        if folder.is_dir() and not (folder / "migrations" / f"{name}.py").exists():
            raise BackupFailed(
                f"This backup was made by a newer Partwell (it knows {app}.{name}); update first, then restore."
            )


def _database(data: Unpacked, wanted: Wanted, home: Path, keys: Path) -> dict[str, str]:
    """Put the database where the staged home expects it; the environment of processes that live in there."""
    copy = home / DATABASE_COPY
    kind = data.header.get("database")
    if kind == SQLITE:
        copy.rename(home / DATABASE_FILE)
        url = owner = f"sqlite:///{home / DATABASE_FILE}"
    elif kind == POSTGRESQL:
        url, owner = wanted.database, wanted.owner or wanted.database
        if not owner.startswith("postgres"):
            raise BackupFailed(
                "This backup is of a PostgreSQL database. Make an empty one and name it: PARTWELL_DATABASE_OWNER for the "
                "role that owns its tables, PARTWELL_DATABASE for the program's (docs/install.md)."
            )
        _fill(copy, owner)
        copy.unlink()
    else:
        raise BackupBroken("The backup names a kind of database that this Partwell does not know.")
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PARTWELL_") or name == "PARTWELL_TEST_FAST_HASH"
    }
    environ |= {
        "PARTWELL_HOME": str(home),
        "PARTWELL_KEYS": str(keys),
        "PARTWELL_LOG": str(wanted.log),
        "PARTWELL_DATABASE": owner,
        "PARTWELL_DATABASE_OWNER": owner,
        "PARTWELL_SECRET_KEY": secrets.token_urlsafe(
            32
        ),  # no cookie secret is made in a folder that may be somebody's
        "PARTWELL_GRANT_TO": url,
    }
    _run(
        [sys.executable, "-m", "partwell.entrypoints.cli.start"],
        environ,
        "The restored database could not be brought up to date",
    )
    environ.pop("PARTWELL_GRANT_TO")
    return environ


def _fill(dump: Path, owner: str) -> None:
    arguments, environ = pg_connection(environment.database_from_url(owner))
    found = _run(
        [program("psql"), *arguments, "--no-psqlrc", "--tuples-only", "--no-align", "--command",
         "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"],
        environ, "The database cannot be used",
    )  # fmt: skip
    if found.strip() != "0":
        raise BackupFailed(
            "The database is not empty; nothing was touched. Make a new one: createdb --owner OWNER NAME."
        )
    _run(
        [program("pg_restore"), *arguments, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dump)],
        environ, "The database could not be filled",
    )  # fmt: skip


def _run(command: list[str], environ: dict[str, str], trouble: str) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise BackupFailed(f"{trouble}: {words[0][:300]}")
    return done.stdout


def _settle(environ: dict[str, str], data: Unpacked, wanted: Wanted) -> dict[str, Any]:
    options = json.dumps({"files": wanted.files, "checkpoint": data.checkpoint})
    text = _run(
        [sys.executable, "-m", "partwell.actions.backup.settle", options],
        environ,
        "The restored home does not work",
    )
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def verify(wanted: Wanted, tell: Tell) -> Restored:
    """Restore into a folder that goes away, in ``wanted.into``'s place's parent, and check everything there."""
    with tempfile.TemporaryDirectory(prefix="verify-", dir=wanted.into.parent) as folder:
        return restore(_at(wanted, Path(folder) / "home"), tell, keep=False)


def _at(wanted: Wanted, into: Path) -> Wanted:
    import dataclasses

    return dataclasses.replace(wanted, into=into)


__all__ = ["ConnectorError", "Restored", "Wanted", "restore", "verify"]
