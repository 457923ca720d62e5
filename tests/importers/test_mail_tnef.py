# SPDX-License-Identifier: AGPL-3.0-or-later
"""Outlook's winmail.dat: a real one is unpacked; one that lies or breaks off gives what was whole, and never raises."""

import struct
from pathlib import Path

import pytest

from partwell.importers.mail_tnef import BEGINS, DATA, MOST, SIGNATURE, TITLE, unpack
from tests.inputs import inputs


def made(*attributes: tuple[int, bytes], lie: int = 0) -> bytes:
    out = SIGNATURE + b"\x01\x00"
    for kind, data in attributes:
        out += struct.pack("<BII", 2, kind, len(data) + lie) + data + b"\x00\x00"
    return out


def unpacked(raw: bytes, tmp_path: Path) -> list[tuple[str, bytes]]:
    source, folder = tmp_path / "winmail.dat", tmp_path / "packed"
    source.write_bytes(raw)
    folder.mkdir()
    found = unpack(source, folder)
    assert all(path.parent == folder and path.stat().st_size == size for _, path, size in found)
    return [(name, path.read_bytes()) for name, path, _ in found]


def test_a_real_one(tmp_path: Path) -> None:
    found = unpacked(inputs("mail/attachments.tnef").read_bytes(), tmp_path)
    assert [(name, len(data)) for name, data in found] == [("ZAPPA_~2.JPG", 2937), ("bookmark.htm", 85805)]


def test_one_that_breaks_off_gives_what_was_whole(tmp_path: Path) -> None:
    raw = inputs("mail/attachments.tnef").read_bytes()
    assert [name for name, _ in unpacked(raw[:20_000], tmp_path)] == ["ZAPPA_~2.JPG"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        SIGNATURE,
        b"PK\x03\x04" + b"x" * 100,
        SIGNATURE + b"\xff" * 5000,
        made((BEGINS, b""), (DATA, b"x"), lie=2**31),
        made((BEGINS, b"")) * 500,
    ],
)
def test_what_lies_gives_nothing(raw: bytes, tmp_path: Path) -> None:
    assert not unpacked(raw, tmp_path)


def test_names_lead_nowhere_and_many_are_cut(tmp_path: Path) -> None:
    one = ((BEGINS, b""), (DATA, b"x"), (TITLE, b"..\\..\\etc/passwd\x00"))
    assert unpacked(made(*one * (MOST + 10)), tmp_path) == [("passwd", b"x")] * MOST
