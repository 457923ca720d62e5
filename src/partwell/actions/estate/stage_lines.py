# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was read, line by line, into staged lines: item, duplicate, left out or note, with the sentence for people."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from partwell.actions import files
from partwell.actions.keys import CREDENTIALS, RECORD, unit_for
from partwell.importers.base import ImportedItem, LeftOut, Notice, Read, Understood
from partwell.importers.limits import MIB
from partwell.records.clients.models import Agreement
from partwell.records.estate.models import Import, ImportLine, Item
from partwell.rules.actor import Actor
from partwell.rules.terms import ItemKind, Owner

CHUNK = 500
HELD = 16 * MIB
SENTENCES = 60


def scrub(text: object) -> str:
    """Text that every database and the canonical form can hold: no NUL, no half of a surrogate pair."""
    value = str(text)
    return (
        value
        if value.isascii() and "\x00" not in value
        else value.replace("\x00", "").encode("utf-8", "replace").decode()
    )


def agreed_owners(client_id: UUID) -> dict[str, str]:
    """What is whose under the agreement: category → owner."""
    agreement = Agreement.objects.filter(client_id=client_id, replaced_at=None).order_by("-version").first()
    known = {one.value for one in Owner}
    return {str(k): str(v) for k, v in (agreement.ownership if agreement else {}).items() if v in known}


def known_fingerprints(client_id: UUID, prints: Iterable[str]) -> set[str]:
    """Those that a present item of the client has already."""
    return set(
        Item.objects.present()
        .filter(client_id=client_id, fingerprint__in=list(prints))
        .values_list("fingerprint", flat=True)
    )


