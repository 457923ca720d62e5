# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads an import's files into staged lines: chunk by chunk, in short transactions, secrets sealed at once."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate import originals
from partwell.actions.estate.stage_lines import Stager
from partwell.actions.estate.start_import import clear_lines
from partwell.actions.jobs import lease
from partwell.actions.people.set_up import actor_of
from partwell.importers.base import ImportRefused, Options, Read, Understood
from partwell.importers.detect import name_of
from partwell.importers.mapping import ColumnMapping
from partwell.importers.sandbox import read_guarded
from partwell.records.estate.models import Import, SourceMapping
from partwell.records.jobs.models import Job
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused, refuse

REMEMBERED = ("csv", "xlsx")
COUNTED = ("csv", "snipeit")
Beat = Callable[..., None]


def actor_for(job: Job) -> Actor:
    """The person who asked for the work. Who left meanwhile starts nothing any more."""
    staff = StaffMember.objects.filter(pk=job.asked_by, left_at=None).first() if job.asked_by else None
    if staff is None:
        raise Refused(refuse("staff_left"))
    return actor_of(staff, door="worker", strength="none")


def run(job: Job, beat: Beat = lease.beat) -> dict[str, Any]:
    """The job "import.stage": everything anew from the originals, so that a crash leaves no double lines."""
    batch = Import.objects.select_related("client").get(pk=UUID(hex=job.payload["import"]))
    if batch.state not in ("reading", "staged", "refused"):
        originals.forget_unlock(job)
        return {"state": batch.state}
    actor = actor_for(job)
    batch.options = job.payload.get("options") or batch.options
    batch.mapping = job.payload.get("mapping") or batch.mapping
    clear_lines(batch.id, keep=False)
    try:
        with originals.workplace() as folder:
            stager = _stage(job, batch, actor, folder, beat)
    except ImportRefused as refused:
        result = _refuse(job, batch.id, actor, refused)
    except Exception:
        if job.attempts >= lease.MOST_ATTEMPTS:
            originals.forget_unlock(job)
        raise
    else:
        result = _staged(job, batch, actor, stager)
    originals.forget_unlock(job)
    return result


def _stage(job: Job, batch: Import, actor: Actor, folder: Path, beat: Beat) -> Stager:
    password, key = originals.open_unlock(actor, batch, job)
    stager = Stager(actor, batch, beat=lambda done: beat(job, done=done, stage="reading"))
    files = batch.options["files"]
    for number, facts in enumerate(files):
        path = originals.write_out(actor, batch, number, folder)
        spool = folder / f"spool-{number}"
        spool.mkdir(mode=0o700)
        key_path = None
        if key:
            key_path = folder / "unlock.key"
            key_path.write_bytes(key)
        mapping = batch.mapping.get(str(number))
        options = Options(
            client_names=tuple(
                dict.fromkeys([batch.client.name, batch.client.legal_name, *batch.options["client_names"]])
            ),
            encoding=facts["encoding"],
            delimiter=facts["delimiter"],
            sheet=facts["sheet"],
            spool=spool,
            mapping=ColumnMapping.from_json(mapping) if mapping else None,
            password=password,
            key_file=key_path,
        )
        total = stager.done + count_lines(path) if facts["kind"] in COUNTED else 0
        beat(job, done=stager.done, total=total, stage="reading")
        stager.begin(number, facts["name"] if len(files) > 1 else "", facts["kind"])
        with contextlib.closing(reads(facts["kind"], path, options)) as found:  # type: ignore[type-var]
            for read in found:
                stager.take(read, spool)
        stager.flush()
        path.unlink(missing_ok=True)
    return stager


def count_lines(path: Path) -> int:
    """Physical lines, for the progress bar."""
    with path.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def reads(kind: str, path: Path, options: Options) -> Iterator[Read]:
    """What the importer reads; where people mapped the same columns before, with their mapping."""
    found = read_guarded(kind, path, options)
    if options.mapping is not None or kind not in REMEMBERED:
        yield from found
        return
    for read in found:
        if isinstance(read, Understood) and read.code == "columns":
            known = SourceMapping.objects.filter(
                source=kind, signature=read.facts.get("signature", "")
            ).first()
            if known is not None:
                found.close()  # type: ignore[attr-defined]
                again = Options(
                    **{name: getattr(options, name) for name in Options.__slots__ if name != "mapping"},
                    mapping=ColumnMapping.from_json(known.mapping["json"]),
                )
                yield Understood("remembered", "The columns are mapped as they were the last time.", {})
                yield from read_guarded(kind, path, again)
                return
        yield read


def _staged(job: Job, batch: Import, actor: Actor, stager: Stager) -> dict[str, Any]:
    counts: Counter[str] = stager.counts
    if not counts["item"] and not counts["duplicate"]:
        others = stager.tallies["reason"]["other_client"] + stager.tallies["reason"]["no_client"]
        why = (
            ImportRefused(
                "client_absent",
                f"No row of this file names {batch.client.name} as its client.",
                "",
                "Say how the client is called in the file, to the letter.",
            )
            if others
            else ImportRefused(
                "empty", "The file has no row that can be imported.", "", "Look at the reasons by line."
            )
        )
        return _refuse(job, batch.id, actor, why, stager)
    with Deed(actor) as deed:
        client = deed.lock(batch.client_id)
        lease.hold(job)
        row = Import.objects.get(pk=batch.id)
        if row.state not in ("reading", "staged", "refused"):
            return {"state": row.state}
        deed.save(
            row,
            state="staged",
            options=batch.options,
            mapping=batch.mapping,
            understood=stager.understood(),
            problem="",
            item_count=counts["item"],
            duplicate_count=counts["duplicate"],
            left_out_count=counts["left_out"],
        )
        deed.record(
            "import.staged",
            client=client.id,
            subjects=[row.id],
            public={"source": name_of(row.source)},
            to_client={
                "files": [facts["name"] for facts in batch.options["files"]],
                "understood": counts["item"],
                "duplicates": counts["duplicate"],
                "left_out": counts["left_out"],
            },
        )
    return {"items": counts["item"], "duplicates": counts["duplicate"], "left_out": counts["left_out"]}


def _refuse(
    job: Job, import_id: UUID, actor: Actor, refused: ImportRefused, stager: Stager | None = None
) -> dict[str, Any]:
    with Deed(actor) as deed:
        row = Import.objects.get(pk=import_id)
        deed.lock(row.client_id)
        lease.hold(job)
        understood = stager.understood() if stager else {}
        deed.save(
            row,
            state="refused",
            options=job.payload.get("options") or row.options,
            problem=str(refused)[:2000],
            item_count=0,
            duplicate_count=0,
            understood=understood,
            left_out_count=stager.counts["left_out"] if stager else 0,
        )
        deed.record(
            "import.failed",
            subjects=[row.id],
            public={"source": name_of(row.source)},
            internal={"problem": str(refused)[:2000]},
        )
    return {"refused": refused.code}
