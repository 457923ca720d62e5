# SPDX-License-Identifier: AGPL-3.0-or-later
"""The database as of one moment, while others go on writing: SQLite's online backup, PostgreSQL's exported snapshot."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.db import connection

from partwell.actions.backup.archive import BackupFailed

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@contextmanager
def frozen() -> "Iterator[Frozen]":
    """One snapshot for the rows that are asked for and for the copy of the database; it ends when the copy is made."""
    if connection.in_atomic_block:
        raise RuntimeError("A backup takes a snapshot of its own, outside any transaction.")
    made = Frozen()
    try:
        yield made
    finally:
        made.close()


class Frozen:
    """The copy: ``start`` begins it, ``read`` gives its bytes, ``finish`` says whether it came to a good end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._held = False
        connection.ensure_connection()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                self._held = True
                cursor.execute("SELECT pg_export_snapshot()")
                self._snapshot = str(cursor.fetchone()[0])
            else:
                cursor.execute("BEGIN")
                self._held = True
                cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")  # BEGIN alone takes no snapshot yet
                cursor.fetchall()

    def _release(self) -> None:
        """End the snapshot: SQLite's log of writes could not be folded back while it is held."""
        if self._held:
            self._held = False
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")

    def start(self) -> None:
        """SQLite: copy at once into a nameless temporary file of the home. PostgreSQL: start pg_dump in the snapshot."""
        if connection.vendor == "sqlite":
            self._file = _sqlite_copy()
            self._release()
        else:
            self._process, self._errors = _pg_dump(self._snapshot)
            self._file = self._process.stdout

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of the copy; fewer only at its end."""
        assert self._file is not None
        parts, left = [], size
        while left and (part := self._file.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def finish(self) -> None:
        """Raise BackupFailed if what was read is not the whole."""
        if self._process is not None and self._process.wait() != 0:
            assert self._errors is not None
            self._errors.seek(0)
            words = self._errors.read(2000).decode("utf-8", "replace").strip().splitlines()
            raise BackupFailed(f"pg_dump did not finish: {words[0][:200] if words else 'no reason given'}.")
        self._release()

    def close(self) -> None:
        """End what still runs; the temporary file vanishes with its last handle. May be called twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for one in (self._file, self._errors):
            if one is not None:
                one.close()
        self._release()


def _sqlite_copy() -> IO[bytes]:
    """A plain copy of the database lies in the home's tmp only while it is copied, then has no name: a crash later leaves
    nothing, one during the copy leaves what the next backup and the daily sweep remove."""
    import sqlite3

    folder = Path(settings.PARTWELL_HOME) / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("backup-*.sqlite3"):
        old.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix="backup-", suffix=".sqlite3", dir=folder)
    path = Path(name)
    try:
        target = sqlite3.connect(name, isolation_level=None)
        try:
            target.execute("PRAGMA journal_mode=OFF")
            target.execute("PRAGMA synchronous=OFF")
            connection.connection.backup(target)  # from our own connection: in its snapshot
            target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file, without a -wal
        finally:
            target.close()
        os.close(handle)
        return path.open("rb")
    except sqlite3.Error as error:
        os.close(handle)
        raise BackupFailed(
            f"The database could not be copied ({error}); check the free space of the home."
        ) from None
    finally:
        for one in (path, Path(name + "-journal"), Path(name + "-wal"), Path(name + "-shm")):
            one.unlink(missing_ok=True)


def program(name: str) -> str:
    """A program of PostgreSQL's; BackupFailed with what to install."""
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is missing; install PostgreSQL's client programs (Debian, Ubuntu: postgresql-client).")  # fmt: skip
    return found


def pg_connection(values: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment for PostgreSQL's programs; the password goes by the environment, never by arguments."""
    arguments = ["--no-password", f"--dbname={values['NAME']}"]
    for name, option in (("HOST", "--host"), ("PORT", "--port"), ("USER", "--username")):
        if values.get(name):
            arguments.append(f"{option}={values[name]}")
    environment = {**os.environ, "PGAPPNAME": "partwell backup"}
    if values.get("PASSWORD"):
        environment["PGPASSWORD"] = str(values["PASSWORD"])
    for name, value in cast("dict[str, Any]", values.get("OPTIONS") or {}).items():
        if name.startswith("ssl"):
            environment[f"PG{name.upper()}"] = str(value)
    return arguments, environment


def _pg_dump(snapshot_id: str) -> "tuple[subprocess.Popen[bytes], IO[bytes]]":
    arguments, environment = pg_connection(dict(connection.settings_dict))
    command = [program("pg_dump"), *arguments, "--format=custom", "--compress=1", f"--snapshot={snapshot_id}", "--no-owner", "--no-privileges"]  # fmt: skip
    errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by Frozen
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
    )
    return process, errors
