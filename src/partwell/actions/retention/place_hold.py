# SPDX-License-Identifier: AGPL-3.0-or-later
"""A legal hold is placed: from this moment it stops every deletion that it covers, one that is running too (R6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.retention.office import client_path, tell_office
from partwell.actions.retention.stop import stop_covered
from partwell.records.clients.models import Client
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, HeldSet, Hold
from partwell.rules import lifecycle, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse, show

LONGEST = 8000


@dataclass(frozen=True, slots=True)
class HoldWish:
    """A hold as it is described. ``asked_by``: a court, a lawyer, an insurer, the client; ``set_ids``: what it covers,
    or ``whole_client``: everything of the client, also what is recorded later. ``internal_note`` is privileged (R4)."""

    title: str
    description: str
    asked_by: str
    review_on: date
    whole_client: bool = False
    set_ids: Sequence[UUID] = ()
    internal_note: str = ""


def place_hold(*, actor: Actor, client_id: UUID, wish: HoldWish) -> Hold | Refusal:
    """Place it; every open deletion that it covers is stopped in the same deed.

    Refused while title, asker, scope or a day of review in the future is missing; foreign sets are ``not_found``.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "hold.place")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "hold.place")) is not None:
            return deed.refuse(gone, subject=client.id, verb="hold.place")
        wanted = set(wish.set_ids)
        rows = list(BackupSet.objects.filter(pk__in=wanted, client=client, removed_at=None).order_by("name"))
        if len(rows) != len(wanted):
            return refuse("not_found")
        today = day_in(deed.now, zone())
        said = all(one.strip() for one in (wish.title, wish.description, wish.asked_by))
        if not said or wish.whole_client == bool(wanted) or wish.review_on <= today:
            return deed.refuse(refuse("hold_incomplete"), subject=client.id, verb="hold.place")
        hold = deed.add(
            Hold(
                client=client,
                title=wish.title.strip()[:200],
                description=wish.description.strip()[:LONGEST],
                asked_by=wish.asked_by.strip()[:200],
                internal_note=wish.internal_note.strip()[:LONGEST],
                whole_client=wish.whole_client,
                review_on=wish.review_on,
                placed_by_ref=actor.id,
                placed_by_name=actor.name,
                placed_by_role=actor.role,
                placed_at=deed.now,
            )
        )
        deed.add_many(HeldSet, [HeldSet(hold=hold, backup_set=row) for row in rows])
        scope = "everything of the client" if wish.whole_client else ", ".join(row.name for row in rows[:50])
        deed.record(
            "hold.placed",
            subjects=[hold.id, *(row.id for row in rows[:50])],
            public={"title": hold.title},
            to_client={
                "asked_by": hold.asked_by,
                "scope": scope,
                "review_on": hold.review_on.isoformat(),
                "description": hold.description,
            },
            internal={"note": hold.internal_note} if hold.internal_note else None,
        )
        covered = None if hold.whole_client else [row.id for row in rows]
        stop_covered(deed, set_ids=covered, why=f"The hold “{hold.title}” was placed.")
        return hold


def review_hold(*, actor: Actor, hold_id: UUID, review_on: date, words: str) -> Hold | Refusal:
    """Somebody looked whether a hold is still needed: it is, and is looked at again on ``review_on``."""
    peek = queries.hold_of(hold_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "hold.place")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        hold = Hold.objects.get(pk=hold_id)
        problem = None
        if hold.lifted_at is not None:
            problem = refuse("hold_lifted", subject=hold.title)
        elif not words.strip() or review_on <= day_in(deed.now, zone()):
            problem = refuse("hold_incomplete")
        if problem is not None:
            return deed.refuse(problem, subject=hold.id, verb="hold.place")
        deed.save(hold, review_on=review_on, reminded_for=None)
        deed.record(
            "hold.reviewed",
            subjects=[hold.id],
            public={"title": hold.title},
            to_client={"review_on": review_on.isoformat(), "words": words.strip()[:LONGEST]},
        )
        return hold


def remind_of_holds(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Tell the office of each hold whose day of review has come, once a day of review. Gives how many."""
    today = day_in(now or timezone.now(), zone())
    due = Hold.objects.filter(lifted_at=None, review_on__lte=today).filter(
        Q(reminded_for=None) | ~Q(reminded_for=F("review_on"))
    )
    count = 0
    for hold_id, client_id in list(due.order_by("review_on").values_list("pk", "client_id")):
        with Deed(actor, now=now) as deed:
            deed.lock(client_id)
            hold = Hold.objects.get(pk=hold_id)
            if hold.lifted_at is not None or hold.reminded_for == hold.review_on or hold.review_on > today:
                continue
            deed.save(hold, reminded_for=hold.review_on)
            tell_office(
                deed,
                f"hold:{hold.id.hex}:{hold.review_on.isoformat()}",
                title=f"Is the hold “{hold.title}” still needed?",
                what=f"It was placed on {show(day_in(hold.placed_at, zone()))} for {hold.asked_by}, "
                f"to be looked at on {show(hold.review_on)}.",
                next_step="Ask who wanted it; then name the next day of review, or ask for it to be lifted.",
                path=client_path(client_id),
            )
            deed.record("hold.review_due", subjects=[hold.id], public={"title": hold.title},
                        to_client={"review_on": hold.review_on.isoformat()})  # fmt: skip
            count += 1
    return count
