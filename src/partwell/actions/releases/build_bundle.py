# SPDX-License-Identifier: AGPL-3.0-or-later
"""Builds a handover bundle, as a job: list → log the manifest's digest → checkpoint → write once, encrypted into the vault.

The container streams through a pipe into the vault (and through age before that), so nothing plain lies on
the disk but the files of what was said, in a folder that the next try removes; a build that dies leaves no row: at
most a half-written blob that nobody takes for whole. A restarted build starts over, unless its last transaction stands:
that holds the job's result, so it is built once. Consent is asked for at listing, when the manifest is logged, and at the end.
"""

import hashlib
import io
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.evidence.log import CheckpointFacts, make_checkpoint
from partwell.actions.jobs import lease
from partwell.actions.keys import blob_store
from partwell.actions.releases.bundle_files import payload
from partwell.actions.releases.bundle_proofs import pages, proof_set, seal
from partwell.actions.releases.bundle_recordings import Outdated, purpose_of, still_agreed
from partwell.actions.releases.bundle_scope import Contents, Order, gather, still_all
from partwell.connectors.age import Ciphertext, encrypt_stream
from partwell.connectors.errors import ConnectorError
from partwell.records.authorisations.models import Recipient
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.people.queries import the_msp
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refused, refuse
from partwell.rules.terms import Party
from sealed.bag import BagError, BundleFile, BundleResult, plan_manifest, write_bundle

BEAT = 2.0
MOST_LISTINGS = 5
Tell = Callable[[str, int, int], object]


def run(job: Job, tell: Tell | None = None) -> dict[str, Any]:
    """Build the bundle of this job; the result names the stored file and its digests. Raises Refused with the reason."""
    order = Order.of(job.payload["order"])
    if job.result.get("file"):  # whoever built it died after the last transaction
        make_checkpoint()
        return dict(job.result)
    try:
        for _ in range(MOST_LISTINGS):
            with suppress(Outdated):
                return _build(job, order, tell or (lambda _stage, _done, _total: None))
        raise Outdated("Recordings kept ending while it was built.")
    except Refused as refused:
        _failed(order, str(refused.refusal.sentence))
        raise
    except lease.LeaseLost:
        raise
    except Exception as error:
        lease.beat(job)  # LeaseLost: the next try has cleared our files away
        if job.attempts >= lease.MOST_ATTEMPTS:
            _failed(order, type(error).__name__)
        raise


def _failed(order: Order, problem: str) -> None:
    with Deed(SYSTEM) as deed:
        deed.lock(order.client_id)
        deed.record(
            "bundle.failed", public={"recipient": target_name(order)}, internal={"problem": problem[:300]}
        )


def target_name(order: Order) -> str:
    """For whom, as sentences call them."""
    if order.party is Party.PROVIDER and order.recipient_id:
        return str(Recipient.objects.values_list("firm", flat=True).get(pk=order.recipient_id))
    return "the client"


def bundle_name(contents: Contents, job_id: UUID, now: datetime) -> str:
    """The folder inside the container and the file's stem: ``handover-northwick-2026-11-23-1a2b3c4d``."""
    slug = re.sub(r"[^a-z0-9]+", "-", contents.client.name.lower()).strip("-")[:40].strip("-") or "client"
    kind = contents.order.only or "handover"
    return f"{kind}-{slug}-{now:%Y-%m-%d}-{job_id.hex[:8]}"


