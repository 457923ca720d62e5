# SPDX-License-Identifier: AGPL-3.0-or-later
"""Documentation platforms' account exports: many CSVs in which all clients stand mixed.

Shared by ``itglue`` and ``hudu``. Exactly one client is taken, by its exact name; a row,
document or attachment that cannot be told to be that client's is left out and counted,
and neither its name nor its content appears anywhere.
"""

import mimetypes
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Understood,
    fingerprint_of,
    kept,
    names_match,
    normalise,
)
from partwell.importers.csv_table import CsvSource, open_csv
from partwell.importers.mapping import Column, ColumnMapping, Defaults, propose
from partwell.importers.rows import RowReader
from partwell.importers.zips import extracted, open_zip, plain_path
from partwell.rules.terms import Category, ItemKind, Sensitivity


@dataclass(frozen=True, slots=True)
class Table:
    """What one CSV of an export holds: the category of its rows and its columns' fields by header."""

    defaults: Defaults
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform's export: its tables by file name, the list of clients, the client's column."""

    name: str
    clients_table: str
    client_columns: tuple[str, ...]
    tables: Mapping[str, Table]
    other: Table
    common: Mapping[str, str]
    skipped: frozenset[str] = frozenset()


@dataclass(slots=True)
class Member:
    """One file of the export: its path inside, how to open it, how to take it along."""

    path: str
    size: int
    open: Callable[[], BinaryIO]
    take: Callable[[int], FileRef | None]


def members_of(source: Path, options: Options, stack: ExitStack) -> dict[str, Member]:
    """The export's files by lower-case path: of a ZIP, a folder, or one CSV by itself."""
    if source.is_dir():
        return _of_folder(source, options)
    if source.suffix.lower() == ".csv":
        return {
            source.name.lower(): Member(
                source.name, source.stat().st_size, lambda: source.open("rb"), lambda _: None
            )
        }
    archive = stack.enter_context(open_zip(source, options.limits))
    found: dict[str, Member] = {}
    for info in archive.infolist():
        path = plain_path(info.filename)
        if info.is_dir() or not path or path.startswith("__MACOSX"):
            continue
        if path.lower() in found:
            raise ImportRefused(
                "zip_double", "This archive holds two files of one name.", source.name, "Export it again."
            )
        found[path.lower()] = _of_archive(archive, info, path, options)
    return found


def _of_archive(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, options: Options) -> Member:
    return Member(
        path, info.file_size, lambda: cast(BinaryIO, archive.open(info)),
        lambda number: extracted(archive, info, media_type(path), options, number),
    )  # fmt: skip


