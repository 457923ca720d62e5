# SPDX-License-Identifier: AGPL-3.0-or-later
"""The part of the ledger's check that concerns stored files: there, of the right size, and on request hashed whole."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from partwell.actions.evidence import tombstone_lines
from partwell.actions.jobs.sweep import stray_blobs
from partwell.actions.keys import blob_store, key_store, open_unit, stray_keys
from partwell.connectors.blobreader import CHUNK, HEADER_BYTES, TAG
from partwell.connectors.errors import ConnectorError
from partwell.records.evidence import erasures
from partwell.records.vault.models import StoredFile
from sealed.findings import WARNING, Report

if TYPE_CHECKING:
    from partwell.actions.evidence.check import Progress

BATCH = 400


def sealed_size(size: int) -> int:
    """How many bytes a file of ``size`` plain bytes takes in the vault."""
    return HEADER_BYTES + size + TAG * max(1, -(-size // CHUNK))


def check_files(report: Report, whole: bool, tell: "Progress") -> None:
    """Every stored file; ``whole``: decrypt and compare size, CRC-32 and SHA-256. Files of destroyed keys are counted only."""
    store, removed = blob_store(), _tombstoned()
    files = StoredFile.objects.select_related("unit").order_by("pk")
    total, done, gone = files.count(), 0, 0
    last, first = UUID(int=0), True
    while batch := list((files if first else files.filter(pk__gt=last))[:BATCH]):
        first, last = False, batch[-1].pk
        for file in batch:
            done += 1
            if file.unit.destroyed_at is not None or {file.unit_id.hex, file.blob_id} & removed:
                gone += 1
                continue
            where = f"stored file {file.id.hex}"
            size = store.stored_size(file.blob_id)
            if size is None and erasures.row_erased(StoredFile._meta.db_table, file.pk):
                gone += 1  # its record is being erased
            elif size is None:
                report.add(
                    "file-missing", where, "The file is gone from the vault; restore it from a backup."
                )
            elif size != sealed_size(file.size):
                report.add(
                    "file-changed",
                    where,
                    f"The vault holds {size} bytes of it instead of {sealed_size(file.size)}: it was cut or altered.",
                )
            elif whole:
                _hash(report, where, file)
        tell("files", done, total)
    report.facts |= {"files": done, "files_hashed": bool(whole)}
    if gone:
        report.facts["files_of_destroyed_keys"] = gone
    # Work under way stores its files before its rows: what is younger is nobody's mistake.
    if strays := len(stray_blobs(timedelta(hours=1))):
        report.add(
            "file-stray",
            "the vault",
            f"{strays} files belong to no row: left by work that was broken off. The worker removes them after a day.",
            WARNING,
        )
    if keys := stray_keys():
        report.add(
            "key-stray",
            "the key folder (PARTWELL_KEYS)",
            f"{len(keys)} keys belong to no row of this database ({keys[0]} is one): it was restored from an older backup, or the folder serves "
            "another home too. They may open what a newer backup holds, so none is removed here.",
            WARNING,
        )
    if begun := len(key_store().unused(3600)):
        report.add(
            "key-unused",
            "the key folder (PARTWELL_KEYS)",
            f"{begun} keys were begun by work that was broken off; nothing is under them. The worker removes them after a day.",
            WARNING,
        )


def _tombstoned() -> set[str]:
    """Units and blobs that the log store says are destroyed: a restored database learns of it only after it caught up."""
    lines = tombstone_lines.read(Path(settings.PARTWELL_LOG))
    names = {tombstone_lines.KEY_UNIT: "unit", tombstone_lines.BLOB: "blob"}
    return {str(one.what[names[one.kind]]) for one in lines if one.kind in names}


def _hash(report: Report, where: str, file: StoredFile) -> None:
    try:
        unit = open_unit(file.unit)
        facts = blob_store().verify(
            file.blob_id, unit.key, unit.place("vault.StoredFile", file.id, "content")
        )
    except ConnectorError as error:
        report.add("file-changed", where, str(error))
        return
    if (facts.size, facts.crc32, facts.sha256) != (file.size, file.crc32, file.sha256):
        report.add("file-changed", where, "The content is not what the row says: one of them was altered.")
