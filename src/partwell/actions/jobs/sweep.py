# SPDX-License-Identifier: AGPL-3.0-or-later
"""What broken-off work leaves behind, and when it goes: imports nobody confirmed, blobs of no row, temporary files.

Ages: an import that nobody confirmed or touched for ``ABANDONED`` is discarded with an entry (its preview holds
other people's passwords); a blob that nothing names, and a temporary file or folder, go after ``LEFT_BEHIND``.
Each step can be killed at any place and is done again by the next sweep.
"""

import json
import logging
import re
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.estate import originals
from partwell.actions.estate.start_import import clear_lines, under_way
from partwell.actions.keys import blob_store, settle_unused
from partwell.records.estate.models import Import, ImportLine
from partwell.records.evidence.models import Disclosure
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM, Actor

log = logging.getLogger("partwell.sweep")

ABANDONED = timedelta(days=7)
LEFT_BEHIND = timedelta(hours=24)
UNCONFIRMED = ("reading", "staged", "refused")
_ID = re.compile(r"[0-9a-f]{32}")


def discard_abandoned(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Discard imports previewed and left for ``ABANDONED``: one entry each, then lines, sealed secrets and originals go.

    Only Partwell itself sweeps; anybody else gets 0. Also finishes what a crash left of imports discarded before.
    """
    if actor.kind != "system":
        return 0
    moment = now or timezone.now()
    before, done = moment - ABANDONED, 0
    for batch in Import.objects.filter(state__in=UNCONFIRMED, started_at__lt=before).order_by("started_at"):
        if _touched(batch, before):
            continue
        files = None
        with Deed(actor, now=now) as deed:
            deed.lock(batch.client_id)
            row = Import.objects.filter(pk=batch.pk, state__in=UNCONFIRMED).first()
            if row is not None and not _touched(row, before):
                files = row.options.get("files", [])
                deed.save(row, state="discarded", options=originals.without_blobs(row.options))
                reason = f"Nobody confirmed it within {ABANDONED.days} days."
                deed.record("import.discarded", subjects=[row.id], to_client={"source": row.source, "reason": reason})  # fmt: skip
        if files is not None:
            done += 1
            originals.drop(files)
    for left in (
        ImportLine.objects.filter(batch__state="discarded").values_list("batch_id", flat=True).distinct()
    ):
        clear_lines(left, keep=False)
    for job in Job.objects.filter(
        kind="import.stage", state__in=("done", "failed"), payload__has_key="unlock"
    ):
        originals.forget_unlock(job)
    return done


def _touched(batch: Import, since: datetime) -> bool:
    """Whether anything was done with this import since: read again, or still to be read or written."""
    keys = Q(key__startswith=f"import.stage:{batch.id.hex}:") | Q(
        key__startswith=f"import.confirm:{batch.id.hex}"
    )
    recent = Q(created_at__gte=since) | Q(finished_at__gte=since)
    return under_way(batch) or Job.objects.filter(keys & recent).exists()


def remove_stray_blobs(*, actor: Actor = SYSTEM, older_than: timedelta = LEFT_BEHIND) -> int:
    """Delete blobs of the vault that nothing names and nobody wrote to for ``older_than``; how many.

    Named is what stands in any row's text or JSON, or in a disclosure: not only a stored file keeps a blob, but also
    a preview, a job that will be tried again, and whatever is written to say so later. No row, so no evidence of it.
    """
    if actor.kind != "system":
        return 0
    store, strays = blob_store(), stray_blobs(older_than)
    for one in strays:
        if not StoredFile.objects.filter(blob_id=one).exists():
            store.delete(one)
    if strays:
        log.info("%d files of the vault that belonged to nothing were removed.", len(strays))
    return len(strays)


def stray_blobs(older_than: timedelta) -> set[str]:
    """Ids of blobs that nothing names and nobody wrote to for ``older_than``."""
    store, limit = blob_store(), time.time() - older_than.total_seconds()
    strays = {
        one for one in store.ids() if (written := store.written_at(one)) is not None and written < limit
    }
    if strays:
        strays -= set(StoredFile.objects.values_list("blob_id", flat=True))
    if strays:
        strays -= {found for text in _texts() for found in _ID.findall(text) if found in strays}
    return strays


def _texts() -> Iterator[str]:
    """Every place where a blob's id could stand: JSON and text of all rows, and what entries disclose."""
    kinds = (models.JSONField, models.CharField, models.TextField)
    for model in apps.get_models():
        names = [field.attname for field in model._meta.concrete_fields if isinstance(field, kinds)]
        if names:
            rows = model._base_manager.all()
            if model is Job:  # one that ended needs nothing any more
                rows = rows.exclude(state__in=("done", "failed"))
            for values in rows.values_list(*names).iterator(chunk_size=500):
                yield "\n".join(one if isinstance(one, str) else json.dumps(one, default=str) for one in values if one)  # fmt: skip
    for content in Disclosure.objects.values_list("content", flat=True).iterator(chunk_size=500):
        yield bytes(content).decode("utf-8", "replace")


def remove_unused_keys(*, older_than: timedelta = LEFT_BEHIND) -> int:
    """Remove keys that were begun ``older_than`` ago and that nothing is under; how many."""
    return settle_unused(older_than=older_than)


def remove_temporary_files(*, older_than: timedelta = LEFT_BEHIND) -> int:
    """Remove what crashed work left in the home's ``tmp``: whatever nobody wrote to for ``older_than``; how many.

    These are plain copies of uploads and originals, so none must stay. Half-written blobs too.
    """
    limit, removed = time.time() - older_than.total_seconds(), 0
    folder = Path(settings.PARTWELL_HOME) / "tmp"
    for one in folder.iterdir() if folder.is_dir() else ():
        if _newest(one) >= limit:
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
        removed += 1
    return removed + blob_store().clean_orphans(older_than.total_seconds())


def _newest(place: Path) -> float:
    """The latest change of a file, or of anything in a folder; now for what vanishes while we look."""
    try:
        inside = place.rglob("*") if place.is_dir() and not place.is_symlink() else ()
        return max([place.lstat().st_mtime, *(one.lstat().st_mtime for one in inside)])
    except FileNotFoundError:
        return time.time()
