# SPDX-License-Identifier: Apache-2.0
"""Checks a bundle (ZIP or unpacked), a checkpoint, or one entry's proof, offline and without trust.

Order: the container's bytes, the manifests, the seal, then the log (``verify_log``). Each step
goes on after a finding where it can, so that the report names everything that is wrong.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from . import bag, note, proof
from .container import CHUNK, END_MAGIC, LOCAL_MAGIC
from .findings import WARNING, Report, Unusable
from .names import name_fault
from .source import FolderSource, Progress, ReadError, Source, ZipSource
from .verify_log import check_log, verify_disclosed, verify_proof

__all__ = ["Report", "Unusable", "verify", "verify_zip"]

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_NEEDED = (
    "bagit.txt", "bag-info.txt", bag.MANIFEST, bag.TAG_MANIFEST, bag.SEAL, bag.VKEY, bag.CHECKPOINT,
    bag.ENTRIES, bag.MANIFEST_ENTRY,
)  # fmt: skip


def verify(
    path: str | os.PathLike[str],
    vkey: str | None = None,
    earlier_checkpoint: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check what lies at ``path``: a bundle's ZIP, its unpacked folder, a checkpoint, an entry's proof
    or entries with their disclosures.

    ``vkey`` is the log's verifier key from outside (the authorisation letter); without it a bundle's own
    is used, with a warning. ``earlier_checkpoint`` is a checkpoint note that the reader kept.
    Raises Unusable if there is nothing that can be checked.
    """
    key = _key(vkey)
    report = Report()
    try:
        if Path(path).is_dir():
            report.facts["kind"] = "folder"
            check_bag(FolderSource(Path(path), report, progress), report, key, earlier_checkpoint)
            return report
        with open(path, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            if _looks_like_zip(file, length):
                return verify_zip(file, length, key, earlier_checkpoint, progress)
            file.seek(0)
            return _verify_text(file.read(CHUNK * 64 + 1), key)
    except OSError as error:
        raise Unusable(f"{os.fspath(path)} cannot be read: {error.strerror}.") from None


def _key(vkey: str | None) -> note.VerifierKey | None:
    try:
        return note.parse_vkey(vkey.strip()) if vkey is not None else None
    except note.NoteError as error:
        raise Unusable(f"The given verifier key cannot be used: {error}") from None


def _looks_like_zip(file: BinaryIO, length: int) -> bool:
    start = file.read(CHUNK)
    file.seek(max(0, length - CHUNK))
    end = file.read(CHUNK)
    return start[:4] == LOCAL_MAGIC or END_MAGIC in end or b"PK\x01\x02" in end


def verify_zip(
    file: BinaryIO,
    length: int,
    key: note.VerifierKey | None = None,
    earlier_checkpoint: bytes | None = None,
    progress: Progress | None = None,
) -> Report:
    """As ``verify`` for a seekable stream of ``length`` bytes that should be a bundle's ZIP."""
    report = Report()
    report.facts["kind"] = "zip"
    source = ZipSource(file, length, report, progress)
    if source.digests:
        check_bag(source, report, key, earlier_checkpoint)
    return report


def _verify_text(data: bytes, key: note.VerifierKey | None) -> Report:
    if data.startswith((proof.HEADER + "\n").encode()):
        return verify_proof(data, key)
    if data.startswith(b'{"disclosures"'):
        return verify_disclosed(data)
    report = Report()
    try:
        note.parse_note(data)
    except note.NoteError:
        raise Unusable("This is neither a bundle, nor a checkpoint, nor an entry's proof.") from None
    if key is None:
        raise Unusable("A checkpoint alone can be checked only with the log's key: give --vkey.")
    report.facts["kind"] = "checkpoint"
    try:
        checkpoint = note.verify_checkpoint(data, [key])
    except note.NoteError as error:
        report.add("checkpoint-signature", "checkpoint", str(error))
        return report
    report.facts["checkpoint"] = {
        "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(),
    }  # fmt: skip
    return report


def check_bag(
    source: Source, report: Report, key: note.VerifierKey | None, earlier_checkpoint: bytes | None
) -> None:
    """Check manifests, payload, tag files, seal and log of a source that has been hashed."""
    report.facts["files"] = sum(name.startswith("data/") for name in source.digests)
    report.facts["bytes"] = sum(size for name, size in source.sizes.items() if name.startswith("data/"))
    for name in _NEEDED:
        if name not in source.digests:
            report.add("file-missing", name, "A bundle must have this file; it is not there.")
    if (declaration := _read(source, report, "bagit.txt")) is not None and declaration != bag.BAGIT_TXT:
        report.add(
            "bag-declaration", "bagit.txt", "The file does not declare BagIt 1.0 in the one allowed form."
        )
    payload = _check_manifest(
        source, report, bag.MANIFEST, [n for n in source.digests if n.startswith("data/")], "data/"
    )
    tags = [n for n in source.digests if not n.startswith("data/") and n not in (bag.TAG_MANIFEST, bag.SEAL)]
    _check_manifest(source, report, bag.TAG_MANIFEST, tags, "")
    name = _check_info(source, report, payload)
    given = key
    key = _choose_key(source, report, key)
    _check_seal(source, report, key, name)
    if key is not None:
        check_log(source, report, key, earlier_checkpoint, _read)
    if given is not None:
        report.facts["key_source"] = "given"


def _read(source: Source, report: Report, name: str) -> bytes | None:
    if name not in source.digests:
        return None
    try:
        return source.read(name)
    except (ReadError, OSError) as error:
        report.add("file-unreadable", name, str(error))
        return None


def _check_manifest(
    source: Source, report: Report, manifest: str, present: Iterable[str], prefix: str
) -> int:
    """Compare a manifest with the files there; the number of its well-formed lines."""
    data = _read(source, report, manifest)
    if data is None:
        return 0
    listed: dict[str, str] = {}
    previous = ""
    lines = data.decode("latin-1").split("\n")
    if lines.pop():
        report.add("manifest-form", manifest, "The manifest's last line has no end.")
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if not match or name_fault(match[2]) or not match[2].startswith(prefix) or match[2] <= previous:
            report.add(
                "manifest-form", f"{manifest}, line {number}",
                "The line is not a lower-case SHA-256, two spaces and a file's name, in sorted order.",
            )  # fmt: skip
            if not match:
                continue
        listed[match[2]] = match[1]
        previous = match[2]
    kind = "file" if prefix else "tag file"
    for name in present:
        expected = listed.pop(name, None)
        if expected is None:
            report.add(
                "file-added", name, f"This {kind} is not listed in {manifest}: it was added or renamed."
            )
        elif expected != source.digests[name]:
            report.add(
                "content-changed", name, f"The content is not what {manifest} lists: one of them was changed."
            )
    for name in listed:
        report.add(
            "file-missing",
            name,
            f"{manifest} lists this {kind}, but it is not there: it was removed or renamed.",
        )
    return len(lines)


def _check_info(source: Source, report: Report, listed: int) -> str:
    data = _read(source, report, "bag-info.txt")
    if data is None:
        return ""
    lines = data.decode("utf-8", "replace").split("\n")
    pairs = [line.partition(": ") for line in lines[:-1]]
    values: dict[str, list[str]] = {}
    for label, _, value in pairs:
        values.setdefault(label, []).append(value)
    if lines[-1] or not all(label and colon and value for label, colon, value in pairs):
        report.add(
            "bag-info-form", "bag-info.txt", "Not every line is a label, a colon, a space and a value."
        )
    size = sum(source.sizes[n] for n in source.digests if n.startswith("data/"))
    oxum = f"{size}.{report.facts['files']}"
    if values.get("Payload-Oxum") != [oxum]:
        report.add(
            "bag-info-oxum", "bag-info.txt", f"Payload-Oxum does not say {oxum}, what is really there."
        )
    names = values.get("External-Identifier", [])
    if len(names) != 1 or (source.base is not None and names[0] != source.base):
        report.add(
            "bag-info-name", "bag-info.txt", "External-Identifier is not the name of the bundle's folder."
        )
    return names[0] if names else ""


def _choose_key(source: Source, report: Report, given: note.VerifierKey | None) -> note.VerifierKey | None:
    data = _read(source, report, bag.VKEY)
    own = None
    if data is not None:
        try:
            text = data.decode("utf-8")
            if not text.endswith("\n"):
                raise note.NoteError("The line has no end.")
            own = note.parse_vkey(text[:-1])
        except (UnicodeDecodeError, note.NoteError) as error:
            report.add("key-form", bag.VKEY, f"This is not a verifier key: {error}")
    if given is None and own is not None:
        report.facts["key_source"] = "bundle"
        report.add(
            "key-from-bundle", bag.VKEY,
            f"The key is the one from the bundle itself: compare it with your authorisation letter: {own}",
            WARNING,
        )  # fmt: skip
    elif given is not None and own is not None and given != own:
        report.add(
            "key-differs", bag.VKEY, "The bundle names another key than the one you gave: do not trust it."
        )
    key = given or own
    if key is not None:
        report.facts["key"] = str(key)
    return key


def _check_seal(source: Source, report: Report, key: note.VerifierKey | None, name: str) -> None:
    data = _read(source, report, bag.SEAL)
    manifest = _read(source, report, bag.TAG_MANIFEST)
    if data is None:
        return
    try:
        seal = note.parse_note(data)
        if len(seal.signatures) != 1:
            raise note.NoteError("A seal has exactly one signature.")
    except note.NoteError as error:
        report.add("seal-form", bag.SEAL, f"The seal is not well formed: {error}")
        return
    if key is not None:
        try:
            note.verify(data, [key])
            report.facts["sealed_by"] = key.name
        except note.NoteError as error:
            report.add("seal-signature", bag.SEAL, f"The seal is not signed by the log's key: {error}")
    if manifest is not None and seal.text != bag.seal_text(name, hashlib.sha256(manifest).hexdigest()):
        report.add(
            "seal-mismatch", bag.TAG_MANIFEST,
            f"The seal in {bag.SEAL} is over another tag manifest or bundle name: one of them was changed.",
        )  # fmt: skip
