# SPDX-License-Identifier: AGPL-3.0-or-later
"""KeePass databases, KDBX 3.1 and 4, opened with a password, a key file or both (R16).

The header is read and its cost bounded first (``kdbx_header``), the key is derived here,
and only then pykeepass decrypts.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Secret,
    Understood,
    clean,
    fingerprint_of,
    kept,
    safe_name,
)
from partwell.importers.credentials import Identities, Login, critical_reason, to_item
from partwell.importers.kdbx_header import Header, parse_header
from partwell.importers.kdbx_open import _open
from partwell.importers.limits import MIB, Limits
from partwell.importers.mediatype import file_ref, of_bytes
from partwell.rules.terms import Category, Custodian, ItemKind, Sensitivity

KIND = "keepass"
LABEL = "KeePass database (KDBX 3.1 or 4)"
UNDERSTANDS = (
    "KDBX 3.0, 3.1, 4.0 and 4.1 with AES-256, ChaCha20 or Twofish, AES-KDF or Argon2d/Argon2id",
    "password, key file, or both",
    "title, user, address, password, notes, one-time-password seeds, free fields, tags, expiry, attachments",
)
DOES_NOT_UNDERSTAND = (
    "KeePass 1 (.kdb) and the pre-release KDBX 2",
    "databases that need a YubiKey, a Windows account or a plug-in",
    "earlier versions of entries (history), icons, auto-type",
    "entries in the recycle bin: they are listed as left out",
)
MAX_SIZE = 64 * MIB
_TOO_DEEP = 64
_OTP_FIELDS = (
    "otp",
    "TOTP Seed",
    "TimeOtp-Secret-Base32",
    "TimeOtp-Secret",
    "TimeOtp-Secret-Hex",
    "TimeOtp-Secret-Base64",
    "HmacOtp-Secret",
    "HmacOtp-Secret-Base32",
    "HmacOtp-Secret-Hex",
    "HmacOtp-Secret-Base64",
)
_KEY_NAMES = (
    ".pfx",
    ".p12",
    ".jks",
    ".key",
    ".pem",
    ".ppk",
    ".der",
    ".kdbx",
    ".keyx",
    ".ovpn",
    ".rdp",
    ".asc",
    ".gpg",
)
_NIL = "AAAAAAAAAAAAAAAAAAAAAA=="


def sniff(path: Path, head: bytes) -> float:
    """1 for any KeePass signature (the refused versions get their sentence from ``read``)."""
    return 1.0 if head[:4] == b"\x03\xd9\xa2\x9a" and head[5:8] == b"\xfb\x4b\xb5" else 0.0


def _expired(entry: Any, major: int) -> tuple[bool, str]:
    if (entry.findtext("./Times/Expires") or "").casefold() != "true":
        return False, ""
    text = (entry.findtext("./Times/ExpiryTime") or "").strip()
    try:
        if major == 4 and not text.endswith("Z"):
            seconds = int.from_bytes(base64.b64decode(text), "little")
            when = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        else:
            when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        return False, ""
    return when <= datetime.now(UTC), when.strftime("%Y-%m-%d")


class _Binaries:
    """Attachments by reference; unpacked one at a time and bounded."""

    def __init__(self, kp: Any, major: int, limits: Limits) -> None:
        self._limits = limits
        self._inner: list[bytes] = []
        self._meta: dict[str, Any] = {}
        if major == 4:
            self._inner = [
                item.data[1:] if not hasattr(item.data, "data") else item.data.data
                for item in kp.kdbx.body.payload.inner_header.get("binary", [])
            ]
        else:
            self._meta = {e.get("ID", ""): e for e in kp.tree.iterfind("./Meta/Binaries/Binary")}

    def get(self, ref: str) -> bytes | None:
        """The bytes, or None where they are missing, damaged or too large."""
        if self._inner:
            return bytes(self._inner[int(ref)]) if ref.isdigit() and int(ref) < len(self._inner) else None
        element = self._meta.get(ref)
        if element is None or element.get("Protected", "").casefold() == "true":
            return None
        try:
            raw = base64.b64decode(element.text or "")
            if element.get("Compressed", "").casefold() != "true":
                return raw
            unpacker = zlib.decompressobj(31)
            raw = unpacker.decompress(raw, MAX_SIZE)
            return None if unpacker.unconsumed_tail else raw
        except (ValueError, zlib.error):
            return None


def _entries(
    root: Any, bin_id: str, path: str = "", depth: int = 0, binned: bool = False
) -> Iterator[tuple[Any, str, bool]]:
    """Every entry with its group's path and whether it lies in the recycle bin; without history."""
    for entry in root.iterfind("./Entry"):
        yield entry, path, binned
    for group in root.iterfind("./Group"):
        if depth >= _TOO_DEEP:
            raise ImportRefused(
                "kdbx_depth",
                f"The groups of this KeePass database are nested deeper than {_TOO_DEEP}.",
                remedy="Flatten the groups in KeePass and save it again.",
            )
        name = clean(group.findtext("./Name"), 100)
        deleted = binned or (group.findtext("./UUID") or "").strip() == bin_id != _NIL
        yield from _entries(group, bin_id, f"{path}/{name}".strip("/"), depth + 1, deleted)


