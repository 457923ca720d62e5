# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about copies that a vendor ships; a fixed number of queries however many there are."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from partwell.records.billing.models import InvoiceLine, ShippedCopy

FOR_STAFF = ("asked", "approved")


def copies_of(client_id: UUID) -> "QuerySet[ShippedCopy]":
    """A client's copies, the newest first."""
    rows = ShippedCopy.objects.select_related("client", "backup_set", "asked_by", "approved_by")
    return rows.filter(client_id=client_id).order_by("-asked_at", "id")


def for_staff(client_id: UUID) -> list[ShippedCopy]:
    """A client's copies that wait for the office: to be quoted or ordered, the oldest first."""
    rows = ShippedCopy.objects.select_related("asked_by").filter(client_id=client_id, state__in=FOR_STAFF)
    return list(rows.order_by("asked_at", "id")[:5])


def under_way(client_id: UUID) -> list[ShippedCopy]:
    """A client's copies that are neither over nor answered with no: wished for, ordered, on their way, or arrived."""
    rows = ShippedCopy.objects.filter(client_id=client_id).exclude(state__in=("no_shipping", "declined"))
    return list(rows.order_by("asked_at", "id"))


def copy_of(copy_id: UUID) -> ShippedCopy | None:
    """One copy with what its page shows."""
    return (
        ShippedCopy.objects.select_related(
            "client", "backup_set", "asked_by", "approved_by", "arrived_confirmed_by", "quote_file", "vendor_invoice"
        )
        .filter(pk=copy_id)
        .first()
    )  # fmt: skip


def to_answer(client_id: UUID) -> list[ShippedCopy]:
    """A client's copies that are quoted, on their way, or billed above what was approved: candidates for its word."""
    rows = copies_of(client_id)
    return [
        one
        for one in rows.exclude(state__in=("asked", "declined", "no_shipping"))
        if one.state in ("quoted", "shipped")
        or (one.vendor_net or 0) > (one.approved_net or 0)
        or one.vendor_currency not in ("", one.quote_currency)
    ]


def paper_lines(copy_id: UUID) -> list[Any]:
    """The lines of the client's papers for a copy, in order, each with its paper."""
    rows = InvoiceLine.objects.select_related("invoice").filter(source_id=copy_id)
    return list(
        rows.filter(source_kind__in=("copy", "copy_credit")).order_by("invoice__issued_at", "position")
    )
