# SPDX-License-Identifier: AGPL-3.0-or-later
"""Snipe-IT's CSV exports: assets, accessories, components, licences, models map by themselves."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from partwell.importers.base import ImportRefused, Options, Read, Understood, normalise
from partwell.importers.csv_table import open_csv, read_csv
from partwell.importers.mapping import Column, ColumnMapping, Defaults, signature_of
from partwell.rules.terms import Category, ItemKind

KIND = "snipeit"
LABEL = "Snipe-IT export (CSV)"
UNDERSTANDS = (
    "assets, accessories, components, licences and models, told apart by their headers",
    "a licence's serial number as its product key, kept as a secret",
    "the Company column: rows of other clients are left out",
)
DOES_NOT_UNDERSTAND = (
    "custom fields by their meaning: they are kept as plain details",
    "check-out history, maintenances and uploaded files, which its CSV does not hold",
    "who owns a thing: Snipe-IT does not say, so the owner is unknown",
)

# What each header of Snipe-IT is; the table a file belongs to is the one whose own headers it has.
_COMMON = {
    "company": "company", "name": "title", "item name": "title", "category": "category", "supplier": "supplier",
    "manufacturer": "manufacturer", "location": "location", "order number": "order_number", "model": "model",
    "model name": "model", "model number": "model_number", "notes": "notes", "asset notes": "notes",
    "purchase date": "purchase_date", "purchase cost": "purchase_cost", "qty": "quantity", "quantity": "quantity",
    "serial": "serial", "serial number": "serial", "asset tag": "asset_tag", "status": "status",
    "warranty": "warranty", "username": "username", "checked out to: username": "assigned_to",
    "full name": "assigned_to", "email": "email", "asset eol date": "expires",
    "expiration date": "expires", "seats": "quantity", "model notes": "notes", "id": "external_id",
}  # fmt: skip
_TABLES: tuple[tuple[str, frozenset[str], Defaults], ...] = (
    ("licences", frozenset({"seats", "licensed to name"}), Defaults(Category.SOFTWARE, ItemKind.LICENCE)),
    ("models", frozenset({"fieldset", "requestable"}), Defaults(Category.OTHER, ItemKind.OTHER)),
    ("assets", frozenset({"asset tag", "category"}), Defaults(Category.HARDWARE, ItemKind.HARDWARE)),
    (
        "accessories",
        frozenset({"min amount", "qty", "category"}),
        Defaults(Category.HARDWARE, ItemKind.HARDWARE),
    ),
    (
        "components",
        frozenset({"item name", "quantity", "serial number"}),
        Defaults(Category.HARDWARE, ItemKind.HARDWARE),
    ),
)


def table_of(headers: Sequence[str]) -> tuple[str, Defaults] | None:
    """Which of Snipe-IT's tables these headers are, None where they are no Snipe-IT's."""
    names = {normalise(header) for header in headers}
    for table, own, defaults in _TABLES:
        if own <= names and len(names & set(_COMMON)) >= 5:
            return table, defaults
    return None


def mapping_for(headers: Sequence[str]) -> ColumnMapping | None:
    """The fixed mapping of a Snipe-IT table in this file's column order."""
    found = table_of(headers)
    if found is None:
        return None
    table, defaults = found
    used: set[str] = set()
    columns = []
    for header in headers:
        field = _COMMON.get(normalise(header), "detail")
        if table == "licences" and field == "serial":
            field = "key"
        if field in used:
            field = "detail"
        used.add(field)
        columns.append(Column(header, field, 1.0))
    return ColumnMapping(tuple(columns), defaults, signature_of(headers), f"Snipe-IT {table}")


def sniff(path: Path, head: bytes) -> float:
    """By the header row."""
    if path.suffix.lower() not in (".csv", ".txt", ""):
        return 0.0
    first = head.replace(b"\r", b"\n").split(b"\n", 1)[0] + b"\n"
    try:
        found = table_of(open_csv(lambda: BytesIO(first), Options(), path.name).headers)
    except ImportRefused:
        return 0.0
    return 0.95 if found else 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """One Snipe-IT CSV as items. ImportRefused where its headers are no Snipe-IT's."""
    opened = open_csv(lambda: source.open("rb"), options, source.name)
    fixed = mapping_for(opened.headers)
    if fixed is None:
        raise ImportRefused(
            "not_snipeit",
            "The headers of this table are not those of a Snipe-IT export.",
            source.name,
            "Choose “CSV table” instead and map its columns.",
        )
    yield Understood(
        "source", f"This is Snipe-IT's table of {fixed.name.split()[-1]}.", {"table": fixed.name.split()[-1]}
    )
    if fixed.name.endswith("models"):
        yield Understood(
            "models",
            "A model is a type of device, not a device: models are kept outside the eight categories.",
        )
    yield from read_csv(lambda: source.open("rb"), options=options, where=source.name, fixed=fixed)
