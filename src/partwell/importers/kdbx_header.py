# SPDX-License-Identifier: AGPL-3.0-or-later
"""The outer header of a KDBX file, read and bounded *before* any key is derived.

The header is not yet authenticated when the key derivation runs, so whoever made the file
chooses its cost: one public file took 15 seconds (PROOF.md, "Secrets").
"""

import hashlib
import struct
from dataclasses import dataclass

from partwell.importers.base import ImportRefused
from partwell.importers.limits import Limits

_SIG1 = 0x9AA2D903
_KDBX, _KDB1, _PRE = 0xB54BFB67, 0xB54BFB65, 0xB54BFB66
_ARGON2D = bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c")
_ARGON2ID = bytes.fromhex("9e298b1956db4773b23dfc3ec6f0a1e6")
_AES_KDF = (
    bytes.fromhex("c9d9f39a628a4460bf740d08c18a4fea"),
    bytes.fromhex("7c02bb8279a74ac0927d114a00648238"),
)
_MAX_HEADER = 1024 * 1024
ARGON2_PASSES = 16 * 1024**3  # memory × iterations, in bytes: about ten seconds of one core
ARGON2_LANES = 64
REMEDY = "Open it in KeePass or KeePassXC, lower the key derivation (“Encryption settings”), save, and import again."


@dataclass(frozen=True, slots=True)
class Kdf:
    """How the key is derived. ``memory`` in bytes; ``rounds`` for AES, the others for Argon2."""

    name: str  # aes, argon2d, argon2id
    salt: bytes
    rounds: int = 0
    memory: int = 0
    iterations: int = 0
    parallelism: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """``raw`` is the header's bytes up to the end field: what its hash covers."""

    major: int
    minor: int
    kdf: Kdf
    raw: bytes


def _broken(sentence: str) -> ImportRefused:
    return ImportRefused(
        "kdbx_header", sentence, remedy="Save the database again in KeePass and import the new file."
    )


def _take(data: bytes, at: int, length: int) -> bytes:
    piece = data[at : at + length]
    if length < 0 or len(piece) != length:
        raise _broken("The header of this KeePass database ends too early.")
    return piece


def _variants(raw: bytes) -> dict[str, int | bytes]:
    """A KDBX 4 VariantDictionary; strings and booleans are not needed and stay bytes."""
    if len(raw) < 3 or raw[1] != 1:
        raise _broken("The key derivation settings of this KeePass database cannot be read.")
    found: dict[str, int | bytes] = {}
    at = 2
    while at < len(raw) and raw[at] != 0:
        kind = raw[at]
        (size,) = struct.unpack("<i", _take(raw, at + 1, 4))
        name = _take(raw, at + 5, size).decode("utf-8", "replace")
        at += 5 + size
        (size,) = struct.unpack("<i", _take(raw, at, 4))
        value = _take(raw, at + 4, size)
        at += 4 + size
        if name in found:
            raise _broken(f"The header of this KeePass database names “{name[:20]}” twice.")
        widths = {0x04: 4, 0x05: 8, 0x0C: 4, 0x0D: 8}
        if kind in widths:
            if size != widths[kind]:
                raise _broken("The key derivation settings of this KeePass database cannot be read.")
            found[name] = int.from_bytes(value, "little", signed=kind in (0x0C, 0x0D))
        else:
            found[name] = value
    return found


def _kdf4(raw: bytes) -> Kdf:
    found = _variants(raw)

    def number(name: str) -> int:
        value = found.get(name)
        if not isinstance(value, int) or value < 0:
            raise _broken("The key derivation settings of this KeePass database are incomplete.")
        return value

    identity, salt = found.get("$UUID"), found.get("S")
    if not isinstance(identity, bytes) or not isinstance(salt, bytes) or not 8 <= len(salt) <= 128:
        raise _broken("The key derivation settings of this KeePass database are incomplete.")
    if identity in _AES_KDF:
        return Kdf("aes", salt, rounds=number("R"))
    if identity in (_ARGON2D, _ARGON2ID):
        name = "argon2d" if identity == _ARGON2D else "argon2id"
        return Kdf(name, salt, 0, number("M"), number("I"), number("P"), number("V"))
    raise ImportRefused(
        "kdbx_kdf_unknown",
        "This KeePass database uses a key derivation that Partwell does not know.",
        remedy="Choose AES-KDF or Argon2 in the database's encryption settings and save it again.",
    )


