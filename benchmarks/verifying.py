# SPDX-License-Identifier: AGPL-3.0-or-later
"""``sealed verify`` of a bundle against hashlib over the same bytes: the container as one, and file by file through zipfile."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import material
from benchmarks.measure import Options, Row, folder, now, rounds, row
from sealed import verify

GIB = 1 << 30


def run(options: Options) -> list[Row]:
    """Two lines for 20,000 small files and two for the large one."""
    count, size = (200, 8 << 20) if options.small else (20_000, options.size)
    small = _measure(
        f"{count:,} small files", lambda place: material.make_small(place, count), 400 << 20, options
    )
    words = f"{size / GIB:g} GiB" if size >= GIB else f"{size >> 20} MiB"
    return small + _measure(words, lambda place: material.make_large(place, size), 2 * size + GIB, options)


def _whole(bundle: Path) -> None:
    digest = hashlib.sha256()
    with bundle.open("rb", buffering=0) as source:
        while piece := source.read(material.CHUNK):
            digest.update(piece)
    digest.hexdigest()


def _each(bundle: Path) -> None:
    """What a stranger's ten lines would do: open each file of the ZIP, hash it (zipfile checks the CRC-32)."""
    with zipfile.ZipFile(bundle) as archive:
        for info in archive.infolist():
            digest = hashlib.sha256()
            with archive.open(info) as source:
                while piece := source.read(material.CHUNK):
                    digest.update(piece)
            digest.hexdigest()


def _ours(bundle: Path) -> None:
    report = verify.verify(bundle)
    if not report.ok:
        raise RuntimeError(f"A good bundle was found wanting: {report.findings[0]}")


def _measure(
    case: str, make: Callable[[Path], list[tuple[str, Path]]], need: int, options: Options
) -> list[Row]:
    with folder(options, need) as place:
        source = place / "source"
        source.mkdir()
        bundle = place / "bundle.zip"
        material.write(material.listed(make(source)), bundle)

        def timed(work: Callable[[Path], None]) -> float:
            began = now()
            work(bundle)
            return now() - began

        sides = {
            "hashlib": lambda _turn: timed(_whole),
            "zipfile + hashlib": lambda _turn: timed(_each),
            "sealed verify": lambda _turn: timed(_ours),
        }
        times = rounds(sides, 1 if options.small else options.rounds)
        length = bundle.stat().st_size
    about: dict[str, Any] = {"subject": "verify", "case": case, "amount": length, "unit": "bytes"}
    return [row(times, "sealed verify", peer, **about) for peer in ("hashlib", "zipfile + hashlib")]
