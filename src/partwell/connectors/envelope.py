# SPDX-License-Identifier: AGPL-3.0-or-later
"""One value under AES-256-GCM, bound to the place it belongs to (PROOF.md, "Secrets").

Sealed value, version 1::

    "PWV" 0x01 | nonce (12 bytes, random) | ciphertext | tag (16 bytes)

Associated data = the four header bytes, then what :func:`aad` gives::

    "partwell-aad-1" then, five times, length (4 bytes, big-endian) and UTF-8 text of
    client, model, row, field, key version

Lengths make it unambiguous: ("ab", "c") and ("a", "bc") differ. A ciphertext copied to another
row, field, client or key version does not open.
"""

import os
import struct
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from partwell.connectors.errors import AssociatedDataMisused, SealBroken

HEADER = b"PWV\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = len(HEADER) + NONCE_BYTES + TAG_BYTES
_PREFIX = b"partwell-aad-1"
_FIELDS = ("client", "model", "row", "field", "key version")


def new_data_key() -> bytes:
    """A fresh 256-bit data key; wrap it with a key store before it is stored anywhere."""
    return os.urandom(KEY_BYTES)


def aad(client: str | int | UUID, model: str, row: str | int | UUID, field: str, key_version: int) -> bytes:
    """Associated data naming the one place where a value belongs.

    Raises :class:`AssociatedDataMisused` if a part is empty or the key version is below 1:
    an unsaved row's ``None`` must not become a place.
    """
    if isinstance(key_version, bool) or not isinstance(key_version, int) or key_version < 1:
        raise AssociatedDataMisused(
            "The key version must be a whole number from 1; pass that of the data key."
        )
    parts = []
    for name, value in zip(_FIELDS, (client, model, row, field, key_version), strict=True):
        if isinstance(value, bool) or not isinstance(value, (str, int, UUID)) or str(value) == "":
            raise AssociatedDataMisused(f"The {name} of a sealed value is missing; save the row's id first.")
        raw = str(value).encode()
        parts.append(struct.pack(">I", len(raw)) + raw)
    return _PREFIX + b"".join(parts)


def check_aad(associated: bytes) -> None:
    """Raise :class:`AssociatedDataMisused` unless the bytes are exactly what :func:`aad` makes."""
    rest = associated[len(_PREFIX) :] if associated.startswith(_PREFIX) else b""
    count = 0
    while len(rest) >= 4:
        (length,) = struct.unpack(">I", rest[:4])
        if length == 0 or length > len(rest) - 4:
            break
        rest = rest[4 + length :]
        count += 1
    if rest or count != len(_FIELDS):
        raise AssociatedDataMisused(
            "Associated data must come from envelope.aad(client, model, row, field, version)."
        )


def _cipher(data_key: bytes) -> AESGCM:
    if not isinstance(data_key, bytes) or len(data_key) != KEY_BYTES:
        raise AssociatedDataMisused("A data key has 32 bytes; unwrap it from the key store first.")
    return AESGCM(data_key)


def seal_value(data_key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt ``plaintext`` (bytes, any length) for the place ``aad`` names; returns the sealed bytes."""
    check_aad(aad)
    nonce = os.urandom(NONCE_BYTES)
    return HEADER + nonce + _cipher(data_key).encrypt(nonce, plaintext, HEADER + aad)


def open_value(data_key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Decrypt; raises :class:`SealBroken` if anything (bytes, key, place) is not as it was sealed."""
    check_aad(aad)
    if len(sealed) < OVERHEAD or sealed[: len(HEADER)] != HEADER:
        raise SealBroken("This is not a sealed value of version 1; restore the row from a backup.")
    nonce = sealed[len(HEADER) : len(HEADER) + NONCE_BYTES]
    try:
        return _cipher(data_key).decrypt(nonce, sealed[len(HEADER) + NONCE_BYTES :], HEADER + aad)
    except InvalidTag:
        raise SealBroken(
            "A sealed value was altered, moved to another row, or sealed under another key; "
            "run the ledger check and restore the row from a backup."
        ) from None