def _of_folder(source: Path, options: Options) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for file in sorted(source.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        if len(found) >= options.limits.archive_members:
            raise ImportRefused(
                "too_many_files", "This folder holds too many files.", source.name, "Split it."
            )
        path = file.relative_to(source).as_posix()
        size = file.stat().st_size
        found[path.lower()] = Member(
            path, size, lambda file=file: file.open("rb"),  # type: ignore[misc]  # bound now, not later
            lambda _, file=file, size=size, path=path: FileRef(file.name, media_type(path), size, path=file),  # type: ignore[misc]
        )  # fmt: skip
    return found


def media_type(path: str) -> str:
    """By suffix; a stranger's HTML is text for download, never shown as a page of ours."""
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


class Export:
    """One export being read for one client."""

    def __init__(
        self, platform: Platform, source: Path, members: dict[str, Member], options: Options
    ) -> None:
        if not options.client_names:
            raise ImportRefused(
                "client_missing",
                f"An export of {platform.name} holds all clients of the MSP.",
                source.name,
                "Say how the client is called in it, exactly.",
            )
        self.platform = platform
        self.source = source
        self.members = members
        self.options = options
        self.tables = {
            PurePosixPath(path).stem: member for path, member in members.items()
            if path.endswith(".csv") and not self._is_attached(path)
        }  # fmt: skip
        self.own_ids: set[tuple[str, str]] = set()  # (table, id) of the rows taken

    def _is_attached(self, path: str) -> bool:
        return any(part in ("attachments", "documents") for part in PurePosixPath(path).parts[:-1])

    def open(self, name: str) -> CsvSource:
        """One of its tables. Options' encoding and delimiter hold for all of them."""
        member = self.tables[name]
        return open_csv(member.open, self.options, PurePosixPath(member.path).name)

    def check_client(self) -> Iterator[Read]:
        """Refuses an export whose list of clients has this one not at all, or twice."""
        name = self.platform.clients_table
        if name not in self.tables:
            yield Notice(
                "",
                "no_client_list",
                f"There is no {name}.csv to look the client up in; rows are matched by name alone.",
            )
            return
        opened = self.open(name)
        column = _position(opened.headers, ("name", *self.platform.client_columns))
        if column is None:
            raise ImportRefused(
                "client_list_unreadable",
                "The list of clients has no column with their names.",
                f"{name}.csv",
                "Export it again.",
            )
        matches = total = 0
        for row in opened.rows:
            if not isinstance(row, LeftOut) and column < len(row.cells):
                total += 1
                matches += names_match(row.cells[column], self.options.client_names)
        if not matches:
            raise ImportRefused(
                "client_unknown",
                "No client of exactly this name stands in the export.",
                f"{name}.csv",
                f"Write it as {self.platform.name} does, down to “Inc.” or “GmbH”.",
            )
        if matches > len({normalise(n) for n in self.options.client_names}):
            raise ImportRefused(
                "client_ambiguous",
                "Several clients of this name stand in the export.",
                f"{name}.csv",
                f"Rename one of them in {self.platform.name} and export again.",
            )
        yield Understood(
            "client", f"The client was found among {total} in {name}.csv.", {"clients": str(total)}
        )

    def read_table(self, name: str, decorate: Callable[[ImportedItem], ImportedItem]) -> Iterator[Read]:
        """The client's rows of one table; all others as one left-out with their number."""
        where = PurePosixPath(self.tables[name].path).name
        try:
            opened = self.open(name)
        except ImportRefused as refused:
            yield LeftOut(where, refused.code, refused.sentence)
            return
        if _position(opened.headers, self.platform.client_columns) is None:
            yield LeftOut(
                where, "no_client_column", "This table does not say whose its rows are, so none is taken."
            )
            return
        table = self.platform.tables.get(name, self.platform.other)
        reader = RowReader(self._mapping(opened.headers, table), self.options)
        others = nobody = 0
        for read in reader.read(opened.rows):
            if isinstance(read, ImportedItem):
                self.own_ids.add((name, read.external_id))
                yield decorate(replace(read, source_line=f"{where}, line {read.source_line}"))
            elif isinstance(read, LeftOut) and read.reason_code in ("other_client", "no_client"):
                others += read.reason_code == "other_client"
                nobody += read.reason_code == "no_client"
            elif isinstance(read, LeftOut | Notice):
                if (
                    not (isinstance(read, LeftOut) and read.reason_code == "too_many_rows")
                    and read.line == ""
                ):
                    continue
                yield replace(read, line=f"{where}, line {read.line}")
        if others:
            yield LeftOut(where, "other_client", f"{others} rows of this table belong to other clients.")
        if nobody:
            yield LeftOut(where, "no_client", f"{nobody} rows of this table name no client.")
        yield Understood(
            "table",
            f"{where}: {reader.tally.taken} rows of this client.",
            {"table": name, "items": str(reader.tally.taken)},
        )

    def _mapping(self, headers: list[str], table: Table) -> ColumnMapping:
        proposed = propose(headers)
        used: set[str] = set()
        columns = []
        for column in proposed.columns:
            header = normalise(column.header).replace("_", " ")
            name = (
                "company"
                if header in self.platform.client_columns
                else (table.fields.get(header) or self.platform.common.get(header))
            )
            name = name or (
                column.field if column.field in ("password", "otp", "key", "secret_notes") else "detail"
            )
            if name in used and name not in ("detail", "ignore", "secret_notes"):
                name = "detail"
            used.add(name)
            columns.append(Column(column.header, name, 1.0))
        if "title" not in used:
            for index, column in enumerate(columns):
                if column.field == "detail":
                    columns[index] = Column(column.header, "title", 0.5)
                    break
        return ColumnMapping(tuple(columns), table.defaults, proposed.signature, self.platform.name)

    def attachments(self) -> Iterator[Read]:
        """attachments/<table>/<id>/<file> of rows that were taken; all others are counted only."""
        others = 0
        for number, (path, member) in enumerate(self.members.items()):
            parts = PurePosixPath(path).parts
            if "attachments" not in parts[:-3]:
                continue
            at = parts.index("attachments")
            kind, row_id = parts[at + 1], parts[at + 2]
            if (kind, row_id) not in self.own_ids:
                others += 1
                continue
            yield self.file_item(
                member, number, f"Attachment of {kind} {row_id}", f"attachment:{kind}:{row_id}"
            )
        if others:
            yield LeftOut(
                "attachments", "other_client", f"{others} attachments belong to nothing of this client."
            )

    def file_item(self, member: Member, number: int, what: str, identity: str) -> Read:
        """A file of the export as a document, or left out where it is too large without a spool."""
        name = PurePosixPath(member.path).name
        place = f"{what}: {name}"
        try:
            taken = member.take(number)
        except ImportRefused as refused:
            return LeftOut(place, refused.code, refused.sentence)
        if taken is None:
            return LeftOut(
                place, "too_large", "This file is too large to be taken without a folder to unpack it into."
            )
        category = Category.DIAGRAMS if "diagram" in name.lower() else Category.PROCESS_DOCS
        return ImportedItem(
            title=name, category=category, kind=ItemKind.DOCUMENT, file=taken, sensitivity=Sensitivity.SENSITIVE,
            details=kept({"Kind": what, "Source": self.platform.name}), source_line=place,
            fingerprint=fingerprint_of("file", self.platform.name, identity, name),
        )  # fmt: skip


def _position(headers: list[str], names: tuple[str, ...]) -> int | None:
    found = [normalise(header).replace("_", " ") for header in headers]
    return next((found.index(name) for name in names if name in found), None)
