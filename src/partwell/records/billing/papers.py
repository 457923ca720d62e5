# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers with what came in for them, series and law profiles: a fixed number of queries, however many papers there are."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.apps import apps
from django.db.models import Count, F, Max, Min, Q, QuerySet

from partwell.records.billing.models import ClientProfile, Invoice, InvoiceLine, Payment, Series
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState
from partwell.rules.money import settled

__all__ = ["ClientProfile", "Invoice", "InvoiceLine", "Payment", "Series"]

SHOWS = ("open", "overdue", "paid", "cancelled", "credit")


@dataclass(frozen=True, slots=True)
class Balance:
    """One paper in its currency: ``credited`` by credit notes (above zero), ``received`` less refunds."""

    asked: Decimal
    credited: Decimal
    received: Decimal

    @property
    def open(self) -> Decimal:
        """What is still to be paid; below zero: what is owed to the client."""
        return settled(self.asked - self.credited, [self.received])


def visible_to(actor: Actor) -> "QuerySet[Invoice]":
    """Papers this actor may know of: staff all, a client's contact its own, nobody else any."""
    rows = Invoice.objects.select_related("client", "credits")
    if actor.is_staff:
        return rows
    if actor.kind == "client" and actor.client_id:
        return rows.filter(client_id=actor.client_id)
    return rows.none()


def papers(
    actor: Actor, *, today: date, client_id: UUID | None = None, show: str = "", words: str = ""
) -> "QuerySet[Invoice]":
    """Papers, newest first. ``show``: one of ``SHOWS`` or empty for all; ``words``: in label, number or client's name."""
    return _found(actor, client_id, words).filter(_shown(show, today)).order_by("-issued_at", "-id")


def _found(actor: Actor, client_id: UUID | None, words: str) -> "QuerySet[Invoice]":
    rows = visible_to(actor)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    if words:
        rows = rows.filter(
            Q(label__icontains=words) | Q(external_number__icontains=words) | Q(client__name__icontains=words)
        )
    return rows


def _shown(show: str, today: date) -> Q:
    asked = ~Q(kind="credit_note")
    return {
        "open": asked & Q(state=InvoiceState.OPEN),
        "overdue": asked & Q(state=InvoiceState.OPEN, due_on__lt=today),
        "paid": asked & Q(state=InvoiceState.PAID),
        "cancelled": asked & Q(state=InvoiceState.CANCELLED),
        "credit": Q(kind="credit_note"),
    }.get(show, Q())


def counts(actor: Actor, *, today: date, client_id: UUID | None = None, words: str = "") -> dict[str, int]:
    """How many papers each filter shows among those that have ``words``, and all of them under ``all``; one query."""
    rows = _found(actor, client_id, words)
    found = {f"n_{name}": Count("pk", filter=_shown(name, today)) for name in SHOWS}
    made = rows.order_by().aggregate(**found, n_all=Count("pk"))
    return {name.removeprefix("n_"): number for name, number in made.items()}


def paper_count(client_id: UUID) -> int:
    """How many papers a client has."""
    return Invoice.objects.filter(client_id=client_id).count()


def open_sums(actor: Actor, *, client_id: UUID | None = None) -> list[tuple[str, Decimal]]:
    """What is open, a sum for each currency. Added up here: SQLite would add binary fractions."""
    rows = visible_to(actor).filter(_shown("open", date.max))
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    found = list(rows.order_by())
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row, balance in zip(found, balances(found), strict=True):
        sums[row.currency] += balance.open
    return sorted(sums.items())


def balances(rows: Iterable[Invoice]) -> list[Balance]:
    """The balance of each paper, in order; two queries for each five hundred."""
    found = list(rows)
    received: dict[UUID, Decimal] = defaultdict(Decimal)
    credited: dict[UUID, Decimal] = defaultdict(Decimal)
    for start in range(0, len(found), 500):
        ids = [row.id for row in found[start : start + 500]]
        for paper, amount in Payment.objects.filter(invoice_id__in=ids).values_list("invoice_id", "amount"):
            received[paper] += amount
        for note in Invoice.objects.filter(credits_id__in=ids).only("credits_id", "gross"):
            if note.credits_id is not None:
                credited[note.credits_id] -= note.gross
    return [Balance(row.gross, credited[row.id], received[row.id]) for row in found]


def balance_of(row: Invoice) -> Balance:
    """The balance of one paper; two queries."""
    return balances([row])[0]


def paper_of(actor: Actor, paper_id: UUID) -> Invoice | None:
    """One paper with its letter, if this actor may know of it."""
    return visible_to(actor).select_related("letter", "offboarding", "series").filter(pk=paper_id).first()


def lines_of(paper_id: UUID) -> "QuerySet[InvoiceLine]":
    """A paper's lines in order, with who overrode a profile."""
    return (
        InvoiceLine.objects.select_related("invoice", "override_by")
        .filter(invoice_id=paper_id)
        .order_by("position")
    )


def payments_of(paper_id: UUID) -> "QuerySet[Payment]":
    """What came in and went back, the oldest first."""
    rows = Payment.objects.select_related("proof", "recorded_by").filter(invoice_id=paper_id)
    return rows.order_by("recorded_at", "id")


def credit_notes_of(paper_id: UUID) -> "QuerySet[Invoice]":
    """Credit notes over a paper."""
    return Invoice.objects.filter(credits_id=paper_id).order_by("issued_at")


def series_rows() -> "QuerySet[Series]":
    """Every series in use or set up, with first and last number and how many papers; one query."""
    return Series.objects.annotate(
        first=Min("invoices__number"), last=Max("invoices__number"), size=Count("invoices"),
        cancelled=Count("invoices", filter=Q(invoices__state=InvoiceState.CANCELLED)),
    ).order_by("code")  # fmt: skip


def numbers_of(code: str) -> "QuerySet[Invoice]":
    """The papers of a series by number, the newest first: each number once, cancelled ones too."""
    return Invoice.objects.select_related("client", "credits").filter(series__code=code).order_by("-number")


def missing_numbers(code: str) -> list[int]:
    """Numbers of a series that no paper has although a later one was given; asked, not assumed: always none."""
    rows = Invoice.objects.filter(series__code=code).order_by("number").values_list("number", flat=True)
    numbers = list(rows)
    have = set(numbers)
    return [one for one in range(numbers[0], numbers[-1]) if one not in have] if numbers else []


def profiles_of(client_id: UUID) -> "list[ClientProfile]":
    """The law profiles of a client, those in force first; removed ones stay readable."""
    rows = ClientProfile.objects.select_related("set_by").filter(client_id=client_id)
    return list(rows.order_by(F("removed_at").desc(nulls_first=True), "-set_at"))


def requests_of_blocks(block_ids: "Iterable[UUID]") -> dict[UUID, tuple[UUID, str]]:
    """Block → the request that it was bought for (id and title); one query."""
    blocks = apps.get_model("hours", "Block")._default_manager.filter(pk__in=list(block_ids))
    rows = blocks.exclude(request=None).values_list("pk", "request_id", "request__title")
    return {block: (request, title) for block, request, title in rows}