def _login(entry: Any, group: str, line: str, uuid: str) -> Login:
    values: dict[str, tuple[str, bool]] = {}
    for pair in entry.iterfind("./String"):
        value = pair.find("./Value")
        if value is not None:
            protected = any(
                (value.get(mark) or "").casefold() == "true" for mark in ("Protected", "ProtectInMemory")
            )
            values[pair.findtext("./Key") or ""] = (value.text or "", protected)
    take = {key: values.pop(key, ("", False))[0] for key in ("Title", "UserName", "Password", "URL", "Notes")}
    seeds = [values.pop(name)[0] for name in _OTP_FIELDS if name in values]
    seeds = [seed for seed in seeds if seed]
    login = Login(
        take["Title"],
        take["UserName"],
        take["URL"],
        group,
        take["Password"],
        "\n".join(seeds),
        take["Notes"],
        external_id=uuid,
        line=line,
    )
    for name, (text, protected) in values.items():
        (login.hidden if protected else login.fields)[name] = text
    tags = clean(entry.findtext("./Tags"), 300)
    if tags:
        login.more["tags"] = tags
    return login


def _attachment(data: bytes, name: str, owner: ImportedItem, options: Options) -> Read:
    """An attachment as an item of its own: what lies in a credential store is treated as secret (R16)."""
    line = f"{owner.source_line}/{name}"
    digest = hashlib.sha256(data).hexdigest()
    reason = critical_reason((name, owner.title))
    text = ""
    if len(data) <= 64 * 1024 and b"\x00" not in data:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
    secrets: dict[str, Secret] = {"key": Secret(text)} if text else {}
    file: FileRef | None = None
    if not text:
        file = file_ref(name, of_bytes(data), data, options)
        if file is None:
            return LeftOut(
                line,
                "attachment_too_large",
                f"The attachment “{name}” is {len(data):,} bytes large "
                "and there is no place to unpack it: import the database through the wizard.",
            )
    key_like = bool(text) or name.casefold().endswith(_KEY_NAMES)
    return ImportedItem(
        title=f"{owner.title}: {name}"[:250],
        category=Category.ADMIN_ACCESS if key_like else Category.OTHER,
        kind=ItemKind.CREDENTIAL if key_like else ItemKind.DOCUMENT,
        custodian=Custodian.MSP,
        sensitivity=Sensitivity.SENSITIVE,
        secrets=secrets,
        file=file,
        details=kept(
            {
                "attached_to": owner.title,
                "file_name": name,
                "group": owner.details.get("group", ""),
                "critical": "yes" if reason else "",
                "size": str(len(data)),
                "proposal": f"Proposed as critical: it speaks of {reason}." if reason else "",
            }
        ),
        external_id=f"{owner.external_id}/{name}",
        source_line=line,
        # A digest of a secret can be guessed where the secret is short: it only stands for large binary files.
        fingerprint=fingerprint_of("attachment", owner.fingerprint, name, "" if text else digest),
    )


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """Every entry outside the recycle bin as a credential, its attachments after it.

    Raises ImportRefused for what cannot be opened; derives no key beyond ``options.limits``.
    """
    if source.stat().st_size > min(MAX_SIZE, options.limits.file_size):
        raise ImportRefused(
            "too_large",
            f"This KeePass database is larger than {MAX_SIZE // MIB} MiB.",
            source.name,
            "Split it, or remove large attachments.",
        )
    data = source.read_bytes()
    try:
        header = parse_header(data)
        kp = _open(data, header, options)
        yield from _items(kp, header, options)
    except ImportRefused as refusal:
        refusal.where = refusal.where or source.name
        raise


