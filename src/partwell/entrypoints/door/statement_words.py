# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement as both doors show it: sums in people's words, each line with the ways to what is behind it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from partwell.actions.billing.statement import Statement, TimeLine, time_page
from partwell.actions.billing.statement_csv import statement_csv
from partwell.actions.facts import zone
from partwell.entrypoints.door.hours_words import UNUSED_WORDS
from partwell.entrypoints.theme.hours_chart import chart_of
from partwell.records.evidence.queries import covered
from partwell.rules.consent import day_in

PAPER_KINDS = {
    "request": _("Payment request"),
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
}
COLUMN_WORDS = {
    "included": _("included"),
    "block": _("bought"),
    "on_account": _("on account"),
    "as_is": _("as it exists"),
    "goodwill": _("goodwill"),
    "service": _("service"),
}


@dataclass(frozen=True)
class Ways:
    """Addresses of one door: each takes an id and gives a path, or "" where that door has no such page."""

    evidence: str
    paper: Callable[[Any], str]
    request: Callable[[Any], str]
    vendor_file: Callable[[Any], str]
    proof_file: Callable[[Any], str]
    copy: Callable[[Any], str]


A_PAGE = 30  # papers, payments


def context_of(shown: Statement, query: Mapping[str, str], ways: Ways) -> dict[str, Any]:
    """What ``door/statement.html`` shows; ``query``: of the address, with the pages of work, papers and payments."""
    lines, found = time_page(shown, query.get("page") or "1")
    papers = Paginator(shown.papers, A_PAGE).get_page(query.get("papers"))
    payments = Paginator(shown.payments, A_PAGE).get_page(query.get("payments"))
    months = [
        {"first": one.first, "total": one.total, "cells": [getattr(one, name) for name in _used(shown)]}
        for one in reversed(shown.months)
    ]
    return {
        "s": shown,
        "unused": UNUSED_WORDS[shown.terms.unused],
        "size": covered(),
        "chart": chart_of(shown.course, _until(shown)),
        "burn": {
            "included": shown.hours.included,
            "used": shown.hours.used,
            "prepaid": shown.hours.bought - shown.hours.settled,
        },
        "months": months,
        "columns": [COLUMN_WORDS[name] for name in _used(shown)],
        "sums": [sum(getattr(one, name) for one in shown.months) for name in _used(shown)],
        "month_total": sum(one.total for one in shown.months),
        "blocks": [_block(one, ways) for one in shown.blocks],
        "promised": [{"one": one, "url": ways.request(one.row.id), "entry": _entry(one.entry, ways)} for one in shown.promised],
        "papers": [_paper(one, ways) for one in papers.object_list],
        "papers_page": papers,
        "payments": [
            {
                "one": one,
                "url": ways.paper(one.row.invoice_id),
                "proof_url": ways.proof_file(one.row) if one.row.proof_id else "",
                "entry": _entry(one.entry, ways),
            }
            for one in payments.object_list
        ],
        "payments_page": payments,
        "passed": [
            {
                "one": one,
                "file_url": ways.vendor_file(one.row.vendor_invoice_id) if one.row.vendor_invoice_id else "",
                "url": ways.copy(one.row.id),
                "papers": [{"label": paper.label, "url": ways.paper(paper.id)} for paper in one.papers],
                "entry": _entry(one.entry, ways),
                "approval": _entry(one.approval, ways),
            }
            for one in shown.passed
        ],
        "lines": [
            {
                "row": one.row,
                "parts": list(_parts(one, ways)),
                "url": ways.request(one.row.request_id) if one.row.request_id else "",
                "entry": _entry(one.entry, ways),
            }
            for one in lines
        ],
        "page": found,
    }  # fmt: skip


def _until(shown: Statement) -> date:
    row = shown.offboarding
    ended = (row.closed_at or row.withdrawn_at) if row else None
    return day_in(ended or shown.at, zone())


def _used(shown: Statement) -> list[str]:
    """The columns that hold anything; included time always."""
    return [
        name for name in COLUMN_WORDS if name == "included" or any(getattr(one, name) for one in shown.months)
    ]


def _entry(number: int | None, ways: Ways) -> dict[str, Any] | None:
    return None if number is None else {"index": number, "url": f"{ways.evidence}{number}/"}


def _parts(line: TimeLine, ways: Ways) -> Iterator[tuple[int, str, str, str, bool]]:
    """Minutes, the source in words, the paper of a block with its address, and whether they were given back."""
    for name, minutes in line.parts:
        column, _space, label = name.partition(" ")
        url = ways.paper(line.papers[label]) if label else ""
        yield abs(minutes), str(COLUMN_WORDS[column]), label, url, minutes < 0


def _block(one: Any, ways: Ways) -> dict[str, Any]:
    row = one.row
    return {
        "one": one,
        "asked": row.request.title if row.request else "",
        "request_url": ways.request(row.request_id) if row.request_id else "",
        "paper_url": ways.paper(row.invoice_id) if row.invoice_id else "",
        "entry": _entry(one.entry, ways),
    }


def _paper(one: Any, ways: Ways) -> dict[str, Any]:
    credit = one.balance is not None and one.balance < 0
    return {
        "one": one,
        "kind": PAPER_KINDS[one.row.kind],
        "url": ways.paper(one.row.id),
        "credit": -one.balance if credit else None,
        "entry": _entry(one.entry, ways),
    }


def csv_response(shown: Statement) -> StreamingHttpResponse:
    """Every line and sum as CSV, streamed."""
    response = StreamingHttpResponse(statement_csv(shown), content_type="text/csv; charset=utf-8")
    name = f"statement-{shown.at:%Y-%m-%d}-{shown.client.name}.csv"
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
