# SPDX-License-Identifier: AGPL-3.0-or-later
"""KeePass and Bitwarden: real stores, hostile headers, and nothing secret outside ``secrets`` (R16)."""

import base64
import dataclasses
import functools
import hashlib
import io
import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pykeepass import PyKeePass, create_database

from partwell.importers import bitwarden, credentials, kdbx_header, kdbx_open, keepass
from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Notice, Options, Read, Secret
from partwell.importers.limits import Limits
from partwell.importers.sandbox import read_guarded
from partwell.rules.terms import Category, ItemKind, Sensitivity
from tests.inputs import inputs


def options(password: str | None = None, **more: Any) -> Options:
    return Options(password=None if password is None else Secret(password), **more)


def items(reads: list[Read]) -> list[ImportedItem]:
    return [one for one in reads if isinstance(one, ImportedItem)]


def refused(module: Any, path: Path, given: Options) -> ImportRefused:
    with pytest.raises(ImportRefused) as caught:
        list(module.read(path, options=given))
    assert caught.value.sentence.endswith(".")
    assert caught.value.where == path.name
    return caught.value


@pytest.mark.parametrize(
    ("name", "password", "key", "count"),
    [
        ("NewDatabase", "a", None, 3),
        ("Format300", "a", None, 1),
        ("MergeDatabase", "a", None, 3),
        ("KeyFileProtected", "a", "KeyFileProtected.key", 2),
        ("RecycleBinWithData", "123", None, 5),
    ],
)
def test_real_keepass(name: str, password: str, key: str | None, count: int) -> None:
    folder = inputs("credentials/keepassxc")
    given = options(password, key_file=folder / key if key else None)
    found = items(list(keepass.read(folder / f"{name}.kdbx", options=given)))
    assert len(found) == count
    assert {one.kind for one in found} == {ItemKind.CREDENTIAL}
    assert {one.category for one in found} == {Category.ADMIN_ACCESS}


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("BrokenHeaderHash.kdbx", "", "kdbx_header"),
        ("Format200.kdbx", "a", "kdbx2"),
        ("basic.kdb", "masterpw", "kdb1"),
        ("NewDatabase.kdbx", "b", "wrong_password"),
        ("KeyFileProtected.kdbx", "a", "wrong_password"),
        ("NewDatabase.kdbx", None, "password_needed"),
        ("NewDatabase.xml", "a", "not_kdbx"),
    ],
)
def test_real_keepass_refused_in_a_sentence(name: str, password: str | None, code: str) -> None:
    assert refused(keepass, inputs("credentials/keepassxc") / name, options(password)).code == code


def test_recycle_bin_is_left_out_and_said() -> None:
    reads = list(
        keepass.read(inputs("credentials/keepassxc/RecycleBinWithData.kdbx"), options=options("123"))
    )
    left = [one for one in reads if isinstance(one, LeftOut)]
    assert [one.reason_code for one in left] == ["deleted"] * 6
    critical = {one.title for one in items(reads) if one.details.get("critical") == "yes"}
    assert critical == {"Linux", "Windows"}
    assert {one.sensitivity for one in items(reads) if one.title in critical} == {Sensitivity.SENSITIVE}


def test_pass_import_keepass_in_the_sandbox(tmp_path: Path) -> None:
    path = inputs("credentials/pass_import/keepass.kdbx")
    reads = list(read_guarded("keepass", path, options("correct horse battery staple", spool=tmp_path)))
    found = items(reads)
    assert len(found) == 20
    attached = [one for one in found if one.details.get("attached_to")]
    assert [(one.file.name, one.file.media_type) for one in attached if one.file] == [
        ("pass.png", "image/png"),
        ("tomb.jpg", "image/jpeg"),
    ]
    assert sum("otp" in one.secrets for one in found) >= 4


def test_same_logins_in_two_products_are_the_same_item() -> None:
    folder = inputs("credentials/pass_import")
    one = items(list(keepass.read(folder / "keepass.kdbx", options=options("correct horse battery staple"))))
    other = items(list(bitwarden.read(folder / "bitwarden.json", options=options())))
    shared = {item.fingerprint for item in one} & {item.fingerprint for item in other}
    assert len(shared) >= 10


def made(path: Path) -> Path:
    """A database of our own, written once by pykeepass with a cheap key derivation; its password is “geheim”."""
    path.write_bytes(made_bytes())
    return path


@functools.cache
def blank() -> bytes:
    buffer = io.BytesIO()
    create_database(buffer, password="geheim")
    return buffer.getvalue()


