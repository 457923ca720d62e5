# SPDX-License-Identifier: AGPL-3.0-or-later
"""CSV of any tool: encoding and delimiter guessed and shown, columns mapped, rows streamed."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from partwell.importers.base import ImportRefused, LeftOut, Notice, Options, Read, Understood
from partwell.importers.csv_rows import DELIMITERS, Row, csv_rows, guess_delimiter
from partwell.importers.encoding_guess import EncodingGuess, guess_encoding
from partwell.importers.mapping import ColumnMapping, checked, propose, tidy_headers
from partwell.importers.rows import RowReader

KIND = "csv"
LABEL = "CSV table"
UNDERSTANDS = (
    "UTF-8, UTF-16, cp1250, cp1252, latin-1 and old Mac text, with comma, semicolon, tab or bar",
    "line ends of any system, quoted line breaks, blank and double headers, rows too short or too long",
    "headers in English, German, Polish and, in part, French, Spanish, Italian and Dutch",
    "exports of Chrome, KeePass, LastPass, NordPass, 1Password and other password managers, by their headers",
    "a company column: rows of other clients are left out",
)
DOES_NOT_UNDERSTAND = (
    "tables without a header row",
    "several tables in one file",
    "dates and amounts, which are kept as they are written",
    "Shift-JIS, GBK and other multi-byte encodings besides UTF-8 and UTF-16, unless chosen by hand",
    "numbers that a spreadsheet has already rounded (3.01E+13)",
)

_DATA = re.compile(r"^\s*(\w+://|[\w.+-]+@[\w-]+\.\w)")
_FINDINGS = (b"CVE", b"CVSS", b"SEVERITY", b"PLUGIN", b"CHECK_ID")


def sniff(path: Path, head: bytes) -> float:
    """By suffix and by a first line with a delimiter."""
    if path.is_dir() or head[:4] in (b"PK\x03\x04", b"%PDF") or head.lstrip()[:1] in (b"{", b"[", b"<"):
        return 0.0
    suffix = path.suffix.lower()
    score = 0.7 if suffix in (".csv", ".tsv") else 0.1 if suffix in (".txt", "") else 0.0
    text = head.replace(b"\x00", b"")
    first = text.splitlines()[0] if text.strip() else b""
    if sum(word in first.upper() for word in _FINDINGS) >= 2:
        return 0.06  # a scanner's report: one document, not a thousand things
    return score + (0.1 if any(mark.encode() in first for mark in DELIMITERS) else -0.3) if score else 0.0


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A CSV opened for reading: how it was understood, its headers, and its rows after them."""

    guess: EncodingGuess
    encoding: str
    delimiter: str
    headers: list[str]
    rows: Iterator[Row | LeftOut]


def open_csv(opener: Callable[[], BinaryIO], options: Options, where: str) -> CsvSource:
    """Guesses what was not chosen and reads the header. ImportRefused where there is none."""
    guess = guess_encoding(opener, where)
    encoding = options.encoding or guess.encoding
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError):
        raise ImportRefused(
            "encoding_unknown",
            f"There is no encoding “{encoding[:40]}”.",
            where,
            "Choose one of those offered.",
        ) from None
    delimiter = options.delimiter or guess_delimiter(opener, encoding)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise ImportRefused("delimiter_unknown", "A delimiter is one character, such as , or ;.", where)
    rows = csv_rows(opener, encoding=encoding, delimiter=delimiter, limits=options.limits, where=where)
    for row in rows:
        if isinstance(row, LeftOut):
            raise ImportRefused(
                "header_unreadable",
                f"The header cannot be read: {row.sentence}",
                f"{where}, line {row.line}",
                "Check that the first row names the columns.",
            )
        if any(_DATA.search(cell) for cell in row.cells):
            # Without names nobody knows which column is the password (R16).
            raise ImportRefused(
                "no_header",
                "The first row holds data where the names of the columns should stand.",
                where,
                "Add a first row that names the columns.",
            )
        return CsvSource(guess, encoding, delimiter, tidy_headers(row.cells), _widths(row, rows, where))
    raise ImportRefused("empty", "This file holds no rows.", where)


def _widths(header: Row, rows: Iterator[Row | LeftOut], where: str) -> Iterator[Row | LeftOut]:
    """Refuses a one-column header over wider rows: it is no header, or the delimiter is wrong."""
    if len(header.cells) == 1:
        for row in rows:
            if isinstance(row, Row) and len(row.cells) > 1:
                raise ImportRefused(
                    "no_header",
                    "The first row names one column, and the rows have more.",
                    f"{where}, line {row.line}",
                    "Add a first row that names the columns.",
                )
            yield row
    yield from rows


def announce(source: CsvSource, mapping: ColumnMapping) -> Iterator[Read]:
    """The sentences above a preview: encoding, columns, their fields."""
    guess = source.guess
    others = ", ".join(guess.alternatives)
    chosen = "" if source.encoding == guess.encoding else f" (chosen; guessed was {guess.encoding})"
    yield Understood(
        "encoding",
        f"Read as {source.encoding}{chosen}, because {guess.why}." + (f" It may also be {others}." if others and not guess.certain else ""),
        {"encoding": source.encoding, "guess": guess.encoding, "certain": str(guess.certain).lower(),
         "alternatives": others, "delimiter": source.delimiter},
    )  # fmt: skip
    yield columns_understood(mapping)


def columns_understood(mapping: ColumnMapping) -> Understood:
    """The mapping as a sentence with the whole of it as a fact, so that it can be edited and remembered."""
    fields = [column for column in mapping.columns if column.field not in ("detail", "ignore")]
    named = ", ".join(f"{column.header} → {column.field}" for column in fields) or "none"
    return Understood(
        "columns",
        f"{len(mapping.columns)} columns; known: {named}.",
        {"mapping": mapping.to_json(), "signature": mapping.signature},
    )


def read_csv(
    opener: Callable[[], BinaryIO], *, options: Options, where: str, fixed: ColumnMapping | None = None
) -> Iterator[Read]:
    """One CSV from any place as items. ``fixed`` is a tool's own mapping, used unless people chose one."""
    source = open_csv(opener, options, where)
    chosen = options.mapping or fixed
    mapping = checked(chosen, source.headers, where) if chosen else propose(source.headers)
    yield from announce(source, mapping)
    if len(source.headers) < 2:
        yield Notice(1, "one_column", "Only one column was found; perhaps the delimiter is another.")
    yield from RowReader(mapping, options).read(source.rows)


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """A CSV file as items; about one row in memory at a time."""
    size = source.stat().st_size
    if size > options.limits.file_size:
        raise ImportRefused(
            "too_large",
            f"This file has {size} bytes; {options.limits.file_size} are read at most.",
            source.name,
            "Split it.",
        )
    return read_csv(lambda: source.open("rb"), options=options, where=source.name)
