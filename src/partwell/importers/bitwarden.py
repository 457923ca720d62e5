# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bitwarden JSON exports, plain and password-protected (R16).

Format: ``encrypted: false`` holds the vault as it is; ``encrypted`` with
``passwordProtected`` holds it as one AES-CBC-HMAC string under a key from the export's own
password. Exports under the *account's* key cannot be opened outside that account.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from partwell.importers.base import ImportRefused, LeftOut, Notice, Options, Read, Understood, clean
from partwell.importers.credentials import Identities, Login, to_item
from partwell.importers.kdbx_header import ARGON2_LANES, ARGON2_PASSES
from partwell.importers.limits import MIB, Limits

KIND = "bitwarden"
LABEL = "Bitwarden or Vaultwarden export (JSON)"
UNDERSTANDS = (
    "plain JSON exports of a person's or an organisation's vault",
    "password-protected JSON exports (PBKDF2 or Argon2id)",
    "logins with addresses, one-time-password seeds, notes and free fields; secure notes; SSH keys; folders, collections",
)
DOES_NOT_UNDERSTAND = (
    "exports encrypted with the account's own key",
    "payment cards and identities: left out and listed, they are personal data and no part of the estate",
    "passkeys, attachments (an export holds none), earlier passwords, items in the trash",
)
_LOGIN, _NOTE, _CARD, _IDENTITY, _SSH = 1, 2, 3, 4, 5
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)