def _build(job: Job, order: Order, tell: Tell) -> dict[str, Any]:
    msp = the_msp()
    if msp is None:
        raise Refused(refuse("setup_needed"))
    lease.beat(job, done=0, total=0, stage="listing")
    tell("listing", 0, 0)
    now = timezone.now()
    contents = gather(order, now)
    lease.beat(job, stage="listing")
    name = bundle_name(contents, job.id, now)
    scratch = Path(settings.PARTWELL_HOME) / "tmp"
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    last = [0.0]

    def tick(done: int = 0, total: int = 0) -> None:
        if time.monotonic() - last[0] >= BEAT:
            last[0] = time.monotonic()
            lease.beat(job, done=done, total=total, stage="listing")
            tell("listing", done, total)

    ours = f"bundle-{job.id.hex}-"
    for left in scratch.glob(f"{ours}*"):  # in plain, of a try that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=ours, dir=scratch) as folder:
        listed = payload(contents, Path(folder), msp.name, msp.time_zone, now, tick)
        lease.beat(job, stage="listing")
        manifest_entry, checkpoint = _log_plan(contents, listed, job)
        proofs, lines = proof_set(contents, checkpoint, manifest_entry)
        tags = pages(contents, listed, proofs, lines, checkpoint, name=name, msp=msp, now=now)
        info = {"Source-Organization": _plain(msp.name), "Bagging-Date": f"{now:%Y-%m-%d}", "External-Description":
                _plain(f"Handover of {contents.client.name} to {contents.name}")}  # fmt: skip
        written: list[BundleResult] = []

        def produce(out: IO[bytes], progress: Callable[[int, int], object]) -> None:
            written.append(write_bundle(cast(Any, out), listed, name=name, bag_info=info, tag_files=tags, proofs=proofs, seal=seal_key,
                                        progress=progress))  # fmt: skip

        seal_key = seal()
        try:
            stored, cipher = _store(job, order, name, produce, tell, purpose_of(job.id, contents.recordings))
        except (ConnectorError, BagError):
            still_agreed(contents.recordings)  # a recording that ended cannot be read any more: listed anew
            raise
    result = written[0]
    try:
        built = _finish(job, contents, stored, result, cipher, len(listed))
    except BaseException:
        with suppress(Exception):
            blob_store().delete(stored.blob_id)
        raise
    make_checkpoint()  # outside: what is committed keeps its file, whatever happens now
    return built


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "-"


def _log_plan(contents: Contents, listed: list[BundleFile], job: Job) -> tuple[int, CheckpointFacts]:
    """Log the manifest's digest before a byte of the bundle is written (PROOF.md); the entry's number and a checkpoint over it."""
    digest = hashlib.sha256(plan_manifest(listed)).hexdigest()
    order = contents.order
    with Deed(SYSTEM) as deed:
        client = deed.lock(order.client_id)
        why = still_all(order, client, [line.id.hex for line in contents.lines], deed.now)
        if why is not None:
            raise Refused(why)
        still_agreed(contents.recordings)
        lease.hold(job)
        uid = deed.record("bundle.planned", recipient=order.recipient_id, subjects=[job.id],
                          public={"recipient": contents.name, "manifest_sha256": digest},
                          to_client={"files": len(listed), "size": sum(file.size for file in listed)})  # fmt: skip
    made = make_checkpoint()
    assert made is not None  # an entry has just been appended
    return Entry.objects.values_list("index", flat=True).get(uid=uid), made


# writing through pipes ------------------------------------------------------


class _Source(io.RawIOBase):
    """The reading end of a pipe that beats the lease while it is read."""

    def __init__(self, handle: int, on_read: Callable[[], None]) -> None:
        super().__init__()
        self._file, self._on_read = os.fdopen(handle, "rb", buffering=0), on_read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._on_read()
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        self._file.close()
        super().close()


