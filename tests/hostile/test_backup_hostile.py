# SPDX-License-Identifier: AGPL-3.0-or-later
"""Archives made by others: whatever is not exactly what a backup writes is refused, and nothing of it appears.

Anybody who knows the public key can encrypt what they like, so these get past age; the key of the log stops the rest.
"""

import io
import random
import tarfile
from pathlib import Path

import pyrage
import pytest

from partwell.actions.backup.archive import DATA, KEYS, BackupBroken, Reader, tar_header
from partwell.actions.backup.make import back_up
from partwell.actions.backup.unpack import staged, unpack
from partwell.actions.evidence.log_store import copy_new
from partwell.connectors.errors import AgeError, ConnectorError
from tests.flows.backup_cast import AgeKey, age_key, encrypted, members_of, packed, partwell, plain_of
from tests.kill import stage
from tests.support.worlds import World


@pytest.fixture
def key(tmp_path: Path) -> AgeKey:
    return age_key(tmp_path, "data")


@pytest.fixture
def made(db_world: World, key: AgeKey, tmp_path: Path) -> Path:
    stage.prepare()
    copy_new()
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    return back_up(shelf, [key.public]).path


def tried(file: Path, key: AgeKey, tmp_path: Path, kind: str = DATA) -> None:
    """Take it apart as a restore does."""
    home = tmp_path / "new" / "home"
    home.parent.mkdir(exist_ok=True)
    try:
        with staged(home) as folder:
            unpack(file, kind, folder, [key.private], lambda *_: None)
    finally:
        assert list(home.parent.iterdir()) == [], "something was left"


def test_every_altered_byte_of_the_file_is_refused(made: Path, key: AgeKey, tmp_path: Path) -> None:
    raw, chance = made.read_bytes(), random.Random(4711)
    places = [*range(0, 200, 7), *(chance.randrange(len(raw)) for _ in range(60)), len(raw) - 1]
    for place in places:
        bad = bytearray(raw)
        bad[place] ^= 1 << chance.randrange(8)
        made.write_bytes(bytes(bad))
        with pytest.raises(ConnectorError):
            tried(made, key, tmp_path)
    made.write_bytes(raw)
    tried(made, key, tmp_path)


def test_a_file_cut_anywhere_is_refused(made: Path, key: AgeKey, tmp_path: Path) -> None:
    raw, chance = made.read_bytes(), random.Random(1)
    for length in [0, 1, 100, 65_536 + 200, len(raw) - 1, *(chance.randrange(len(raw)) for _ in range(30))]:
        made.write_bytes(raw[:length])
        with pytest.raises((AgeError, BackupBroken)):
            tried(made, key, tmp_path)
    made.write_bytes(raw + b"more")
    with pytest.raises(ConnectorError):
        tried(made, key, tmp_path)


def test_parts_that_were_changed_and_encrypted_again(made: Path, key: AgeKey, tmp_path: Path) -> None:
    whole = members_of(plain_of(made, key))
    assert packed(whole) == plain_of(made, key)
    file = tmp_path / "forged.data.age"
    for number, (name, content) in enumerate(whole):
        changed = [*whole[:number], (name, content[:-1] + bytes([content[-1] ^ 1])), *whole[number + 1 :]]
        with pytest.raises(BackupBroken):
            tried(encrypted(packed(changed), key, file), key, tmp_path)
        without = [*whole[:number], *whole[number + 1 :]]
        with pytest.raises(BackupBroken):
            tried(encrypted(packed(without), key, file), key, tmp_path)
        twice = [*whole[: number + 1], *whole[number:]]
        with pytest.raises(BackupBroken):
            tried(encrypted(packed(twice), key, file), key, tmp_path)


def test_files_that_changed_places(made: Path, key: AgeKey, tmp_path: Path) -> None:
    whole = members_of(plain_of(made, key))
    vault = [number for number, (name, _) in enumerate(whole) if name.startswith("vault/")]
    one, other = vault[0], vault[1]
    contents = list(whole)
    contents[one], contents[other] = (whole[one][0], whole[other][1]), (whole[other][0], whole[one][1])
    file = tmp_path / "forged.data.age"
    with pytest.raises(BackupBroken, match="not what the manifest says"):
        tried(encrypted(packed(contents), key, file), key, tmp_path)
    order = list(whole)
    order[one], order[other] = whole[other], whole[one]
    with pytest.raises(BackupBroken, match="wrong place"):
        tried(encrypted(packed(order), key, file), key, tmp_path)


def test_a_recomputed_manifest_lacks_the_seal(made: Path, key: AgeKey, tmp_path: Path) -> None:
    import hashlib

    whole = dict(members_of(plain_of(made, key)))
    blob = next(name for name in whole if name.startswith("vault/"))
    whole[blob] = bytes(len(whole[blob]))
    listed = [name for name in whole if name not in ("manifest-sha256.txt", "seal.note")]
    whole["manifest-sha256.txt"] = b"".join(f"{hashlib.sha256(whole[name]).hexdigest()}  {name}\n".encode() for name in listed)  # fmt: skip
    with pytest.raises(BackupBroken, match="two backups were mixed"):
        tried(encrypted(packed(list(whole.items())), key, tmp_path / "forged.data.age"), key, tmp_path)


