# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes a previewed import: in chunks nobody sees, then visible by one short deed with one entry over all rows.

Where a crash interrupts it, the job goes on behind the last chunk: position, uid and tree stand in its payload,
written in the chunk's own transaction. Items of an import that is not confirmed are not present (records.estate).
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.estate import originals
from partwell.actions.estate.common import allowed, open_client
from partwell.actions.estate.secrets import PLACE
from partwell.actions.estate.stage_import import actor_for
from partwell.actions.estate.stage_lines import agreed_owners
from partwell.actions.estate.start_import import CUSTODIANS, OWNERS, clear_lines, partly_written, under_way
from partwell.actions.jobs import lease
from partwell.actions.keys import CREDENTIALS, OpenUnit, unit_for
from partwell.importers.detect import name_of
from partwell.importers.mapping import ColumnMapping
from partwell.records.estate.models import Import, ImportLine, Item, SourceMapping
from partwell.records.jobs.models import Job
from partwell.records.vault.models import SealedValue, StoredFile
from partwell.rules.actor import Actor
from partwell.rules.consent import looks_like_endpoint
from partwell.rules.handover import looks_critical
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Custodian, ItemKind, Owner
from sealed import merkle

CHUNK = 1000
_KEEP_ORIGINAL = ("csv", "snipeit", "xlsx", "glpi", "nmap")


def confirm_import(
    *, actor: Actor, client_id: UUID, import_id: UUID, owner: str = "", custodian: str = ""
) -> Job | Refusal:
    """Queue the writing of a previewed import. ``owner``: what an item gets whose owner the file does not name:
    "agreement" (by category), or one of the owners; ``custodian`` likewise. "" keeps the choice of the start."""
    if refusal := allowed(actor, "estate.import"):
        return refusal
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        batch = Import.objects.filter(pk=import_id, client=client).first()
        if batch is None:
            return refuse("not_found")
        if batch.state != "staged":
            return refuse("import_not_staged", state=batch.state)
        if not batch.item_count:
            return refuse("import_empty")
        if (
            under_way(batch)
            or Job.objects.filter(
                kind="import.confirm", client_ref=client.id, state__in=("queued", "running")
            ).exists()
        ):
            return refuse("busy")
        lines = ImportLine.objects.filter(batch=batch, outcome="item").exclude(fingerprint="")
        if Item.objects.present().filter(client=client, fingerprint__in=lines.values("fingerprint")).exists():
            return refuse("preview_stale")
        tries = Job.objects.filter(key__startswith=f"import.confirm:{batch.id.hex}").count()
        choice: dict[str, Any] = {
            "owner": owner if owner in OWNERS else batch.options.get("owner", "agreement"),
            "custodian": custodian if custodian in CUSTODIANS else batch.options.get("custodian", "msp"),
        }
        choice |= {
            "blobs": [facts["blob"] for facts in batch.options["files"]],
            "import": batch.id.hex,
            "uid": uuid4().hex,
            "position": 0,
            "tree": merkle.CompactRange().serialise().hex(),
        }
        done = 0
        if (broken := partly_written(batch)) is not None:  # go on behind its last chunk, with its choices
            choice, done = dict(broken.payload), broken.done
        job = deed.job("import.confirm", f"import.confirm:{batch.id.hex}:{tries}", client=client.id, **choice)
        Job.objects.filter(pk=job.pk).update(total=batch.item_count, done=done)
        job.total, job.done = batch.item_count, done
        return job


def run(job: Job, beat: Callable[..., None] = lease.beat) -> dict[str, Any]:
    """The job "import.confirm"."""
    batch = Import.objects.select_related("client").get(pk=UUID(hex=job.payload["import"]))
    if batch.state != "staged":
        return _finish(job, batch)  # perhaps the crash came after the last deed and before the cleaning
    actor = actor_for(job)
    unit = unit_for(actor, batch.client_id, CREDENTIALS)
    owners = agreed_owners(batch.client_id) if job.payload["owner"] == "agreement" else {}
    done = job.done
    while True:
        lines = list(
            ImportLine.objects.filter(
                batch=batch, outcome="item", position__gt=job.payload["position"]
            ).order_by("position")[:CHUNK]
        )
        if not lines:
            break
        done = _write(job, batch, actor, unit, owners, lines)
        beat(job, done=done, total=batch.item_count, stage="writing")
    _show(job, batch, actor)
    return _finish(job, batch)


def _finish(job: Job, batch: Import) -> dict[str, Any]:
    """What the import no longer needs goes: sealed lines, and the originals with whoever else's things in them."""
    clear_lines(batch.id, keep=True)
    originals.drop([{"blob": blob} for blob in job.payload["blobs"]])
    return {"items": batch.item_count}


def _write(
    job: Job, batch: Import, actor: Actor, unit: OpenUnit, owners: dict[str, str], lines: list[ImportLine]
) -> int:
    """One chunk in one transaction, with its place in the job."""
    items, stored, values = [], [], []
    now = batch.started_at
    for line in lines:
        item = _item(batch, line, owners, job.payload, now)
        if facts := line.data.get("file"):
            row = _file(batch, facts, now)
            stored.append(row)
            item.document_id = row.id
        if line.sealed:
            secrets = json.loads(
                unit.open("estate.ImportLine", batch.id, f"line-{line.position}", bytes(line.sealed))
            )
            for name, secret in secrets.items():
                values.append(
                    SealedValue(
                        client_id=batch.client_id,
                        unit_id=unit.id,
                        subject_id=item.id,
                        field=name,
                        ciphertext=unit.seal(PLACE, item.id, name, secret.encode("utf-8", "replace")),
                    )
                )
        items.append(item)
    with Deed(actor) as deed:
        deed.lock(batch.client_id)
        lease.hold(job)
        for item in items:
            item.added_at = deed.now
        deed.add_many(StoredFile, stored)
        deed.add_many(Item, items)
        deed.add_many(SealedValue, values)
        tree = merkle.CompactRange.parse(bytes.fromhex(job.payload["tree"]))
        deed.commit_chunk(UUID(hex=job.payload["uid"]), tree)
        payload = {**job.payload, "position": lines[-1].position, "tree": tree.serialise().hex()}
        done = job.done + len(items)
        Job.objects.filter(pk=job.pk).update(payload=payload, done=done)
    job.payload, job.done = payload, done
    return done


