# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: work longer than what is left, recorded at its boundary: what fits as it is, and the rest as goodwill, or as a
request on which the client decides. Nothing worked is lost, and nothing beyond the budget is billed unasked."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.hours.record_time import Work, judge, keep
from partwell.actions.hours.requests import write_request
from partwell.actions.hours.standing import HoursStanding, standing
from partwell.records.clients.models import Client
from partwell.records.hours.models import TimeEntry, Timer, WorkRequest
from partwell.rules import hours, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class Split:
    """What came of it: the entries, oldest first, and the request that asks for the rest, where that was chosen."""

    entries: tuple[TimeEntry, ...]
    request: WorkRequest | None = None


def split_time(
    *, actor: Actor, client_id: UUID, work: Work, rest: hours.Rest = hours.Rest.GOODWILL
) -> Split | Refusal:
    """Record what fits into the budget; the rest becomes goodwill that the office allows for ``work.reason``, or a
    request that is estimated and that the client approves and prepays before it is billed.

    Both or neither: the rest is judged before anything is written. Time that fits whole is recorded whole.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "time.record")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = lifecycle.may_work_on(client.state, client.name, "time.record")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="time.record")
        return write_split(deed, work, rest)


def write_split(deed: Deed, work: Work, rest: hours.Rest, timer: Timer | None = None) -> Split | Refusal:
    """As ``split_time``, within a deed that holds the client; the refusal is recorded there."""
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before its time is written.")
    how = standing(client.id)
    whole = judge(deed, work, how)
    if not isinstance(whole, Refusal):
        return Split((keep(deed, work, how, whole, timer),))
    if whole.code not in ("hours_short", "hours_used_up"):
        return deed.refuse(whole, subject=client.id, verb="time.record")
    fits = hours.fitting(work.minutes, how.budget, how.terms.unit, how.leave)
    first = replace(work, minutes=fits, reason="")
    parts = judge(deed, first, how) if fits else ()
    left = replace(work, minutes=work.minutes - fits, started=work.started + timedelta(minutes=fits))
    if rest is hours.Rest.ASK:
        if isinstance(parts, Refusal) or (refusal := _may_ask(deed, how)) is not None:
            no = parts if isinstance(parts, Refusal) else refusal
            assert no is not None
            return deed.refuse(no, subject=client.id, verb="time.record")
        entries = (keep(deed, first, how, parts, timer),) if fits else ()
        return Split(entries, _ask(deed, how, left))
    given = replace(left, work_class=hours.WorkClass.GOODWILL)
    found = judge(deed, given, how)
    for refused in (parts, found):
        if isinstance(refused, Refusal):
            return deed.refuse(refused, subject=client.id, verb="time.record")
    assert not isinstance(parts, Refusal) and not isinstance(found, Refusal)
    if not fits:
        return Split((keep(deed, given, how, found, timer),))
    return Split((keep(deed, first, how, parts, timer), keep(deed, given, how, found)))


def _may_ask(deed: Deed, how: HoursStanding) -> Refusal | None:
    if not how.open_departure:
        return refuse("no_open_departure")
    return roles.may(deed.actor.role, "request.ask")


def _ask(deed: Deed, how: HoursStanding, work: Work) -> WorkRequest:
    """The rest as a request: how long, when and what, for the office to estimate and the client to decide."""
    assert how.offboarding is not None  # ``_may_ask`` said so
    note = work.note.strip()
    text = (
        f"{hours.as_hours(work.minutes)} of work that was more than what was left when it was recorded. "
        f"It is not on record as time, and is not billed unless it is approved."
    )
    about = (work.subject_kind, work.subject_id, work.subject_label)
    return write_request(deed, how.offboarding, f"The rest of: {note}"[:200], text, work.kind, about)
