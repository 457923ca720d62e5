# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opens a KDBX database: the composite key, its bounded derivation, and pykeepass on what is left."""

import base64
import hashlib
import io
import logging
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from partwell.importers.base import (
    ImportRefused,
    Options,
)
from partwell.importers.kdbx_header import Header, Kdf, check_cost
from partwell.importers.limits import MIB


class _Counter(logging.Handler):
    """Counts protected values that pykeepass could not decrypt: it only logs them."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.levelno >= logging.ERROR


def transform_key(composite: bytes, kdf: Kdf) -> bytes:
    """The transformed key of KDBX from the 32-byte composite key; ``kdf`` must have passed ``check_cost``.

    AES-KDF encrypts each half over and over: that is CBC over zeros with the half as
    vector, so that OpenSSL does in one call what a loop in Python does in a minute.
    """
    if kdf.name != "aes":
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(
            composite,
            kdf.salt,
            time_cost=kdf.iterations,
            memory_cost=kdf.memory // 1024,
            parallelism=kdf.parallelism,
            hash_len=32,
            version=kdf.version,
            type=Type.D if kdf.name == "argon2d" else Type.ID,
        )
    if len(kdf.salt) != 32:
        raise ImportRefused(
            "kdbx_header", "The key derivation settings of this KeePass database make no sense."
        )
    halves = []
    zeros = bytes(MIB)
    for half in (composite[:16], composite[16:]):
        left = kdf.rounds * 16
        encryptor = Cipher(algorithms.AES(kdf.salt), modes.CBC(half)).encryptor()
        while left:
            step = min(left, MIB)
            half = encryptor.update(zeros[:step])[-16:]
            left -= step
        halves.append(half)
    return hashlib.sha256(b"".join(halves)).digest()


def _composite(options: Options) -> bytes:
    from pykeepass.kdbx_parsing.common import compute_key_composite  # lazily: it loads lxml and construct

    if options.password is None and options.key_file is None:
        raise ImportRefused(
            "password_needed",
            "This KeePass database is locked.",
            remedy="Give its password, its key file, or both.",
        )
    key_file = None
    if options.key_file is not None:
        try:
            if options.key_file.stat().st_size > 16 * MIB:
                raise ImportRefused(
                    "key_file",
                    "The key file is larger than 16 MiB.",
                    remedy="Check that it is the key file and not the database.",
                )
            key_file = io.BytesIO(options.key_file.read_bytes())
        except OSError as error:
            raise ImportRefused(
                "key_file", "The key file cannot be read.", remedy="Choose the key file again."
            ) from error
    password = options.password.reveal() if options.password is not None else None
    try:
        result = compute_key_composite(password=password, keyfile=key_file)
    except Exception:  # noqa: BLE001  # AssertionError, OSError, binascii.Error: pykeepass does not name them
        raise ImportRefused(
            "key_file",
            "The key file is damaged: its own checksum or layout is wrong.",
            remedy="Fetch the key file again from where it is kept.",
        ) from None
    return bytes(result)


def _open(data: bytes, header: Header, options: Options) -> Any:
    from pykeepass import PyKeePass
    from pykeepass.exceptions import CredentialsError, HeaderChecksumError, PayloadChecksumError

    composite = _composite(options)
    check_cost(header.kdf, options.limits)
    damaged = ImportRefused(
        "kdbx_damaged",
        "This KeePass database opens but its content is damaged.",
        remedy="Take an older copy, or repair it in KeePass (File, Import, Repair).",
    )
    counter = _Counter()
    log = logging.getLogger("pykeepass.kdbx_parsing.common")
    log.addHandler(counter)
    try:
        kp = PyKeePass(io.BytesIO(data), transformed_key=transform_key(composite, header.kdf))
    except CredentialsError:
        raise ImportRefused(
            "wrong_password",
            "The password or key file does not open this KeePass database.",
            remedy="Check both; some databases need the password and the key file together.",
        ) from None
    except HeaderChecksumError:
        raise ImportRefused(
            "kdbx_header",
            "The header of this KeePass database was damaged or altered.",
            remedy="Take an older copy.",
        ) from None
    except PayloadChecksumError:
        raise damaged from None
    except MemoryError:
        raise ImportRefused(
            "kdbx_bomb",
            "This KeePass database unpacks to more than the memory that is given to it.",
            remedy="Split it, or remove large attachments, and import again.",
        ) from None
    except ImportRefused:
        raise
    except Exception:  # noqa: BLE001  # construct, zlib and lxml each raise their own; none may name the content
        raise damaged from None
    finally:
        log.removeHandler(counter)
    if header.major == 3:
        noted = kp.tree.findtext("./Meta/HeaderHash")
        if noted and noted.strip() != base64.b64encode(hashlib.sha256(header.raw).digest()).decode():
            raise ImportRefused(
                "kdbx_header",
                "The header of this KeePass database does not match the hash inside it: "
                "it was damaged or altered.",
                remedy="Take an older copy.",
            )
    if counter.count:  # pykeepass would leave the ciphertext standing as if it were the password
        raise damaged
    return kp