def test_a_backup_of_another_installation_does_not_pass_the_log_store(
    made: Path, db_world: World, key: AgeKey, tmp_path: Path
) -> None:
    from sealed import note

    other = tmp_path / "other-log"
    other.mkdir()
    text = (db_world.log / "checkpoints.txt").read_text()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    stranger = Ed25519PrivateKey.generate()
    signed = note.sign_checkpoint(note.Checkpoint("another-log", 1, b"\0" * 32),
                                  note.Signer("another-log", stranger.public_key().public_bytes_raw(), stranger.sign))  # fmt: skip
    (other / "checkpoints.txt").write_text(signed.decode() + "-" * 64 + "\n")
    found = partwell(db_world, "restore", str(made), "--into", str(tmp_path / "home"), "--identity", str(key.file),
                     "--keys-into", str(db_world.keys), environ={"PARTWELL_LOG": str(other)}, check=2)  # fmt: skip
    assert "another log" in found["problem"] and not (tmp_path / "home").exists()
    assert text


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "vault/../../evil", "vault/ab/../x", "database/00000000/..",
                                  "vault/AB/" + "ab" * 16, "vault/ab/" + "cd" * 16, "tmp/x", "partwell.sqlite3", "keys/a.key",
                                  "vault/ab\\x", "backup.json\n"])  # fmt: skip
def test_names_that_lead_elsewhere(name: str, made: Path, key: AgeKey, tmp_path: Path) -> None:
    whole = members_of(plain_of(made, key))
    whole.insert(3, (name, b"evil"))
    with pytest.raises(BackupBroken):
        tried(encrypted(packed(whole), key, tmp_path / "forged.data.age"), key, tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
                                  tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_SPARSE])  # fmt: skip
def test_what_is_no_plain_file(kind: bytes, made: Path, key: AgeKey, tmp_path: Path) -> None:
    plain = plain_of(made, key)
    info = tarfile.TarInfo("vault/ab/" + "ab" * 16)
    info.type, info.linkname, info.mode, info.mtime = kind, "/etc/passwd", 0o600, 0
    at = plain.index(b"vault/") if b"vault/" in plain else 0
    at -= at % 512
    forged = plain[:at] + info.tobuf(tarfile.GNU_FORMAT) + plain[at:]
    with pytest.raises(BackupBroken):
        tried(encrypted(forged, key, tmp_path / "forged.data.age"), key, tmp_path)


@pytest.mark.parametrize("field", ["mode", "mtime", "uid", "uname"])
def test_headers_that_say_more_than_a_name_and_a_size(
    field: str, made: Path, key: AgeKey, tmp_path: Path
) -> None:
    plain = plain_of(made, key)
    info = tarfile.TarInfo.frombuf(plain[:512], "ascii", "strict")
    setattr(info, field, "root" if field == "uname" else 0o4755)
    forged = info.tobuf(tarfile.GNU_FORMAT) + plain[512:]
    with pytest.raises(BackupBroken, match="no plain file"):
        tried(encrypted(forged, key, tmp_path / "forged.data.age"), key, tmp_path)


@pytest.mark.parametrize("size", [1 << 33, 1 << 50, (1 << 62) - 1])
def test_sizes_beyond_the_disk_are_refused_before_they_are_read(
    size: int, made: Path, key: AgeKey, tmp_path: Path
) -> None:
    whole = members_of(plain_of(made, key))
    at = next(number for number, (name, _) in enumerate(whole) if name.startswith("vault/"))
    forged = packed(whole[:at])[:-1024] + tar_header("vault/00/" + "00" * 16, size) + b"\0" * 4096
    with pytest.raises(BackupBroken):
        tried(encrypted(forged, key, tmp_path / "forged.data.age"), key, tmp_path)


def test_a_header_too_large_a_wrong_kind_and_a_foreign_tar(made: Path, key: AgeKey, tmp_path: Path) -> None:
    file = tmp_path / "forged.data.age"
    with pytest.raises(BackupBroken, match="more than it may"):
        tried(encrypted(packed([("backup.json", b"{" + b" " * (1 << 17) + b"}")]), key, file), key, tmp_path)
    with pytest.raises(BackupBroken):
        tried(made, key, tmp_path, KEYS)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("backup.json"))
    with pytest.raises(BackupBroken):
        tried(encrypted(out.getvalue(), key, file), key, tmp_path)
    file.write_bytes(pyrage.encrypt(b"", [key.private.to_public()]))
    with pytest.raises(BackupBroken):
        tried(file, key, tmp_path)


def test_noise_never_passes() -> None:
    chance = random.Random(7)
    for _ in range(300):
        stream = io.BytesIO(chance.randbytes(chance.randrange(0, 3000)))
        with pytest.raises(BackupBroken):
            for one in Reader(stream, DATA, 1 << 40).members():
                for _piece in Reader(stream, DATA, 1 << 40).content(one):
                    pass
