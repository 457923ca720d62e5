# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files into the vault and out. The slow part (encrypting, hashing) happens before the deed."""

import io
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID, uuid4

from django.utils import timezone

from partwell.actions.keys import RECORD, OpenUnit, blob_store, open_unit, unit_for
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused, refuse


def store(
    actor: Actor,
    source: BinaryIO | bytes,
    *,
    client_id: UUID | None,
    name: str,
    media_type: str = "application/octet-stream",
    purpose: str = RECORD,
    internal: bool = False,
    unit: OpenUnit | None = None,
) -> StoredFile:
    """Encrypt a file into the vault and give its *unsaved* row: the deed that follows must ``add`` it.

    ``source``: plain bytes or a binary stream. Size, CRC-32 and SHA-256 of the plain bytes are taken in
    the same pass. ``unit``: the client's open unit of that purpose, where several files are stored one after the other.
    A file whose deed fails is an orphan blob, swept by ``partwell ledger check``'s report.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    unit = unit or unit_for(actor, client_id, purpose)
    if unit.client_id != client_id:
        raise ValueError("A file is stored under its own client's key.")
    row_id = uuid4()
    facts = blob_store().write(stream, unit.key, unit.place("vault.StoredFile", row_id, "content"))
    return StoredFile(
        id=row_id,
        client_id=client_id,
        unit_id=unit.id,
        blob_id=facts.blob_id,
        size=facts.size,
        crc32=facts.crc32,
        sha256=facts.sha256,
        media_type=media_type[:120],
        name=_clean(name),
        internal=internal,
        stored_at=timezone.now(),
    )


def _clean(name: str) -> str:
    kept = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    return (kept or "file")[-300:]


def readable(file: StoredFile) -> None:
    """Raises Refused (``file_destroyed``) if the key of this file was destroyed."""
    if file.unit.destroyed_at is not None:
        raise Refused(refuse("file_destroyed", day=file.unit.destroyed_at.date()))


def open_file(file: StoredFile) -> BinaryIO:
    """A seekable reader of the plain bytes; connectors' KeyMissing/BlobDamaged say what is wrong."""
    unit = open_unit(file.unit)
    return blob_store().open(file.blob_id, unit.key, unit.place("vault.StoredFile", file.id, "content"))  # type: ignore[return-value]


def read_file(file: StoredFile) -> bytes:
    """The whole plain content; for letters and mails, not for large files."""
    with open_file(file) as reader:
        return reader.read()


def chunks(
    file: StoredFile, start: int = 0, length: int | None = None, size: int = 1 << 20
) -> Iterator[bytes]:
    """The plain bytes from ``start`` in pieces, for streaming answers."""
    with open_file(file) as reader:
        reader.seek(start)
        left = file.size - start if length is None else length
        while left > 0 and (piece := reader.read(min(size, left))):
            left -= len(piece)
            yield piece
