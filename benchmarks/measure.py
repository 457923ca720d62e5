# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two sides measured in turns, and what comes of it: a ratio with its spread, and absolute figures beside."""

import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support import worlds

Side = Callable[[int], float]
_CPU: list[bool] = []


@dataclass(frozen=True)
class Options:
    """How to run. ``small``: seconds instead of minutes, to see that it runs; its figures say nothing."""

    small: bool = False
    postgresql: bool = False
    scratch: Path | None = None
    rounds: int = 5
    size: int = 4 << 30
    """Bytes of the large bundle."""
    objects: int = 10_000
    """Objects on the S3 server that are deleted."""
    sets: int = 50_000
    """Backup sets among which the daily sweep finds a hundred."""
    messages: int = 100_000
    """Messages that are searched."""

    def databases(self) -> tuple[str, ...]:
        """On which databases the subjects with rows run."""
        return ("sqlite", "postgresql") if self.postgresql else ("sqlite",)


@dataclass(frozen=True)
class Row:
    """One line: our side against a peer. Times in seconds (medians); ``ratio`` is the median of each round's ratio.

    ``amount`` of ``unit`` was done in each time. ``aim``: the ratio the project set itself, where it set one.
    """

    subject: str
    case: str
    ours: str
    peer: str
    ours_s: float
    peer_s: float
    ratio: float
    lowest: float
    highest: float
    amount: float
    unit: str
    aim: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """All fields, and whether the aim was met."""
        return {**asdict(self), "met": None if self.aim is None else self.ratio <= self.aim}


def rounds(sides: Mapping[str, Side], count: int) -> dict[str, list[float]]:
    """Run all sides in each round, every second round backwards, so that neither always comes after the other.

    A side gets the round's number and gives the seconds that count (its set-up does not). Round 0 only warms up.
    """
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(count + 1):
        for name in list(sides) if number % 2 else list(sides)[::-1]:
            seconds = sides[name](number)
            if number or count == 0:
                times[name].append(seconds)
    return times


def row(
    times: Mapping[str, list[float]],
    ours: str,
    peer: str,
    *,
    subject: str,
    case: str,
    amount: float,
    unit: str,
    aim: float | None = None,
    note: str = "",
) -> Row:
    """The line of one pair: each round's two times are divided, because they met the same neighbours."""
    ratios = [a / b for a, b in zip(times[ours], times[peer], strict=True)]
    return Row(
        subject, case, ours, peer, statistics.median(times[ours]), statistics.median(times[peer]), statistics.median(ratios),
        min(ratios), max(ratios), amount, unit, aim, note,
    )  # fmt: skip


def now() -> float:
    """Seconds for differences: by the clock or, with ``--cpu``, the processor time of this process and its ended children."""
    if not _CPU:
        return time.perf_counter()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def count_cpu() -> None:
    """Let ``now`` count processor time from here on: what waits for neighbours on a shared machine is left out."""
    _CPU.append(True)


@contextmanager
def folder(options: Options, need: int = 0) -> Iterator[Path]:
    """A folder that goes away: ``--scratch``, or memory with ``need`` bytes free (no disk's mood), or the temporary one."""
    base = options.scratch or worlds.scratch()
    if options.scratch is None and need and min(shutil.disk_usage(base).free, _memory()) < need:
        base = Path(tempfile.gettempdir())
    if need and shutil.disk_usage(base).free < need:
        raise SystemExit(
            f"{base} has not the {need >> 30} GiB free that this needs; give --scratch or a smaller --size."
        )
    with tempfile.TemporaryDirectory(prefix=f"partwell-test-{os.getpid()}-bench-", dir=base) as made:
        yield Path(made)


def _memory() -> int:
    """Bytes that programs can still have; what lies in a memory folder is taken from them."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), 0)


def machine() -> dict[str, Any]:
    """What the figures were taken on; the load tells whether others were at work."""
    model = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = platform.processor()
    return {
        "cores": os.cpu_count(), "processor": model, "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(), "load": [round(value, 1) for value in os.getloadavg()],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30) if sys.platform != "win32" else 0,
    }  # fmt: skip
