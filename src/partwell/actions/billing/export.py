# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of papers and time as CSV for accounting and PSA tools, row by row, however many there are.

UTF-8 with a byte order mark, commas, CRLF (RFC 4180), a header line. Numbers have a decimal point and no grouping; days are
days of the MSP's zone, moments are UTC with the zone beside them. Text that a spreadsheet would run gets an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.facts import zone
from partwell.documents.inventory_files import neutral
from partwell.records.billing.models import InvoiceLine
from partwell.records.clients.models import Client
from partwell.records.hours.models import TimeEntry
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.hours import Source
from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal, refuse

LINE_COLUMNS = (
    "paper", "kind", "accounting_number", "state", "issued_on", "due_on", "client", "client_id", "position", "text", "quantity", "unit",
    "unit_price_net", "net", "tax_rate_percent", "tax_treatment", "tax", "gross", "currency", "line_class", "law_profile", "law_version",
    "law_charge", "override", "source", "source_id", "credits_paper", "issued_at_utc", "zone", "paper_id", "line_id",
)  # fmt: skip
TIME_COLUMNS = (
    "client", "client_id", "person", "day", "started_at_utc", "started_at_local", "zone", "minutes_real", "minutes_accounted", "class", "kind",
    "line_class", "note", "asked_by", "request", "reason", "minutes_included", "minutes_prepaid", "minutes_on_account",
    "minutes_not_charged", "takes_back", "recorded_at_utc", "entry_id",
)  # fmt: skip
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Days of the MSP's zone, both included; one client or all. Papers by the day they were issued, time by its day."""

    first: date
    last: date
    client_id: UUID | None = None


def export_lines(*, actor: Actor, wanted: Wanted) -> Iterator[str] | Refusal:
    """The lines of every paper issued in these days, cancelled ones and credit notes too, in order of issue."""
    if (refusal := _refused(actor, wanted)) is not None:
        return refusal
    rows = InvoiceLine.objects.select_related("invoice__client", "invoice__credits").filter(
        invoice__issued_on__range=(wanted.first, wanted.last)
    )
    if wanted.client_id is not None:
        rows = rows.filter(invoice__client_id=wanted.client_id)
    rows = rows.order_by("invoice__issued_at", "invoice_id", "position")
    name = zone()
    return _csv(LINE_COLUMNS, (_line(one, name) for one in rows.iterator(CHUNK)))


def export_time(*, actor: Actor, wanted: Wanted) -> Iterator[str] | Refusal:
    """The time of these days as it was recorded, reversals as negative entries. Internal notes stay inside (R4)."""
    if (refusal := _refused(actor, wanted)) is not None:
        return refusal
    rows = TimeEntry.objects.select_related("client", "staff", "request").prefetch_related("parts")
    rows = rows.filter(day__range=(wanted.first, wanted.last))
    if wanted.client_id is not None:
        rows = rows.filter(client_id=wanted.client_id)
    name = zone()
    at = ZoneInfo(name)
    entries = rows.order_by("started_at", "recorded_at", "id").iterator(CHUNK)
    return _csv(TIME_COLUMNS, (_entry(one, name, at) for one in entries))


def _refused(actor: Actor, wanted: Wanted) -> Refusal | None:
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.read")) is not None:
        return refusal
    if wanted.last < wanted.first:
        return refuse("invalid_input", where="The last day", problem="it lies before the first")
    if wanted.client_id is not None and not Client.objects.filter(pk=wanted.client_id).exists():
        return refuse("not_found")
    return None


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Text in pieces of some rows. A spreadsheet reads UTF-8 by the mark at the start."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if number % 200 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"  # a number: its minus sign is no formula
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, int):
        return str(value)
    return neutral(str(value).replace("\0", ""))


def _line(row: InvoiceLine, name: str) -> list[Any]:
    paper, law = row.invoice, row.verdict or {}

    def money(value: Decimal) -> Decimal:
        return rounded(value, paper.currency)

    return [
        paper.label, paper.kind, paper.external_number, paper.state, paper.issued_on, paper.due_on, paper.client.name, paper.client_id,
        row.position, row.text, _short(row.quantity), row.unit, _short(row.unit_price), money(row.net), _short(row.rate), row.treatment,
        money(row.tax), money(row.net + row.tax), paper.currency, row.line_class, law.get("profile", ""), law.get("version"),
        law.get("charge", ""), row.override, row.source_kind, row.source_id, paper.credits.label if paper.credits else "",
        paper.issued_at, name, paper.id, row.id,
    ]  # fmt: skip


def _short(value: Decimal) -> Decimal:
    text = f"{value:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _entry(row: TimeEntry, name: str, at: ZoneInfo) -> list[Any]:
    drawn = dict.fromkeys(Source, 0)
    for part in row.parts.all():
        drawn[Source(part.source)] += part.minutes
    local = row.started_at.astimezone(at).isoformat(timespec="seconds")
    return [
        row.client.name, row.client_id, row.staff.name, row.day, row.started_at, local, name, row.minutes, row.accounted, row.work_class, row.kind,
        row.line_class, row.client_note, row.asked_by, row.request.title if row.request else "", row.reason,
        drawn[Source.INCLUDED], drawn[Source.BLOCK], drawn[Source.ON_ACCOUNT], drawn[Source.NOT_CHARGED],
        row.reverses_id, row.recorded_at, row.id,
    ]  # fmt: skip
