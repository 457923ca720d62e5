# SPDX-License-Identifier: AGPL-3.0-or-later
"""Encryption to a recipient's age key (x25519), streaming, in memory of a few KiB.

age does not authenticate the sender: the caller logs the plaintext manifest's digest *and* the
ciphertext's digest that comes back here (PROOF.md, "Bundle").
"""

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from partwell.connectors.disk import fsync_folder
from partwell.connectors.errors import AgeError, RecipientInvalid

_SHAPE = re.compile(r"age1[02-9ac-hj-np-z]{58}\Z")


@dataclass(frozen=True)
class Ciphertext:
    """What was written: bytes and lower-case hex SHA-256 of the ciphertext."""

    size: int
    sha256: str


def check_recipient(text: str) -> str:
    """The recipient, trimmed and in lower case; :class:`RecipientInvalid` with a sentence otherwise."""
    trimmed = text.strip()
    if "AGE-SECRET-KEY" in trimmed.upper():
        raise RecipientInvalid(
            "That is a private key: never give it to anyone, make a new one, and enter the public key "
            "that begins with age1."
        )
    if trimmed.lower().startswith(("ssh-", "ecdsa-")):
        raise RecipientInvalid(
            "That is an SSH key; run age-keygen and enter the public key that begins with age1."
        )
    if trimmed == trimmed.upper():
        trimmed = trimmed.lower()
    if not _SHAPE.match(trimmed):
        raise RecipientInvalid(
            "That is not an age public key: it begins with age1 and has 62 characters; copy the line "
            "that age-keygen printed after 'Public key:'."
        )
    try:
        pyrage.x25519.Recipient.from_str(trimmed)
    except pyrage.RecipientError:
        raise RecipientInvalid(
            "The age public key has a typing error (its checksum fails); copy it again."
        ) from None
    return trimmed


class _Hashing:
    """A writer that counts and hashes what passes through."""

    def __init__(self, target: BinaryIO) -> None:
        self.target, self.size, self.digest = target, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        written = 0
        while written < len(data):
            written += self.target.write(data[written:]) or 0
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self.target.flush()


def encrypt_stream(source: BinaryIO, target: BinaryIO, recipients: Sequence[str]) -> Ciphertext:
    """Encrypt all of ``source`` into ``target`` for every recipient; neither is closed."""
    if not recipients:
        raise RecipientInvalid("Encryption needs at least one age public key.")
    keys: list[Any] = [pyrage.x25519.Recipient.from_str(check_recipient(text)) for text in recipients]
    writer = _Hashing(target)
    try:
        pyrage.encrypt_io(source, writer, keys)
    except (pyrage.EncryptError, OSError) as error:
        raise AgeError(
            f"The bundle could not be encrypted ({type(error).__name__}); check free space."
        ) from error
    return Ciphertext(writer.size, writer.digest.hexdigest())


def encrypt_file(source: Path, target: Path, recipients: Sequence[str]) -> Ciphertext:
    """Encrypt a file into ``target`` (0600), which appears only when it is whole and on the disk."""
    temporary = target.parent / f".tmp-{secrets.token_hex(8)}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out, open(source, "rb") as plain:
            facts = encrypt_stream(plain, out, recipients)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(target.parent)
    return facts


def read_identities(path: Path) -> list[Any]:
    """The private keys of an age key file (``AGE-SECRET-KEY-1…`` lines; comments allowed); AgeError without one."""
    try:
        text = path.read_bytes()[: 1 << 16].decode("ascii", "replace")
    except OSError as error:
        raise AgeError(f"The age key file {path} cannot be read ({error.strerror}).") from None
    found = []
    for line in text.splitlines():
        if line.strip().upper().startswith("AGE-SECRET-KEY-1"):
            try:
                found.append(pyrage.x25519.Identity.from_str(line.strip().upper()))
            except pyrage.IdentityError:
                raise AgeError(f"A key in {path} has a typing error (its checksum fails).") from None
    if not found:
        raise AgeError(f"{path} holds no age private key: a line that begins with AGE-SECRET-KEY-1.")
    return found


def decrypt_stream(source: BinaryIO, target: BinaryIO, identities: Sequence[Any]) -> None:
    """Decrypt all of ``source`` into ``target``; neither is closed. AgeError: another key, altered, or cut off.

    What was written before an error is authentic, but not the whole: use nothing of it.
    """
    try:
        pyrage.decrypt_io(source, target, list(identities))
    except pyrage.DecryptError as error:
        raise AgeError(
            "It does not open: the key is another one, or the file was altered or cut off. "
            f"Give the private key whose public key it was made for ({str(error)[:120]})."
        ) from None
    except OSError as error:
        raise AgeError(f"It could not be decrypted ({error.strerror or type(error).__name__}).") from error
