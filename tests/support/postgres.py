# SPDX-License-Identifier: AGPL-3.0-or-later
"""A private PostgreSQL cluster: one a session, on a Unix socket, never as root, gone with the session.

The first worker that needs it makes it (a file lock keeps the others waiting); a watcher stops it
when the pytest that owns it is gone, kill -9 included. Two roles as in a real installation:
``partwell_owner`` owns the tables and migrates, ``partwell_app`` owns nothing and runs the program.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support import programs

OWNER = "partwell_owner"
APP = "partwell_app"
SUPER = "postgres"
TEMPLATE = "partwell_template"
# Nothing here outlives the session, so durability is switched off; isolation is what a server has by default.
SPEED = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "listen_addresses": "",
    "jit": "off",
}


class Cluster:
    """The session's cluster under ``folder``, started by whoever comes first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "s"
        self._admin: psycopg.Connection[tuple[object, ...]] | None = None
        self._left: list[str] = []

    def url(self, database: str, role: str) -> str:
        """The address of ``database`` as ``role``, in the form of PARTWELL_DATABASE."""
        return f"postgresql://{role}@/{database}?host={self.socket}"

    def ensure(self) -> None:
        """Start the cluster and make its roles, unless that is done. Skips without PostgreSQL."""
        bin_folder = programs.need("initdb").parent
        self.folder.mkdir(mode=0o711, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / "ready").exists():
                self._start(bin_folder)
                (self.folder / "ready").write_text(str(bin_folder))

    def _start(self, bin_folder: Path) -> None:
        user = _unprivileged()
        data = self.folder / "data"
        for folder in (data, self.socket):
            folder.mkdir(mode=0o700)
            if user is not None:
                os.chown(folder, user.pw_uid, user.pw_gid)
        initdb = [
            bin_folder / "initdb",
            "-D",
            data,
            "-U",
            SUPER,
            "-A",
            "trust",
            "--locale=C",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        _run(user, initdb)
        options = " ".join(f"-c {name}='{value}'" for name, value in SPEED.items())
        start = [bin_folder / "pg_ctl", "-D", data, "-w", "-s", "-l", data / "log", "start"]
        _run(user, [*start, "-o", f"-c unix_socket_directories='{self.socket}' {options}"])
        watch = [
            sys.executable,
            str(Path(__file__)),
            str(_session_process()),
            str(self.folder),
            str(bin_folder),
        ]
        subprocess.Popen(
            watch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for role in (OWNER, APP):
            self.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    @property
    def admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        """This process's connection as the superuser."""
        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(self.url("postgres", SUPER), autocommit=True)
        return self._admin

    def execute(self, statement: "sql.Composable | str") -> None:
        """One statement as the superuser, outside any transaction."""
        self.admin.execute(statement if isinstance(statement, sql.Composable) else sql.SQL(statement))  # type: ignore[arg-type]

    def create_empty(self, database: str) -> None:
        """A database for the owner to migrate, in which the application role gets rows but no tables."""
        self.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
        )
        with psycopg.connect(self.url(database, SUPER), autocommit=True) as inside:
            for statement in GRANTS:
                inside.execute(statement)

    def clone(self, template: str, database: str) -> None:
        """``database`` as a copy of ``template``, to which nobody may be connected."""
        # Dropped one test late: at once, PostgreSQL would wait 100 ms for the test's own backend to end.
        while self._left:
            self.drop(self._left.pop())
        names = (sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(template))
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names)
        if self.admin.info.server_version >= 150000:
            create += sql.SQL(" STRATEGY FILE_COPY")  # twice as quick as writing the copy to the log
        self.execute(create)

    def drop(self, database: str) -> None:
        """Remove ``database`` and whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def leave(self, database: str) -> None:
        """Let ``database`` go, together with whoever is still connected to it, when the next one is made."""
        self._left.append(database)


# Tables that later migrations make come with the application's rights, and with no others.
_BY_DEFAULT = f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT"
GRANTS = (
    f"ALTER SCHEMA public OWNER TO {OWNER}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    f"GRANT USAGE ON SCHEMA public TO {APP}",
    f"{_BY_DEFAULT} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}",
    f"{_BY_DEFAULT} USAGE, SELECT ON SEQUENCES TO {APP}",
)


def stop(folder: Path, bin_folder: Path) -> None:
    """Stop the cluster at once and remove its folder."""
    if (folder / "data" / "postmaster.pid").exists():
        command = [
            bin_folder / "pg_ctl",
            "-D",
            folder / "data",
            "-m",
            "immediate",
            "-s",
            "-w",
            "-t",
            "20",
            "stop",
        ]
        _run(_unprivileged(), command, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> "pwd.struct_passwd | None":
    """PostgreSQL refuses to run as root: then ``postgres`` or ``nobody``; otherwise whoever we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _run(user: "pwd.struct_passwd | None", command: list[object], *, check: bool = True) -> None:
    identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        **identity,  # type: ignore[call-overload]
    )
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")


def _session_process() -> int:
    """The pytest that owns the session: the controller of an xdist worker, else ourselves."""
    return int(os.environ.get("PARTWELL_TEST_SESSION", os.getpid()))


def _watch(session: int, folder: Path, bin_folder: Path) -> None:
    while folder.exists():
        try:
            os.kill(session, 0)
        except ProcessLookupError:
            stop(folder, bin_folder)
            return
        time.sleep(1)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