class _Thread(threading.Thread):
    """A producer whose failure is kept for the one who reads its pipe."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work, self.failure = work, cast("BaseException | None", None)

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self.failure = error


def _pipe(work: Callable[[IO[bytes]], None]) -> tuple[int, _Thread]:
    reading, writing = os.pipe()

    def produce() -> None:
        with os.fdopen(writing, "wb", buffering=0) as raw, io.BufferedWriter(raw, 1 << 20) as out:
            work(out)

    thread = _Thread(produce)
    thread.start()
    return reading, thread


def _store(
    job: Job,
    order: Order,
    name: str,
    produce: Callable[[IO[bytes], Callable[[int, int], object]], None],
    tell: Tell,
    purpose: str,
) -> tuple[StoredFile, Ciphertext | None]:
    """Write the container (through age, if asked) into an encrypted blob; the *unsaved* row. Nothing is left on failure."""
    at = {"done": 0, "total": 0, "beat": 0.0}

    def progress(done: int, total: int) -> None:
        at["done"], at["total"] = done, total

    def on_read() -> None:
        if time.monotonic() - at["beat"] >= BEAT:
            at["beat"] = time.monotonic()
            lease.beat(job, done=int(at["done"]), total=int(at["total"]), stage="writing")
            tell("writing", int(at["done"]), int(at["total"]))

    ciphers: list[Ciphertext] = []
    reading, first = _pipe(lambda out: produce(out, progress))
    threads = [first]
    if order.age:
        plain = reading

        def encrypt(out: IO[bytes]) -> None:
            with os.fdopen(plain, "rb") as source:
                ciphers.append(encrypt_stream(source, cast(BinaryIO, out), order.age))
            first.join()
            _raise(first)  # a container that broke off must not become a good-looking ciphertext

        reading, second = _pipe(encrypt)
        threads.append(second)
    stored: StoredFile | None = None
    try:
        with _Source(reading, on_read) as source:
            stored = files.store(SYSTEM, cast(BinaryIO, io.BufferedReader(source, 1 << 20)), client_id=order.client_id,
                                 name=f"{name}.zip" + (".age" if order.age else ""),
                                 media_type="application/octet-stream" if order.age else "application/zip", purpose=purpose)  # fmt: skip
    finally:
        for thread in threads:
            thread.join()
        broken = next((thread for thread in threads if thread.failure is not None), None)
        if broken is not None and stored is not None:
            blob_store().delete(stored.blob_id)
    for thread in threads:
        _raise(thread)
    lease.beat(job, done=int(at["total"]), total=int(at["total"]), stage="writing")
    return stored, ciphers[0] if ciphers else None


def _raise(thread: _Thread) -> None:
    if thread.failure is not None:
        raise thread.failure


def _finish(
    job: Job,
    contents: Contents,
    stored: StoredFile,
    result: BundleResult,
    cipher: Ciphertext | None,
    count: int,
) -> dict[str, Any]:
    """The last transaction: asks the gate once more, holds the lease, adds the file, records, and tells the client."""
    order = contents.order
    built = {"file": stored.id.hex, "name": stored.name, "size": stored.size, "sha256": stored.sha256, "manifest_sha256": result.manifest_sha256,
            "files": count, "encrypted": cipher is not None, "left_out": contents.left_out,
            "lines": [line.id.hex for line in contents.lines] if order.party is Party.PROVIDER else [],
            "recordings": [one.hex for one in contents.recordings]}  # fmt: skip
    with Deed(SYSTEM) as deed:
        client = deed.lock(order.client_id)
        why = still_all(order, client, [line.id.hex for line in contents.lines], deed.now)
        if why is not None:
            raise Refused(why)
        still_agreed(contents.recordings)
        lease.keep(job, built)
        deed.add(stored)
        words = {"recipient": contents.name, "file_count": f"{count:,}", "digest": result.manifest_sha256, "portal_url": link("/client/bundles/"),
                 **({"ciphertext_digest": cipher.sha256} if cipher else {})}  # fmt: skip
        # Without a working address the portal still shows it; nothing goes to the new provider by this mail.
        post(deed, Post(kind="bundle_ready", dedupe=f"bundle:{job.id.hex}", values=words))
        deed.record("bundle.built", recipient=order.recipient_id, subjects=[job.id, stored.id, *contents.recordings],
                    public={"recipient": contents.name, "manifest_digest": result.manifest_sha256, "file_digest": stored.sha256},
                    to_client={"files": count, "size": stored.size, "left_out": contents.left_out[:50],
                               **({"ciphertext_digest": cipher.sha256} if cipher else {}),
                               **({"credentials": [item.id.hex for item in contents.secrets]} if contents.secrets else {}),
                               **({"recordings": len(contents.recordings)} if contents.recordings else {})})  # fmt: skip
    return built