def _check_signature(data: bytes) -> tuple[int, int]:
    if len(data) < 12:
        raise ImportRefused(
            "not_kdbx",
            "This file is too short to be a KeePass database.",
            remedy="Copy it again from its source.",
        )
    sig1, sig2, minor, major = struct.unpack("<IIHH", data[:12])
    if sig1 != _SIG1 or sig2 not in (_KDBX, _KDB1, _PRE):
        raise ImportRefused("not_kdbx", "This is not a KeePass database.", remedy="Choose a .kdbx file.")
    if sig2 == _KDB1:
        raise ImportRefused(
            "kdb1",
            "This is a KeePass 1 database (.kdb), an old format that Partwell does not open.",
            remedy="Import it into KeePass 2 or KeePassXC, save it as .kdbx, and take that file.",
        )
    if sig2 == _PRE or major < 3:
        raise ImportRefused(
            "kdbx2",
            f"This KeePass database has the pre-release format {major}.{minor:02d}.",
            remedy="Open it in KeePass 2, save it as KDBX 3.1 or 4, and take that file.",
        )
    if major > 4:
        raise ImportRefused(
            "kdbx_newer",
            f"This KeePass database has format {major}.{minor}, newer than Partwell knows.",
            remedy="Save it as KDBX 4 and take that file.",
        )
    return major, minor


def parse_header(data: bytes) -> Header:
    """The header of KDBX 3 or 4, strictly read. Raises ImportRefused with a sentence for anything else.

    KDBX 4's header hash is checked here; KDBX 3.1's lies inside the encrypted part.
    """
    major, minor = _check_signature(data)
    fields: dict[int, bytes] = {}
    at = 12
    width = 2 if major == 3 else 4
    while True:
        kind = _take(data, at, 1)[0]
        size = int.from_bytes(_take(data, at + 1, width), "little")
        if at + size > _MAX_HEADER:
            raise _broken("The header of this KeePass database is longer than a megabyte.")
        value = _take(data, at + 1 + width, size)
        at += 1 + width + size
        if kind in fields:
            raise _broken("The header of this KeePass database holds a field twice.")
        fields[kind] = value
        if kind == 0:
            break
    raw = data[:at]
    if major == 4:
        if hashlib.sha256(raw).digest() != data[at : at + 32]:
            raise _broken(
                "The header of this KeePass database does not match its own hash: it was damaged or altered."
            )
        return Header(major, minor, _kdf4(fields.get(11, b"")), raw)
    rounds = fields.get(6, b"")
    if len(rounds) != 8 or len(fields.get(5, b"")) != 32:
        raise _broken("The key derivation settings of this KeePass database are incomplete.")
    return Header(major, minor, Kdf("aes", fields[5], rounds=int.from_bytes(rounds, "little")), raw)


def check_cost(kdf: Kdf, limits: Limits) -> None:
    """Refuse a derivation that would cost more than ``limits`` allow; nothing is derived here."""
    asked = ""
    if kdf.name == "aes":
        if kdf.rounds > limits.kdf_rounds:
            asked = f"{kdf.rounds:,} rounds of AES; at most {limits.kdf_rounds:,} are tried"
    elif kdf.memory > limits.kdf_memory:
        asked = (
            f"{kdf.memory // 1024**2:,} MiB of memory; at most {limits.kdf_memory // 1024**2:,} MiB are given"
        )
    elif kdf.memory * kdf.iterations > ARGON2_PASSES:
        asked = (
            f"{kdf.iterations:,} passes over {kdf.memory // 1024**2:,} MiB, far more than ten seconds of work"
        )
    elif kdf.parallelism > ARGON2_LANES:
        asked = f"{kdf.parallelism:,} threads; at most {ARGON2_LANES} are given"
    elif kdf.iterations > 100_000:
        asked = f"{kdf.iterations:,} passes; at most 100,000 are made"
    elif (
        not kdf.iterations
        or not kdf.parallelism
        or kdf.memory < 8192 * kdf.parallelism
        or kdf.version not in (16, 19)
    ):
        raise _broken("The key derivation settings of this KeePass database make no sense.")
    if asked:
        raise ImportRefused(
            "kdf_too_costly", f"To open this KeePass database, its header asks for {asked}.", remedy=REMEDY
        )
