# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backing up and restoring a vault against ``tar`` and ``cp`` of the very same files."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from benchmarks import house
from benchmarks.measure import Options, Row, folder, now, rounds, row
from tests.support.worlds import World

CHUNK = 1 << 20


def run(options: Options) -> list[Row]:
    """Three lines: the archive written, the archive unpacked and compared, the whole restore with its check."""
    with house.house("sqlite", options) as world, folder(options, 4 * _bytes(options)) as place:
        return _backup(world, place, options)


def _bytes(options: Options) -> int:
    return 8 << 20 if options.small else min(options.size, 256 << 20)


def _fill(options: Options) -> int:
    """Files of a MiB into the vault, as documents of one client; how many bytes."""
    from partwell.actions import files
    from partwell.actions.base import Deed

    actor = house.owner()
    client = house.client(actor, "Northwick")
    count = _bytes(options) // CHUNK
    for start in range(0, count, 50):
        stored = [
            files.store(actor, os.urandom(CHUNK - 512), client_id=client.id, name=f"image-{number}.bin")
            for number in range(start, min(count, start + 50))
        ]
        with Deed(actor) as deed:
            deed.lock(client.id)
            for one in stored:
                deed.add(one)
            deed.record("client.changed", subjects=[client.id], public={"what": f"{len(stored)} images"})
    return count * CHUNK


def _backup(world: World, place: Path, options: Options) -> list[Row]:
    import pyrage

    from partwell.actions.backup import archive, restore
    from partwell.actions.backup.make import back_up
    from partwell.actions.backup.unpack import staged, unpack
    from partwell.actions.evidence.log_store import copy_new

    amount = _fill(options)
    copy_new()
    key = pyrage.x25519.Identity.generate()
    shelf = place / "shelf"
    shelf.mkdir()
    kept = back_up(shelf / "kept.data.age", [str(key.to_public())]).path
    tar = place / "kept.tar"
    subprocess.run(["tar", "-cf", str(tar), "-C", str(world.home), "."], check=True)

    def backing(_turn: int) -> float:
        target = shelf / "one.data.age"
        began = now()
        back_up(target, [str(key.to_public())])
        took = now() - began
        target.unlink()
        return took

    def tarring(_turn: int) -> float:
        target = place / "one.tar"
        began = now()
        subprocess.run(["tar", "-cf", str(target), "-C", str(world.home), "."], check=True)
        with target.open("rb") as done:
            os.fsync(done.fileno())
        took = now() - began
        target.unlink()
        return took

    def copying(_turn: int) -> float:
        target = place / "copy"
        began = now()
        subprocess.run(["cp", "-r", str(world.home), str(target)], check=True)
        took = now() - began
        shutil.rmtree(target)
        return took

    def unpacking(_turn: int) -> float:
        began = now()
        with staged(place / "unpacked") as inside:
            unpack(kept, archive.DATA, inside, [key], lambda *_: None)
            return now() - began

    def untarring(_turn: int) -> float:
        target = place / "untarred"
        target.mkdir()
        began = now()
        subprocess.run(["tar", "-xf", str(tar), "-C", str(target)], check=True)
        took = now() - began
        shutil.rmtree(target)
        return took

    def restoring(_turn: int) -> float:
        home = place / "restored"
        wanted = restore.Wanted(kept, home, [key], world.log, world.keys)
        began = now()
        restore.restore(wanted, lambda *_: None)
        took = now() - began
        shutil.rmtree(home)
        return took

    sides = {"backup": backing, "tar -c": tarring, "cp -r": copying, "unpack": unpacking, "tar -x": untarring, "restore": restoring}  # fmt: skip
    times = rounds(sides, 1 if options.small else options.rounds)
    line = partial(row, times, subject="backup", amount=float(amount), unit="bytes")
    words = f"{amount >> 20} MiB"
    return [
        line("backup", "tar -c", case=f"{words}, written"),
        line("backup", "cp -r", case=f"{words}, written"),
        line("unpack", "tar -x", case=f"{words}, unpacked and compared"),
        line("restore", "tar -x", case=f"{words}, restored whole", note="processes, migration, ledger check, every file decrypted"),
    ]  # fmt: skip
