# SPDX-License-Identifier: Apache-2.0
"""Large contents hashed beside reading and writing come out as if one thing were done after the other."""

import hashlib
import io
import random
import threading
import zlib
from pathlib import Path

import pytest

from sealed import bag
from sealed.beside import LARGE, PIECE, digest_beside
from sealed.container import ContainerError, ContainerWriter, Member

DATA = random.Random(3).randbytes(LARGE + PIECE // 3)


class Dribble(io.RawIOBase):
    """Gives pieces of every length, as pipes and encrypted files do."""

    def __init__(self, data: bytes) -> None:
        self.source, self.chosen = io.BytesIO(data), random.Random(5)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self.source.readinto(buffer[: self.chosen.randint(1, len(buffer))])


@pytest.mark.parametrize("size", [None, len(DATA), PIECE + 1, 0])
def test_every_byte_is_hashed_once_and_in_order(size: int | None) -> None:
    digest, passed = hashlib.sha256(), bytearray()
    crc, done = digest_beside(Dribble(DATA).readinto, digest.update, passed.extend, size)
    expected = DATA if size is None else DATA[:size]
    assert (crc, done, bytes(passed)) == (zlib.crc32(expected), len(expected), expected)
    assert digest.hexdigest() == hashlib.sha256(expected).hexdigest()


def test_the_end_may_come_before_the_size() -> None:
    digest = hashlib.sha256()
    assert digest_beside(Dribble(DATA).readinto, digest.update, len, len(DATA) * 2)[1] == len(DATA)


@pytest.mark.parametrize("where", ["hash", "pass"])
def test_errors_come_out_and_leave_no_thread(where: str) -> None:
    def broken(piece: memoryview) -> None:
        raise MemoryError("broken")

    with pytest.raises(MemoryError):
        digest_beside(
            Dribble(DATA).readinto, broken if where == "hash" else len, broken if where == "pass" else len
        )
    assert not [one for one in threading.enumerate() if one.name.startswith("sealed-digest")]


def test_a_large_file_gives_the_same_container_as_from_memory(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(DATA)
    known = bag.BundleFile.from_path("image", path)
    plain = bag.BundleFile.from_bytes("image", DATA)
    assert (known.size, known.crc32, known.sha256) == (plain.size, plain.crc32, plain.sha256)
    dribbled = bag.BundleFile(
        plain.name,
        plain.size,
        plain.crc32,
        plain.sha256,
        lambda: Dribble(DATA),  # type: ignore[arg-type, return-value]
    )
    written = []
    for file in (known, plain, dribbled):
        out = io.BytesIO()
        bag.write_bundle(out, [file], name="b", bag_info={}, tag_files={})
        written.append(out.getvalue())
    assert written[0] == written[1] == written[2]
    assert DATA in written[0]


@pytest.mark.parametrize("change", [b"longer", b""])
def test_a_large_file_that_changed_is_found(change: bytes) -> None:
    data = DATA + change if change else DATA[:-1]
    writer = ContainerWriter(io.BytesIO())
    with pytest.raises(ContainerError, match=r"changed|grew"):
        writer.add(Member("b/x", len(DATA), zlib.crc32(DATA)), io.BytesIO(data), hashlib.sha256().update)


def test_a_large_file_whose_bits_changed_is_found() -> None:
    file = bag.BundleFile("x", len(DATA), zlib.crc32(DATA), "0" * 64, lambda: io.BytesIO(DATA))
    with pytest.raises(bag.BagError, match="changed since it was listed"):
        bag.write_bundle(io.BytesIO(), [file], name="b", bag_info={}, tag_files={})
