# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mapped row becomes an item, or is left out with a reason."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from partwell.importers.base import (
    ImportedItem,
    LeftOut,
    Notice,
    Options,
    Read,
    Secret,
    Understood,
    clean,
    fingerprint_of,
    normalise,
)
from partwell.importers.csv_rows import Row
from partwell.importers.identity import hardware_fingerprint, real_serial
from partwell.importers.mapping import ColumnMapping
from partwell.importers.synonyms import SECRET_FIELDS, category_of
from partwell.rules.terms import Category, ItemKind, Owner, Sensitivity

_FORMULA = re.compile(r"^\s*(=|@\w+\(|[+\-]\s*[A-Za-z]+[\w.]*[(|!])|^\s*[+\-@=].*\|.*![A-Z]", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"otpauth(-migration)?://|-----BEGIN [A-Z ]*PRIVATE KEY", re.IGNORECASE)
_OWNERS = {
    "client": Owner.CLIENT, "customer": Owner.CLIENT, "kunde": Owner.CLIENT, "klient": Owner.CLIENT,
    "msp": Owner.MSP, "provider": Owner.MSP, "dienstleister": Owner.MSP,
    "vendor": Owner.VENDOR, "lease": Owner.VENDOR, "leased": Owner.VENDOR, "leasing": Owner.VENDOR,
    "rental": Owner.VENDOR, "miete": Owner.VENDOR,
}  # fmt: skip
_LABELS = {"ip": "IP address", "mac": "MAC address", "os": "Operating system", "url": "URL"}
_SKIPPED_NOTICES = 50


@dataclass(slots=True)
class Tally:
    """What was seen over all rows, for the sentences at the end."""

    rows: int = 0
    taken: int = 0
    other_client: int = 0
    companies: set[int] = field(default_factory=set)
    notices: dict[str, int] = field(default_factory=dict)

    def note(self, line: int, code: str, sentence: str) -> Iterator[Notice]:
        """The notice, the first fifty of its code; the rest are counted."""
        count = self.notices[code] = self.notices.get(code, 0) + 1
        if count <= _SKIPPED_NOTICES:
            yield Notice(line, code, sentence)

    def closing(self, client_names: Sequence[str]) -> Iterator[Read]:
        """What the preview says below the rows."""
        for code, count in self.notices.items():
            if count > _SKIPPED_NOTICES:
                yield Notice(
                    "",
                    code,
                    f"{count - _SKIPPED_NOTICES} more rows are like the {_SKIPPED_NOTICES} named ({code}).",
                )
        if len(self.companies) > 1 and not client_names:
            yield Notice(
                "",
                "several_clients",
                "This table names several organisations. Say how the client is called in it, "
                "so that nothing of another client is taken.",
            )
        yield Understood(
            "count",
            f"{self.taken} of {self.rows} rows became items.",
            {"rows": str(self.rows), "items": str(self.taken), "other_client": str(self.other_client)},
        )


