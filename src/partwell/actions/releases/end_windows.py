# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a window closes (R17): the record says "no objection by", and "deemed accepted" only where it may."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.releases.windows import closes_at, receipt_facts
from partwell.records.clients.models import Agreement
from partwell.records.releases.models import ReleaseLine
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.silence import Outcome, outcome


def end_windows(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Record the outcome of every line whose window has closed unanswered; gives how many. The same again does nothing.

    A provider's silence binds nobody. The client's is acceptance only where the agreement says so and the
    opening is evidenced within the window.
    """
    moment = now or timezone.now()
    done = 0
    for release_id, client_id in _due(moment):
        with Deed(actor, now=now) as deed:
            deed.lock(client_id)
            done += _end(deed, release_id)
    return done


def _due(moment: datetime) -> list[tuple[UUID, UUID]]:
    open_lines = ReleaseLine.objects.filter(
        state="sent", answer="", window_outcome="", release__window_ends_at__lte=moment
    )
    pairs = open_lines.order_by("release__released_at").values_list("release_id", "release__client_id")
    return list(dict.fromkeys(pairs))


def _deemed(agreements: Sequence[Agreement], closed: datetime) -> bool:
    """Whether the agreement in force when the window closed says that silence is acceptance.

    That one, not today's: workers that were down meanwhile record what they would have recorded then.
    """
    return any(
        one.deemed_acceptance
        and one.recorded_at < closed
        and (one.replaced_at is None or one.replaced_at >= closed)
        for one in agreements
    )


def _end(deed: Deed, release_id: UUID) -> int:
    zone_name = zone()
    lines = ReleaseLine.objects.filter(release_id=release_id, state="sent", answer="", window_outcome="")
    agreements = list(Agreement.objects.filter(client=deed.client))
    ended: dict[tuple[Outcome, str], list[ReleaseLine]] = defaultdict(list)
    for line in lines.select_related("release").order_by("category", "title"):
        facts = receipt_facts(
            line, zone_name, deemed_acceptance=_deemed(agreements, closes_at(line, zone_name))
        )
        found = outcome(facts, deed.now).outcome
        if found in (Outcome.NO_OBJECTION, Outcome.DEEMED_ACCEPTED):
            last = (closes_at(line, zone_name) - timedelta(seconds=1)).astimezone(ZoneInfo(zone_name)).date()
            ended[found, last.isoformat()].append(deed.save(line, window_outcome=found.value))
            # One entry for all of one outcome and day; rows saved since the last record belong to it.
    count = 0
    for (found, day), group in ended.items():
        count += len(group)
        deemed = found is Outcome.DEEMED_ACCEPTED
        shown: dict[str, object] = {"item_ids": [line.item_id.hex for line in group]}
        if deemed:
            shown["opened"] = [line.opened_at.isoformat() for line in group if line.opened_at]
        deed.record(
            "receipt.deemed_accepted" if deemed else "receipt.window_ended",
            recipient=group[0].release.recipient_id,
            subjects=[release_id, *(line.item_id for line in group)],
            public={"items": [line.title for line in group], "day": day},
            to_client=shown,
        )
    return count