def _items(kp: Any, header: Header, options: Options) -> Iterator[Read]:
    root = kp.tree.find("./Root/Group")
    if root is None:
        raise ImportRefused(
            "kdbx_damaged", "This KeePass database holds no root group.", remedy="Take an older copy."
        )
    bin_id = (kp.tree.findtext("./Meta/RecycleBinUUID") or _NIL).strip()
    everything = list(_entries(root, bin_id))
    facts = {
        "format": f"{header.major}.{header.minor}",
        "entries": str(len(everything)),
        "kdf": header.kdf.name,
        "recycle_bin": str(sum(binned for _, _, binned in everything)),
    }
    yield Understood(
        "keepass",
        f"A KeePass database, format {facts['format']}, with {facts['entries']} entries, "
        f"{facts['recycle_bin']} of them in its recycle bin.",
        facts,
    )
    by_uuid = {(e.findtext("./UUID") or "").strip(): e for e, _, _ in everything}
    identities = Identities()
    binaries = _Binaries(kp, header.major, options.limits)
    for number, (entry, group, binned) in enumerate(everything, 1):
        uuid = (entry.findtext("./UUID") or "").strip()
        line = f"{group}/{number}" if group else str(number)
        login = _login(entry, group, line, uuid)
        if binned:
            yield LeftOut(
                line, "deleted", f"“{clean(login.title, 80)}” lies in the recycle bin of the database."
            )
            continue
        unresolved = _resolve(login, by_uuid)
        attached = [
            (pair.findtext("./Key") or "file", pair.find("./Value")) for pair in entry.iterfind("./Binary")
        ]
        if not any(
            (
                login.title,
                login.username,
                login.password,
                login.notes,
                login.otp,
                login.url,
                login.hidden,
                login.fields,
                attached,
            )
        ):
            yield LeftOut(line, "empty", "The entry is empty.")
            continue
        expired, when = _expired(entry, header.major)
        login.more |= {"expires_on": when} if when else {}
        login.more |= {"expired": "yes"} if expired else {}
        versions = len(entry.findall("./History/Entry"))
        login.more |= {"earlier_versions_left_out": str(versions)} if versions else {}
        item = to_item(login, identities)
        yield item
        if expired:
            yield Notice(line, "expired", f"“{item.title}” is marked as expired since {when}.")
        if unresolved:
            yield Notice(
                line, "reference", f"“{item.title}” refers to another entry that could not be followed."
            )
        for name, value in attached:
            name = safe_name(name, "attachment")
            content = binaries.get(value.get("Ref", "") if value is not None else "")
            if content is None:
                yield LeftOut(
                    f"{line}/{name}",
                    "attachment_damaged",
                    f"The attachment “{name}” of “{item.title}” is missing, damaged or too large.",
                )
            else:
                yield _attachment(content, name, item, options)


_FIELDS = {"T": "Title", "U": "UserName", "P": "Password", "A": "URL", "N": "Notes"}


def _resolve(login: Login, by_uuid: dict[str, Any]) -> bool:
    """Follow ``{REF:P@I:…}`` once, whole values only. True where something stays unresolved."""
    unresolved = False
    for attribute in ("title", "username", "password", "url", "notes"):
        text: str = getattr(login, attribute)
        if not text.upper().startswith("{REF:") or not text.endswith("}"):
            continue
        what, _, where = text[5:-1].partition("@")
        target = None
        if where[:2].upper() == "I:":
            try:
                target = by_uuid.get(base64.b64encode(bytes.fromhex(where[2:])).decode())
            except ValueError:
                target = None
        wanted = _FIELDS.get(what.upper())
        found = None
        if target is not None and wanted:
            found = next(
                (
                    pair.findtext("./Value") or ""
                    for pair in target.iterfind("./String")
                    if pair.findtext("./Key") == wanted
                ),
                None,
            )
        if found is None or found.upper().startswith("{REF:"):
            unresolved = True
        else:
            setattr(login, attribute, found)
    return unresolved
