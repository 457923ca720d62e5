# SPDX-License-Identifier: AGPL-3.0-or-later
"""Departures and what belongs to them as querysets, for whoever pages them by key."""

from uuid import UUID

from django.db.models import QuerySet

from partwell.records.offboardings.models import (
    Acceptance,
    AcceptanceLine,
    DateChange,
    LawfulPause,
    Offboarding,
    PlanStep,
    TransitionTerm,
)


def offboardings(client_id: UUID) -> "QuerySet[Offboarding]":
    """A client's departures, open, withdrawn or closed."""
    return (
        Offboarding.objects.filter(client_id=client_id)
        .select_related("owner", "client")
        .prefetch_related("pain_points")
    )


def offboarding(offboarding_id: UUID) -> Offboarding | None:
    """One departure with its client, owner and pain points."""
    rows = Offboarding.objects.select_related("owner", "client", "acknowledgement__unit").prefetch_related(
        "pain_points"
    )
    return rows.filter(pk=offboarding_id).first()


def steps(offboarding_id: UUID) -> "QuerySet[PlanStep]":
    """The plan's steps that were not taken out."""
    return PlanStep.objects.filter(offboarding_id=offboarding_id, removed_at=None).select_related("owner")


def date_changes(offboarding_id: UUID) -> "QuerySet[DateChange]":
    """Proposals to move dates, decided or not."""
    return DateChange.objects.filter(offboarding_id=offboarding_id)


def terms(offboarding_id: UUID) -> "QuerySet[TransitionTerm]":
    """Transition terms, agreed or not."""
    return TransitionTerm.objects.filter(offboarding_id=offboarding_id)


def pauses(client_id: UUID) -> "QuerySet[LawfulPause]":
    """Lawful pauses of a client (R11), lifted ones too."""
    return LawfulPause.objects.filter(client_id=client_id).select_related("placed_by", "lifted_by")


def acceptances(offboarding_id: UUID) -> "QuerySet[Acceptance]":
    """Every version of the acceptance."""
    return Acceptance.objects.filter(offboarding_id=offboarding_id).select_related("signed_by")


def acceptance(acceptance_id: UUID) -> Acceptance | None:
    """One version of an acceptance."""
    return Acceptance.objects.select_related("offboarding").filter(pk=acceptance_id).first()


def acceptance_lines(acceptance_id: UUID) -> "QuerySet[AcceptanceLine]":
    """The lines of one version, with their items."""
    return AcceptanceLine.objects.filter(acceptance_id=acceptance_id).select_related("item")
