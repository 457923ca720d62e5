# SPDX-License-Identifier: AGPL-3.0-or-later
"""XLSX: one sheet of it as a table, after the archive was found to be no bomb."""

import datetime
from collections.abc import Iterator
from pathlib import Path

from partwell.importers.base import ImportRefused, LeftOut, Options, Read, Understood, normalise
from partwell.importers.csv_rows import Row
from partwell.importers.csv_table import columns_understood
from partwell.importers.mapping import checked, propose, tidy_headers
from partwell.importers.rows import RowReader
from partwell.importers.snipeit import mapping_for
from partwell.importers.zips import chunks, names_in_tail, open_zip

KIND = "xlsx"
LABEL = "Excel workbook (XLSX)"
UNDERSTANDS = (
    "one sheet at a time: the first that holds a table, or the one you choose",
    "numbers without a needless .0, dates as year-month-day, text with its leading zeros",
    "the same headers and languages as CSV tables",
)
DOES_NOT_UNDERSTAND = (
    "XLS, XLSB and ODS: save as XLSX or CSV",
    "workbooks with a password",
    "zeros that only a number format shows (00123 stored as 123)",
    "formulas: their last computed value is taken",
    "colours, comments, pictures and merged cells",
)


def sniff(path: Path, head: bytes) -> float:
    """By the ZIP's directory."""
    if not head.startswith(b"PK\x03\x04") or not names_in_tail(path, (b"xl/workbook.xml",)):
        return 0.0
    return 0.9 if path.suffix.lower() in (".xlsx", ".xlsm") else 0.7


def cell_text(value: object) -> str:
    """A cell as text: 123.0 is “123”, a midnight is a date, true is “yes”."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return (
            value.date().isoformat()
            if value.time() == datetime.time()
            else value.isoformat(sep=" ", timespec="seconds")
        )
    if isinstance(value, datetime.date):
        return value.isoformat()
    return "" if value is None else str(value)


def _check_archive(source: Path, options: Options) -> None:
    with open_zip(source, options.limits) as archive:
        names = {info.filename for info in archive.infolist()}
        if "xl/workbook.xml" not in names:
            raise ImportRefused(
                "not_xlsx", "This is not an Excel workbook.", source.name, "Save it as XLSX or CSV."
            )
        left = options.limits.sheet_size
        for info in archive.infolist():
            for chunk in chunks(archive, info, left, f"{source.name}, a part"):
                left -= len(chunk)
            if left <= 0:
                raise ImportRefused(
                    "too_large",
                    "This workbook is too large when unpacked.",
                    source.name,
                    "Save the sheet as CSV.",
                )


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """One sheet as items. Call it through the sandbox: calamine holds the whole sheet in memory."""
    _check_archive(source, options)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(source))
        names = list(book.sheet_names)
        if options.sheet and options.sheet not in names:
            raise ImportRefused(
                "sheet_unknown",
                f"There is no sheet “{options.sheet[:80]}”.",
                source.name,
                "The sheets are: " + ", ".join(names[:20]) + ".",
            )
        chosen, rows = _sheet(book, [options.sheet] if options.sheet else names, options)
    except CalamineError as error:
        raise ImportRefused(
            "not_xlsx",
            "This workbook cannot be read.",
            source.name,
            "Take its password off, or save it as XLSX or CSV.",
        ) from error
    if rows is None:
        raise ImportRefused("empty", "No sheet of this workbook holds a table.", source.name)
    header_line, headers, body = rows
    fixed = options.mapping or mapping_for(headers)
    mapping = checked(fixed, headers, source.name) if fixed else propose(headers)
    others = [name for name in names if name != chosen]
    yield Understood(
        "sheet",
        f"Read the sheet “{chosen}”" + (f"; not read: {', '.join(others)}." if others else "."),
        {"sheet": chosen, "sheets": "\n".join(names), "header_line": str(header_line)},
    )
    yield columns_understood(mapping)
    yield from RowReader(mapping, options).read(body)


def _sheet(
    book: "object", names: list[str], options: Options
) -> tuple[str, tuple[int, list[str], Iterator[Row | LeftOut]] | None]:
    for name in names:
        sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]  # calamine has no exported type for it
        height, width = sheet.total_height, sheet.total_width
        if width > options.limits.columns * 4 or height > options.limits.rows + 100:
            raise ImportRefused(
                "too_large", f"The sheet “{name}” has more rows or columns than are read.", "", "Split it."
            )
        rows = _rows(sheet, options)
        for row in rows:
            if isinstance(row, Row) and sum(bool(cell.strip()) for cell in row.cells) >= 2:
                cells = row.cells
                while cells and not cells[-1].strip():
                    cells.pop()
                return name, (row.line, tidy_headers(cells), rows)
    return names[0] if names else "", None


def _rows(sheet: "object", options: Options) -> Iterator[Row | LeftOut]:
    start = (sheet.start or (0, 0))[0]  # type: ignore[attr-defined]
    longest = options.limits.cell_chars
    for number, raw in enumerate(sheet.to_python(skip_empty_area=True), start + 1):  # type: ignore[attr-defined]
        cells = [cell_text(value) for value in raw]
        if len(cells) > options.limits.columns and any(
            normalise(cell) for cell in cells[options.limits.columns :]
        ):
            yield LeftOut(
                number, "too_many_columns", f"This row has more than {options.limits.columns} columns."
            )
        elif any(len(cell) > longest for cell in cells):
            yield LeftOut(number, "cell_too_long", f"A cell of this row is longer than {longest} characters.")
        elif any(cells):
            yield Row(number, cells)
