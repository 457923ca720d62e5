# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs an import's job here and now (the command line), or waits for the worker that has it; and reads without writing."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F
from django.utils import timezone

from partwell.actions.estate import confirm_import, originals, stage_import
from partwell.actions.estate.stage_lines import known_fingerprints
from partwell.actions.jobs import lease
from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Options, Read, Secret, Understood
from partwell.importers.detect import detect
from partwell.records.clients.models import Client
from partwell.records.jobs.models import Job
from partwell.rules.refusals import Refused

RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "import.stage": stage_import.run,
    "import.confirm": confirm_import.run,
}
Tick = Callable[[str, int, int], None]


def run_now(job: Job, tick: Tick = lambda stage, done, total: None) -> Job:
    """Do the job in this process unless a worker has it; then watch it. Gives the job as it ended.

    ``tick(stage, done, total)`` is called as it goes on. A failure stands on the job (``state``, ``error``).
    """
    token = uuid4()
    mine = Job.objects.filter(pk=job.pk, state="queued").update(
        state="running", lease=token, lease_until=timezone.now() + lease.LEASE, attempts=F("attempts") + 1
    )
    job = Job.objects.get(pk=job.pk)
    if not mine:
        while job.state in ("queued", "running"):
            tick(job.stage, job.done, job.total)
            time.sleep(0.2)
            job = Job.objects.get(pk=job.pk)
        return job

    def beat(current: Job, **values: Any) -> None:
        lease.beat(current, **values)
        tick(current.stage, current.done, current.total)

    try:
        lease.finish(job, RUNS[job.kind](job, beat))
    except Refused as refused:
        lease.fail(job, str(refused.refusal))
    except lease.LeaseLost:
        pass
    except KeyboardInterrupt:
        if job.kind == "import.stage":
            lease.fail(job, "It was stopped before its end.")
        else:
            lease.give_back(job.pk)  # some rows may be written: a worker goes on where this stopped
        raise
    except Exception as error:
        lease.fail(
            job,
            f"It failed ({type(error).__name__}); it will be tried again.",
            again_in=timedelta(seconds=10),
        )
        raise
    return Job.objects.get(pk=job.pk)


@dataclass
class DryRun:
    """What an import would do; ``problems`` are files that were refused as a whole."""

    items: int = 0
    duplicates: int = 0
    left_out: int = 0
    secrets: int = 0
    understood: list[str] = field(default_factory=list)
    lines: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def dry_run(
    client_id: UUID,
    paths: Sequence[Path],
    *,
    source: str = "",
    client_names: Sequence[str] = (),
    password: Secret | None = None,
    key_file: Path | None = None,
    tick: Tick = lambda stage, done, total: None,
) -> DryRun:
    """Read the files and count, writing nothing at all. Lines that are not taken are listed, at most 1,000."""
    client = Client.objects.get(pk=client_id)
    out, seen = DryRun(), set[str]()
    for path in paths:
        with originals.workplace() as folder:
            guesses = detect(path)
            kind = source or (guesses[0].kind if guesses else "documents")
            options = Options(
                client_names=tuple(dict.fromkeys([client.name, client.legal_name, *client_names])),
                password=password,
                key_file=key_file,
                spool=folder,
            )
            try:
                with contextlib.closing(stage_import.reads(kind, path, options)) as found:  # type: ignore[type-var]
                    _count(found, client.id, out, seen, folder, tick)
            except ImportRefused as refused:
                out.problems.append(str(refused))
    return out


def _count(
    found: Iterator[Read], client_id: UUID, out: DryRun, seen: set[str], folder: Path, tick: Tick
) -> None:
    held: list[ImportedItem] = []

    def flush() -> None:
        known = known_fingerprints(client_id, {item.fingerprint for item in held if item.fingerprint})
        for item in held:
            if item.fingerprint and (item.fingerprint in known or item.fingerprint in seen):
                out.duplicates += 1
            else:
                out.items += 1
                out.secrets += bool(item.secrets)
                seen.add(item.fingerprint)
        held.clear()
        for left in folder.iterdir():
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        tick("reading", out.items + out.duplicates + out.left_out, 0)

    for read in found:
        if isinstance(read, Understood):
            out.understood.append(read.sentence)
        elif isinstance(read, ImportedItem):
            held.append(read)
            if len(held) >= 500:
                flush()
        elif isinstance(read, LeftOut):
            out.left_out += 1
            if len(out.lines) < 1000:
                out.lines.append({"line": str(read.line), "sentence": read.sentence})
    flush()
