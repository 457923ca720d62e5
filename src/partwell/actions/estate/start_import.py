# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes files in for an import, and reads them again when people choose otherwise. Nothing of the estate is written."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from partwell.actions.base import Deed
from partwell.actions.estate import originals
from partwell.actions.estate.common import allowed, open_client
from partwell.importers.base import Secret
from partwell.importers.detect import MODULES, name_of
from partwell.importers.mapping import ColumnMapping
from partwell.records.clients.models import Client
from partwell.records.estate.models import Import
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Custodian, Owner

OWNERS = ("agreement", *(one.value for one in Owner))
CUSTODIANS = tuple(one.value for one in Custodian)
ACTIVE = ("queued", "running")


def start_import(
    *,
    actor: Actor,
    client_id: UUID,
    uploads: Sequence[tuple[str, BinaryIO]],
    source: str = "",
    options: Mapping[str, Any] | None = None,
    password: Secret | None = None,
    key_file: bytes | None = None,
) -> Import | Refusal:
    """Store the uploads (name, stream), guess what they are and queue the reading.

    ``source``: a kind of ``importers.detect.MODULES``, "" to guess for each file. ``options``: client_names
    (how the source calls the client), owner and custodian (see ``choose``). A password or key file travels
    sealed and is wiped after the reading. Answers import in state *reading*.
    """
    if refusal := allowed(actor, "estate.import"):
        return refusal
    if source and source not in MODULES:
        return refuse("invalid_input", where="The kind of file", problem=f"it is one of {', '.join(MODULES)}")
    client = Client.objects.filter(pk=client_id).first()
    if client is None:
        return refuse("not_found")
    import_id = uuid4()
    files = originals.take_in(actor, import_id, uploads, source)
    if isinstance(files, Refusal):
        return files
    given = dict(options or {})
    names = [" ".join(str(name).split())[:200] for name in given.get("client_names", ()) if str(name).strip()]
    chosen = {
        "files": files,
        "client_names": names[:10],
        "owner": _one_of(given.get("owner"), OWNERS, "agreement"),
        "custodian": _one_of(given.get("custodian"), CUSTODIANS, "msp"),
    }
    unlock = originals.seal_unlock(actor, client_id, import_id, password, key_file)
    kinds = {facts["kind"] for facts in files}
    try:
        with Deed(actor) as deed:
            found = open_client(deed, client_id)
            if isinstance(found, Refusal):
                originals.drop(files)
                return found
            batch = deed.add(
                Import(
                    id=import_id,
                    client=found,
                    source=kinds.pop() if len(kinds) == 1 else "files",
                    filename=", ".join(facts["name"] for facts in files)[:300],
                    options=chosen,
                    started_by=actor.id,
                    started_at=deed.now,
                )
            )
            _queue(deed, batch, 1, {"unlock": unlock} if unlock else {})
            deed.record(
                "import.started",
                subjects=[batch.id],
                public={"files": [facts["name"] for facts in files]},
                internal={
                    "digests": [facts["sha256"] for facts in files],
                    "sizes": [facts["size"] for facts in files],
                },
            )
            return batch
    except BaseException:
        originals.drop(files)
        raise


def _one_of(value: Any, known: Sequence[str], otherwise: str) -> str:
    return str(value) if value in known else otherwise


def _queue(deed: Deed, batch: Import, number: int, payload: Mapping[str, Any]) -> Job:
    return deed.job(
        "import.stage",
        f"import.stage:{batch.id.hex}:{number}",
        client=batch.client_id,
        **{"import": batch.id.hex, **payload},
    )


def work_of(batch: Import) -> "list[Job]":
    """The jobs of an import, the newest first."""
    return list(
        Job.objects.filter(key__startswith=f"import.stage:{batch.id.hex}:").order_by("-created_at")
    ) + list(Job.objects.filter(key__startswith=f"import.confirm:{batch.id.hex}").order_by("-created_at"))


def under_way(batch: Import) -> bool:
    """Whether somebody reads or writes this import right now."""
    return any(job.state in ACTIVE for job in work_of(batch))


def partly_written(batch: Import) -> Job | None:
    """The writing that broke off for good after its first chunk; None where no row was written yet."""
    if batch.state != "staged":
        return None
    jobs = Job.objects.filter(key__startswith=f"import.confirm:{batch.id.hex}", state="failed")
    return next((job for job in jobs.order_by("-created_at") if job.payload.get("position")), None)