def _item(
    batch: Import, line: ImportLine, owners: dict[str, str], choice: dict[str, Any], now: datetime
) -> Item:
    data = line.data
    owner, custodian = data["owner"], data["custodian"]
    if owner == Owner.UNKNOWN:
        owner = (
            owners.get(data["category"], Owner.UNKNOWN.value)
            if choice["owner"] == "agreement"
            else choice["owner"]
        )
    if custodian == Custodian.UNKNOWN:
        custodian = choice["custodian"]
    details, lower = data["details"], {name.casefold(): value for name, value in data["details"].items()}
    handover: dict[str, Any] = {}
    for name, keys in (
        ("serial", ("serial", "serial number", "primary_serial", "serial_number")),
        ("location", ("location", "site")),
        ("account", ("username", "user name", "login", "account")),
    ):
        if value := next((lower[key] for key in keys if lower.get(key)), ""):
            if name == "serial" and ("not a usable" in value or data["kind"] != ItemKind.HARDWARE):
                continue
            if name == "account" and data["kind"] != ItemKind.CREDENTIAL:
                continue
            handover[name] = value[:500]
    credential = data["kind"] == ItemKind.CREDENTIAL
    return Item(
        client_id=batch.client_id,
        title=line.title,
        category=data["category"],
        kind=data["kind"],
        owner=owner,
        custodian=custodian,
        sensitivity=data["sensitivity"],
        details=details,
        handover=handover,
        secret_fields=data["secrets"],
        critical=credential
        and looks_critical(
            line.title, *(str(lower.get(key, "")) for key in ("group", "folder", "url", "type"))
        ),
        endpoint=data["kind"] == ItemKind.HARDWARE
        and looks_like_endpoint(" ".join((line.title, lower.get("category", ""), lower.get("type", "")))),
        external_id=data["external_id"],
        fingerprint=line.fingerprint,
        batch=batch,
        source_line=line.line,
        added_at=now,
    )


def _file(batch: Import, facts: dict[str, Any], now: datetime) -> StoredFile:
    return StoredFile(
        id=UUID(hex=facts["id"]),
        client_id=batch.client_id,
        unit_id=UUID(hex=facts["unit"]),
        blob_id=facts["blob_id"],
        size=facts["size"],
        crc32=facts["crc32"],
        sha256=facts["sha256"],
        media_type=facts["media_type"],
        name=facts["name"],
        stored_at=now,
    )


def _show(job: Job, batch: Import, actor: Actor) -> None:
    """The short last deed: the state changes, and with it everything is there at once."""
    original = _original(batch, actor)
    with Deed(actor) as deed:
        client = deed.lock(batch.client_id)
        lease.hold(job)
        row = Import.objects.get(pk=batch.id)
        if row.state != "staged":
            return
        if original is not None:
            deed.add(original)
        tree = merkle.CompactRange.parse(bytes.fromhex(job.payload["tree"]))
        count = Item.objects.filter(batch=row).count()
        options = {
            **originals.without_blobs(row.options),
            "owner": job.payload["owner"],
            "custodian": job.payload["custodian"],
        }
        deed.save(
            row, state="confirmed", confirmed_at=deed.now, item_count=count, options=options, file=original
        )
        _remember(deed, row)
        uid = UUID(hex=job.payload["uid"])
        deed.commit_chunk(uid, tree)
        deed.next_uid = uid
        deed.record(
            "import.confirmed",
            subjects=[row.id],
            public={"source": name_of(row.source), "count": count},
            to_client={
                "files": [facts["name"] for facts in options["files"]],
                "rows_root": tree.root().hex(),
                "duplicates": row.duplicate_count,
                "left_out": row.left_out_count,
            },
            rows_root=(tree.size, tree.root()),
            client=client.id,
        )


def _original(batch: Import, actor: Actor) -> StoredFile | None:
    """A copy of the file for the record, where it holds this client's things alone and no secret."""
    facts = batch.options["files"]
    reasons = batch.understood.get("reason", {})
    if (
        len(facts) != 1
        or facts[0]["kind"] not in _KEEP_ORIGINAL
        or batch.understood.get("secrets")
        or "other_client" in reasons
        or "no_client" in reasons
    ):
        return None
    with originals.workplace() as folder:
        path = originals.write_out(actor, batch, 0, folder)
        with path.open("rb") as stream:
            return files.store(actor, stream, client_id=batch.client_id, name=facts[0]["name"], internal=True)


def _remember(deed: Deed, batch: Import) -> None:
    """Mappings that people chose, for the next file with the same columns."""
    for number, text in batch.mapping.items():
        kind = batch.options["files"][int(number)]["kind"]
        signature = ColumnMapping.from_json(text).signature
        known = SourceMapping.objects.filter(source=kind, signature=signature).first()
        if known is None:
            deed.add(SourceMapping(source=kind, signature=signature, mapping={"json": text}))
        elif known.mapping != {"json": text}:
            deed.save(known, mapping={"json": text})