def locked(path: Path, version: int, password: str | None, key: Path | None) -> Path:
    """A store of this version behind these; 3.1 from a real one, for pykeepass makes new ones as 4.0 only."""
    old = inputs("credentials/keepassxc/NewDatabase.kdbx") if version == 3 else io.BytesIO(made_bytes())
    kp = PyKeePass(old, password="a" if version == 3 else "geheim")
    kp.password, kp.keyfile = password, str(key) if key else None
    kp.add_entry(kp.root_group, "Only here", "x", "Pa55-here")
    for stale in kp.tree.iterfind(".//HeaderHash"):  # of 3.1 only, optional, and pykeepass leaves the old one
        stale.getparent().remove(stale)
    kp.save(path)
    return path


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(("password", "with_key"), [("geheim", False), ("geheim", True), (None, True)])
def test_a_password_a_key_file_or_both_open_either_version(
    tmp_path: Path, version: int, password: str | None, with_key: bool
) -> None:
    key = tmp_path / "store.key"
    key.write_bytes(b"\x07" * 32)
    path = locked(tmp_path / "x.kdbx", version, password, key if with_key else None)
    assert kdbx_header.parse_header(path.read_bytes()).major == version
    given = options(password, key_file=key if with_key else None, spool=tmp_path)
    found = {one.title: one for one in items(list(read_guarded("keepass", path, given)))}
    assert found["Only here"].secrets["password"].reveal() == "Pa55-here"
    lacking = [options("wrong", key_file=key if with_key else None)]
    lacking += [options(password)] if with_key else [options(password, key_file=key)]
    for one in lacking:
        assert refused(keepass, path, one).code in ("wrong_password", "password_needed")


@functools.cache
def made_bytes() -> bytes:
    kp = PyKeePass(io.BytesIO(blank()), password="geheim")
    costs = kp.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    costs["I"].value, costs["M"].value = 2, 1024 * 1024
    group = kp.add_group(kp.root_group, "Servers")
    entry = kp.add_entry(
        group,
        "Firewall",
        "admin",
        "Pa55-fw",
        url="https://u:Pa55-url@fw.example/x?t=Pa55-q",
        notes="Pa55-notes",
        otp="otpauth://totp/x?secret=PA55OTP",
    )
    entry.set_custom_property("PIN", "Pa55-pin", protect=True)
    entry.set_custom_property("Answer", "Pa55-answer")
    entry.set_custom_property("Serial", "SN-1")
    entry.add_attachment(kp.add_binary(b"-----BEGIN KEY Pa55-key"), "../../id_rsa")
    entry.add_attachment(kp.add_binary(b"\x89PNG\r\n\x1a\n\x00\x00"), "rack.png")
    entry.save_history()
    kp.add_entry(group, "Firewall", "admin", "Pa55-other", url="https://fw.example/x", force_creation=True)
    old = kp.add_entry(group, "Old", "x", "Pa55-old", expiry_time=None)
    kp.trash_entry(old)
    kp.add_entry(kp.root_group, "Ref", "x", "{REF:P@I:" + entry.uuid.hex.upper() + "}")
    buffer = io.BytesIO()
    kp.save(buffer)
    return buffer.getvalue()


def test_nothing_secret_outside_secrets(tmp_path: Path) -> None:
    reads = list(keepass.read(made(tmp_path / "x.kdbx"), options=options("geheim")))
    shown = json.dumps(
        [
            [
                dataclasses.asdict(one)
                if not isinstance(one, ImportedItem)
                else [one.title, one.details, one.external_id, one.source_line, repr(one)]
            ]
            for one in reads
        ],
        default=repr,
    )
    assert "Pa55" not in shown
    assert "PA55" not in shown
    found = {one.title: one for one in items(reads)}
    firewall = found["Firewall: id_rsa"]
    assert firewall.secrets["key"].reveal() == "-----BEGIN KEY Pa55-key"
    first, second = [one for one in items(reads) if one.title == "Firewall"]
    assert first.fingerprint != second.fingerprint  # same login, another password: neither is lost
    assert first.secrets["password"].reveal() == "Pa55-fw"
    assert first.secrets["otp"].reveal().startswith("otpauth://")
    for part in ("Pa55-notes", "PIN: Pa55-pin", "Answer: Pa55-answer", "Full address: https://u:Pa55-url@"):
        assert part in first.secrets["notes"].reveal()
    assert first.details["serial"] == "SN-1"
    assert first.details["url"] == "https://fw.example/x"
    assert first.details["earlier_versions_left_out"] == "1"
    assert found["Ref"].secrets["password"].reveal() == "Pa55-fw"
    assert found["Firewall: rack.png"].kind is ItemKind.DOCUMENT
    assert [one.reason_code for one in reads if isinstance(one, LeftOut)] == ["deleted"]


