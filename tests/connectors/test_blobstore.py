# SPDX-License-Identifier: AGPL-3.0-or-later
"""Encrypted files: one pass in, any range out, no bit, chunk or place of them changeable."""

import hashlib
import io
import os
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partwell.connectors.blobreader import CHUNK, HEADER_BYTES, TAG
from partwell.connectors.blobstore import LocalBlobStore
from partwell.connectors.envelope import aad, new_data_key
from partwell.connectors.errors import AssociatedDataMisused, BlobDamaged, BlobMissing, BlobNotWritten

KEY = new_data_key()
PLACE = aad("client-1", "estate.file", "row-1", "content", 1)
SIZES = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 12345]


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "blobs")


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def path_of(tmp_path: Path, blob_id: str) -> Path:
    return tmp_path / "blobs" / blob_id[:2] / blob_id


class Dribble(io.RawIOBase):
    """Gives less than asked for, as sockets and decompressors do."""

    def __init__(self, data: bytes) -> None:
        self.inner, self.dice = io.BytesIO(data), random.Random(1)

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(min(size, self.dice.randint(1, 300_000)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("wrap", [io.BytesIO, Dribble])
def test_round_trip_and_facts(store: LocalBlobStore, tmp_path: Path, size: int, wrap: type) -> None:
    plain = content(size)
    facts = store.write(wrap(plain), KEY, PLACE)
    assert (facts.size, facts.crc32, facts.sha256) == (
        size,
        zlib.crc32(plain),
        hashlib.sha256(plain).hexdigest(),
    )
    with store.open(facts.blob_id, KEY, PLACE) as reader:
        assert reader.size == size
        assert reader.read() == plain
    assert store.verify(facts.blob_id, KEY, PLACE) == facts
    assert list(store.ids()) == [facts.blob_id]
    file = path_of(tmp_path, facts.blob_id)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "blobs" / "tmp").iterdir())
    if size >= 100:
        assert plain[:64] not in file.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(0, 3 * CHUNK + 20), st.integers(0, 2 * CHUNK))
def test_ranges(tmp_path_factory: pytest.TempPathFactory, start: int, length: int) -> None:
    plain, reader = _shared(tmp_path_factory)
    assert reader.read_range(start, length) == plain[start : start + length]
    reader.seek(start)
    assert reader.read(10) == plain[start : start + 10]


_held: list = []  # type: ignore[type-arg]


