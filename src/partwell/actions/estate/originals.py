# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of an import before it is confirmed: encrypted blobs of no client, written out for the reader only.

An account export holds *all* clients' passwords, so an upload never lies under one client's key and never
becomes a file that a bundle could take along. When the import ends the blobs go; names, sizes and digests stay.
"""

import base64
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings

from partwell.actions.keys import CREDENTIALS, INSTALLATION, blob_store, unit_for
from partwell.importers.base import Secret, safe_name
from partwell.importers.detect import detect
from partwell.importers.limits import Limits
from partwell.records.estate.models import Import
from partwell.records.jobs.models import Job
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

MOST_FILES = 200
_PLACE = "estate.Import"


@contextmanager
def workplace() -> Iterator[Path]:
    """A private folder that is gone afterwards, whatever happens."""
    root = Path(settings.PARTWELL_HOME) / "tmp"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="import-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take_in(
    actor: Actor, import_id: UUID, uploads: Sequence[tuple[str, BinaryIO]], source: str
) -> list[dict[str, Any]] | Refusal:
    """Encrypt the uploads and say of each what it may be. ``source``: a kind chosen by a person, or ""."""
    if not uploads:
        return refuse("required", where="A file")
    if len(uploads) > MOST_FILES:
        return refuse(
            "invalid_input", where="The files", problem=f"at most {MOST_FILES} at once; pack them into a ZIP"
        )
    unit, store = unit_for(actor, None, INSTALLATION), blob_store()
    taken: list[dict[str, Any]] = []
    limit = Limits().file_size
    with workplace() as folder:
        for number, (given, stream) in enumerate(uploads):
            name = safe_name(given)
            path = folder / str(number) / name
            path.parent.mkdir(mode=0o700)
            with path.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
            if path.stat().st_size > limit:
                drop(taken)
                return refuse("file_too_large", file=name, limit="512 MiB")
            guesses = detect(path)
            kind = source or (guesses[0].kind if guesses else "documents")
            with path.open("rb") as plain:
                facts = store.write(plain, unit.key, unit.place(_PLACE, import_id, f"original-{number}"))
            path.unlink()
            taken.append(
                {
                    "name": name,
                    "kind": kind,
                    "blob": facts.blob_id,
                    "size": facts.size,
                    "sha256": facts.sha256,
                    "guesses": [guess.kind for guess in guesses[:6]],
                    "encoding": "",
                    "delimiter": "",
                    "sheet": "",
                }
            )
    return taken


def write_out(actor: Actor, batch: Import, number: int, folder: Path) -> Path:
    """The plain original number ``number`` in ``folder``, under its own name. BlobMissing once it was wiped."""
    unit = unit_for(actor, None, INSTALLATION)
    facts = batch.options["files"][number]
    path = folder / str(number) / safe_name(facts["name"])
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with (
        blob_store().open(
            facts["blob"], unit.key, unit.place(_PLACE, batch.id, f"original-{number}")
        ) as plain,
        path.open("wb") as out,
    ):
        shutil.copyfileobj(plain, out, 1 << 20)
    return path


def drop(files: Sequence[dict[str, Any]]) -> None:
    """Delete the blobs; safe to repeat."""
    for facts in files:
        if facts.get("blob"):
            blob_store().delete(facts["blob"])


def without_blobs(options: dict[str, Any]) -> dict[str, Any]:
    """The options as they stand after the import ended: names, sizes, digests, no way to the content."""
    return {**options, "files": [{**facts, "blob": ""} for facts in options.get("files", [])]}


def seal_unlock(
    actor: Actor, client_id: UUID, import_id: UUID, password: Secret | None, key_file: bytes | None
) -> str:
    """A password or key file for the reader, sealed for the short way to the worker; "" where there is none."""
    if not password and not key_file:
        return ""
    plain = json.dumps(
        {
            "password": password.reveal() if password else None,
            "key_file": base64.b64encode(key_file).decode() if key_file else None,
        }
    ).encode()
    return base64.b64encode(
        unit_for(actor, client_id, CREDENTIALS).seal("jobs.Job", import_id, "unlock", plain)
    ).decode()


def open_unlock(actor: Actor, batch: Import, job: Job) -> tuple[Secret | None, bytes | None]:
    """The other end of ``seal_unlock``."""
    sealed = job.payload.get("unlock")
    if not sealed:
        return None, None
    unit = unit_for(actor, batch.client_id, CREDENTIALS)
    values = json.loads(unit.open("jobs.Job", batch.id, "unlock", base64.b64decode(sealed)))
    return (
        Secret(values["password"]) if values["password"] else None,
        base64.b64decode(values["key_file"]) if values["key_file"] else None,
    )


def forget_unlock(job: Job) -> None:
    """Wipe the sealed password from the job's row."""
    if job.payload.get("unlock"):
        job.payload = {name: value for name, value in job.payload.items() if name != "unlock"}
        Job.objects.filter(pk=job.pk).update(payload=job.payload)
