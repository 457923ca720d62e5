# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job's bundles: asked for in the portals and on the command line, opened and checked as a stranger would."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from main_job_stranger import Stranger, damage, flipped, kept_checkpoint, printed_key, run_readme

from house import Surprise, done, expect, refused, size_of

if TYPE_CHECKING:
    from main_job import World

SOURCE = Path(__file__).resolve().parents[1] / "src"


@dataclass
class Made:
    """One bundle as its recipient has it: the file that was fetched, and the container in it (decrypted where needed)."""

    what: str
    file: Path
    container: Path
    facts: dict[str, Any]
    seconds: float


def bundles(world: "World") -> None:
    """One bundle to each party by the actions and one by the command line; two of them encrypted to an age key."""
    from partwell.actions.releases.receive import confirm_receipt
    from partwell.records.releases.models import ReleaseLine

    world.log.step("10. Handover bundles, checked as a stranger would")
    folder = world.log.out / "bundles"
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="opened-", dir=world.log.out) as name:
        opened = Path(name)
        mine, theirs = _identity(), _identity()
        made = (
            _by_actions(world, folder, "client", world.mara, None),
            _by_command(world, folder, opened, "client-secrets", ["--to", "client", "--credentials"], mine),
            _by_actions(world, folder, "provider-secrets", world.theo, theirs, opened),
            _by_command(world, folder, opened, "provider", ["--to", "provider"], None),
        )
        world.log.say(
            f"  {'bundle':<30}{'size':>10}{'files':>7}{'items':>7}{'entries':>9}{'built in':>10}{'checked in':>12}"
        )
        key = printed_key(world)
        kept = kept_checkpoint(world, opened)
        stranger = Stranger(opened, key, kept)
        for one in made:
            _check(world, one, stranger)
        _contents(world, made)
        damage(world, made[0].container, opened / made[0].what, stranger)
        lines = ReleaseLine.objects.filter(
            release__client=world.client, release__party="provider", state="sent", method="bundle"
        )
        done(
            confirm_receipt(
                actor=world.theo,
                line_ids=list(lines.values_list("id", flat=True)),
                words="Taken out of the bundle.",
            )
        )
        world.log.fact(
            "Confirmed by the new provider, from the bundle", lines.count(), "lines confirmed from the bundle"
        )
    world.deliver()


# making ---------------------------------------------------------------------


def _identity() -> Any:
    import pyrage

    return pyrage.x25519.Identity.generate()


def _by_actions(
    world: "World", folder: Path, what: str, actor: Any, identity: Any, opened: Path | None = None
) -> Made:
    """What the portal does: asked for by the recipient, built by a worker's job, fetched by the recipient."""
    from partwell.actions.files import chunks
    from partwell.actions.releases.download_bundle import download_bundle
    from partwell.actions.releases.request_bundle import request_bundle
    from partwell.records.jobs.models import Job
    from partwell.rules.terms import Party
    from partwell.workers import jobs

    party = Party.CLIENT if actor is world.mara else Party.PROVIDER
    asked: dict[str, Any] = {"actor": actor, "client_id": world.client.id, "to": party,
             "recipient_id": None if party is Party.CLIENT else world.recipient.id}  # fmt: skip
    world.log.fact(f"Secrets without a key, {party.value}",
                   refused(request_bundle(**asked, credentials=True), "bundle_with_secrets_needs_key"))  # fmt: skip
    key = [str(identity.to_public())] if identity else []
    began = time.monotonic()
    job = done(request_bundle(**asked, credentials=bool(identity), age=key))
    expect(
        done(request_bundle(**asked, credentials=bool(identity), age=key)).id == job.id,
        "A double click made two bundles.",
    )
    while jobs.run_one():
        pass
    seconds = time.monotonic() - began
    job = Job.objects.get(pk=job.id)
    expect(job.state == "done", f"The bundle was not built: {job.error}")
    stranger = world.theo if party is Party.CLIENT else world.mara
    refused(download_bundle(actor=stranger, job_id=job.id), "not_found")
    file = folder / f"{what}.zip{'.age' if identity else ''}"
    with file.open("xb") as out:
        for piece in chunks(done(download_bundle(actor=actor, job_id=job.id, agent="main_job.py"))):
            out.write(piece)
    return Made(what, file, _opened(file, opened, identity), dict(job.result), seconds)


def _by_command(
    world: "World", folder: Path, opened: Path, what: str, options: list[str], identity: Any
) -> Made:
    """``partwell bundle`` in a process of its own, as staff call it."""
    file = folder / f"{what}.zip{'.age' if identity else ''}"
    command = [sys.executable, "-m", "partwell.entrypoints.cli.main", "bundle", "--client", "Northwick Traders", *options,
               "--output", str(file), "--json", *(["--age", str(identity.to_public())] if identity else [])]  # fmt: skip
    began = time.monotonic()
    ran = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}, timeout=300
    )
    expect(ran.returncode == 0, f"partwell bundle failed: {ran.stdout}{ran.stderr}")
    seconds = time.monotonic() - began
    again = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}, timeout=300
    )
    expect(again.returncode == 2, "partwell bundle writes over a file that exists.")
    return Made(what, file, _opened(file, opened, identity), json.loads(ran.stdout), seconds)


