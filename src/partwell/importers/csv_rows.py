# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of a CSV with their true line numbers, in bounded memory, whatever the file does.

The standard reader swallows the rest of a file after a stray quote and reads a line of
any length: both are bounded here, the bad row is named, and reading goes on after it.
"""

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO

from partwell.importers.base import ImportRefused, LeftOut
from partwell.importers.limits import Limits

DELIMITERS = (",", ";", "\t", "|")
MAX_BROKEN = 50
RECORD_LINES = 2000
_SAMPLE_CHARS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """``line`` is the first physical line of the record, counted from 1."""

    line: int
    cells: list[str]


class _TooLong(Exception):
    pass


class _Lines:
    """Physical lines (CR, LF or CRLF), replayable from the last record's start."""

    def __init__(self, stream: TextIOWrapper, limits: Limits) -> None:
        self._stream = stream
        self._longest = limits.record_chars
        self._pushed: deque[str] = deque()
        self._held: list[str] = []
        self.chars = 0
        self.start = 1
        self.overlong = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._pushed.popleft() if self._pushed else self._stream.readline(self._longest + 1)
        if not line:
            raise StopIteration
        self._held.append(line)
        self.chars += len(line)
        if self.chars > self._longest or len(self._held) > RECORD_LINES:
            self.overlong = len(line) > self._longest
            raise _TooLong
        return line

    def taken(self) -> None:
        """The record is complete: the next one starts on the line after."""
        self.start += len(self._held)
        self._held.clear()
        self.chars = 0

    def skip_first(self) -> None:
        """Gives back all of a broken record but its first line."""
        if self.overlong and len(self._held) == 1:
            line = self._held[0]
            while line and not line.endswith(("\n", "\r")):
                line = self._stream.readline(1 << 20)
            self._held = ["\n"]
        else:
            self._pushed.extendleft(reversed(self._held[1:]))
            self._held = self._held[:1]
        self.overlong = False
        self.taken()


def csv_rows(
    opener: Callable[[], BinaryIO], *, encoding: str, delimiter: str, limits: Limits, where: str
) -> Iterator[Row | LeftOut]:
    """All records that are not blank, the header among them, and what had to be left out.

    Raises ImportRefused where the bytes are not of that encoding or the quotes never
    come right. NUL and other controls stay in the cells: ``base.clean`` removes them.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limits.record_chars + 1))
    broken = 0
    with opener() as raw, TextIOWrapper(raw, encoding=encoding, newline="") as stream:
        lines = _Lines(stream, limits)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (_TooLong, csv.Error):
                broken += 1
                if broken > MAX_BROKEN:
                    raise ImportRefused(
                        "quotes_unbalanced",
                        "The quotation marks of this file never come right.",
                        f"{where}, line {lines.start}",
                        "Export it again, with quotes inside cells doubled.",
                    ) from None
                yield LeftOut(
                    lines.start,
                    "row_too_long",
                    "This row is too long, or a quotation mark in it is never closed.",
                )
                lines.skip_first()
                reader = csv.reader(lines, delimiter=delimiter)
                continue
            except UnicodeError:
                raise ImportRefused(
                    "encoding_wrong",
                    f"This file is not written in {encoding}.",
                    f"{where}, after line {lines.start}",
                    "Choose another encoding.",
                ) from None
            line, chars = lines.start, lines.chars
            lines.taken()
            if len(cells) > limits.columns:
                yield LeftOut(line, "too_many_columns", f"This row has more than {limits.columns} columns.")
            elif chars > limits.cell_chars and max(map(len, cells)) > limits.cell_chars:
                yield LeftOut(
                    line,
                    "cell_too_long",
                    f"A cell of this row is longer than {limits.cell_chars} characters.",
                )
            elif any(cells) and not (line == 1 and len(cells) == 1 and cells[0].lower().startswith("sep=")):
                yield Row(line, cells)


def guess_delimiter(opener: Callable[[], BinaryIO], encoding: str) -> str:
    """The delimiter that cuts the first 64 Ki characters into the most even columns; comma if none does."""
    with opener() as raw, TextIOWrapper(raw, encoding=encoding, errors="replace", newline="") as stream:
        sample = stream.read(_SAMPLE_CHARS)
    if sample.lower().startswith("sep=") and len(sample) > 4 and sample[4] in DELIMITERS:
        return sample[4]
    lines = sample.splitlines(keepends=True)
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        try:
            widths = [len(row) for row in csv.reader(lines[:200], delimiter=delimiter) if row]
        except csv.Error:
            continue
        usual = max(set(widths), key=widths.count)
        even = widths.count(usual) / len(widths)
        score = even * min(usual, 30) if usual > 1 else 0.0
        if widths[0] > 1:
            score += min(widths[0], 30)  # the header is seldom ragged
        if score > best_score:
            best, best_score = delimiter, score
    return best
