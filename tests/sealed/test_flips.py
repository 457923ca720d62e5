# SPDX-License-Identifier: Apache-2.0
"""Every bit of a bundle counts: any one flipped is found, and what it belongs to is named."""

import io
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from sealed import container, note
from sealed.findings import Report
from sealed.verify import verify, verify_zip
from tests.sealed.fakelog import NAME, make_bundle, make_signer

KEY = make_signer().vkey


def owners(data: bytes) -> list[tuple[int, int, str]]:
    """(start, end, name) of what each byte belongs to; "" for the last record."""
    spans, directory = [], []
    for info in zipfile.ZipFile(io.BytesIO(data)).infolist():
        member = container.Member(info.filename, info.file_size, info.CRC)
        length = len(container.local_header(member)) + info.file_size
        spans.append(
            (info.header_offset, info.header_offset + length, info.filename.removeprefix(NAME + "/"))
        )
        directory.append((member, info.header_offset))
    place = spans[-1][1]
    for (name, record), span in zip(container.directory(directory, place), [*spans, (0, 0, "")], strict=True):
        assert name.endswith(span[2])
        spans.append((place, place + len(record), span[2]))
        place += len(record)
    assert place == len(data)
    return spans


def names_it(report: Report, name: str, start: int, end: int, at: int) -> bool:
    """The finding names the file (or, for the container's own bytes, the very place)."""
    return any(
        (
            name
            and (
                finding.where == name
                or finding.where.startswith(name + ",")
                or f"{name!r}" in finding.meaning
            )
        )
        or (finding.offset is not None and start <= finding.offset < end)
        or (not name and finding.where == "container")
        or finding.offset == at
        for finding in report.findings
    )


def check_flips(data: bytes, bits: "range | list[int]") -> None:
    spans = owners(data)
    spoilt, number = bytearray(data), 0
    for bit in bits:
        at = bit >> 3
        while at >= spans[number][1]:
            number += 1
        spoilt[at] ^= 1 << (bit & 7)
        report = verify_zip(io.BytesIO(spoilt), len(spoilt), KEY)
        spoilt[at] ^= 1 << (bit & 7)
        start, end, name = spans[number]
        assert not report.ok, (at, bit & 7, name)
        assert names_it(report, name, start, end, at), (at, bit & 7, name, report.findings)


@pytest.mark.slow
def test_every_single_bit_of_a_small_bundle(request: pytest.FixtureRequest) -> None:
    data = make_bundle(indexes=(3,))  # several entries: in the larger one below
    assert 6_000 < len(data) < 12_000
    assert not verify_zip(io.BytesIO(data), len(data), KEY).findings
    # One bit of every byte in the suite, another in each place; all eight of each nightly. The verifier compares bytes.
    nightly = request.config.getoption("--nightly")
    check_flips(data, range(len(data) * 8) if nightly else [at * 8 + at * 3 % 8 for at in range(len(data))])


@pytest.mark.slow
def test_thousands_of_bits_of_a_large_bundle(request: pytest.FixtureRequest) -> None:
    chooser = random.Random(20261123)
    contents = {
        f"set-{i // 10}/file-{i:03}.bin": chooser.randbytes(chooser.randrange(52_000)) for i in range(40)
    }
    data = make_bundle(contents)
    assert len(data) > 900_000
    assert not verify_zip(io.BytesIO(data), len(data), KEY).findings
    many = 10_000 if request.config.getoption("--nightly") else 1_500
    check_flips(data, sorted(chooser.sample(range(len(data) * 8), many)))


def test_flips_in_a_multi_megabyte_file_are_found() -> None:
    chooser = random.Random(1)
    data = make_bundle({"backup.bin": chooser.randbytes(5 << 20), "small.txt": b"x"})
    check_flips(data, sorted(chooser.sample(range(len(data) * 8), 200)))


@pytest.mark.slow
def test_bits_of_an_unpacked_bundle(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    zipfile.ZipFile(io.BytesIO(make_bundle())).extractall(tmp_path)
    folder = tmp_path / NAME
    assert not verify(folder, str(KEY)).findings
    number = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        whole = path.read_bytes()
        for bit in range(len(whole) * 8):
            number += 1
            if number % (7 if request.config.getoption("--nightly") else 61):
                continue  # a part here: the same checks, without the container, as in the run above
            spoilt = bytearray(whole)
            spoilt[bit >> 3] ^= 1 << (bit & 7)
            path.write_bytes(spoilt)
            report = verify(folder, str(KEY))
            assert not report.ok, (name, bit)
            assert names_it(report, name, 0, 0, -1), (name, bit, report.findings)
        path.write_bytes(whole)
    assert not verify(folder, str(KEY)).findings
    shutil.rmtree(folder)


def test_key_itself_is_strict() -> None:
    text = str(KEY)
    for place in range(len(text)):
        for bit in range(7):
            spoilt = text[:place] + chr(ord(text[place]) ^ 1 << bit) + text[place + 1 :]
            with pytest.raises(note.NoteError):
                note.parse_vkey(spoilt)
