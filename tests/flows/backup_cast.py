# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the tests of backups share: age keys, a world with a departure in it, and ways to take an archive apart and forge one."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
from django.db import connections

from partwell.actions.backup import archive
from tests.support.worlds import World


@dataclass(frozen=True)
class AgeKey:
    """A key pair; ``file`` holds the private half as age-keygen writes it."""

    public: str
    file: Path
    private: Any


def age_key(folder: Path, name: str) -> AgeKey:
    """A new key pair with its file."""
    private = pyrage.x25519.Identity.generate()
    file = folder / f"{name}.txt"
    file.write_text(f"# public key: {private.to_public()}\n{private}\n")
    return AgeKey(str(private.to_public()), file, private)


def plain_of(file: Path, key: AgeKey) -> bytes:
    """The archive's bytes, decrypted."""
    out = io.BytesIO()
    pyrage.decrypt_io(file.open("rb"), out, [key.private])
    return out.getvalue()


def members_of(plain: bytes) -> list[tuple[str, bytes]]:
    """Name and content of each member, read by the standard library's tarfile: it must be able to."""
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return [(one.name, tar.extractfile(one).read()) for one in tar.getmembers()]  # type: ignore[union-attr]


def packed(members: list[tuple[str, bytes]]) -> bytes:
    """The bytes of an archive of these members, whatever they are."""
    out = b"".join(archive.tar_header(name, len(content)) + content + b"\0" * archive.padding(len(content)) for name, content in members)  # fmt: skip
    return out + archive.trailer()


def encrypted(plain: bytes, key: AgeKey, file: Path) -> Path:
    """``plain`` for ``key``, as anybody with the public key could make it."""
    file.write_bytes(pyrage.encrypt(plain, [key.private.to_public()]))
    return file


def partwell(
    world: World, *arguments: str, check: int | None = 0, environ: dict[str, str] | None = None
) -> Any:
    """Run the command line in a process of its own; its JSON, and the exit code as ``code``."""
    done = subprocess.run(
        [sys.executable, "-m", "partwell.entrypoints.cli.main", *arguments, "--json"],
        env={**world.environment(), **(environ or {})}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert check is None or done.returncode == check, (
        done.returncode,
        done.stdout[-3000:],
        done.stderr[-3000:],
    )
    value = json.loads(done.stdout) if done.stdout.strip() else {}
    return {**value, "code": done.returncode}


@contextmanager
def new_place(world: World, folder: Path, cluster: Any = None) -> Iterator[tuple[World, dict[str, str]]]:
    """Where a backup of ``world`` can be restored to: another home, on PostgreSQL another, empty database."""
    folder.mkdir(exist_ok=True)
    home = folder / "home"
    if world.kind == "sqlite":
        url = owner = f"sqlite:///{home / 'partwell.sqlite3'}"
        yield (
            World("sqlite", url, owner, home, world.keys),
            {"PARTWELL_DATABASE": url, "PARTWELL_DATABASE_OWNER": owner},
        )
        return
    from tests.support.postgres import APP, OWNER

    name = f"t_restored_{folder.name.replace('-', '_')[-20:]}".lower()
    cluster.create_empty(name)
    try:
        url, owner = cluster.url(name, APP), cluster.url(name, OWNER)
        yield (
            World("postgresql", url, owner, home, world.keys),
            {"PARTWELL_DATABASE": url, "PARTWELL_DATABASE_OWNER": owner},
        )
    finally:
        connections.close_all()
        cluster.leave(name)
