# SPDX-License-Identifier: AGPL-3.0-or-later
"""The inventory in four forms: the same rows, no formula, bounded memory."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from partwell.documents import inventory_files as files
from partwell.documents.texts import DocumentError

from . import samples

EVIL = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\ufeff=1", "＝1", "＋1", "－1", "＠A",
]  # fmt: skip
FINE = ["00123", "#N/A", "1e5", "TRUE", "a=b", 'Łódź; "x"\nzwei', "株式会社", "'quoted", ""]
DAY = date(2026, 11, 23)


def rows(values: list[str]) -> list[dict[str, Any]]:
    return [{"id": f"N{number}", "title": value} for number, value in enumerate(values)]


def sheet(data: bytes) -> Any:
    return load_workbook(io.BytesIO(data)).active


@pytest.mark.parametrize("value", EVIL)
def test_nothing_that_a_spreadsheet_would_run_leaves(value: str) -> None:
    text = b"".join(files.csv_chunks(rows([value]))).decode("utf-8-sig")
    cell = list(csv.reader(io.StringIO(text, newline="")))[1][1]
    assert cell == "'" + value
    out = io.BytesIO()
    files.write_xlsx(rows([value]), out, day=DAY)
    made = sheet(out.getvalue())["B2"]
    assert made.data_type == "s" and made.value.startswith("'")
    assert json.loads(b"".join(files.json_chunks(rows([value]))))["items"][0]["title"] == value


def test_other_values_arrive_as_they_are() -> None:
    text = b"".join(files.csv_chunks(rows(FINE))).decode("utf-8-sig")
    assert [row[1] for row in csv.reader(io.StringIO(text, newline=""))][1:] == FINE
    out = io.BytesIO()
    assert files.write_xlsx(rows(FINE), out, day=DAY) == len(FINE)
    made = sheet(out.getvalue())
    assert [made.cell(number + 2, 2).value or "" for number in range(len(FINE))] == FINE
    assert all(made.cell(number + 2, 1).data_type == "s" for number in range(len(FINE)))


def test_dates_are_iso_and_enums_are_words() -> None:
    row = samples.inventory(1)[0] | {"released": datetime(2026, 11, 20, 15, 20, tzinfo=UTC)}
    item = json.loads(b"".join(files.json_chunks([row])))["items"][0]
    assert item["released"] == "2026-11-20T15:20:00Z" and item["received"] == "2026-11-21"
    assert item["category"] == "Purchased hardware"
    with pytest.raises(DocumentError, match="zone"):
        list(files.json_chunks([row | {"released": datetime(2026, 1, 1)}]))


def test_the_same_rows_give_the_same_workbook() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    files.write_xlsx(samples.inventory(50), first, day=DAY)
    files.write_xlsx(iter(samples.inventory(50)), second, day=DAY)
    assert first.getvalue() == second.getvalue()
    assert load_workbook(first).properties.created.date() == DAY


def test_control_characters_and_huge_cells_are_no_error() -> None:
    value = "a\x00b\x0b" + "x" * 40_000
    out = io.BytesIO()
    files.write_xlsx(rows([value]), out, day=DAY)
    cell = sheet(out.getvalue())["B2"].value
    assert len(cell) == files.CELL_LIMIT and "cut here" in cell
    assert json.loads(b"".join(files.json_chunks(rows([value]))))["items"][0]["title"] == value


def test_a_secret_has_no_place() -> None:
    with pytest.raises(DocumentError, match="password") as caught:
        list(files.csv_chunks([{"id": "1", "password": "hunter2"}]))
    assert "hunter2" not in str(caught.value)


def test_the_page_escapes_and_needs_nothing() -> None:
    page = b"".join(
        files.html_chunks(rows([samples.HOSTILE, *EVIL]), client="<b>&", msp="M", as_of="now")
    ).decode()
    assert "<script" not in page and "&lt;script&gt;" in page and "&lt;b&gt;&amp;" in page
    assert "http" not in page and "src=" not in page
    assert "Nothing is on record." in b"".join(files.html_chunks([], client="c", msp="M", as_of="n")).decode()


def test_rows_are_streamed() -> None:
    def many() -> Iterator[dict[str, Any]]:
        for number in range(20_000):
            yield {"id": str(number), "title": "x" * 200}

    tracemalloc.start()
    for chunks in (files.csv_chunks, files.json_chunks):
        total = sum(len(chunk) for chunk in chunks(many()))
        assert total > 4_000_000
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()
