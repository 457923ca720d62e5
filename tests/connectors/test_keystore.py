# SPDX-License-Identifier: AGPL-3.0-or-later
"""Key-encryption keys: apart from the data, private, one destroyed takes no other with it."""

import os
import stat
from pathlib import Path

import pytest

from partwell.connectors.envelope import new_data_key
from partwell.connectors.errors import KeyDamaged, KeyMissing, KeysNotApart, KeyStoreError, SealBroken
from partwell.connectors.keystore import FolderKeyStore, KeyStore, check_apart

AAD = b"client-1/credentials"


@pytest.fixture
def store(tmp_path: Path) -> FolderKeyStore:
    return FolderKeyStore(tmp_path / "keys")


def test_wrap_and_unwrap(store: KeyStore) -> None:
    key_id, data_key = store.create(), new_data_key()
    wrapped = store.wrap(key_id, data_key, AAD)
    assert store.unwrap(key_id, wrapped, AAD) == data_key
    assert data_key not in wrapped
    assert wrapped != store.wrap(key_id, data_key, AAD)


def test_files_are_private(store: FolderKeyStore, tmp_path: Path) -> None:
    key_id = store.create()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / f"{key_id}.key").stat().st_mode) == 0o600
    assert [f.name for f in (tmp_path / "keys").iterdir()] == [f"{key_id}.key"]


def test_destroyed_key_is_gone_and_only_that_one(store: FolderKeyStore) -> None:
    first, second = store.create(), store.create()
    wrapped = {key: store.wrap(key, new_data_key(), AAD) for key in (first, second)}
    assert store.destroy(first) is True
    assert store.destroy(first) is False
    assert not store.exists(first) and store.exists(second)
    with pytest.raises(KeyMissing, match="was destroyed"):
        store.unwrap(first, wrapped[first], AAD)
    store.unwrap(second, wrapped[second], AAD)
    assert store.key_ids() == [second]


def test_no_cache_between_two_stores(store: FolderKeyStore, tmp_path: Path) -> None:
    key_id = store.create()
    wrapped = store.wrap(key_id, new_data_key(), AAD)
    FolderKeyStore(tmp_path / "keys").destroy(key_id)
    with pytest.raises(KeyMissing):
        store.unwrap(key_id, wrapped, AAD)


def test_every_flipped_byte_of_a_wrapped_key_is_found(store: FolderKeyStore) -> None:
    key_id = store.create()
    wrapped = store.wrap(key_id, new_data_key(), AAD)
    for index in range(len(wrapped)):
        bad = bytearray(wrapped)
        bad[index] ^= 1
        with pytest.raises(SealBroken):
            store.unwrap(key_id, bytes(bad), AAD)
    for bad_length in (b"", wrapped[:-1], wrapped + b"\0"):
        with pytest.raises(SealBroken):
            store.unwrap(key_id, bad_length, AAD)


def test_another_unit_or_another_key_does_not_open(store: FolderKeyStore) -> None:
    key_id, other = store.create(), store.create()
    wrapped = store.wrap(key_id, new_data_key(), AAD)
    with pytest.raises(SealBroken):
        store.unwrap(key_id, wrapped, b"client-2/credentials")
    with pytest.raises(SealBroken):
        store.unwrap(other, wrapped, AAD)


def test_every_damaged_byte_of_a_key_file_is_found(store: FolderKeyStore, tmp_path: Path) -> None:
    key_id = store.create()
    wrapped = store.wrap(key_id, new_data_key(), AAD)
    file = tmp_path / "keys" / f"{key_id}.key"
    whole = file.read_bytes()
    for index in range(len(whole)):
        bad = bytearray(whole)
        bad[index] ^= 0x80
        file.write_bytes(bytes(bad))
        with pytest.raises(KeyDamaged) as caught:
            store.unwrap(key_id, wrapped, AAD)
        assert whole[6:38].hex() not in str(caught.value)
    for content in (b"", whole[:20], whole + b"x"):
        file.write_bytes(content)
        with pytest.raises(KeyDamaged):
            store.wrap(key_id, new_data_key(), AAD)


@pytest.mark.parametrize(
    "bad", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 32 + "\n", "0" * 32 + "/x"]
)
def test_an_id_cannot_be_a_path(store: FolderKeyStore, bad: str) -> None:
    with pytest.raises(KeyMissing):
        store.exists(bad)
    with pytest.raises(KeyMissing):
        store.destroy(bad)


def test_nothing_shows_key_bytes(store: FolderKeyStore, tmp_path: Path) -> None:
    key_id = store.create()
    key = (tmp_path / "keys" / f"{key_id}.key").read_bytes()[6:38]
    assert key.hex() not in repr(store) and repr(key)[2:-1] not in repr(store) + repr(vars(store))


def test_keys_and_home_must_lie_apart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "keys").mkdir(parents=True)
    check_apart(home, tmp_path / "keys")
    check_apart(home, tmp_path / "home-keys")
    for bad in (home, home / "keys", home / "a" / "b", home / ".." / "home" / "keys"):
        with pytest.raises(KeysNotApart, match="PARTWELL_KEYS"):
            check_apart(home, bad)
    with pytest.raises(KeysNotApart):
        check_apart(tmp_path / "keys" / "home", tmp_path / "keys")
    (tmp_path / "link").symlink_to(home / "keys")
    with pytest.raises(KeysNotApart):
        FolderKeyStore(tmp_path / "link", home=home)


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_folder_or_file_open_to_others_is_refused(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    store = FolderKeyStore(keys)
    key_id = store.create()
    keys.chmod(0o755)
    with pytest.raises(KeyStoreError, match="chmod 700"):
        FolderKeyStore(keys)
    keys.chmod(0o700)
    (keys / f"{key_id}.key").chmod(0o644)
    with pytest.raises(KeyStoreError, match="chmod 600"):
        store.wrap(key_id, new_data_key(), AAD)


def test_an_empty_loose_folder_is_made_private(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    FolderKeyStore(tmp_path / "keys").create()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(KeyStoreError, match="must name a folder"):
        FolderKeyStore(tmp_path / "keys")
