# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of a bundle with sizes and digests known beforehand, as ``sealed.bag`` wants them. No secret touches the disk."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from partwell.actions.estate.secrets import FIELDS, PLACE
from partwell.actions.keys import OpenUnit, blob_store, open_unit
from partwell.actions.releases.bundle_scope import Contents, Part
from partwell.actions.releases.bundle_words import as_json
from partwell.actions.releases.said_files import write_said
from partwell.documents.inventory_files import csv_chunks, html_chunks, json_chunks, neutral, write_xlsx
from partwell.documents.texts import moment_text
from partwell.records.estate.models import Item
from partwell.records.vault.models import KeyUnit, SealedValue, StoredFile
from sealed.bag import BundleFile, safe_name


class _Vault:
    """Opens vault files for one build: each unit's key is unwrapped once, and no thread needs the database."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._rows = KeyUnit.objects.in_bulk({part.file.unit_id for part in parts})
        self._open: dict[UUID, OpenUnit] = {}
        self._store = blob_store()

    def file(self, file: StoredFile, name: str) -> BundleFile:
        """Size, CRC-32 and SHA-256 were taken when the file came in, so it is read once, when it is written."""

        def opened() -> BinaryIO:
            unit = self._open.get(file.unit_id) or self._open.setdefault(
                file.unit_id, open_unit(self._rows[file.unit_id])
            )
            reader = self._store.open(
                file.blob_id, unit.key, unit.place("vault.StoredFile", file.id, "content")
            )
            return cast(BinaryIO, reader)

        return BundleFile(name, file.size, file.crc32, file.sha256, opened)


def payload(
    contents: Contents, folder: Path, msp: str, zone: str, now: datetime, tick: Callable[..., object]
) -> list[BundleFile]:
    """Every payload file; generated ones are written to ``folder`` (0700, the caller's to remove). ``tick`` is called
    between the steps that take long, to keep a lease; with how many of how many things, where they are counted."""
    files: list[BundleFile] = []
    listing, places = _documents(contents.parts, _Vault(contents.parts), files)
    for row in contents.rows:
        place = places.get(row["id"])
        if place:
            row["location"] = place + (f"; {row['location']}" if row["location"] else "")
    if not contents.order.only:
        _inventory(contents, folder, msp, zone, now, files, tick)
        files.append(BundleFile.from_bytes("receipts/receipts.json", as_json(contents.receipts)))
    files.append(BundleFile.from_bytes("inventory/files.json", as_json(listing)))
    if contents.order.correspondence or contents.order.only:
        files += write_said(contents, folder, zone, tick)
    if contents.secrets:
        files.append(BundleFile.from_bytes("credentials/credentials.csv", secrets_csv(contents.secrets)))
    return files


def _documents(
    parts: Iterable[Part], vault: _Vault, files: list[BundleFile]
) -> tuple[list[dict[str, object]], dict[str, str]]:
    taken: dict[str, set[str]] = {}
    listing: list[dict[str, object]] = []
    places: dict[str, str] = {}
    for part in parts:
        path = f"{part.folder}/{safe_name(part.file.name, taken.setdefault(part.folder, set()))}"
        files.append(vault.file(part.file, path))
        listing.append({"path": f"data/{path}", "original_name": part.file.name, "title": part.title, "size": part.file.size,
                        "sha256": part.file.sha256, "media_type": part.file.media_type,
                        "item": part.item.hex[:12] if part.item else None})  # fmt: skip
        if part.item and part.folder.startswith("documents/"):
            places[part.item.hex[:12]] = f"data/{path}" + (
                f" (was “{part.file.name}”)" if not path.endswith("/" + part.file.name) else ""
            )
    return listing, places


def _inventory(
    contents: Contents,
    folder: Path,
    msp: str,
    zone: str,
    now: datetime,
    files: list[BundleFile],
    tick: Callable[[], object],
) -> None:
    rows = contents.rows
    as_of = moment_text(now, zone)
    streams = {
        "inventory.csv": csv_chunks(rows, zone=zone),
        "inventory.json": json_chunks(rows, zone=zone),
        "inventory.html": html_chunks(rows, client=contents.client.name, msp=msp, as_of=as_of, zone=zone),
    }
    for name, chunks in streams.items():
        with (folder / name).open("wb") as out:
            out.writelines(chunks)
        tick()
    with (folder / "inventory.xlsx").open("wb") as out:
        write_xlsx(rows, out, day=now.date(), zone=zone)
    files += [
        BundleFile.from_path(f"inventory/{name}", folder / name) for name in [*streams, "inventory.xlsx"]
    ]


def secrets_csv(items: Iterable[Item]) -> bytes:
    """Credentials as CSV (UTF-8, RFC 4180), only ever written inside the encrypted envelope; passwords exactly as they are."""
    listed = list(items)
    values: dict[UUID, dict[str, str]] = {}
    units: dict[UUID, OpenUnit] = {}
    ids = [item.id for item in listed]
    for start in range(0, len(ids), 400):
        for row in (
            SealedValue.objects.select_related("unit")
            .filter(subject_id__in=ids[start : start + 400])
            .exclude(ciphertext=None)
        ):
            if row.unit_id not in units:
                units[row.unit_id] = open_unit(row.unit)
            plain = units[row.unit_id].open(PLACE, row.subject_id, row.field, bytes(row.ciphertext or b""))
            values.setdefault(row.subject_id, {})[row.field] = plain.decode("utf-8", "replace")
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["Number", "Title", "Account", "Address", *(name.capitalize() for name in FIELDS)])
    for item in listed:
        found = values.get(item.id, {})
        details = {str(key).casefold(): str(value) for key, value in item.details.items()}
        account = str(item.handover.get("account") or details.get("username") or "")
        writer.writerow(
            [
                item.id.hex[:12],
                neutral(item.title),
                account,
                details.get("url", ""),
                *(found.get(name, "") for name in FIELDS),
            ]
        )
    return out.getvalue().encode()