def _shared(factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    if not _held:
        plain = content(3 * CHUNK + 7)
        store = LocalBlobStore(factory.mktemp("shared") / "blobs")
        _held.extend((plain, store.open(store.write(io.BytesIO(plain), KEY, PLACE).blob_id, KEY, PLACE)))
    return _held


def test_seek_like_a_file(store: LocalBlobStore) -> None:
    plain = content(CHUNK + 50)
    with store.open(store.write(io.BytesIO(plain), KEY, PLACE).blob_id, KEY, PLACE) as reader:
        assert reader.seek(-10, os.SEEK_END) == CHUNK + 40
        assert io.BufferedReader(reader).read() == plain[-10:]
        with pytest.raises(ValueError):
            reader.seek(-1)
        with pytest.raises(ValueError):
            reader.read_range(-1, 5)


def read_all(store: LocalBlobStore, blob_id: str) -> None:
    store.verify(blob_id, KEY, PLACE)


def test_every_byte_of_a_small_file_matters(store: LocalBlobStore, tmp_path: Path) -> None:
    blob_id = store.write(io.BytesIO(b"network diagram"), KEY, PLACE).blob_id
    file = path_of(tmp_path, blob_id)
    whole = file.read_bytes()
    for bit in range(len(whole) * 8):
        bad = bytearray(whole)
        bad[bit // 8] ^= 1 << bit % 8
        file.write_bytes(bytes(bad))
        with pytest.raises(BlobDamaged):
            read_all(store, blob_id)


def test_chunks_cut_dropped_repeated_reordered_or_added(store: LocalBlobStore, tmp_path: Path) -> None:
    blob_id = store.write(io.BytesIO(content(3 * CHUNK + 100)), KEY, PLACE).blob_id
    file = path_of(tmp_path, blob_id)
    whole = file.read_bytes()
    head, body = whole[:HEADER_BYTES], whole[HEADER_BYTES:]
    step = CHUNK + TAG
    one, two, three, last = (body[at : at + step] for at in range(0, len(body), step))
    empty = b"\0" * TAG
    forgeries = [
        [], [one], [one, two], [one, two, three], [one, two, last], [two, three, last], [last],
        [two, one, three, last], [one, three, two, last], [one, two, three, last, last],
        [one, one, two, three, last], [one, two, three, last[:-1]], [one, two, three, last, b"\0"],
        [one, two, three, empty], [one, two, three[:-1]], [one[:TAG]], [one[: TAG - 1]],
    ]  # fmt: skip
    for parts in forgeries:
        file.write_bytes(head + b"".join(parts))
        with pytest.raises(BlobDamaged):
            read_all(store, blob_id)
    for cut in (0, 5, HEADER_BYTES - 1, HEADER_BYTES):
        file.write_bytes(whole[:cut])
        with pytest.raises(BlobDamaged):
            read_all(store, blob_id)
    file.write_bytes(whole)
    read_all(store, blob_id)


def test_a_cut_file_is_found_on_opening_before_anything_is_read(
    store: LocalBlobStore, tmp_path: Path
) -> None:
    blob_id = store.write(io.BytesIO(content(2 * CHUNK)), KEY, PLACE).blob_id
    file = path_of(tmp_path, blob_id)
    file.write_bytes(file.read_bytes()[: HEADER_BYTES + CHUNK + TAG])
    with pytest.raises(BlobDamaged):
        store.open(blob_id, KEY, PLACE)


def test_wrong_place_key_or_another_files_bytes(store: LocalBlobStore, tmp_path: Path) -> None:
    first = store.write(io.BytesIO(b"first"), KEY, PLACE).blob_id
    second = store.write(io.BytesIO(b"other"), KEY, PLACE).blob_id
    for key, place in ((new_data_key(), PLACE), (KEY, aad("client-2", "estate.file", "row-1", "content", 1))):
        with pytest.raises(BlobDamaged):
            store.open(first, key, place)
    path_of(tmp_path, first).write_bytes(path_of(tmp_path, second).read_bytes())
    with pytest.raises(BlobDamaged):
        store.open(first, KEY, PLACE)
    for key, place in ((b"short", PLACE), (KEY, b"")):
        with pytest.raises(AssociatedDataMisused):
            store.write(io.BytesIO(b""), key, place)


def test_delete_and_missing(store: LocalBlobStore) -> None:
    blob_id = store.write(io.BytesIO(b"x"), KEY, PLACE).blob_id
    assert store.exists(blob_id) and store.delete(blob_id) is True and store.delete(blob_id) is False
    with pytest.raises(BlobMissing, match=blob_id):
        store.open(blob_id, KEY, PLACE)
    for bad in ("", "../../../etc/passwd", "0" * 32 + "\n", "Z" * 32):
        with pytest.raises(BlobMissing):
            store.open(bad, KEY, PLACE)
        with pytest.raises(BlobMissing):
            store.delete(bad)


class Broken(io.RawIOBase):
    """Breaks off after the first chunk, like an upload."""

    def __init__(self) -> None:
        self.left = 2

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ConnectionResetError("upload ended")
        return b"x" * size


def test_a_failed_write_leaves_nothing(
    store: LocalBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectionResetError):
        store.write(Broken(), KEY, PLACE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BlobNotWritten, match="No space left"):
        store.write(io.BytesIO(b"x"), KEY, PLACE)
    assert not list(store.ids()) and not list((tmp_path / "blobs" / "tmp").iterdir())


def test_orphans_are_cleaned_and_running_uploads_are_not(store: LocalBlobStore, tmp_path: Path) -> None:
    old, new = (tmp_path / "blobs" / "tmp" / f"{name * 32}.part" for name in "ab")
    old.write_bytes(b"")
    new.write_bytes(b"")
    os.utime(old, (1, 1))
    LocalBlobStore(tmp_path / "blobs")
    assert not old.exists() and new.exists()
    assert store.clean_orphans(older_than=-1) == 1
