# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole job of a bundle, as people ask for it: out of the encrypted vault, logged, written, and into the vault again.

Its floor is the same pass of hashlib and zipfile over *plain* files: decrypting, encrypting and gathering come on top.
"""

from pathlib import Path
from typing import Any

from benchmarks import house, material
from benchmarks.measure import Options, Row, folder, now, rounds, row

GIB = 1 << 30


def run(options: Options) -> list[Row]:
    """A line for many small documents and one for a large one."""
    count, size = (30, 4 << 20) if options.small else (2_000, min(options.size, GIB))
    words = f"{size / GIB:g} GiB" if size >= GIB else f"{size >> 20} MiB"
    with folder(options, 4 * size + (400 << 20)) as place, house.house("sqlite", options):
        actor = house.owner()
        lines = []
        for case, made in (
            (f"{count:,} small documents", material.make_small(_below(place, "small"), count)),
            (words, material.make_large(_below(place, "large"), size)),
        ):
            lines.append(_measure(actor, case, made, place / "out.zip", options))
    return lines


def _below(place: Path, name: str) -> Path:
    (place / name).mkdir()
    return place / name


def _measure(actor: Any, case: str, made: list[tuple[str, Path]], target: Path, options: Options) -> Row:
    client = house.client(actor, f"Northwick {case}")
    for name, path in made:
        _document(actor, client, name, path)

    def floor(_turn: int) -> float:
        began = now()
        material.hash_and_zip(made, target)
        took = now() - began
        target.unlink()
        return took

    times = rounds(
        {"hashlib + zipfile": floor, "job": lambda _turn: _job(actor, client.id, len(made))},
        1 if options.small else options.rounds,
    )
    size = sum(path.stat().st_size for _, path in made)
    return row(
        times,
        "job",
        "hashlib + zipfile",
        subject="job",
        case=f"{case}, vault to vault",
        amount=size,
        unit="bytes",
    )


def _document(actor: Any, client: Any, name: str, path: Path) -> None:
    from partwell.actions.estate.add_item import add_item
    from partwell.actions.estate.attach_document import attach_document

    item = house.done(
        add_item(
            actor=actor,
            client_id=client.id,
            title=path.name,
            category="diagrams",
            kind="document",
            owner="client",
        )
    )
    with path.open("rb") as stream:
        house.done(
            attach_document(actor=actor, client_id=client.id, item_id=item.id, name=path.name, stream=stream)
        )


def _job(actor: Any, client_id: Any, count: int) -> float:
    """Seconds from asking to the stored bundle, which is then thrown away."""
    from uuid import UUID

    from partwell.actions.keys import blob_store
    from partwell.actions.releases.request_bundle import request_bundle
    from partwell.actions.releases.run_bundle import run_now
    from partwell.records.vault.models import StoredFile
    from partwell.rules.terms import Party

    began = now()
    asked = house.done(
        request_bundle(actor=actor, client_id=client_id, to=Party.CLIENT, correspondence=False)
    )
    job = run_now(asked.id, lambda *_: None)
    took = now() - began
    if job.state != "done":
        raise RuntimeError(job.error)
    if job.result["files"] < count:
        raise RuntimeError(
            f"{job.result['files']} files are in the bundle, of {count}: {job.result['left_out']}"
        )
    blob_store().delete(StoredFile.objects.get(pk=UUID(hex=job.result["file"])).blob_id)
    return took
