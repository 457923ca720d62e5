# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where key-encryption keys live: one key, one file, outside the data and its backups.

PROOF.md, "Secrets": destroying one unit's key must take nothing else with it, so every retention
unit has a key-encryption key of its own; deleting a wrapped key under a shared one erases nothing.

Key file, version 1 (50 bytes of content, mode 0600, name ``<key id>.key``; ``<key id>.new`` until :meth:`keep`)::

    "PWKEY" 0x01 | key (32 bytes) | first 12 bytes of SHA-256 over all before

Wrapped data key::

    "PWK" 0x01 | nonce (12) | ciphertext | tag (16);  associated data = header, key id, aad
"""

import hashlib
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from partwell.connectors.disk import fsync_folder, make_folder, write_atomically
from partwell.connectors.errors import (
    AssociatedDataMisused,
    KeyDamaged,
    KeyMissing,
    KeysNotApart,
    KeyStoreError,
    SealBroken,
)

_FILE_MAGIC = b"PWKEY\x01"
_WRAP_MAGIC = b"PWK\x01"
_CHECK_BYTES = 12
_KEPT, _BEGUN = ".key", ".new"
_TEMPORARY = re.compile(r"\.tmp-[0-9a-f]{16}\Z")
_ID = re.compile(r"[0-9a-f]{32}\Z")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyStore(Protocol):
    """What a key store can do; Vault transit or a cloud KMS fits it without giving keys out."""

    def create(self) -> str:
        """Make a key-encryption key, durable before this returns; gives its random id."""

    def begin(self) -> str:
        """As ``create``, of a key that nothing is under yet: until ``keep`` it may be wrapped under, and nothing else."""

    def keep(self, key_id: str) -> None:
        """What is wrapped under it is on record now. Repeating it is harmless; opening anything under it does it too."""

    def unused(self, older_than: float) -> list[str]:
        """Keys begun so many seconds ago and never kept: no data was ever sealed under one of them."""

    def wrap(self, key_id: str, data_key: bytes, aad: bytes) -> bytes:
        """Encrypt a data key under ``key_id``, bound to ``aad``."""

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The data key; ``KeyMissing`` after destruction, ``SealBroken`` if anything differs."""

    def destroy(self, key_id: str) -> bool:
        """Remove the key; True if it was there. Repeating it is harmless."""

    def exists(self, key_id: str) -> bool:
        """Whether the key is in the store now."""


def check_apart(home: Path, keys: Path) -> None:
    """Refuse (:class:`KeysNotApart`) if keys and data lie in one another, links resolved.

    One backup of both would let every deleted key rise again.
    """
    home, keys = Path(home).resolve(), Path(keys).resolve()
    for inner, outer, what in (
        (keys, home, "The key folder (PARTWELL_KEYS) lies inside PARTWELL_HOME"),
        (home, keys, "PARTWELL_HOME lies inside the key folder (PARTWELL_KEYS)"),
    ):
        if any(_same(place, outer) for place in (inner, *inner.parents)):
            raise KeysNotApart(
                f"{what}, so a backup would hold data and keys together; set them side by side."
            )


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False


