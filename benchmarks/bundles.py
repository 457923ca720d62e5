# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing a bundle against one pass of hashlib with a stored ZIP64 by zipfile, and against ``bagit`` followed by ``zip -0``."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import material
from benchmarks.measure import Options, Row, folder, now, rounds, row

AIM = 1.3
GIB = 1 << 30


def run(options: Options) -> list[Row]:
    """Three lines for 20,000 small files and three for the large one."""
    count, size = (200, 8 << 20) if options.small else (20_000, options.size)
    small = _measure(
        f"{count:,} small files", lambda place: material.make_small(place, count), 400 << 20, options
    )
    words = f"{size / GIB:g} GiB" if size >= GIB else f"{size >> 20} MiB"
    return small + _measure(words, lambda place: material.make_large(place, size), 2 * size + GIB, options)


def _measure(
    case: str, make: Callable[[Path], list[tuple[str, Path]]], need: int, options: Options
) -> list[Row]:
    with folder(options, need) as place:
        source = place / "source"
        source.mkdir()
        files = make(source)
        known = material.listed(files)
        target = place / "out.zip"

        def timed(work: Callable[[], object]) -> float:
            began = now()
            work()
            took = now() - began
            target.unlink()
            return took

        def bagit(_turn: int) -> float:
            steps = material.bagit_and_zip(files, place / material.NAME, target)
            next(steps)
            took = timed(lambda: next(steps))
            next(steps, None)
            return took

        sides = {
            "hashlib + zipfile": lambda _turn: timed(lambda: material.hash_and_zip(files, target)),
            "bundle": lambda _turn: timed(lambda: material.write(known, target)),
            "list and bundle": lambda _turn: timed(lambda: material.write(material.listed(files), target)),
        }
        if has_peer := shutil.which("zip") is not None:
            sides["bagit, then zip -0"] = bagit
        else:
            print("zip is not installed: without the comparison with bagit and zip.", file=sys.stderr)
        times = rounds(sides, 1 if options.small else options.rounds)
    payload = sum(file.size for file in known)
    about: dict[str, Any] = {"subject": "bundle", "amount": payload, "unit": "bytes"}
    lines = [
        row(times, "bundle", "hashlib + zipfile", case=f"{case}, digests known", aim=AIM, **about),
        row(times, "list and bundle", "hashlib + zipfile", case=f"{case}, digests taken first", **about),
    ]
    if has_peer:
        lines.append(
            row(times, "list and bundle", "bagit, then zip -0", case=f"{case}, digests taken first", **about)
        )
    return lines
