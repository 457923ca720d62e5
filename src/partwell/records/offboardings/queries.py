# SPDX-License-Identifier: AGPL-3.0-or-later
"""Departures with everything that their board and pages show, in a fixed number of queries however many there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from partwell.records.offboardings.models import (
    Acceptance,
    AcceptanceLine,
    DateChange,
    LawfulPause,
    Offboarding,
    PlanStep,
    TransitionTerm,
)
from partwell.rules.terms import AuthorisationState, ContactRole, OffboardingState, RecipientKind

__all__ = ["Acceptance", "AcceptanceLine", "DateChange", "Offboarding", "PlanStep", "TransitionTerm"]


def _of(noun: str, model: str) -> Any:
    """Another noun's model; siblings know each other by name only (HOUSE.md)."""
    return apps.get_model(noun, model).objects


def _rows() -> "QuerySet[Offboarding]":
    return Offboarding.objects.select_related(
        "client", "owner", "outside_contact", "notice_from", "received_by"
    )


def offboarding_of(offboarding_id: UUID) -> Offboarding | None:
    """One departure with its people and files."""
    return _rows().select_related("notice_file", "acknowledgement").filter(pk=offboarding_id).first()


def on_the_board(today: date) -> "list[Offboarding]":
    """What is open, and what is closed while its data are still kept: until their day, and beyond it while a set is there."""
    kept = Q(keep_until__gte=today)
    there = Q(client__backup_sets__removed_at=None, client__backup_sets__gone_at=None, client__backup_sets__keep_until__isnull=False)  # fmt: skip
    later = Offboarding.objects.filter(client=OuterRef("client"), opened_at__gt=OuterRef("opened_at"))
    late = there & ~Exists(later.exclude(state=OffboardingState.WITHDRAWN))
    shown = Offboarding.objects.filter(state=OffboardingState.CLOSED).filter(kept | late).values("pk")
    found = _rows().filter(Q(state=OffboardingState.OPEN) | Q(pk__in=shown))
    return list(found.order_by("end_of_service", "id"))