def raised(path: Path, name: str, value: int, width: int) -> Path:
    """The file with one KDF parameter of its header replaced and the header's hash made good again."""
    data = bytearray(path.read_bytes())
    header = kdbx_header.parse_header(bytes(data))
    key = name.encode()
    at = data.index(struct.pack("<i", len(key)) + key + struct.pack("<i", width)) + 4 + len(key) + 4
    data[at : at + width] = value.to_bytes(width, "little")
    end = len(header.raw)
    data[end : end + 32] = hashlib.sha256(data[:end]).digest()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "value", "width"),
    [("M", 2**40, 8), ("M", 2**63, 8), ("I", 2**62, 8), ("I", 2**24, 8), ("P", 2**31, 4)],
)
def test_argon2_of_a_stranger_is_bounded_before_it_runs(
    tmp_path: Path, name: str, value: int, width: int
) -> None:
    path = raised(made(tmp_path / "x.kdbx"), name, value, width)
    before = time.process_time()
    refusal = refused(keepass, path, options("geheim"))
    assert refusal.code == "kdf_too_costly"
    assert refusal.remedy
    assert time.process_time() - before < 2  # to run it takes hours; a busy machine, nothing


def test_aes_rounds_of_a_stranger_are_bounded_before_they_run(tmp_path: Path) -> None:
    data = bytearray(inputs("credentials/keepassxc/NewDatabase.kdbx").read_bytes())
    at = data.index(struct.pack("<BH", 6, 8)) + 3
    data[at : at + 8] = (2**63).to_bytes(8, "little")
    path = tmp_path / "x.kdbx"
    path.write_bytes(data)
    before = time.process_time()
    assert refused(keepass, path, options("a")).code == "kdf_too_costly"
    assert time.process_time() - before < 2  # to run it takes hours; a busy machine, nothing


def test_aes_by_cbc_is_what_the_rounds_say() -> None:
    kdf = kdbx_header.Kdf("aes", bytes(range(32)), rounds=70_001)
    composite = hashlib.sha256(b"x").digest()
    slow = composite
    encryptor = Cipher(algorithms.AES(kdf.salt), modes.ECB()).encryptor()  # noqa: S305  # what KDBX prescribes
    for _ in range(kdf.rounds):
        slow = encryptor.update(slow)
    assert kdbx_open.transform_key(composite, kdf) == hashlib.sha256(slow).digest()


def test_every_truncation_and_flip_of_a_header_is_a_sentence(tmp_path: Path) -> None:
    data = made(tmp_path / "x.kdbx").read_bytes()
    end = len(kdbx_header.parse_header(data).raw) + 32
    for cut in range(0, end, 3):
        with pytest.raises(ImportRefused):
            kdbx_header.parse_header(data[:cut])
    for at in range(12, end):
        with pytest.raises(ImportRefused):
            kdbx_header.parse_header(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_damaged_body_is_a_sentence(tmp_path: Path) -> None:
    path = made(tmp_path / "x.kdbx")
    data = bytearray(path.read_bytes())
    data[-200] ^= 1
    path.write_bytes(data)
    assert refused(keepass, path, options("geheim")).code in ("kdbx_damaged", "wrong_password")


def test_real_bitwarden() -> None:
    folder = inputs("credentials")
    plain = list(bitwarden.read(folder / "keepassxc/bitwarden_export.json", options=options()))
    assert [one.reason_code for one in plain if isinstance(one, LeftOut)] == ["card", "identity"]
    assert [one.title for one in items(plain)] == ["My Secure Note", "Login Name"]
    login = items(plain)[1]
    assert login.secrets["password"].reveal() == "mypassword"
    assert "hidden-field-value" in login.secrets["notes"].reveal()
    assert "mypassword" not in repr(plain)
    assert "hidden-field-value" not in repr(plain)
    assert len(items(list(bitwarden.read(folder / "pass_import/bitwarden.json", options=options())))) == 14
    locked = folder / "keepassxc/bitwarden_encrypted_export.json"
    assert len(items(list(bitwarden.read(locked, options=options("a"))))) == 1
    assert refused(bitwarden, locked, options("b")).code == "wrong_password"
    assert refused(bitwarden, locked, options()).code == "password_needed"


def sealed(plain: bytes, key: bytes) -> str:
    enc, mac = (HKDFExpand(hashes.SHA256(), 32, info).derive(key) for info in (b"enc", b"mac"))
    iv = bytes(range(16))
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(enc), modes.CBC(iv)).encryptor()
    data = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    import hmac as stdlib_hmac

    tag = stdlib_hmac.digest(mac, iv + data, "sha256")
    return "2." + "|".join(base64.b64encode(part).decode() for part in (iv, data, tag))