def sniff(path: Path, head: bytes) -> float:
    """How surely this is a Bitwarden export, by the keys at its beginning."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{"):
        return 0.0
    if b'"passwordProtected"' in start or b'"encKeyValidation_DO_NOT_EDIT"' in start:
        return 1.0
    if b'"items"' in start and (b'"folders"' in start or b'"collections"' in start):
        return 0.95
    return (
        0.9
        if b'"folderId"' in start or b'"collectionIds"' in start
        else 0.6
        if start[:400].count(b'"encrypted"') and b'"folders"' in start
        else 0.0
    )


def _load(text: str, limits: Limits) -> Any:
    refused = ImportRefused("json", "This is not a whole JSON document.", remedy="Export the vault again.")
    depth = deepest = 0
    for char in re.sub(r"[^\[\]{}]", "", _STRINGS.sub("", text)):
        depth += 1 if char in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > limits.json_depth:
        raise ImportRefused(
            "json_depth",
            f"The JSON is nested deeper than {limits.json_depth}.",
            remedy="Export the vault again; a real export is about five deep.",
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise refused from None  # the decoder's error may hold a piece of the document


def derive(
    password: str,
    salt: str,
    kdf: int,
    iterations: int,
    memory: int | None,
    parallelism: int | None,
    limits: Limits,
) -> bytes:
    """The 32-byte export key. ``memory`` in MiB. Refuses what costs more than ``limits`` before deriving."""
    salted = salt.encode()
    too_costly = ImportRefused(
        "kdf_too_costly",
        "To open this export, its header asks for more work than is given to it.",
        remedy="Lower the KDF settings in Bitwarden (Security, Keys) and export again.",
    )
    if kdf == 0:
        if not 1 <= iterations <= limits.kdf_iterations:
            raise too_costly
        return hashlib.pbkdf2_hmac("sha256", password.encode(), salted, iterations)
    if kdf != 1 or not isinstance(memory, int) or not isinstance(parallelism, int):
        raise ImportRefused(
            "kdf_unknown",
            "This export uses a key derivation that Partwell does not know.",
            remedy="Export as plain JSON and delete it after the import.",
        )
    size = memory * MIB
    if (
        not memory >= 1
        or not 1 <= parallelism <= ARGON2_LANES
        or not iterations >= 1
        or size > limits.kdf_memory
        or size * iterations > ARGON2_PASSES
    ):
        raise too_costly
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        password.encode(),
        hashlib.sha256(salted).digest(),
        time_cost=iterations,
        memory_cost=memory * 1024,
        parallelism=parallelism,
        hash_len=32,
        type=Type.ID,
    )


def decrypt_string(text: object, key: bytes) -> bytes | None:
    """A Bitwarden “2.iv|data|mac” string (AES-256-CBC, HMAC-SHA-256), or None where the key is not its key.

    ``key`` is the 32-byte export key; it is stretched by HKDF. Raises ImportRefused for another layout.
    """
    broken = ImportRefused(
        "bitwarden_layout", "The encrypted part of this export is damaged.", remedy="Export the vault again."
    )
    parts = text[2:].split("|") if isinstance(text, str) and text.startswith("2.") else []
    if len(parts) != 3:
        raise broken
    try:
        iv, data, mac = (base64.b64decode(part, validate=True) for part in parts)
    except (binascii.Error, ValueError):
        raise broken from None
    if len(iv) != 16 or not data or len(data) % 16:
        raise broken
    enc, mac_key = (HKDFExpand(hashes.SHA256(), 32, info).derive(key) for info in (b"enc", b"mac"))
    if not hmac.compare_digest(hmac.digest(mac_key, iv + data, "sha256"), mac):
        return None
    decryptor = Cipher(algorithms.AES(enc), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    try:
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise broken from None


def _unlock(export: dict[str, Any], options: Options) -> Any:
    if not export.get("passwordProtected"):
        raise ImportRefused(
            "account_encrypted",
            "This export is encrypted with the key of the Bitwarden account and can "
            "only be opened inside that account.",
            remedy="Export again and choose the file type “.json (Encrypted)” with “Password protected”.",
        )
    if options.password is None:
        raise ImportRefused(
            "password_needed", "This Bitwarden export is locked.", remedy="Give the export's password."
        )
    salt, iterations = export.get("salt"), export.get("kdfIterations")
    if not isinstance(salt, str) or not isinstance(iterations, int) or isinstance(iterations, bool):
        raise ImportRefused(
            "bitwarden_layout", "The header of this export is incomplete.", remedy="Export again."
        )
    key = derive(
        options.password.reveal(),
        salt,
        export.get("kdfType", 0),
        iterations,
        export.get("kdfMemory"),
        export.get("kdfParallelism"),
        options.limits,
    )
    if decrypt_string(export.get("encKeyValidation_DO_NOT_EDIT"), key) is None:
        raise ImportRefused(
            "wrong_password",
            "The password does not open this Bitwarden export.",
            remedy="It is the password that was chosen for the export, not the account's.",
        )
    plain = decrypt_string(export.get("data"), key)
    if plain is None:
        raise ImportRefused(
            "bitwarden_altered",
            "The content of this export was damaged or altered after it was made.",
            remedy="Export the vault again.",
        )
    try:
        return _load(plain.decode(), options.limits)
    except UnicodeDecodeError:
        raise ImportRefused(
            "json", "The content of this export is not UTF-8.", remedy="Export again."
        ) from None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """Every login, note and SSH key as a credential. Raises ImportRefused for what is not opened."""
    size = source.stat().st_size
    try:
        if size > options.limits.json_size:
            raise ImportRefused(
                "too_large",
                f"This export is larger than {options.limits.json_size // MIB} MiB.",
                remedy="Export it in parts, by collection.",
            )
        try:
            text = source.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ImportRefused("encoding", "This export is not UTF-8.", remedy="Export again.") from None
        export = _load(text, options.limits)
        if isinstance(export, dict) and export.get("encrypted") is True:
            export = _unlock(export, options)
        if not isinstance(export, dict) or not isinstance(export.get("items"), list):
            raise ImportRefused(
                "not_bitwarden",
                "This JSON holds no list of items as Bitwarden writes it.",
                remedy="Choose the file that Bitwarden's export made.",
            )
        yield from _items(export, options)
    except ImportRefused as refusal:
        refusal.where = refusal.where or source.name
        raise


def _items(export: dict[str, Any], options: Options) -> Iterator[Read]:
    places = {
        _text(one.get("id")): clean(one.get("name"), 200)
        for one in _dicts(export.get("folders")) + _dicts(export.get("collections"))
    }
    items = export["items"]
    yield Understood(
        "bitwarden",
        f"A Bitwarden export with {len(items)} items in {len(places)} folders or collections.",
        {"items": str(len(items)), "folders": str(len(places))},
    )
    if len(items) > options.limits.items:
        raise ImportRefused(
            "too_many_items", f"The export holds {len(items):,} items.", remedy="Export it in parts."
        )
    identities = Identities()
    for number, raw in enumerate(items, 1):
        line = f"items/{number}"
        if not isinstance(raw, dict):
            yield LeftOut(line, "layout", "This item is not laid out as Bitwarden writes it.")
            continue
        name, kind = clean(raw.get("name"), 80), raw.get("type")
        if raw.get("deletedDate"):
            yield LeftOut(line, "deleted", f"“{name}” lies in the vault's trash.")
        elif kind == _CARD:
            yield LeftOut(
                line,
                "card",
                f"“{name}” is a payment card: Partwell holds no card numbers. Hand it over by hand.",
            )
        elif kind == _IDENTITY:
            yield LeftOut(line, "identity", f"“{name}” is a person's identity, no part of the estate.")
        elif kind not in (_LOGIN, _NOTE, _SSH):
            yield LeftOut(line, "type", f"“{name}” is of a type that Partwell does not know.")
        else:
            yield from _entry(raw, line, places, identities)


def _entry(raw: dict[str, Any], line: str, places: dict[str, str], identities: Identities) -> Iterator[Read]:
    login = raw.get("login") if isinstance(raw.get("login"), dict) else {}
    ssh = raw.get("sshKey") if isinstance(raw.get("sshKey"), dict) else {}
    assert isinstance(login, dict) and isinstance(ssh, dict)
    collections = raw.get("collectionIds")
    ids = [raw.get("folderId"), *(collections if isinstance(collections, list) else [])]
    groups = [places[one] for one in map(_text, ids) if one in places]
    addresses = [_text(uri.get("uri")) for uri in _dicts(login.get("uris")) if uri.get("uri")]
    entry = Login(
        _text(raw.get("name")),
        _text(login.get("username")),
        addresses[0] if addresses else "",
        " · ".join(groups),
        _text(login.get("password")),
        _text(login.get("totp")),
        _text(raw.get("notes")),
        _text(ssh.get("privateKey")),
        external_id=_text(raw.get("id")),
        line=line,
    )
    for one in _dicts(raw.get("fields")):
        name, value = _text(one.get("name")) or "Field", _text(one.get("value"))
        target = entry.hidden if one.get("type") == 1 else entry.fields
        while name in entry.hidden or name in entry.fields:
            name += " (again)"
        if one.get("type") == 2:
            entry.more[f"field_{clean(name, 60).casefold()}"] = value
        elif one.get("type") != 3:  # 3 links to a field of the login itself
            target[name] = value
    if len(addresses) > 1:
        entry.hidden["Further addresses"] = " ".join(addresses[1:])
    history = len(_dicts(raw.get("passwordHistory")))
    entry.more |= {"earlier_versions_left_out": str(history)} if history else {}
    entry.more |= {
        "public_key": _text(ssh.get("publicKey")),
        "key_fingerprint": _text(ssh.get("keyFingerprint")),
    }
    entry.more |= {"changed_on": _text(raw.get("revisionDate"))[:10]}
    if raw.get("type") == _NOTE:
        entry.more["type"] = "secure note"
    if not any(
        (entry.title, entry.username, entry.password, entry.notes, entry.key, entry.hidden, entry.fields)
    ):
        yield LeftOut(line, "empty", "The item is empty.")
        return
    item = to_item(entry, identities)
    yield item
    if login.get("fido2Credentials"):
        yield Notice(
            line,
            "passkey",
            f"“{item.title}” also has a passkey, which is not taken: register a new one with the recipient.",
        )
