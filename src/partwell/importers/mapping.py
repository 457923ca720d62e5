# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which column of a table is which field of an item: proposed, edited, remembered.

A mapping is remembered under its ``signature``, the hash of the normalised headers, so
that next month's export of the same tool maps by itself.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from partwell.importers.base import ImportRefused, normalise
from partwell.importers.synonyms import FIELDS, SECRET_FIELDS, field_of, secret_field_of
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

CHOICES = (*FIELDS, "secret_notes", "detail", "ignore")
"""What a person may choose for a column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header as it stands, the field it fills, how sure the proposal is (0 to 1)."""

    header: str
    field: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an item gets where its row says nothing. None: found out from the row."""

    category: Category | None = None
    kind: ItemKind | None = None
    owner: Owner = Owner.UNKNOWN
    custodian: Custodian = Custodian.UNKNOWN
    sensitivity: Sensitivity = Sensitivity.NORMAL


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Columns in the order of the file, defaults, and the signature it is remembered by."""

    columns: tuple[Column, ...]
    defaults: Defaults = Defaults()
    signature: str = ""
    name: str = ""

    def column_of(self, field: str) -> int | None:
        """The first column that fills ``field``, None where none does."""
        return next((i for i, column in enumerate(self.columns) if column.field == field), None)

    def with_field(self, header: str, field: str) -> "ColumnMapping":
        """The same mapping with one column set by a person. ValueError for an unknown field or header."""
        if field not in CHOICES:
            raise ValueError(f"There is no field “{field}”.")
        if all(column.header != header for column in self.columns):
            raise ValueError(f"There is no column “{header}”.")
        columns = tuple(Column(c.header, field, 1.0) if c.header == header else c for c in self.columns)
        return replace(self, columns=columns)

    def to_json(self) -> str:
        """One line of JSON for storing; ``from_json`` reads it."""
        defaults = self.defaults
        return json.dumps(
            {
                "v": 1,
                "name": self.name,
                "signature": self.signature,
                "columns": [[c.header, c.field, c.confidence] for c in self.columns],
                "defaults": {
                    "category": defaults.category,
                    "kind": defaults.kind,
                    "owner": defaults.owner,
                    "custodian": defaults.custodian,
                    "sensitivity": defaults.sensitivity,
                },
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "ColumnMapping":
        """Reads ``to_json``'s line; ValueError where it is none."""
        data: Any = json.loads(text)
        try:
            if data["v"] != 1 or any(column[1] not in CHOICES for column in data["columns"]):
                raise ValueError("This stored mapping is of another version.")
            given = data["defaults"]
            return cls(
                columns=tuple(Column(str(h), str(f), float(c)) for h, f, c in data["columns"]),
                defaults=Defaults(
                    Category(given["category"]) if given["category"] else None,
                    ItemKind(given["kind"]) if given["kind"] else None,
                    Owner(given["owner"]),
                    Custodian(given["custodian"]),
                    Sensitivity(given["sensitivity"]),
                ),
                signature=str(data["signature"]),
                name=str(data["name"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("This stored mapping cannot be read.") from error


def signature_of(headers: Sequence[str]) -> str:
    """sha256 in hex of the normalised headers in their order: the same export, the same signature."""
    joined = "\x1f".join(normalise(header) for header in headers)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def tidy_headers(raw: Sequence[str]) -> list[str]:
    """Headers that are neither blank nor double: “Column 5”, “Name (2)”."""
    seen: dict[str, int] = {}
    tidy = []
    for number, cell in enumerate(raw, 1):
        header = " ".join(cell.replace("\x00", "").split())[:120] or f"Column {number}"
        count = seen[normalise(header)] = seen.get(normalise(header), 0) + 1
        tidy.append(header if count == 1 else f"{header} ({count})")
    return tidy


def propose(headers: Sequence[str], name: str = "") -> ColumnMapping:
    """A mapping from the headers alone; each field but details and secrets is filled once, best match first."""
    found = [field_of(header) for header in headers]
    best: dict[str, int] = {}
    for index, (field, confidence) in enumerate(found):
        if field not in ("detail", *SECRET_FIELDS) and (
            field not in best or _rank(headers, index, field, confidence) > _rank(headers, best[field], field)
        ):
            best[field] = index
    columns = []
    for index, (header, (field, confidence)) in enumerate(zip(headers, found, strict=True)):
        if field in best and best[field] != index:
            field, confidence = "detail", 0.5
        columns.append(Column(header, field, confidence))
    if "title" not in best:  # something must name the item
        for stand_in in ("url", "model", "username", "external_id", "asset_tag", "serial"):
            if stand_in in best:
                break
        else:
            _require_title(columns)
    return ColumnMapping(tuple(columns), signature=signature_of(headers), name=name)


def _rank(
    headers: Sequence[str], index: int, field: str, confidence: float | None = None
) -> tuple[float, int]:
    sure = field_of(headers[index])[1] if confidence is None else confidence
    names = FIELDS[field]
    name = normalise(headers[index])
    return sure, -(names.index(name) if name in names else len(names))


def _require_title(columns: list[Column]) -> None:
    plain = [i for i, column in enumerate(columns) if column.field == "detail"]
    if plain:
        columns[plain[0]] = Column(columns[plain[0]].header, "title", 0.3)


def checked(mapping: ColumnMapping, headers: Sequence[str], where: str) -> ColumnMapping:
    """The mapping put into this file's column order; new columns are proposed, never dropped.

    Raises ImportRefused where the mapping was made for another table altogether, and
    where it would write a column that sounds like a secret into the plain details (R16).
    """
    known = {normalise(column.header): column for column in mapping.columns}
    fresh = {column.header: column for column in propose(headers).columns}
    columns = []
    hits = 0
    for header in headers:
        column = known.get(normalise(header))
        hits += column is not None
        columns.append(Column(header, column.field, column.confidence) if column else fresh[header])
    if not hits:
        raise ImportRefused(
            "mapping_foreign",
            "The chosen mapping names no column of this table.",
            where,
            "Let Partwell propose a mapping from this file's own headers.",
        )
    for column in columns:
        if column.field in ("detail", "notes", "title") and secret_field_of(column.header):
            raise ImportRefused(
                "secret_as_detail",
                f"The column “{column.header}” sounds like a secret and may not become a plain detail.",
                where,
                "Map it to password, one-time code, key or secret notes, or ignore it.",
            )
    return replace(mapping, columns=tuple(columns), signature=signature_of(headers))
