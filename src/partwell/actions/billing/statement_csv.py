# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement as CSV: every time entry, block, paper, payment, pass-through and sum, each with its entry in the log.

UTF-8 with a byte order mark, commas, CRLF (RFC 4180), one header line; minutes are whole, amounts have a decimal
point. Text that a spreadsheet would run gets an apostrophe. Time is read and written in chunks.
"""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from partwell.actions.billing.statement import Statement, time_lines
from partwell.actions.billing.statement_letter import HOURS_WORDS, MONEY_WORDS
from partwell.documents.inventory_files import neutral
from partwell.rules.money import rounded

COLUMNS = ("section", "day", "what", "who", "number", "minutes_real", "minutes_accounted", "drawn_from",
           "net", "tax", "gross", "currency", "request", "entry_of_the_log", "id")  # fmt: skip
CHUNK = 500


def statement_csv(shown: Statement) -> Iterator[str]:
    """The file in pieces; six queries for each 500 time entries."""
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow(COLUMNS)
    for number, row in enumerate(_rows(shown), 1):
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
        if number % 200 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    return neutral(str(value).replace("\0", ""))


def _rows(shown: Statement) -> Iterator[dict[str, Any]]:
    yield from _time(shown)
    for block in shown.blocks:
        yield {
            "section": "bought", "day": block.facts.paid, "what": "Time bought in advance", "who": block.row.approved_by.name,
            "number": block.row.invoice.label if block.row.invoice else "", "minutes_accounted": block.facts.minutes,
            "net": rounded(block.facts.net, block.facts.currency), "currency": block.facts.currency,
            "request": block.row.request.title if block.row.request else "", "entry_of_the_log": block.entry, "id": block.row.id,
        }  # fmt: skip
    for paper in shown.papers:
        row = paper.row
        yield {
            "section": row.kind, "day": row.issued_on, "what": "; ".join(line.text for line in paper.lines)[:500], "number": row.label,
            "net": rounded(row.net, row.currency), "tax": rounded(row.tax, row.currency), "gross": rounded(row.gross, row.currency),
            "currency": row.currency, "entry_of_the_log": paper.entry, "id": row.id,
        }  # fmt: skip
    for payment in shown.payments:
        paid = payment.row
        yield {
            "section": "payment" if paid.amount > 0 else "refund", "day": paid.received_on, "what": paid.reference or paid.reason,
            "number": paid.invoice.label, "gross": rounded(paid.amount, paid.currency), "currency": paid.currency,
            "entry_of_the_log": payment.entry, "id": paid.id,
        }  # fmt: skip
    for passed in shown.passed:
        copy = passed.row
        yield {
            "section": "passed through", "day": copy.asked_at.date(), "what": copy.what, "who": copy.vendor, "number": copy.vendor_number,
            "net": rounded(passed.sums.billed, passed.sums.currency), "currency": passed.sums.currency,
            "entry_of_the_log": passed.entry, "id": copy.id,
        }  # fmt: skip
        if passed.sums.borne:
            yield {
                "section": "passed through", "day": copy.asked_at.date(), "what": f"Borne by the provider: {copy.what}",
                "net": -rounded(passed.sums.borne, passed.sums.currency), "currency": passed.sums.currency,
                "entry_of_the_log": passed.entry, "id": copy.id,
            }  # fmt: skip
    for label, name in HOURS_WORDS:
        yield {"section": "sum of hours", "what": label, "minutes_accounted": getattr(shown.hours, name)}
    for money in shown.money:
        for label, name in MONEY_WORDS:
            amount = rounded(getattr(money, name), money.currency)
            yield {"section": "sum of money", "what": label, "gross": amount, "currency": money.currency}
    for currency, net in shown.passed_sums:
        yield {
            "section": "sum of money",
            "what": "Passed through at cost",
            "net": rounded(net, currency),
            "currency": currency,
        }


def _time(shown: Statement) -> Iterator[dict[str, Any]]:
    rows = shown.entries.select_related("staff", "request").prefetch_related("parts__block__invoice")
    rows = rows.order_by("started_at", "recorded_at", "id")
    for start in range(0, shown.count, CHUNK):
        for line in time_lines(list(rows[start : start + CHUNK])):
            row = line.row
            yield {
                "section": "time", "day": row.day, "what": row.client_note, "who": row.staff.name,
                "minutes_real": row.minutes, "minutes_accounted": row.accounted,
                "drawn_from": "; ".join(f"{name} {minutes}" for name, minutes in line.parts),
                "request": row.request.title if row.request else "", "entry_of_the_log": line.entry, "id": row.id,
            }  # fmt: skip
