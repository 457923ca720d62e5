# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about clients who come back and about the price list; a fixed number of queries."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from partwell.records.billing.models import InvoiceLine, OnboardingStep, Price, ReturnQuote


def quotes_of(client_id: UUID) -> "QuerySet[ReturnQuote]":
    """A client's quotes, the newest first."""
    rows = ReturnQuote.objects.select_related("client", "sent_by", "answered_by", "exception_by", "letter")
    return rows.filter(client_id=client_id).order_by("-sent_at", "id")


def quote_of(quote_id: UUID) -> ReturnQuote | None:
    """One quote with what its page shows."""
    rows = ReturnQuote.objects.select_related("client", "sent_by", "answered_by", "exception_by", "letter")
    return rows.filter(pk=quote_id).first()


def open_quote(client_id: UUID) -> ReturnQuote | None:
    """The quote that waits for the client's answer."""
    return quotes_of(client_id).filter(state="sent").first()


def answers_of(quote_id: UUID) -> list[Any]:
    """The MSP's answers with the pain points they are to, in order."""
    quote = ReturnQuote(pk=quote_id)
    return list(quote.answers.select_related("pain_point").order_by("pain_point__position"))


def steps_of(client_id: UUID) -> list[OnboardingStep]:
    """The onboarding checklist of the newest accepted quote."""
    row = quotes_of(client_id).filter(state="accepted").first()
    return list(row.steps.select_related("done_by")) if row else []


def step_of(step_id: UUID) -> OnboardingStep | None:
    """One line of a checklist."""
    return OnboardingStep.objects.select_related("quote", "done_by").filter(pk=step_id).first()


def fee_paper(quote_id: UUID) -> Any | None:
    """The paper of an accepted quote's fee."""
    rows = InvoiceLine.objects.select_related("invoice")
    line = rows.filter(source_kind="fee", source_id=quote_id).order_by("invoice__issued_at").first()
    return line.invoice if line else None


def prices() -> "QuerySet[Price]":
    """The price list, the newest line first."""
    return Price.objects.select_related("set_by").order_by("-valid_from", "code", "id")
