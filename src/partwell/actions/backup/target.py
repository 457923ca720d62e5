# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where an archive is written: apart from what it holds, under a name that says its kind, whole or not at all."""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from partwell.actions.backup.archive import DATA, KEYS, BackupFailed, Pull
from partwell.connectors.age import Ciphertext, check_recipient, encrypt_stream
from partwell.connectors.disk import fsync_folder
from partwell.connectors.errors import AgeError

SUFFIX = {DATA: ".data.age", KEYS: ".keys.age"}
_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"partwell-(\d{8}T\d{6}Z)\.(?:data|keys)\.age\Z")


def place_for(kind: str, to: Path, apart_from: Sequence[Path], now: datetime) -> Path:
    """The file to write: ``to`` itself, or a dated name in the folder ``to``. BackupFailed with a sentence otherwise.

    Refused: a name without the kind's suffix, a folder that holds archives of the other kind (one theft would take
    data and keys), and a place inside the home, the key folder or the log store.
    """
    suffix, other = SUFFIX[kind], SUFFIX[KEYS if kind == DATA else DATA]
    to = Path(to)
    target = to / f"partwell-{now.astimezone(UTC):{_STAMP}}{suffix}" if to.is_dir() else to
    if not target.name.endswith(suffix) or target.name == suffix:
        raise BackupFailed(f"The name of this archive ends in {suffix}, so that data and keys are never mistaken; or name a folder.")  # fmt: skip
    folder = target.parent
    if not folder.is_dir():
        raise BackupFailed(f"{folder} is no folder; make it first, on other storage than the home's.")
    if target.exists():
        raise BackupFailed(f"{target} exists already; give another name.")
    resolved = folder.resolve()
    for one in apart_from:
        if one.resolve() in (resolved, *resolved.parents):
            raise BackupFailed(
                f"{folder} lies inside {one}: a backup there is lost together with what it is of."
            )
    if any(one.name.endswith((other, other + ".part")) for one in folder.iterdir()):
        raise BackupFailed(
            f"{folder} holds {'keys' if kind == DATA else 'data'} of Partwell. Data and keys are kept apart: "
            "whoever has both reads everything. Name another folder, on other storage."
        )
    return target


def recipients_of(given: Sequence[str], others: Sequence[str], setting: str) -> list[str]:
    """The public keys, checked; BackupFailed without one, or with one that the other kind of archive is made for."""
    try:
        keys = [check_recipient(one) for one in given]
        forbidden = {check_recipient(one) for one in others}
    except AgeError as error:
        raise BackupFailed(str(error)) from None
    if not keys:
        raise BackupFailed(
            f"For whom is it encrypted? Give --recipient with an age public key, or set {setting}."
        )
    if shared := set(keys) & forbidden:
        raise BackupFailed(f"{min(shared)} opens both data and keys. Use a key of its own for each.")
    return keys


def write_archive(target: Path, pieces: Iterator[bytes], recipients: Sequence[str]) -> Ciphertext:
    """Encrypt ``pieces`` into ``target``, which appears whole and on the disk or not at all.

    Leftovers of killed runs in that folder go first. Memory: one piece and the library's buffers.
    """
    _clear_leftovers(target)
    part = target.with_name(target.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    pull = Pull(pieces)
    try:
        with os.fdopen(handle, "wb", buffering=1 << 20) as out:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = _encrypt(pull, out, recipients, target)
            out.flush()
            os.fsync(out.fileno())
            if target.exists():
                raise BackupFailed(f"{target} exists already; give another name.")
            part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    fsync_folder(target.parent)
    return facts


def _encrypt(pull: Any, out: Any, recipients: Sequence[str], target: Path) -> Ciphertext:
    try:
        return encrypt_stream(pull, out, recipients)
    except AgeError as error:
        if pull.error is not None:
            raise pull.error from None
        cause = error.__cause__
        words = getattr(cause, "strerror", None) or str(cause)[:120]
        raise BackupFailed(
            f"{target.name} could not be written ({words}); check the free space of its folder."
        ) from None


def _clear_leftovers(target: Path) -> None:
    for part in target.parent.glob("*.age.part"):
        if not part.name.endswith(tuple(f"{one}.part" for one in SUFFIX.values())):
            continue
        try:
            with part.open("rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another backup that runs holds its own
                part.unlink()
        except OSError:
            continue


def expired(folder: Path, days: int, now: datetime) -> list[Path]:
    """Key archives of ``folder`` whose name says that they are older than ``days``; oldest first."""
    out = []
    for one in sorted(folder.glob(f"partwell-*{SUFFIX[KEYS]}")):
        if match := _NAME.match(one.name):
            made = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
            if now - made > timedelta(days=days):
                out.append(one)
    return out
