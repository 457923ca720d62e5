# SPDX-License-Identifier: Apache-2.0
"""ZIP64 exactly when a field overflows: many members, members of 4 GiB and more."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from sealed import container
from sealed.container import MAX32, ContainerWriter, Member
from sealed.findings import Report
from sealed.source import ZipSource


class Zeros(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), self.left)
        self.left -= size
        return size  # the buffer starts as zeros and nothing else is ever read into it


class Sparse:
    """Keeps a file's holes as holes: 4 GiB of zeros cost no disk."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")

    def write(self, data: bytes | memoryview, /) -> None:
        if len(data) >= 4096:
            self.file.seek(len(data), 1)
        else:
            self.file.write(data)


CRC_OF_ZEROS = 0x0  # of 2**32 - 1 zero bytes


@pytest.mark.parametrize("count", [65_534, 65_535])
def test_many_members(count: int) -> None:
    out = io.BytesIO()
    writer = ContainerWriter(out)
    for number in range(count):
        writer.add(Member(f"b/data/{number:06}", 1, zipfile.crc32(b"x")), b"x")
    length = writer.close()
    assert length == len(out.getvalue())
    assert (b"PK\x06\x06" in out.getvalue()[-98:]) == (count >= 65_535)
    with zipfile.ZipFile(out) as archive:
        assert len(archive.infolist()) == count
    report = Report()
    source = ZipSource(out, length, report)
    assert report.findings == []
    assert len(source.digests) == count


@pytest.mark.slow
def test_a_member_of_four_gib_and_what_follows_it(tmp_path: Path) -> None:
    sizes = {"b/data/a": MAX32, "b/data/b": 5}
    path = tmp_path / "large.zip"
    out = Sparse(path)
    writer = ContainerWriter(out)
    writer.add(Member("b/data/a", MAX32, CRC_OF_ZEROS), Zeros(MAX32))  # type: ignore[arg-type]
    writer.add(Member("b/data/b", 5, zipfile.crc32(b"after")), b"after")
    length = writer.close()
    out.file.close()
    assert path.stat().st_size == length
    with zipfile.ZipFile(path) as archive:
        found = {info.filename: info for info in archive.infolist()}
        assert {name: info.file_size for name, info in found.items()} == sizes
        assert [found[name].extract_version for name in sizes] == [45, 45]  # b: its offset overflows
    report = Report()
    with path.open("rb") as file:
        source = ZipSource(file, length, report)
        assert report.findings == []
        assert source.sizes == {name.removeprefix("b/"): size for name, size in sizes.items()}


def test_headers_change_form_at_the_very_limit() -> None:
    for size, large in ((MAX32 - 1, False), (MAX32, True), (MAX32 + 1, True)):
        header = container.local_header(Member("b/x", size, 0))
        assert (len(header) == 30 + 3 + 20) == large
        assert struct.unpack_from("<H", header, 4)[0] == (45 if large else 20)
        parsed = container.parse_local(header)
        assert parsed == (Member("b/x", size, 0), len(header))
    assert len(container.central_header(Member("b/x", 1, 0), MAX32 - 1)) == 49
    assert len(container.central_header(Member("b/x", 1, 0), MAX32)) == 49 + 12
    assert len(container.central_header(Member("b/x", MAX32, 0), MAX32)) == 49 + 28
    assert len(container.end_records(65_534, 1, 1)) == 22
    assert len(container.end_records(1, 1, MAX32)) == 98
