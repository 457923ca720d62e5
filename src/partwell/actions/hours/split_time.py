# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: work longer than what is left, recorded as two entries at once: what fits, and the rest as goodwill."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.hours.record_time import Work, judge, keep
from partwell.actions.hours.standing import standing
from partwell.records.clients.models import Client
from partwell.records.hours.models import TimeEntry
from partwell.rules import hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def split_time(*, actor: Actor, client_id: UUID, work: Work) -> tuple[TimeEntry, TimeEntry] | Refusal:
    """Record what fits into the budget, and the rest as goodwill that the office allows for ``work.reason``.

    Both or neither: the rest is judged before anything is written. Refuses where less than a rounding unit is left.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        how = standing(client.id)
        fits = hours.fitting(work.minutes, how.budget, how.terms.unit)
        first = replace(work, minutes=fits, reason="")
        rest = replace(
            work,
            minutes=work.minutes - fits,
            started=work.started + timedelta(minutes=fits),
            work_class=hours.WorkClass.GOODWILL,
        )
        problem = lifecycle.may_work_on(client.state, client.name, "time.record")
        parts = problem or (judge(deed, first, how) if fits else refuse("hours_used_up"))
        given = judge(deed, rest, how)
        for refused in (parts, given):
            if isinstance(refused, Refusal):
                return deed.refuse(refused, subject=client.id, verb="time.record")
        assert not isinstance(parts, Refusal) and not isinstance(given, Refusal)
        return keep(deed, first, how, parts), keep(deed, rest, how, given)