class FolderKeyStore:
    """The default key store: a private folder with one file per key; nothing is cached.

    ``home``, if given, is checked with :func:`check_apart`. The folder is made with mode 0700;
    an existing one that others may enter is refused, unless still empty.
    """

    def __init__(self, path: Path, home: Path | None = None) -> None:
        self._path = Path(path)
        if home is not None:
            check_apart(home, self._path)
        if self._path.exists() and not self._path.is_dir():
            raise KeyStoreError(f"The key store {self._path} is a file; PARTWELL_KEYS must name a folder.")
        try:
            make_folder(self._path)
            if os.name == "posix" and self._path.stat().st_mode & _OTHERS:
                if any(self._path.iterdir()):
                    raise KeyStoreError(
                        f"The key folder {self._path} can be entered by others; run: chmod 700 {self._path}"
                    )
                self._path.chmod(0o700)
        except OSError as error:
            raise KeyStoreError(
                f"The key folder {self._path} cannot be used ({error.strerror}); check PARTWELL_KEYS and its owner."
            ) from None

    def __repr__(self) -> str:
        return f"FolderKeyStore({str(self._path)!r})"

    def create(self) -> str:
        """Make a key file (0600, file and folder fsynced before this returns); gives its random id."""
        key_id = self.begin()
        self.keep(key_id)
        return key_id

    def begin(self) -> str:
        """Make a key file that is called ``.new`` until it is kept, so that one of a process that died is known as such."""
        key_id = secrets.token_hex(16)
        content = _FILE_MAGIC + os.urandom(32)
        content += hashlib.sha256(content).digest()[:_CHECK_BYTES]
        try:
            write_atomically(self._file(key_id, _BEGUN), content, replace=False)
        except OSError as error:
            raise KeyStoreError(
                f"No key could be written to {self._path} ({error.strerror}); check its owner and free space."
            ) from None
        return key_id

    def keep(self, key_id: str) -> None:
        """Rename it to ``.key``, durable before this returns; KeyMissing where there is neither."""
        try:
            self._file(key_id, _BEGUN).rename(self._file(key_id))
        except FileNotFoundError:
            if not self._file(key_id).is_file():
                raise _missing(key_id, self._path) from None
        except OSError as error:
            raise KeyStoreError(
                f"Key {key_id} could not be kept in {self._path} ({error.strerror}); check its owner."
            ) from None
        fsync_folder(self._path)

    def unused(self, older_than: float) -> list[str]:
        """Ids of the ``.new`` files that nobody wrote to for ``older_than`` seconds, sorted."""
        limit, found = time.time() - older_than, []
        for file in self._path.glob(f"*{_BEGUN}"):
            with suppress(FileNotFoundError):
                if _ID.match(file.stem) and file.stat().st_mtime <= limit:
                    found.append(file.stem)
        return sorted(found)

    def clean_temporary(self, older_than: float) -> int:
        """Overwrite and remove half-written key files (no key has such a name) that nobody wrote to for so many seconds; how many."""
        limit, removed = time.time() - older_than, 0
        for file in self._path.glob(".tmp-*"):
            with suppress(FileNotFoundError):
                if _TEMPORARY.match(file.name) and file.stat().st_mtime <= limit:
                    _remove(file)
                    removed += 1
        return removed

    def wrap(self, key_id: str, data_key: bytes, aad: bytes) -> bytes:
        """Encrypt a 32-byte data key under ``key_id``; ``aad`` (not empty) names whose key it is."""
        if not aad:
            raise AssociatedDataMisused("A data key is wrapped for a named unit; associated data is missing.")
        if len(data_key) != 32:
            raise AssociatedDataMisused("A data key has 32 bytes.")
        nonce = os.urandom(12)
        sealed = AESGCM(self._key(key_id)).encrypt(nonce, data_key, _wrap_aad(key_id, aad))
        return _WRAP_MAGIC + nonce + sealed

    def unwrap(self, key_id: str, wrapped: bytes, aad: bytes) -> bytes:
        """The data key. Raises KeyMissing, KeyDamaged, or SealBroken if key, bytes or ``aad`` differ.

        A key that was never kept is kept first: its row is on record, and from here on something may be sealed under it.
        """
        if not self._file(key_id).is_file() and self._file(key_id, _BEGUN).is_file():
            self.keep(key_id)
        key = self._key(key_id)
        if len(wrapped) != len(_WRAP_MAGIC) + 12 + 32 + 16 or not wrapped.startswith(_WRAP_MAGIC):
            raise SealBroken("This is not a wrapped data key of version 1; restore its row from a backup.")
        try:
            return AESGCM(key).decrypt(wrapped[4:16], wrapped[16:], _wrap_aad(key_id, aad))
        except InvalidTag:
            raise SealBroken(
                f"The data key wrapped under {key_id} was altered or belongs to another unit; run the ledger check."
            ) from None

    def destroy(self, key_id: str) -> bool:
        """Overwrite, unlink, fsync the folder; True if the key was there. Safe to repeat after a crash.

        On SSDs and copy-on-write disks this proves nothing beyond: removed from this store.
        """
        found = False
        try:
            for ending in (_BEGUN, _KEPT):
                with suppress(FileNotFoundError):
                    _remove(self._file(key_id, ending))
                    found = True
        except OSError as error:
            raise KeyStoreError(
                f"Key {key_id} could not be removed from {self._path} ({error.strerror}); it still exists, try again."
            ) from None
        finally:
            fsync_folder(self._path)
        return found

    def exists(self, key_id: str) -> bool:
        """Whether a key file of this id lies in the folder now."""
        return self._file(key_id).is_file() or self._file(key_id, _BEGUN).is_file()

    def key_ids(self) -> list[str]:
        """All ids that were kept, sorted: for ``ledger check`` to compare with what should be there."""
        return sorted(entry.stem for entry in self._path.glob("*.key") if _ID.match(entry.stem))

    def raw(self, key_id: str) -> bytes | None:
        """The key file's bytes as they are, for a backup of the key store; None if it is gone. Checked to be whole."""
        try:
            self._key(key_id)
            return self._file(key_id).read_bytes()
        except (KeyMissing, FileNotFoundError):
            return None

    def _file(self, key_id: str, ending: str = _KEPT) -> Path:
        # an id comes from the database; it must never be able to name a path
        if not isinstance(key_id, str) or not _ID.match(key_id):
            raise KeyMissing("That is not the id of a key (32 hexadecimal digits).")
        return self._path / f"{key_id}{ending}"

    def _key(self, key_id: str) -> bytes:
        file = self._file(key_id)
        if not file.is_file() and self._file(key_id, _BEGUN).is_file():
            file = self._file(key_id, _BEGUN)
        try:
            handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as opened:
                loose = os.name == "posix" and os.fstat(opened.fileno()).st_mode & _OTHERS
                content = opened.read(256)
        except FileNotFoundError:
            raise _missing(key_id, self._path) from None
        except OSError as error:
            raise KeyStoreError(
                f"Key file {file} cannot be read ({error.strerror}); check its owner."
            ) from None
        if loose:
            raise KeyStoreError(f"Key file {file} can be read by others; run: chmod 600 {file}")
        body, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        whole = len(body) == len(_FILE_MAGIC) + 32 and body.startswith(_FILE_MAGIC)
        if not whole or not secrets.compare_digest(hashlib.sha256(body).digest()[:_CHECK_BYTES], check):
            raise KeyDamaged(
                f"Key file {file} is damaged; put the one from the key store's backup in its place."
            )
        return body[len(_FILE_MAGIC) :]


def _missing(key_id: str, folder: Path) -> KeyMissing:
    return KeyMissing(
        f"Key {key_id} is not in {folder}: it was destroyed, or PARTWELL_KEYS names another folder."
    )


def _remove(file: Path) -> None:
    """Overwrite and unlink; the caller fsyncs the folder."""
    with open(file, "r+b") as handle:
        handle.write(os.urandom(max(file.stat().st_size, 64)))
        handle.flush()
        os.fsync(handle.fileno())
    file.unlink()


def _wrap_aad(key_id: str, aad: bytes) -> bytes:
    return _WRAP_MAGIC + key_id.encode() + aad