class RowReader:
    """Turns the rows of one table into items by one mapping; keeps a tally."""

    def __init__(self, mapping: ColumnMapping, options: Options) -> None:
        self.tally = Tally()
        self._options = options
        self._mapping = mapping
        self._width = len(mapping.columns)
        self._client = frozenset(normalise(name) for name in options.client_names) - {""}
        self._company = mapping.column_of("company")
        self._credentials = any(c.field in ("password", "otp") for c in mapping.columns) and (
            mapping.defaults.kind in (None, ItemKind.CREDENTIAL)
        )
        # A second password column (a card number, a PIN) is labelled and kept among the secret notes.
        self._primary = {
            name: max((i for i, c in enumerate(mapping.columns) if c.field == name),
                      key=lambda i: (mapping.columns[i].confidence, -i))
            for name in ("password", "otp", "key")
            if mapping.column_of(name) is not None
        }  # fmt: skip
        self._plan = [
            (
                i,
                c.field,
                c.header
                if c.field == "detail" or c.field in SECRET_FIELDS
                else _LABELS.get(c.field, c.field.replace("_", " ").capitalize()),
            )
            for i, c in enumerate(mapping.columns)
            if c.field != "ignore"
        ]

    def read(self, rows: Iterator[Row | LeftOut]) -> Iterator[Read]:
        """All rows after the header; ends with the tally's sentences."""
        for row in rows:
            if isinstance(row, LeftOut):
                self.tally.rows += 1
                yield row
                continue
            if not any(cell and not cell.isspace() for cell in row.cells):
                continue
            self.tally.rows += 1
            if self.tally.rows > self._options.limits.rows:
                yield LeftOut(
                    row.line,
                    "too_many_rows",
                    f"Only the first {self._options.limits.rows} rows are read; split the file.",
                )
                break
            yield from self._row(row.line, row.cells)
        yield from self.tally.closing(self._options.client_names)

    def _row(self, line: int, cells: list[str]) -> Iterator[Read]:
        refusal = self._other_client(line, cells)
        if refusal:
            yield refusal
            return
        if len(cells) < self._width:
            yield from self.tally.note(
                line, "short_row", "This row has fewer cells than the header; the rest is taken as empty."
            )
            cells = cells + [""] * (self._width - len(cells))
        details: dict[str, str] = {}
        secrets: dict[str, list[str]] = {}
        values: dict[str, str] = {}
        formula = False
        for index, name, label in self._plan:
            raw = cells[index]
            if not raw or raw.isspace():
                continue
            if name in SECRET_FIELDS:
                if self._primary.get(name) == index:
                    secrets.setdefault(name, []).append(raw)
                else:
                    secrets.setdefault("notes", []).append(f"{label}: {raw.strip()}")
                continue
            if ("://" in raw or "-----" in raw) and _SECRET_VALUE.search(raw):
                secrets.setdefault("otp" if raw.lstrip().lower().startswith("otpauth") else "key", []).append(
                    raw
                )
                continue
            if raw[0] in "=+-@ \t" and _FORMULA.match(raw):
                formula = True
            if self._credentials and name in ("detail", "notes"):
                secrets.setdefault("notes", []).append(raw if name == "notes" else f"{label}: {raw.strip()}")
                continue
            value = clean(raw)
            if name == "url":
                value, private = split_url(value)
                if private:
                    secrets.setdefault("notes", []).append(f"{label}: {private}")
            values.setdefault(name, value)
            if name not in ("title", "external_id", "company", "owner"):
                details[label] = value
            elif name == "owner":
                details["Owner in the source"] = value
        extra = [cell for cell in cells[self._width :] if cell.strip()]
        if extra:
            # Nobody knows what a cell without a header is; it may be a password (R16).
            yield from self.tally.note(
                line,
                "long_row",
                "This row has more cells than the header; the rest is kept among its secret notes.",
            )
            secrets.setdefault("notes", []).append(" | ".join(extra))
        item = self._item(
            line, values, details, {name: Secret("\n".join(parts)) for name, parts in secrets.items()}
        )
        if item is None:
            yield LeftOut(line, "no_title", "This row has nothing that could name it.")
            return
        if formula:
            yield from self.tally.note(
                line,
                "formula_cell",
                "A cell of this row looks like a spreadsheet formula; it is kept "
                "as text and made harmless when it is exported.",
            )
        self.tally.taken += 1
        yield item

    def _other_client(self, line: int, cells: list[str]) -> LeftOut | None:
        if self._company is None:
            return None
        named = cells[self._company] if self._company < len(cells) else ""
        if not self._options.client_names:
            if named.strip() and len(self.tally.companies) < 2:
                self.tally.companies.add(hash(normalise(named)))
            return None
        if normalise(named) in self._client:
            return None
        self.tally.other_client += 1
        if not named.strip():
            return LeftOut(line, "no_client", "This row names no client, so nobody can tell whose it is.")
        return LeftOut(line, "other_client", "This row belongs to another client.")

    def _item(
        self, line: int, values: dict[str, str], details: dict[str, str], secrets: dict[str, Secret]
    ) -> ImportedItem | None:
        title = next(
            (
                values[name]
                for name in ("title", "model", "url", "username", "asset_tag", "serial", "external_id")
                if values.get(name)
            ),
            "",
        )
        if not title:
            return None
        category, kind = self._category(values, secrets)
        sensitive = kind is ItemKind.CREDENTIAL or "password" in secrets or "otp" in secrets
        if kind is ItemKind.HARDWARE:
            serial = values.get("serial", "")
            if serial and not real_serial(serial):
                details["Serial"] = f"{serial} (not a usable serial number)"
                serial = ""
            rest = () if serial else (title, *(f"{k}={v}" for k, v in sorted(details.items())))
            print_ = hardware_fingerprint(serial, *rest)
        elif kind is ItemKind.CREDENTIAL:
            print_ = fingerprint_of("credential", title, values.get("username", ""), values.get("url", ""))
        else:
            print_ = fingerprint_of(kind, title, *(f"{k}={v}" for k, v in sorted(details.items())))
        defaults = self._mapping.defaults
        return ImportedItem(
            title=title[:300], category=category, kind=kind,
            owner=_OWNERS.get(normalise(values.get("owner", "")), defaults.owner),
            custodian=defaults.custodian,
            sensitivity=Sensitivity.SENSITIVE if sensitive else defaults.sensitivity,
            details=details, secrets=secrets, external_id=values.get("external_id", ""), source_line=line,
            fingerprint=print_,
        )  # fmt: skip

    def _category(self, values: dict[str, str], secrets: dict[str, Secret]) -> tuple[Category, ItemKind]:
        defaults = self._mapping.defaults
        if defaults.category and defaults.kind:
            return defaults.category, defaults.kind
        if self._credentials and (secrets or "username" in values):
            return Category.ADMIN_ACCESS, ItemKind.CREDENTIAL
        for name in ("category", "type"):
            found = category_of(values.get(name, ""))
            if found:
                return defaults.category or found[0], defaults.kind or found[1]
        if "key" in secrets:
            return Category.SOFTWARE, ItemKind.LICENCE
        if any(values.get(name) for name in ("serial", "asset_tag", "mac", "model_number")):
            return defaults.category or Category.HARDWARE, defaults.kind or ItemKind.HARDWARE
        return defaults.category or Category.OTHER, defaults.kind or ItemKind.OTHER


def split_url(url: str) -> tuple[str, str]:
    """The address without a name and password in it, and the whole one where there was a password (R16)."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url, ""
    except ValueError:
        return url, ""
    return url.replace(parts.netloc.rpartition("@")[0] + "@", "", 1), url
