# SPDX-License-Identifier: Apache-2.0
"""Text files that prove: one entry in a log, and one checkpoint continuing another (docs/formats/proof.md).

Entry proofs follow C2SP tlog-proof, which has no tagged version; the draft followed is
github.com/C2SP/C2SP tlog-proof.md at commit 0065ea5b716154a2dd48508e3f905012a16ce5e9.
The ``extra`` line carries the leaf's bytes, so that one file can be checked alone.
Consistency proofs have no published text format; ours is built likewise.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import canonical, entry, merkle, note

HEADER = "c2sp.org/tlog-proof@v1"
CONSISTENCY_HEADER = "partwell/tlog-consistency@v1"
MAX_HASHES = 63


class ProofError(ValueError):
    """The file is not a proof in its one canonical spelling."""


@dataclass(frozen=True)
class TlogProof:
    """Where an entry stands, the hashes beside its path to the root, and the checkpoint, verbatim."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        lines = [HEADER]
        if self.extra is not None:
            lines.append("extra " + base64.b64encode(self.extra).decode())
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(value).decode() for value in self.hashes]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint

    def verify(self, leaf: bytes, checkpoint: note.Checkpoint) -> bool:
        """True if ``leaf`` is entry ``index`` under ``checkpoint``, whose signature the caller has verified."""
        return merkle.verify_inclusion(
            self.index, checkpoint.size, merkle.leaf_hash(leaf), self.hashes, checkpoint.root
        )


@dataclass(frozen=True)
class ConsistencyProof:
    """That the tree of ``new`` entries continues that of ``old``; with the old checkpoint, verbatim."""

    old: int
    new: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        lines = [CONSISTENCY_HEADER, f"old {self.old}", f"new {self.new}"]
        lines += [base64.b64encode(value).decode() for value in self.hashes]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint

    def verify(self, old: note.Checkpoint, new: note.Checkpoint) -> bool:
        """True if ``new`` continues ``old``; both signatures were verified by the caller."""
        if (old.size, new.size) != (self.old, self.new):
            raise merkle.MerkleError("The consistency proof is between checkpoints of other sizes.")
        return merkle.verify_consistency(old.size, new.size, self.hashes, old.root, new.root)


def _split(data: bytes, header: str) -> tuple[list[str], bytes]:
    head, separator, checkpoint = data.partition(b"\n\n")
    if not separator:
        raise ProofError("The proof has no checkpoint after an empty line.")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofError("The proof holds characters outside ASCII.") from None
    if lines.pop(0) != header:
        raise ProofError(f"The proof does not start with the line {header}.")
    return lines, checkpoint


def _value(lines: list[str], word: str) -> str:
    if not lines or not lines[0].startswith(word + " "):
        raise ProofError(f"The proof lacks its line {word!r}.")
    return lines.pop(0).removeprefix(word + " ")


def _hashes(lines: Iterable[str]) -> tuple[bytes, ...]:
    hashes = tuple(note.decode_base64(line) for line in lines)
    if len(hashes) > MAX_HASHES or any(len(value) != merkle.HASH_SIZE for value in hashes):
        raise ProofError("The proof's hashes are too many or not 32 bytes long.")
    return hashes


def parse_proof(data: bytes) -> TlogProof:
    """Parse a tlog-proof strictly; ProofError for anything that ``encode`` would not have written.

    Verifies nothing: see ``TlogProof.verify`` and ``note.verify_checkpoint``.
    """
    try:
        lines, checkpoint = _split(data, HEADER)
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = note.decode_base64(_value(lines, "extra"))
        index = note.parse_decimal(_value(lines, "index"))
        result = TlogProof(index, _hashes(lines), checkpoint, extra)
        note.Checkpoint.parse(note.parse_note(checkpoint).text)
    except note.NoteError as error:
        raise ProofError(str(error)) from None
    return result


def parse_consistency(data: bytes) -> ConsistencyProof:
    """Parse a consistency proof strictly; ProofError otherwise. Verifies nothing."""
    try:
        lines, checkpoint = _split(data, CONSISTENCY_HEADER)
        old = note.parse_decimal(_value(lines, "old"))
        new = note.parse_decimal(_value(lines, "new"))
        result = ConsistencyProof(old, new, _hashes(lines), checkpoint)
        note.Checkpoint.parse(note.parse_note(checkpoint).text)
    except note.NoteError as error:
        raise ProofError(str(error)) from None
    return result


@dataclass(frozen=True)
class Disclosed:
    """One entry as its party sees it: leaf bytes, disclosures {label: (salt, content)}, a sentence."""

    index: int
    leaf: bytes
    disclosures: dict[str, tuple[bytes, Any]]
    sentence: str | None = None

    def encode(self) -> bytes:
        """One line of entries.jsonl: canonical JSON and a newline."""
        value: dict[str, Any] = {
            "index": self.index,
            "leaf": base64.b64encode(self.leaf).decode(),
            "disclosures": {
                label: {"salt": salt.hex(), "content": content}
                for label, (salt, content) in self.disclosures.items()
            },
        }
        if self.sentence is not None:
            value["sentence"] = self.sentence
        return canonical.dumps(value) + b"\n"

    def broken(self) -> list[str]:
        """Labels whose disclosed content is not what the leaf committed to (or was never committed)."""
        commitments = entry.parse_leaf(self.leaf).commitments
        return [
            label
            for label, (salt, content) in self.disclosures.items()
            if commitments.get(label) != entry.commit(salt, content)
        ]


def parse_disclosed(line: bytes) -> Disclosed:
    """Parse one line of entries.jsonl strictly; ProofError otherwise. Verifies no commitment."""
    try:
        if not line.endswith(b"\n"):
            raise ProofError("The line has no end.")
        value = canonical.loads_strict(line[:-1])
        if not isinstance(value, dict) or set(value) - {"sentence"} != {"index", "leaf", "disclosures"}:
            raise ProofError("The line has not exactly the known keys.")
        index, sentence, raw = value["index"], value.get("sentence"), value["disclosures"]
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise ProofError("The line's index is not a whole number.")
        if not isinstance(value["leaf"], str) or not isinstance(value.get("sentence", ""), str):
            raise ProofError("The line's leaf or sentence is not text.")
        if not isinstance(raw, dict) or not set(raw) <= set(entry.LABELS):
            raise ProofError("The line's disclosures have unknown labels.")
        disclosures = {}
        for label, item in raw.items():
            if not isinstance(item, dict) or set(item) != {"salt", "content"}:
                raise ProofError("A disclosure is not a salt and a content.")
            salt = item["salt"]
            if not isinstance(salt, str) or len(salt) != 64 or salt.strip("0123456789abcdef"):
                raise ProofError("A disclosure's salt is not 64 lower-case hex digits.")
            disclosures[label] = (bytes.fromhex(salt), item["content"])
        leaf = note.decode_base64(value["leaf"])
        entry.parse_leaf(leaf)
    except (canonical.CanonicalError, note.NoteError, entry.EntryError) as error:
        raise ProofError(str(error)) from None
    return Disclosed(index, leaf, disclosures, sentence)
