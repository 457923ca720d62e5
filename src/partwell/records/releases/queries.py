# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person may see of releases, each with a fixed number of queries. Strangers find nothing."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine, Reveal
from partwell.rules.actor import Actor
from partwell.rules.terms import Party

__all__ = ["ApprovalRequest", "Release", "ReleaseLine", "Reveal"]


def visible_to(actor: Actor) -> "QuerySet[Release]":
    """The releases an actor may know of: staff all, a client its own, a provider what was sent to its firm."""
    if actor.is_staff:
        return Release.objects.all()
    if actor.kind == "client":
        return Release.objects.filter(client=actor.client_id)
    if actor.kind == "provider":
        mine = Release.objects.filter(
            client=actor.client_id, party=Party.PROVIDER, recipient=actor.recipient_id
        )
        return mine.filter(lines__state="sent").distinct()
    return Release.objects.none()


def lines_visible_to(actor: Actor) -> "QuerySet[ReleaseLine]":
    """The lines: a provider's are those that were sent, nothing of what was asked, declined or stopped."""
    lines = ReleaseLine.objects.filter(release__in=visible_to(actor))
    return lines.filter(state="sent") if actor.kind == "provider" else lines


def _state(name: str, **more: Any) -> Count:
    return Count("lines", filter=Q(lines__state=name, **more))


def releases_page(actor: Actor, client_id: UUID | None, number: Any, size: int = 25) -> "Page[Any]":
    """Releases, newest first, with counts of their lines; two queries."""
    rows = (
        visible_to(actor)
        if actor.kind != "provider"
        else Release.objects.filter(pk__in=visible_to(actor).values("pk"))
    )
    if client_id is not None:
        rows = rows.filter(client=client_id)
    rows = rows.select_related("client", "recipient", "person", "contact", "released_by", "approval").annotate(
        sent=_state("sent"), asked=_state("asked"), declined=_state("declined"), stopped=_state("stopped"),
        confirmed=_state("sent", lines__answer="confirmed"), objected=_state("sent", lines__answer="objected"),
    )  # fmt: skip
    return Paginator(rows.order_by("-released_at", "-number"), size).get_page(number)


@dataclass(frozen=True)
class Seen:
    """One release as its reader may see it: lines in the order people read, and each line's reveals."""

    release: Release
    lines: list[ReleaseLine]
    approval: ApprovalRequest | None
    reveals: dict[UUID, list[Reveal]] = field(default_factory=dict)


def release_seen(actor: Actor, release_id: UUID) -> Seen | None:
    """A release with everything its reader may see, or None for a stranger; three queries."""
    rows = Release.objects.filter(pk__in=visible_to(actor).values("pk"))
    release = (
        rows.select_related(
            "client", "recipient", "person", "contact", "released_by", "authorisation", "offboarding"
        )
        .filter(pk=release_id)
        .first()
    )
    if release is None:
        return None
    found = (
        ReleaseLine.objects.filter(release=release)
        .select_related("item", "document")
        .order_by("category", "title")
    )
    if actor.kind == "provider":
        found = found.filter(state="sent")
    lines = list(found.prefetch_related(Prefetch("reveals", Reveal.objects.order_by("made_at"))))
    for line in lines:
        line.release = release
    reveals = {line.id: list(line.reveals.all()) for line in lines if line.method == "reveal"}
    approval = ApprovalRequest.objects.select_related("decided_by").filter(release=release).first()
    return Seen(release, lines, None if actor.kind == "provider" else approval, reveals)


def received_lines(actor: Actor) -> list[ReleaseLine]:
    """Everything that was sent to the actor's own side, unanswered first; two queries."""
    party = Party.CLIENT if actor.kind == "client" else Party.PROVIDER
    lines = lines_visible_to(actor).filter(state="sent", release__party=party)
    return list(
        lines.select_related("release", "document", "item")
        .prefetch_related(Prefetch("reveals", Reveal.objects.order_by("made_at")))
        .order_by("answer", "-sent_at", "category", "title")
    )


def waiting_count(recipient_id: UUID) -> int:
    """How many items wait for the client's word before they may go to this recipient. Their titles are not the recipient's."""
    return ReleaseLine.objects.filter(release__recipient=recipient_id, state="asked").count()


def open_requests(client_id: UUID) -> list[ApprovalRequest]:
    """What the client is asked, oldest first, each with its open lines; two queries."""
    requests = ApprovalRequest.objects.filter(release__client=client_id, state="open").order_by("asked_at")
    lines = (
        ReleaseLine.objects.filter(state="asked")
        .select_related("item", "document")
        .order_by("category", "title")
    )
    return list(
        requests.select_related(
            "release__recipient", "release__person", "release__released_by"
        ).prefetch_related(Prefetch("release__lines", lines, to_attr="open_lines"))
    )


def request_seen(actor: Actor, request_id: UUID) -> ApprovalRequest | None:
    """One request of the actor's client with all lines that were asked; two queries."""
    asked = ReleaseLine.objects.filter(
        Q(state__in=("asked", "declined")) | Q(sent_at=None) | ~Q(refusal="")
    ).select_related("document")
    return (
        ApprovalRequest.objects.filter(pk=request_id, release__client=actor.client_id)
        .select_related(
            "release__recipient",
            "release__person",
            "release__released_by",
            "release__authorisation",
            "decided_by",
        )
        .prefetch_related(
            Prefetch("release__lines", asked.order_by("category", "title"), to_attr="open_lines")
        )
        .first()
    )


def objections_open(client_id: UUID) -> list[ReleaseLine]:
    """Objections that staff have not answered."""
    lines = ReleaseLine.objects.filter(
        release__client=client_id, answer="objected", objection_answered_at=None
    )
    return list(lines.select_related("release__recipient", "item").order_by("answered_at"))


def released_items(client_id: UUID, item_ids: list[UUID]) -> dict[UUID, list[str]]:
    """Item id → to whom it was released before, for the wizard."""
    out: dict[UUID, list[str]] = defaultdict(list)
    lines = ReleaseLine.objects.filter(release__client=client_id, state="sent", item__in=item_ids)
    for line in lines.select_related("release__recipient", "release__contact").order_by("sent_at"):
        release = line.release
        name = (
            release.recipient.firm
            if release.recipient
            else (release.contact.name if release.contact else "the client")
        )
        if name not in out[line.item_id]:
            out[line.item_id].append(name)
    return dict(out)
