# SPDX-License-Identifier: AGPL-3.0-or-later
"""Many deletions proposed at once: what would be refused and why is shown first, then each is a proposal of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from partwell.actions import facts
from partwell.actions.retention.look import SetView, views
from partwell.actions.retention.place_of import incomplete
from partwell.actions.retention.propose import propose_deletion
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.deletion import OVER, StartFacts, may_propose
from partwell.rules.refusals import Refusal, refuse

MOST = 100


@dataclass(frozen=True)
class Forecast:
    """One set and what would stop its proposal; None where nothing does."""

    view: SetView
    problem: Refusal | None


def preview_proposals(*, actor: Actor, set_ids: Sequence[UUID]) -> list[Forecast] | Refusal:
    """What proposing these sets would come to, by the same rule as the proposal itself; writes nothing.

    At most 100 sets; those that are not there are left out. Queries grow with clients and buckets, not with sets.
    """
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.propose")) is not None:
        return refusal
    now = timezone.now()
    rows = BackupSet.objects.filter(pk__in=list(set_ids)[:MOST], removed_at=None).select_related("client")
    found = views(list(rows.order_by("client__name", "name", "id")), now)
    today = day_in(now, facts.zone())
    paused = {
        client: tuple(one.reason.value.replace("_", " ") for one in facts.pauses(client))
        for client in {one.row.client_id for one in found}
    }
    out = []
    for view in found:
        row = view.row
        problem = lifecycle.may_work_on(row.client.state, row.client.name, "deletion.propose")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=day_in(row.gone_at, facts.zone()))
        if problem is None and view.deletion is not None and view.deletion.state not in OVER:
            problem = refuse("deletion_open", subject=row.name)
        said = StartFacts(
            set_name=row.name,
            held_by=view.held,
            paused_by=paused[row.client_id],
            keep_until=row.keep_until,
            today=today,
            only_copies=tuple(one.title for one in view.only_copies),
            awaiting_return=view.awaits_return,
        )
        out.append(Forecast(view, problem or may_propose(said) or incomplete(row)))
    return out


def propose_many(*, actor: Actor, set_ids: Sequence[UUID], reason: str) -> list[Deletion | Refusal] | Refusal:
    """Propose each of these sets, one deed each: a refusal of one keeps nothing back of the others. At most 100."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.propose")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="The reason")
    wanted = list(dict.fromkeys(set_ids))[:MOST]
    return [propose_deletion(actor=actor, set_id=one, reason=reason) for one in wanted]