def read_again(
    *,
    actor: Actor,
    client_id: UUID,
    import_id: UUID,
    files: Mapping[int, Mapping[str, str]] | None = None,
    mappings: Mapping[int, Mapping[str, str]] | None = None,
    client_names: Sequence[str] | None = None,
    password: Secret | None = None,
    key_file: bytes | None = None,
) -> Job | Refusal:
    """Read the same files with other choices. ``files``: number → {kind, encoding, delimiter, sheet};
    ``mappings``: number → {header: field}. The new preview replaces the old; the choices travel in the job."""
    if refusal := allowed(actor, "estate.import"):
        return refusal
    unlock = originals.seal_unlock(actor, client_id, import_id, password, key_file)
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        batch = Import.objects.filter(pk=import_id, client=client).first()
        if batch is None:
            return refuse("not_found")
        if batch.state not in ("reading", "staged", "refused"):
            return refuse("import_not_staged", state=batch.state)
        if under_way(batch):
            return refuse("busy")
        if partly_written(batch) is not None:  # other lines would not fit to the rows that are there
            return refuse("import_not_staged", state="partly written")
        options = {**batch.options, "files": [dict(facts) for facts in batch.options["files"]]}
        for number, values in (files or {}).items():
            if not 0 <= number < len(options["files"]):
                return refuse("not_found")
            kind = values.get("kind", "")
            if kind and kind not in MODULES:
                return refuse(
                    "invalid_input", where="The kind of file", problem=f"it is one of {', '.join(MODULES)}"
                )
            options["files"][number].update(
                {
                    name: str(value)[:60]
                    for name, value in values.items()
                    if name in ("encoding", "delimiter", "sheet") or (name == "kind" and value)
                }
            )
        if client_names is not None:
            options["client_names"] = [" ".join(name.split())[:200] for name in client_names if name.strip()][
                :10
            ]
        mapped = dict(batch.mapping)
        for number, columns in (mappings or {}).items():
            known = mapped.get(str(number)) or batch.understood.get("columns", {}).get(str(number), {}).get(
                "mapping"
            )
            if not known:
                return refuse("not_found")
            try:
                mapping = ColumnMapping.from_json(known)
                for header, name in columns.items():
                    mapping = mapping.with_field(header, name)
            except ValueError as error:
                return refuse("invalid_input", where="The mapping", problem=str(error))
            mapped[str(number)] = mapping.to_json()
        count = Job.objects.filter(key__startswith=f"import.stage:{batch.id.hex}:").count()
        return _queue(
            deed,
            batch,
            count + 1,
            {"options": options, "mapping": mapped, **({"unlock": unlock} if unlock else {})},
        )


def discard_import(*, actor: Actor, client_id: UUID, import_id: UUID, reason: str = "") -> Import | Refusal:
    """Drop an import before it was confirmed: its lines, files and sealed secrets go, one entry stays."""
    if refusal := allowed(actor, "estate.import"):
        return refusal
    with Deed(actor) as deed:
        if not Client.objects.filter(pk=client_id).exists():
            return refuse("not_found")
        client = deed.lock(client_id)
        batch = Import.objects.filter(pk=import_id, client=client).first()
        if batch is None:
            return refuse("not_found")
        if batch.state not in ("reading", "staged", "refused"):
            return refuse("import_not_staged", state=batch.state)
        if under_way(batch):
            return refuse("busy")
        files = batch.options["files"]
        deed.save(batch, state="discarded", options=originals.without_blobs(batch.options))
        deed.record(
            "import.discarded",
            subjects=[batch.id],
            to_client={"source": name_of(batch.source), **({"reason": reason[:300]} if reason else {})},
        )
    clear_lines(batch.id, keep=False)
    originals.drop(files)
    return batch


def clear_lines(import_id: UUID, *, keep: bool) -> None:
    """Empty the staged lines. ``keep``: what was left out, and why, stays readable; else lines and staged files go.

    Call it outside a deed: it works in short steps.
    """
    from partwell.records.estate.models import ImportLine

    store = originals.blob_store()
    while True:
        rows = ImportLine.objects.filter(batch_id=import_id)
        chunk = (
            list(rows.exclude(sealed=None, data={}).only("pk", "data")[:1000])
            if keep
            else list(rows.only("pk", "data")[:1000])
        )
        if not chunk:
            return
        ids = [row.pk for row in chunk]
        if keep:
            ImportLine.objects.filter(pk__in=ids).update(sealed=None, data={})
        else:
            blobs = {blob for row in chunk if (blob := row.data.get("file", {}).get("blob_id"))}
            # A writing that broke off half-way has made rows of some: what a row names stays.
            blobs -= set(StoredFile.objects.filter(blob_id__in=blobs).values_list("blob_id", flat=True))
            for blob in sorted(blobs):
                store.delete(blob)
            ImportLine.objects.filter(pk__in=ids).delete()