class Stager:
    """Takes reads, writes lines in chunks of ``CHUNK``. Memory: one chunk, however long the file."""

    def __init__(self, actor: Actor, batch: Import, beat: Callable[[int], None]) -> None:
        self.actor, self.batch, self.beat = actor, batch, beat
        self.position = self.done = 0
        self.counts: Counter[str] = Counter()
        self.tallies: dict[str, Counter[str]] = {
            name: Counter() for name in ("category", "kind", "owner", "unknown", "reason")
        }
        self.sentences: list[dict[str, str]] = []
        self.columns: dict[str, Any] = {}
        self.examples: dict[str, dict[str, str]] = {}
        self.owners = agreed_owners(batch.client_id)
        self.unit = unit_for(actor, batch.client_id, CREDENTIALS)
        self._file, self._prefix, self._kind = 0, "", ""
        self._held: list[tuple[Read, Path]] = []
        self._bytes = 0

    def begin(self, number: int, prefix: str, kind: str) -> None:
        """The next file; ``prefix`` stands before its lines where there are several files."""
        self._file, self._prefix, self._kind = number, prefix, kind

    def take(self, read: Read, spool: Path) -> None:
        """One value of an importer."""
        if isinstance(read, Understood):
            self._understood(read)
            return
        self._held.append((read, spool))
        self._bytes += len(read.file.data or b"") if isinstance(read, ImportedItem) and read.file else 0
        if len(self._held) >= CHUNK or self._bytes >= HELD:
            self.flush()

    def _understood(self, read: Understood) -> None:
        if len(self.sentences) < SENTENCES:
            self.sentences.append({"code": read.code, "sentence": scrub(read.sentence), "file": self._prefix})
        if read.code in ("columns", "encoding"):
            self.columns.setdefault(str(self._file), {}).update(
                {name: scrub(value) for name, value in read.facts.items()}
            )

    def flush(self) -> None:
        """Write what is held, in one short transaction of the staging table alone."""
        held, self._held, self._bytes = self._held, [], 0
        if not held:
            self.beat(self.done)
            return
        prints = {read.fingerprint for read, _ in held if isinstance(read, ImportedItem) and read.fingerprint}
        known = known_fingerprints(self.batch.client_id, prints)
        staged = dict(
            ImportLine.objects.filter(batch=self.batch, outcome="item", fingerprint__in=prints).values_list(
                "fingerprint", "line"
            )
        )
        rows = []
        for read, spool in held:
            self.position += 1
            rows.append(self._line(read, spool, known, staged))
        ImportLine.objects.bulk_create(rows)
        self.done += len(rows)
        self.beat(self.done)

    def _line(self, read: Read, spool: Path, known: set[str], staged: dict[str, str]) -> ImportLine:
        assert not isinstance(read, Understood)
        place = read.source_line if isinstance(read, ImportedItem) else read.line
        where = f"line {place}" if isinstance(place, int) else scrub(place)
        line = ImportLine(
            batch=self.batch,
            position=self.position,
            line=(f"{self._prefix}, {where}" if self._prefix else where)[:300],
        )
        if isinstance(read, LeftOut | Notice):
            line.outcome = "left_out" if isinstance(read, LeftOut) else "note"
            line.sentence = scrub(read.sentence)[:2000]
            self.counts[line.outcome] += 1
            self.tallies["reason"][read.reason_code if isinstance(read, LeftOut) else read.code] += 1
            return line
        line.title, line.fingerprint = scrub(read.title)[:300] or "Without a title", read.fingerprint[:64]
        if line.fingerprint and (line.fingerprint in known or line.fingerprint in staged):
            line.outcome = "duplicate"
            line.sentence = (
                "It is in the estate already."
                if line.fingerprint in known
                else f"It is the same as {staged[line.fingerprint]} of this import."
            )
            self._drop(read, spool)
        else:
            line.outcome = "item"
            line.data = self._data(read, spool)
            if read.secrets:
                plain = json.dumps({name: secret.reveal() for name, secret in read.secrets.items()}).encode()
                line.sealed = self.unit.seal(
                    "estate.ImportLine", self.batch.id, f"line-{self.position}", plain
                )
                self.counts["secrets"] += 1
            if line.fingerprint:
                staged[line.fingerprint] = line.line
        self.counts[line.outcome] += 1
        return line

    def _data(self, read: ImportedItem, spool: Path) -> dict[str, Any]:
        self.tallies["category"][read.category] += 1
        self.tallies["kind"][read.kind] += 1
        self.tallies["owner"][read.owner] += 1
        if read.owner is Owner.UNKNOWN:
            self.tallies["unknown"][read.category] += 1
        details = {scrub(name)[:120]: scrub(value) for name, value in read.details.items()}
        examples = self.examples.setdefault(str(self._file), {})
        if len(examples) < 200:
            for name, value in details.items():
                examples.setdefault(name, value[:60])
        data: dict[str, Any] = {
            "category": read.category.value,
            "kind": read.kind.value,
            "owner": read.owner.value,
            "custodian": read.custodian.value,
            "sensitivity": read.sensitivity.value,
            "details": details,
            "external_id": scrub(read.external_id)[:200],
            "secrets": sorted(read.secrets),
            "source": self._kind,
        }
        if read.file is not None:
            data["file"] = self._store(read, spool)
        return data

    def _store(self, read: ImportedItem, spool: Path) -> dict[str, Any]:
        assert read.file is not None
        purpose = CREDENTIALS if read.kind is ItemKind.CREDENTIAL else RECORD
        if read.file.data is None and read.file.path is not None:
            with read.file.path.open("rb") as stream:
                row = files.store(
                    self.actor,
                    stream,
                    client_id=self.batch.client_id,
                    name=read.file.name,
                    media_type=read.file.media_type,
                    purpose=purpose,
                )
        else:
            row = files.store(
                self.actor,
                read.file.read_bytes(),
                client_id=self.batch.client_id,
                name=read.file.name,
                media_type=read.file.media_type,
                purpose=purpose,
            )
        self._drop(read, spool)
        return {
            "id": row.id.hex,
            "unit": row.unit_id.hex,
            "blob_id": row.blob_id,
            "size": row.size,
            "crc32": row.crc32,
            "sha256": row.sha256,
            "media_type": row.media_type,
            "name": scrub(row.name),
        }

    @staticmethod
    def _drop(read: ImportedItem, spool: Path) -> None:
        path = read.file.path if read.file else None
        if path is not None and path.resolve().is_relative_to(spool.resolve()):
            path.unlink(missing_ok=True)

    def understood(self) -> dict[str, Any]:
        """What stands above the preview."""
        return {
            "sentences": self.sentences,
            "columns": self.columns,
            "examples": self.examples,
            "secrets": self.counts["secrets"],
            "notes": self.counts["note"],
            "agreement": self.owners,
            **{name: dict(tally) for name, tally in self.tallies.items()},
        }
