# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing a file so that it is either whole and on the disk, or not there."""

import os
import secrets
from pathlib import Path


def fsync_folder(folder: Path) -> None:
    """Make the folder's entries durable. Windows cannot open a folder: its rename is journalled."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Create the folder (and parents), durable, with exactly ``mode`` whatever the umask says."""
    missing = []
    current = folder
    while not current.exists():
        missing.append(current)
        current = current.parent
    for one in reversed(missing):
        one.mkdir(mode=mode, exist_ok=True)
        if os.name == "posix":
            one.chmod(mode)
        fsync_folder(one.parent)


def write_atomically(target: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a 0600 file by temp file, fsync, rename, fsync of the folder.

    ``replace=False`` raises ``FileExistsError`` instead of taking an existing name.
    """
    temporary = target.parent / f".tmp-{secrets.token_hex(8)}"
    try:
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not replace and target.exists():
            raise FileExistsError(f"{target} exists already.")
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(target.parent)
