# SPDX-License-Identifier: AGPL-3.0-or-later
"""The handover inventory as CSV, XLSX, JSON and a page to print, row by row.

Rows are mappings with the fields of ``COLUMNS`` (DOMAIN.md, "Handover inventory"). CSV and XLSX are opened in
spreadsheets, where a cell that begins with ``= + - @`` may run as a formula: such a cell gets a leading
apostrophe. JSON holds every value as it is. Nothing here ever takes a secret: an unknown field is refused.
"""

import csv
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from html import escape
from typing import Any, BinaryIO

from partwell.documents.page_style import PAGE_STYLE
from partwell.documents.texts import N_, DocumentError, _, clean, language, one_line, plain

COLUMNS: tuple[tuple[str, str], ...] = (
    ("id", N_("Number")),
    ("title", N_("Item")),
    ("category", N_("Category")),
    ("owner", N_("Owner")),
    ("custodian", N_("Custodian")),
    ("location", N_("Location")),
    ("recipient", N_("Recipient")),
    ("method", N_("Method")),
    ("version", N_("Version")),
    ("digest", N_("SHA-256")),
    ("proved", N_("Proved by and how")),
    ("released", N_("Released")),
    ("received", N_("Received")),
    ("status", N_("Status")),
    ("objection", N_("Objection")),
)
FIELDS = tuple(name for name, _label in COLUMNS)
CELL_LIMIT = 32_767  # a spreadsheet's own limit; openpyxl would cut without a word
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

Row = Mapping[str, Any]


def neutral(value: str) -> str:
    """``value`` so that no spreadsheet runs it: a leading apostrophe before = + - @ TAB CR (also after spaces
    and as full-width signs). Not for passwords, which have no place in an inventory anyway."""
    return "'" + value if _FORMULA.match(value) else value


def _values(rows: Iterable[Row], zone: str) -> Iterator[dict[str, str]]:
    """Each row with all fields as text; dates in words of ISO 8601. Unknown fields are refused."""
    for number, row in enumerate(rows, 1):
        if unknown := sorted(row.keys() - set(FIELDS)):
            raise DocumentError(
                f"Inventory row {number} has no place for {', '.join(unknown)}; leave these fields out."
            )
        yield {name: _as_text(row.get(name), zone) for name in FIELDS}


def _as_text(value: Any, zone: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise DocumentError("An inventory's time has no zone; pass an aware datetime.")
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    # TAB and CR are kept here, unlike in letters: JSON has the value as it is, the others neutralise it
    return value if type(value) is str else str(plain(value, zone))


def csv_chunks(rows: Iterable[Row], *, zone: str = "UTC") -> Iterator[bytes]:
    """The inventory as CSV, a chunk of bytes about every 64 KiB: UTF-8 with BOM (Excel needs it), every cell
    quoted, CRLF (RFC 4180), formula-neutral."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(_(label) for _name, label in COLUMNS)
    yield b"\xef\xbb\xbf"
    for row in _values(rows, zone):
        writer.writerow(neutral(_NOT_IN_XML.sub("\ufffd", row[name])) for name in FIELDS)
        if out.tell() > 65536:
            yield out.getvalue().encode("utf-8", "replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", "replace")


def json_chunks(rows: Iterable[Row], *, zone: str = "UTC") -> Iterator[bytes]:
    """The inventory as JSON, ``{"columns": […], "items": […]}``, one line an item, UTF-8, values as they are."""
    yield b'{"columns":' + json.dumps(FIELDS).encode() + b',\n"items":['
    first = True
    for row in _values(rows, zone):
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        yield (b"\n" if first else b",\n") + text.encode("utf-8", "replace")
        first = False
    yield b"\n]}\n"


def write_xlsx(rows: Iterable[Row], out: BinaryIO, *, day: date, zone: str = "UTC") -> int:
    """Write the inventory as XLSX to ``out`` and return the number of rows.

    Every cell is a string (no formula, no number that loses its zeros, no error value). ``day`` is the date
    inside the file, so that the same rows give the same bytes. Memory does not grow with the rows.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    book.properties.creator = "Partwell"
    sheet = book.create_sheet(_("Inventory"))
    sheet.freeze_panes = "C2"
    for number, width in enumerate((12, 44, 26, 10, 12, 26, 22, 16, 9, 20, 28, 22, 22, 16, 30), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width

    def cell(value: str, *, bold: bool = False) -> Any:
        text = neutral(_NOT_IN_XML.sub("\ufffd", value))
        if len(text) > CELL_LIMIT:
            note = _(" … (cut here; the JSON file has it whole)")
            text = text[: CELL_LIMIT - len(note)] + note
        made = WriteOnlyCell(sheet, value=text)
        made.data_type = "s"  # "#N/A" or "=1" typed as what they are: text
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(_(label), bold=True) for _name, label in COLUMNS])
    count = 0
    for row in _values(rows, zone):
        sheet.append([cell(row[name]) for name in FIELDS])
        count += 1
    with tempfile.TemporaryFile() as draft:
        book.save(draft)
        draft.seek(0)
        _same_bytes(draft, out, day)
    return count


def _same_bytes(draft: Any, out: BinaryIO, day: date) -> None:
    """Copy a workbook with fixed times, in the archive as in its properties (openpyxl writes the clock's)."""
    stamp = f"{day.isoformat()}T00:00:00Z".encode()
    with zipfile.ZipFile(draft) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            if name == "docProps/core.xml":
                new.writestr(entry, re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, old.read(name)))
                continue
            with old.open(name) as source, new.open(entry, "w", force_zip64=False) as target:
                shutil.copyfileobj(source, target, 1024 * 1024)


def html_chunks(
    rows: Iterable[Row], *, client: str, msp: str, as_of: str, zone: str = "UTC"
) -> Iterator[bytes]:
    """The inventory as one page to read and print: self-contained, no script, light, dark and on paper.

    ``as_of``: the moment of the list in words. Everything is escaped.
    """
    title = _("Handover inventory of {client}").format(client=one_line(client))
    line = _("{msp}, as of {when}").format(msp=one_line(msp), when=one_line(as_of))
    shown = tuple(pair for pair in COLUMNS if pair[0] not in ("title", "digest"))
    yield (
        f'<!doctype html>\n<html lang="{escape(language())}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><style>{PAGE_STYLE}</style></head><body><main class="wide">'
        f'<h1>{escape(title)}</h1><p class="quiet">{escape(line)}</p><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(title)}"><table><thead><tr><th scope="col">{escape(_("Item"))}</th>'
        + "".join(f'<th scope="col">{escape(_(label))}</th>' for _name, label in shown)
        + "</tr></thead><tbody>\n"
    ).encode()
    count = 0
    for row in _values(rows, zone):
        count += 1
        row = {name: clean(value) for name, value in row.items()}
        digest = f"<br><code>{escape(row['digest'])}</code>" if row["digest"] else ""
        cells = "".join(f"<td>{escape(row[name])}</td>" for name, _label in shown)
        yield f'<tr><th scope="row">{escape(row["title"])}{digest}</th>{cells}</tr>\n'.encode(
            "utf-8", "replace"
        )
    end = _("Nothing is on record.") if count == 0 else _("{count} items").format(count=count)
    yield f'</tbody></table></div><p class="quiet">{escape(end)}</p></main></body></html>\n'.encode()