def _opened(file: Path, opened: Path | None, identity: Any) -> Path:
    """The container; of an encrypted bundle, decrypted into the temporary folder, which goes when the chapter ends."""
    import pyrage

    if identity is None:
        return file
    assert opened is not None
    plain = opened / file.name.removesuffix(".age")
    plain.write_bytes(pyrage.decrypt(file.read_bytes(), [identity]))
    for wrong, key in (
        (file.read_bytes(), _identity()),
        (flipped(file.read_bytes(), file.stat().st_size // 2), identity),
    ):
        try:
            pyrage.decrypt(wrong, [key])
        except pyrage.DecryptError:
            continue
        raise Surprise("An encrypted bundle opens with another key, or damaged.")
    return plain


# checking -------------------------------------------------------------------


def _check(world: "World", made: Made, stranger: Stranger) -> None:
    """Container and unpacked folder by ``sealed``; then every command of the bundle's own README."""
    began = time.monotonic()
    code, report = stranger.verify(made.container)
    seconds = time.monotonic() - began
    expect(
        code == 0 and not report["findings"],
        f"sealed finds something in a fresh bundle: {report['findings'][:3]}",
    )
    facts = report["facts"]
    expect(facts["entries_proved"] == facts["entries"] > 0, "Not every entry is proved.")
    with zipfile.ZipFile(made.container) as archive:
        archive.extractall(stranger.opened / made.what)
    folder = next((stranger.opened / made.what).iterdir())
    code, report = stranger.verify(folder)
    expect(
        code == 0 and not report["findings"],
        f"sealed finds something in the unpacked folder: {report['findings'][:3]}",
    )
    said = run_readme(folder)
    expect(
        said.count("Signature Verified Successfully") == 2,
        f"openssl does not accept seal and checkpoint: {said}",
    )
    last = [line.split(" ")[0] for line in said.splitlines()[-2:]]
    expect(last[0] == last[1] and len(last[0]) == 64, "The seal is not over this tag manifest.")
    expect(" OK" in said and "FAILED" not in said, f"sha256sum found something: {said}")
    items = len(json.loads((folder / "data/inventory/inventory.json").read_bytes())["items"])
    size = made.file.stat().st_size
    world.log.say(
        f"  {made.file.name:<30}{size_of(size):>10}{made.facts['files']:>7}{items:>7}{facts['entries']:>9}{made.seconds:>8.2f} s{seconds:>10.2f} s"
    )
    for why in made.facts["left_out"]:
        world.log.say(f"      not in it: {why[:160]}{'…' if len(why) > 160 else ''}")
    world.log.figures.setdefault("bundles", {})[made.file.name] = {
        "bytes": size, "files": made.facts["files"], "items": items, "entries": facts["entries"],
        "seconds to build": round(made.seconds, 2), "seconds to verify": round(seconds, 2)}  # fmt: skip


def _inside(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def _contents(world: "World", made: tuple[Made, ...]) -> None:
    """What lies in them is what it should be: real files byte for byte, secrets in the encrypted ones only, nothing else to the provider."""
    from main_job_end import _secrets

    from partwell.records.releases.models import ReleaseLine

    client, client_secrets, provider_secrets, provider = (_inside(one.container) for one in made)
    digests = {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in world.inputs.rglob("*") if path.is_file()
    }
    real = [
        name
        for name, data in client.items()
        if name.startswith("data/") and hashlib.sha256(data).hexdigest() in digests
    ]
    kinds = {Path(name).suffix for name in real}
    world.log.fact(
        "Files in the client's bundle that are real inputs",
        f"{len(real)} ({', '.join(sorted(kinds))})",
        "real files in the client's bundle",
    )
    notice = [name for name in real if name.startswith("data/notice/")]
    expect(notice, "The notice does not lie in the client's bundle as it was received.")
    sent = ReleaseLine.objects.filter(release__client=world.client, release__party="provider", state="sent")
    allowed = {line.digest for line in sent.filter(kind="document")}
    for files in (provider, provider_secrets):
        found = {
            hashlib.sha256(data).hexdigest()
            for name, data in files.items()
            if name.startswith("data/documents/")
        }
        expect(
            found == allowed,
            "The new provider's bundle holds another set of documents than was released to it.",
        )
        extra = {name.split("/")[1] for name in files if name.startswith("data/")} - {
            "documents",
            "inventory",
            "receipts",
            "credentials",
            "correspondence",
        }
        expect(not extra, f"The new provider's bundle holds {extra}.")
    secrets = _secrets(world)
    for one, files in zip(made, (client, client_secrets, provider_secrets, provider), strict=True):
        for secret in secrets:
            expect(secret not in one.file.read_bytes(), f"A secret stands in {one.file.name}.")
        if one.file == one.container:
            expect(
                "data/credentials/credentials.csv" not in files,
                f"{one.file.name} holds credentials in the clear.",
            )
    rows = [
        list(csv.DictReader(io.StringIO(files["data/credentials/credentials.csv"].decode())))
        for files in (client_secrets, provider_secrets)
    ]
    expect(
        len(rows[1]) == sent.filter(method="bundle").count() > 0,
        "The provider's credentials are not those released for a bundle.",
    )
    expect(
        {row["Title"] for row in rows[1]}
        <= set(sent.filter(method="bundle").values_list("title", flat=True)),
        "A foreign credential.",
    )
    world.log.fact(
        "Credentials in the client's, in the provider's encrypted", f"{len(rows[0])}, {len(rows[1])}"
    )
    world.log.figures |= {
        "credentials in the client's bundle": len(rows[0]),
        "credentials in the provider's bundle": len(rows[1]),
    }
