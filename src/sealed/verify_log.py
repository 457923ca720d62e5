# SPDX-License-Identifier: Apache-2.0
"""The part of a check that concerns the log: checkpoint, entries, disclosures, earlier checkpoints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from . import bag, entry, merkle, note, proof
from .findings import Report, Unusable
from .source import Source
from .verify_said import check_said

Read = Callable[[Source, Report, str], "bytes | None"]
_PROOF_NAME = re.compile(r"proof/(0|[1-9][0-9]*)\.tlog-proof")
_EARLIER_NAME = re.compile(r"proof/earlier-checkpoints/([1-9][0-9]*)\.consistency")


def _head(checkpoint: note.Checkpoint) -> dict[str, Any]:
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}


def check_log(
    source: Source, report: Report, key: note.VerifierKey, earlier: bytes | None, read: Read
) -> None:
    """Check the files below ``proof/`` under ``key``; findings name the file and the entry."""
    data = read(source, report, bag.CHECKPOINT)
    checkpoint = None
    if data is not None:
        try:
            checkpoint = note.verify_checkpoint(data, [key])
            report.facts["checkpoint"] = _head(checkpoint)
        except note.NoteError as error:
            report.add("checkpoint-signature", bag.CHECKPOINT, f"The log's checkpoint does not hold: {error}")
    entries = _entries(source, report, read)
    proved = 0
    if checkpoint is not None and data is not None:
        proved = _inclusion(source, report, read, entries, checkpoint, data)
    report.facts["entries"], report.facts["entries_proved"] = len(entries), proved
    _manifest_entry(source, report, read, entries)
    check_said(source, report, read, entries)
    if checkpoint is not None:
        _earlier(source, report, read, checkpoint, key, earlier)


def _entries(source: Source, report: Report, read: Read) -> dict[int, proof.Disclosed]:
    data = read(source, report, bag.ENTRIES)
    entries: dict[int, proof.Disclosed] = {}
    last = -1
    for number, line in enumerate((data or b"").splitlines(keepends=True), 1):
        where = f"{bag.ENTRIES}, line {number}"
        try:
            item = proof.parse_disclosed(line)
        except proof.ProofError as error:
            report.add("entry-form", where, f"The entry cannot be read: {error}")
            continue
        where = f"{bag.ENTRIES}, entry {item.index}"
        if item.index <= last:
            report.add("entry-order", where, "The entry stands twice or out of order.")
        last = max(last, item.index)
        for label in item.broken():
            report.add(
                "disclosure-mismatch", where,
                f"What is disclosed as {label!r} is not what was committed to when the entry was logged.",
            )  # fmt: skip
        entries[item.index] = item
    return entries


def _inclusion(
    source: Source, report: Report, read: Read, entries: dict[int, proof.Disclosed],
    checkpoint: note.Checkpoint, data: bytes,
) -> int:  # fmt: skip
    proved, found = 0, set()
    for name in sorted(source.digests):
        match = _PROOF_NAME.fullmatch(name)
        if not match:
            continue
        index = int(match[1])
        found.add(index)
        raw = read(source, report, name)
        item = entries.get(index)
        if raw is None:
            continue
        if item is None:
            report.add(
                "entry-missing",
                name,
                f"This proof is of entry {index}, which was dropped from {bag.ENTRIES}.",
            )
            continue
        try:
            given = proof.parse_proof(raw)
            if given.index != index or given.extra != item.leaf:
                raise proof.ProofError(f"It is of another entry than {index} in {bag.ENTRIES}.")
            if given.checkpoint != data:
                raise proof.ProofError(f"It stands under another checkpoint than {bag.CHECKPOINT}.")
            given.verify(item.leaf, checkpoint)
            proved += 1
        except proof.ProofError as error:
            report.add("proof-form", name, f"The proof cannot be used: {error}")
        except merkle.MerkleError as error:
            report.add(
                "entry-not-in-log", name, f"Entry {index} is not in the log of the checkpoint: {error}"
            )
    for index in entries.keys() - found:
        report.add(
            "entry-unproved", f"{bag.ENTRIES}, entry {index}", "The bundle holds no proof of this entry."
        )
    return proved


def _manifest_entry(source: Source, report: Report, read: Read, entries: dict[int, proof.Disclosed]) -> None:
    data, manifest = read(source, report, bag.MANIFEST_ENTRY), read(source, report, bag.MANIFEST)
    if data is None:
        return
    try:
        index = note.parse_decimal(data.decode("ascii", "replace").removesuffix("\n"))
        if not data.endswith(b"\n"):
            raise note.NoteError("The line has no end.")
    except note.NoteError as error:
        report.add("manifest-entry-form", bag.MANIFEST_ENTRY, str(error))
        return
    report.facts["manifest_entry"] = index
    item = entries.get(index)
    if item is None:
        report.add(
            "manifest-not-logged",
            bag.MANIFEST_ENTRY,
            f"Entry {index}, which logged the manifest, is not there.",
        )
        return
    logged = {
        content.get("manifest_sha256")
        for _, content in item.disclosures.values()
        if isinstance(content, dict) and "manifest_sha256" in content
    }
    report.facts["manifest_logged_at"] = entry.parse_leaf(item.leaf).at
    if manifest is not None and logged != {hashlib.sha256(manifest).hexdigest()}:
        report.add(
            "manifest-not-logged", bag.MANIFEST,
            f"Entry {index} logged another list of files than this one: files or list were changed since.",
        )  # fmt: skip


def _earlier(
    source: Source, report: Report, read: Read, checkpoint: note.Checkpoint, key: note.VerifierKey,
    given: bytes | None,
) -> None:  # fmt: skip
    proofs: list[proof.ConsistencyProof] = []
    held = []
    for name in sorted(source.digests):
        match = _EARLIER_NAME.fullmatch(name)
        raw = read(source, report, name) if match else None
        if match is None or raw is None:
            continue
        try:
            item = proof.parse_consistency(raw)
            if item.old != int(match[1]):
                raise proof.ProofError("The file's name and the size in it differ.")
        except proof.ProofError as error:
            report.add("earlier-form", name, f"The proof cannot be used: {error}")
            continue
        if check_consistency(report, name, item.checkpoint, checkpoint, key, [item]):
            held.append(item.old)
        proofs.append(item)
    report.facts["earlier_checkpoints"] = held
    if given is not None:
        report.facts["given_checkpoint"] = check_consistency(
            report, "the given checkpoint", given, checkpoint, key, proofs
        )


def check_consistency(
    report: Report, where: str, old: bytes, new: note.Checkpoint, key: note.VerifierKey,
    proofs: list[proof.ConsistencyProof],
) -> bool:  # fmt: skip
    """True if the note ``old`` is a checkpoint of the same log that ``new`` continues; findings otherwise."""
    try:
        head = note.verify_checkpoint(old, [key])
    except note.NoteError as error:
        report.add("earlier-signature", where, f"The earlier checkpoint does not hold: {error}")
        return False
    if head.size > new.size:
        report.add(
            "earlier-newer", where,
            f"This checkpoint is of {head.size} entries, later than the bundle's {new.size}: the newer side must"
            " bring the proof. Ask for one from the log.",
        )  # fmt: skip
        return False
    try:
        if head.size == new.size:
            return merkle.verify_consistency(head.size, new.size, [], head.root, new.root)
        fitting = [item for item in proofs if (item.old, item.new) == (head.size, new.size)]
        if not fitting:
            report.add(
                "earlier-no-proof", where,
                f"There is no proof from {head.size} to {new.size} entries: ask the log's keeper for one.",
            )  # fmt: skip
            return False
        return fitting[0].verify(head, new)
    except merkle.MerkleError as error:
        report.add(
            "log-forked",
            where,
            f"The log does not continue the earlier checkpoint: it was rewritten. {error}",
        )
        return False


def verify_proof(data: bytes, key: note.VerifierKey | None) -> Report:
    """Check one tlog-proof file (with its leaf in the extra line) under ``key``."""
    report = Report()
    report.facts["kind"] = "entry proof"
    if key is None:
        raise Unusable("An entry's proof alone can be checked only with the log's key: give --vkey.")
    try:
        given = proof.parse_proof(data)
        if given.extra is None:
            raise proof.ProofError("It does not carry the entry itself (its extra line).")
        leaf = entry.parse_leaf(given.extra)
        checkpoint = note.verify_checkpoint(given.checkpoint, [key])
        given.verify(given.extra, checkpoint)
    except (proof.ProofError, entry.EntryError) as error:
        report.add("proof-form", "proof", f"The proof cannot be used: {error}")
    except note.NoteError as error:
        report.add("checkpoint-signature", "proof", f"The log's checkpoint does not hold: {error}")
    except merkle.MerkleError as error:
        report.add("entry-not-in-log", "proof", f"The entry is not in the log of the checkpoint: {error}")
    else:
        report.facts |= {
            "entry": given.index,
            "type": leaf.type,
            "at": leaf.at,
            "checkpoint": _head(checkpoint),
        }
    return report


def verify_disclosed(data: bytes) -> Report:
    """Check lines of entries.jsonl alone: disclosures against their leaves (not that they are in a log)."""
    report = Report()
    report.facts |= {"kind": "disclosed entries", "in_log": "not checked: no proof here"}
    count = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        try:
            broken = proof.parse_disclosed(line).broken()
        except proof.ProofError as error:
            report.add("entry-form", f"line {number}", f"The entry cannot be read: {error}")
            continue
        count += 1
        for label in broken:
            report.add(
                "disclosure-mismatch",
                f"line {number}",
                f"What is disclosed as {label!r} was not committed to.",
            )
    report.facts["entries"] = count
    return report