@dataclass
class Around:
    """What lies around departures: by offboarding, or by client where it belongs to the client."""

    consents: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    recipients: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    terms_accepted: set[UUID] = field(default_factory=set)
    contacts: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    agreements: dict[UUID, Any] = field(default_factory=dict)
    pauses: dict[UUID, list[LawfulPause]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[UUID, list[PlanStep]] = field(default_factory=lambda: defaultdict(list))
    terms: dict[UUID, list[TransitionTerm]] = field(default_factory=lambda: defaultdict(list))
    proposals: dict[UUID, list[DateChange]] = field(default_factory=lambda: defaultdict(list))
    acceptances: dict[UUID, Acceptance] = field(default_factory=dict)
    approvals: dict[UUID, int] = field(default_factory=dict)
    objections: dict[UUID, int] = field(default_factory=dict)


def around(rows: Sequence[Offboarding]) -> Around:
    """Read what lies around these departures: twelve queries, whatever their number and the size of their estates."""
    clients, ids, found = [row.client_id for row in rows], [row.id for row in rows], Around()
    consents = _of("authorisations", "Authorisation").select_related("recipient", "signatory")
    for one in (
        consents.filter(client__in=clients)
        .exclude(state=AuthorisationState.DRAFT)
        .exclude(proposed_at=None, granted_at=None)
        .order_by("-version")
    ):
        found.consents[one.client_id].append(one)
    firms = _of("authorisations", "Recipient").filter(client__in=clients, kind=RecipientKind.NEW_PROVIDER)
    for one in firms.order_by("added_at").prefetch_related("persons"):
        found.recipients[one.client_id].append(one)
    accepted = _of("authorisations", "TermsAcceptance").filter(person__recipient__client__in=clients)
    found.terms_accepted = set(accepted.values_list("person_id", flat=True))
    for one in _of("clients", "Contact").filter(client__in=clients, left_at=None).prefetch_related("proofs"):
        found.contacts[one.client_id].append(one)
    for one in _of("clients", "Agreement").filter(client__in=clients, replaced_at=None).order_by("version"):
        found.agreements[one.client_id] = one
    for pause in LawfulPause.objects.filter(client__in=clients, lifted_at=None):
        found.pauses[pause.client_id].append(pause)
    for step in PlanStep.objects.filter(offboarding__in=ids, removed_at=None).select_related("owner"):
        found.steps[step.offboarding_id].append(step)
    for term in TransitionTerm.objects.filter(offboarding__in=ids, state="agreed"):
        found.terms[term.offboarding_id].append(term)
    for change in DateChange.objects.filter(offboarding__in=ids, state="proposed").order_by("asked_at"):
        found.proposals[change.offboarding_id].append(change)
    acceptances = Acceptance.objects.filter(offboarding__in=ids).exclude(state="replaced")
    for acceptance in acceptances.select_related("signed_by", "document").order_by("version"):
        found.acceptances[acceptance.offboarding_id] = acceptance
    found.approvals = _counted(_of("releases", "ApprovalRequest").filter(state="open"), clients)
    objected = _of("releases", "ReleaseLine").filter(
        state="sent", answer="objected", objection_answered_at=None
    )
    found.objections = _counted(objected, clients)
    return found


def _counted(rows: Any, clients: Iterable[UUID]) -> dict[UUID, int]:
    return dict(
        rows.filter(release__client__in=list(clients))
        .values_list("release__client_id")
        .annotate(n=Count("pk"))
        .order_by()
    )


def signatories(contacts: Iterable[Any]) -> list[Any]:
    """Those who may sign, by name."""
    return sorted((one for one in contacts if one.role == ContactRole.SIGNATORY), key=lambda one: one.name)


def pain_points(offboarding_id: UUID) -> list[str]:
    """In the client's own words (R9)."""
    return list(
        Offboarding(pk=offboarding_id).pain_points.order_by("position").values_list("words", flat=True)
    )


def step_pictures(offboarding_id: UUID) -> dict[UUID, list[Any]]:
    """The pictures that prove the plan's steps, by step; one query."""
    steps = PlanStep.objects.filter(offboarding=offboarding_id).values("pk")
    found: dict[UUID, list[Any]] = defaultdict(list)
    rows = _of("vault", "Picture").filter(subject_kind="step", subject_id__in=steps)
    for one in rows.order_by("taken_at"):
        found[one.subject_id].append(one)
    return dict(found)


def steps_taken_out(offboarding_id: UUID) -> "list[PlanStep]":
    """What does not apply here, the newest first; the reason stands at the end of its note."""
    rows = PlanStep.objects.filter(offboarding_id=offboarding_id).exclude(removed_at=None)
    return list(rows.order_by("-removed_at", "title"))


def tab_counts(offboarding: Offboarding) -> dict[str, int]:
    """What the tabs count, in three queries."""
    items = _of("estate", "Item").present().filter(client=offboarding.client_id).count()
    said = _of("correspondence", "Message").filter(client=offboarding.client_id).count()
    return {
        "estate": items,
        "said": said + _of("correspondence", "Call").filter(client=offboarding.client_id).count(),
    }


def date_history(offboarding_id: UUID) -> "list[DateChange]":
    """Every proposal to move a date with its term, the newest first."""
    rows = DateChange.objects.filter(offboarding_id=offboarding_id).select_related("decided_by")
    return list(rows.prefetch_related("terms").order_by("-asked_at"))


def acceptance_lines(acceptance_id: UUID) -> "QuerySet[AcceptanceLine]":
    """The lines of a list, to be paged."""
    rows = AcceptanceLine.objects.filter(acceptance_id=acceptance_id).select_related("item")
    return rows.order_by("item__category", "item__title", "id")


def acceptance_tally(acceptance_id: UUID) -> dict[str, dict[str, int]]:
    """How many lines stand where, and how many were answered how; two queries."""
    rows = AcceptanceLine.objects.filter(acceptance_id=acceptance_id)
    out: dict[str, dict[str, int]] = {}
    for name in ("standing", "answer"):
        out[name] = dict(rows.values_list(name).annotate(n=Count("pk")).order_by())
    return out


def newest_release(client_id: UUID) -> Any:
    """The newest release with something in it that left, with its newest line; None while nothing left."""
    lines = _of("releases", "ReleaseLine").filter(release__client=client_id, state="sent")
    return lines.select_related("release__recipient").order_by("-sent_at", "-release__number").first()


def letter_waits(key: str) -> bool:
    """Whether a letter's job is queued or running."""
    return bool(_of("jobs", "Job").filter(key=key, state__in=["queued", "running"]).exists())