def export(tmp_path: Path, plain: object, **changed: object) -> Path:
    key = bitwarden.derive("pw", "c2FsdA==", 1, 2, 16, 2, Limits())
    document = {
        "encrypted": True,
        "passwordProtected": True,
        "salt": "c2FsdA==",
        "kdfType": 1,
        "kdfIterations": 2,
        "kdfMemory": 16,
        "kdfParallelism": 2,
        "encKeyValidation_DO_NOT_EDIT": sealed(b"check", key),
        "data": sealed(json.dumps(plain).encode(), key),
    } | changed
    path = tmp_path / "export.json"
    path.write_text(json.dumps(document))
    return path


VAULT = {
    "items": [
        {
            "type": 5,
            "name": "ssh",
            "sshKey": {
                "privateKey": "-----KEY",
                "publicKey": "ssh-ed25519 AAAA",
                "keyFingerprint": "SHA256:x",
            },
        },
        {"type": 1, "name": "gone", "deletedDate": "2026-01-01", "login": {}},
        {
            "type": 1,
            "name": "Break glass",
            "passwordHistory": [{"password": "old-one"}],
            "login": {"password": "p", "fido2Credentials": [{"keyValue": "k"}]},
        },
        {"type": 9, "name": "new kind"},
        "not a dict",
    ]
}


def test_argon2id_export(tmp_path: Path) -> None:
    reads = list(bitwarden.read(export(tmp_path, VAULT), options=options("pw")))
    ssh, glass = items(reads)
    assert ssh.secrets["key"].reveal() == "-----KEY"
    assert ssh.details["key_fingerprint"] == "SHA256:x"
    assert glass.details["critical"] == "yes"
    assert glass.details["earlier_versions_left_out"] == "1"
    assert all("old-one" not in secret.reveal() for secret in glass.secrets.values())
    assert [one.reason_code for one in reads if isinstance(one, LeftOut)] == ["deleted", "type", "layout"]
    assert [one.code for one in reads if isinstance(one, Notice)] == ["passkey"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kdfMemory": 4096}, "kdf_too_costly"),
        ({"kdfIterations": 10**9}, "kdf_too_costly"),
        ({"kdfType": 0, "kdfIterations": 10**9}, "kdf_too_costly"),
        ({"kdfParallelism": 10**6}, "kdf_too_costly"),
        ({"kdfType": 7}, "kdf_unknown"),
        ({"passwordProtected": False}, "account_encrypted"),
        ({"salt": 3}, "bitwarden_layout"),
        ({"data": "2.AAAA|AAAA|AAAA"}, "bitwarden_layout"),
        ({"data": "0.x"}, "bitwarden_layout"),
        ({"kdfIterations": 0}, "kdf_too_costly"),
    ],
)
def test_hostile_exports_are_refused(tmp_path: Path, changed: dict[str, object], code: str) -> None:
    before = time.process_time()
    assert refused(bitwarden, export(tmp_path, VAULT, **changed), options("pw")).code == code
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"items": ' + "[" * 100 + "]" * 100 + "}", "{", '{"items": 3}', "\ud800"]
)
def test_broken_json_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert refused(bitwarden, path, options()).code in ("json", "json_depth", "not_bitwarden", "encoding")


@pytest.mark.parametrize(
    ("named", "critical"),
    [
        (("Veeam", "", "Backup encryption key"), True),
        (("M365", "breakglass@x.onmicrosoft.example"), True),
        (("MFA recovery codes",), True),
        (("DSRM",), True),
        (("SQL", "sa"), True),
        (("Printer", "badminton"), False),
        (("Newsletter", "anna"), False),
        (("grassroots.org", "x"), False),
        (("switch", "enable"), True),
    ],
)
def test_what_is_proposed_as_critical(named: tuple[str, ...], critical: bool) -> None:
    assert bool(credentials.critical_reason(named)) is critical


def test_url_keeps_no_sign_in_data() -> None:
    assert credentials.split_url("https://a:b@h.example:8443/p?k=v#f") == ("https://h.example:8443/p", True)
    assert credentials.split_url("h.example/p") == ("h.example/p", False)
    assert credentials.split_url("a:b@h.example") == ("h.example", True)
    assert credentials.split_url("http://[::1") == ("", True)


def test_bomb_in_a_kdbx_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.kdbx"
    kp = PyKeePass(io.BytesIO(made_bytes()), password="geheim")
    kp.add_entry(kp.root_group, "x", "y", "z", notes="0" * 200_000_000)
    buffer = io.BytesIO()
    kp.save(buffer)
    path.write_bytes(buffer.getvalue())
    limits = dataclasses.replace(Limits(), memory=512 * 1024 * 1024)
    with pytest.raises(ImportRefused) as caught:
        list(read_guarded("keepass", path, options("geheim", limits=limits)))
    assert caught.value.code in (
        "kdbx_bomb",
        "kdbx_damaged",
        "too_costly",
    )  # by memory, or by lxml's own bound
    assert caught.value.remedy
