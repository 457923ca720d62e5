# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about papers, payments and what was passed through; a fixed number of queries however many there are."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet

from partwell.records.billing.models import Invoice, InvoiceLine, Payment, ShippedCopy, Statement


def papers_between(
    client_id: UUID, offboarding_id: UUID | None, first: datetime | None, last: datetime | None
) -> "QuerySet[Invoice]":
    """A departure's papers, and those of no departure issued between two moments; the oldest first."""
    beside = Q(offboarding=None)
    if first is not None:
        beside &= Q(issued_at__gte=first)
    if last is not None:
        beside &= Q(issued_at__lte=last)
    wanted = beside | Q(offboarding_id=offboarding_id) if offboarding_id else beside
    rows = Invoice.objects.filter(wanted, client_id=client_id)
    return rows.select_related("credits", "letter").order_by("issued_at", "label")


def lines_of(invoice_ids: Iterable[UUID]) -> "QuerySet[InvoiceLine]":
    """The lines of these papers, in their order."""
    return InvoiceLine.objects.filter(invoice_id__in=list(invoice_ids)).order_by("invoice_id", "position")


def payments_of(invoice_ids: Iterable[UUID]) -> "QuerySet[Payment]":
    """Payments and refunds of these papers with their proofs, the oldest first."""
    rows = Payment.objects.filter(invoice_id__in=list(invoice_ids)).select_related(
        "invoice", "proof", "recorded_by"
    )
    return rows.order_by("received_on", "recorded_at")


def copies_between(client_id: UUID, offboarding_id: UUID | None) -> "QuerySet[ShippedCopy]":
    """Copies that a vendor was asked to ship for a departure, with the vendor's invoice."""
    rows = ShippedCopy.objects.filter(
        Q(offboarding_id=offboarding_id) | Q(offboarding=None), client_id=client_id
    )
    return rows.select_related("vendor_invoice", "backup_set", "approved_by").order_by("asked_at", "id")


def credited_of(kind: str, source_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Net credited so far for each thing that a line was for (a block, a copy), as a number above zero."""
    # Summed here and not by the database: SQLite would add binary fractions.
    rows = InvoiceLine.objects.filter(
        invoice__kind="credit_note", source_kind=kind, source_id__in=list(source_ids)
    )
    found: dict[UUID, Decimal] = {}
    for source, net in rows.values_list("source_id", "net"):
        if source is not None:
            found[source] = found.get(source, Decimal(0)) - net
    return found


def statements_of(client_id: UUID) -> "QuerySet[Statement]":
    """Statements that were made for a client, the newest first."""
    return Statement.objects.filter(client_id=client_id).select_related("letter").order_by("-made_at", "-id")


def statement(statement_id: UUID) -> Statement | None:
    """One statement with its letter."""
    return Statement.objects.select_related("client", "letter").filter(pk=statement_id).first()


def copy_of_invoice(client_id: UUID, file_id: UUID) -> ShippedCopy | None:
    """The client's copy whose vendor's invoice is this file."""
    rows = ShippedCopy.objects.select_related("vendor_invoice__unit")
    return rows.filter(client_id=client_id, vendor_invoice_id=file_id).first()
