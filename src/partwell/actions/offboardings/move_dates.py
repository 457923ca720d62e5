# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8: any party may ask to move a date; the client agrees; every dependent date is shown before and after.

Service beyond the end needs a transition term; it is proposed and decided together with the dates it goes with.
"""

from datetime import date
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import newest_authorisation, zone
from partwell.actions.offboardings.common import day, departure_dates, find, moves_as_data, plan_facts
from partwell.actions.retention.keep_dates import preview, redate
from partwell.documents.texts import Phrase, phrase
from partwell.records.offboardings.models import DateChange, Offboarding, PlanStep, TransitionTerm
from partwell.rules import dates, plan, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, OffboardingState


def visible(actor: Actor, offboarding_id: UUID) -> Offboarding | None:
    """The offboarding if this party may see it: staff, the client's own contacts, a new provider whose consent stands."""
    row = find(offboarding_id)
    if row is None or actor.is_staff:
        return row
    if actor.client_id != row.client_id or actor.kind not in ("client", "provider"):
        return None
    if actor.kind == "provider":
        consent = newest_authorisation(actor.recipient_id) if actor.recipient_id else None
        if consent is None or consent.state != AuthorisationState.GRANTED or consent.offboarding_id != row.id:
            return None
    return row


def step_moves(
    row: Offboarding, before: dates.DepartureDates, after: dates.DepartureDates
) -> list[tuple[PlanStep, date]]:
    """Open steps that still lie where the plan put them, with the day the plan would put them on now; edited ones stay."""
    old, new = plan.propose_plan(plan_facts(row, before)), plan.propose_plan(plan_facts(row, after))
    if isinstance(old, Refusal) or isinstance(new, Refusal):
        return []
    was = {step.key: step.due_on for step in old}
    will = {step.key: step.due_on for step in new}
    steps = PlanStep.objects.filter(offboarding=row, done_at=None, removed_at=None).order_by(
        "due", "position"
    )
    return [(s, will[s.key]) for s in steps if was.get(s.key) == s.due and will.get(s.key, s.due) != s.due]


def effects_of(
    row: Offboarding, before: dates.DepartureDates, change: dates.DateChange
) -> list[dict[str, Any]]:
    """Every dependent date before and after, then every backup set and every open step of the plan that moves with them."""
    steps = [
        {
            "key": f"step:{s.key}",
            "what": f"Plan: {s.title}",
            "before": s.due.isoformat(),
            "after": due.isoformat(),
        }
        for s, due in step_moves(row, before, change.dates)
    ]
    sets = [
        {
            "key": f"set:{one.id.hex}",
            "what": f"Kept until: {one.name}",
            "before": until.isoformat(),
            "after": then.isoformat(),
        }
        for one, until, then in preview(row.client_id, change.dates.service_ends)
    ]
    return moves_as_data(change.moves) + sets + steps


def preview_dates(row: Offboarding, effective_on: date, term: dates.TransitionTerm | None, today: date
                  ) -> tuple[dates.DateChange, list[dict[str, Any]]] | Refusal:  # fmt: skip
    """What a proposal would move; writes nothing."""
    current = departure_dates(row)
    change = dates.propose_change(
        current, effective_on, today=today, state=OffboardingState(row.state), term=term
    )
    return change if isinstance(change, Refusal) else (change, effects_of(row, current, change))


def propose_date(
    *,
    actor: Actor,
    offboarding_id: UUID,
    effective_on: date | None = None,
    reason: str = "",
    term: dates.TransitionTerm | None = None,
) -> DateChange | Refusal:
    """Ask to move the end of service, with or without a transition term (``effective_on`` None: the end stays).

    Nothing moves until the client agrees. A proposal of the same party that still waits is replaced.
    """
    row = visible(actor, offboarding_id)
    if row is None:
        return refuse("not_found")
    for verb in ("date.propose",) + (("term.propose",) if term else ()):
        if (refusal := roles.may(actor.role, verb)) is not None:
            return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row = Offboarding.objects.select_related("client").get(pk=row.pk)
        end = effective_on or row.end_of_service
        found = preview_dates(row, end, term, day_in(deed.now, zone()))
        if isinstance(found, Refusal):
            return deed.refuse(found, subject=row.id, verb="date.propose")
        _, effects = found
        for older in DateChange.objects.filter(offboarding=row, state="proposed", asked_by_kind=actor.kind):
            settle(deed, older, "lapsed")
        asked = deed.add(
            DateChange(
                offboarding=row,
                old_end=row.end_of_service,
                new_end=end,
                asked_by=actor.name,
                asked_by_kind=actor.kind,
                reason=reason.strip(),
                effects=effects,
                asked_at=deed.now,
            )
        )
        made = None
        if term is not None:
            made = deed.add(
                TransitionTerm(
                    offboarding=row,
                    date_change=asked,
                    scope=term.scope.strip(),
                    monthly_fee=term.monthly_fee,
                    currency=term.currency,
                    starts=end,
                    ends=term.ends_on,
                    asked_at=deed.now,
                )
            )
        _tell(deed, asked, made, "proposed")
        _record(deed, asked, made, "proposed")
        return asked


def propose_term(
    *, actor: Actor, offboarding_id: UUID, term: dates.TransitionTerm, reason: str = ""
) -> DateChange | Refusal:
    """Ask for service beyond the end as it stands: scope, monthly fee, end."""
    if (refusal := roles.may(actor.role, "term.propose")) is not None:
        return refusal
    return propose_date(actor=actor, offboarding_id=offboarding_id, term=term, reason=reason)


def decide_date(*, actor: Actor, change_id: UUID, agree: bool, words: str = "") -> DateChange | Refusal:
    """The signatory agrees or declines. Agreed only if the dates are still those the proposal started from."""
    change = DateChange.objects.select_related("offboarding").filter(pk=change_id).first()
    if change is None or actor.kind != "client" or actor.client_id != change.offboarding.client_id:
        return refuse("not_found")
    verb = "date.agree" if agree else "date.decline"
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(change.offboarding.client_id)
        change = DateChange.objects.get(pk=change_id)
        row = Offboarding.objects.select_related("client").get(pk=change.offboarding_id)
        refusal = dates.still_open(OffboardingState(row.state))
        if refusal is None and change.state != "proposed":
            refusal = refuse("already_decided")
        if refusal is None and agree:
            refusal = _agree(deed, row, change)
        if refusal is not None:
            return deed.refuse(refusal, subject=change.id, verb=verb)
        state = "agreed" if agree else "declined"
        settle(deed, change, state, decided_by_id=actor.id, decided_at=deed.now)
        term = change.terms.first()
        _tell(deed, change, term, state)
        _record(deed, change, term, state, words)
        if state == "agreed":
            redate(deed)  # every set's move stands in the mail before and after (``effects``)
        return change


def decide_term(*, actor: Actor, term_id: UUID, agree: bool, words: str = "") -> DateChange | Refusal:
    """A transition term is decided with the dates it was proposed with."""
    term = TransitionTerm.objects.filter(pk=term_id).first()
    if term is None or term.date_change_id is None:
        return refuse("not_found")
    return decide_date(actor=actor, change_id=term.date_change_id, agree=agree, words=words)


def _agree(deed: Deed, row: Offboarding, change: DateChange) -> Refusal | None:
    """Move the dates; stale where a dependent date lies elsewhere than it did when the client was asked."""
    current, term = departure_dates(row), change.terms.first()
    values = dates.TransitionTerm(term.scope, term.monthly_fee, term.currency, term.ends) if term else None
    found = preview_dates(row, change.new_end, values, day_in(deed.now, zone()))
    if isinstance(found, Refusal):
        return found
    proposal, effects = found
    # Steps and sets are worked on meanwhile and an edited one stays; the departure's own dates must be those shown.
    if _own(effects) != _own(change.effects):
        return refuse("date_proposal_stale")
    agreed = dates.agree_change(current, proposal, proposed_from=current, by_signatory=True)
    if isinstance(agreed, Refusal):
        return agreed
    for step, due in step_moves(row, current, agreed):
        deed.save(step, due=due)
    deed.save(
        row,
        end_of_service=agreed.effective_on,
        keep_until=dates.keep_until(agreed.service_ends, agreed.months),
    )
    return None


def _own(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in effects if not str(one["key"]).startswith(("step:", "set:"))]


def settle(deed: Deed, change: DateChange, state: str, **more: Any) -> None:
    deed.save(change, state=state, **more)
    for term in change.terms.all():
        deed.save(term, state=state, **more)


def _named(what: str) -> Phrase:
    """A date that moves, as :func:`effects_of` names it: one of a departure's own, a step of the plan, a set."""
    for begins, words in (("Plan: ", "Plan: {what}"), ("Kept until: ", "Kept until: {what}")):
        if what.startswith(begins):
            return phrase(words, what=what.removeprefix(begins))
    return phrase(what)


def _tell(deed: Deed, change: DateChange, term: TransitionTerm | None, state: str) -> None:
    moved = [one for one in change.effects if one["before"] != one["after"]]
    what = phrase("End of service" if change.old_end != change.new_end else "Service beyond the end")
    words = (
        phrase(
            "{scope}, {fee} a month, until {day}",
            scope=term.scope,
            fee=f"{term.monthly_fee} {term.currency}",
            day=term.ends,
        )
        if term
        else None
    )
    post(
        deed,
        Post(
            kind="date_change",
            dedupe=f"date:{change.id.hex}:{state}",
            values={
                "state": state,
                "what": what,
                "before": change.old_end,
                "after": max(change.new_end, term.ends) if term else change.new_end,
                "asked_by": change.asked_by,
                "term": words,
                "reason": change.reason or None,
                "portal_url": link("/client/"),
                "dependent": [
                    {
                        "title": _named(one["what"]),
                        "note": phrase(
                            "{before} → {after}", before=day(one["before"]), after=day(one["after"])
                        ),
                    }
                    for one in moved
                ],
            },
        ),
    )


def _record(deed: Deed, change: DateChange, term: TransitionTerm | None, state: str, words: str = "") -> None:
    subjects = [change.id, change.offboarding_id, *([term.id] if term else [])]
    before, after = change.old_end.isoformat(), change.new_end.isoformat()
    content = {"moves": change.effects}
    if state == "proposed":
        why = {"reason": change.reason} if change.reason else {}
        deed.record(
            "date.proposed",
            subjects=subjects,
            public={"before": before, "after": after},
            to_client={**content, **why},
        )
    elif state == "agreed":
        deed.record(
            "date.agreed", subjects=subjects, public={"before": before, "after": after}, to_client=content
        )
    else:
        deed.record(
            "date.declined",
            subjects=subjects,
            public={"after": after},
            to_client={"reason": words} if words else None,
        )
    if term is not None and state in ("proposed", "agreed"):
        deed.record(
            f"term.{state}",
            subjects=subjects,
            public={"until": term.ends.isoformat()},
            to_client={
                "scope": term.scope,
                "monthly_fee": str(term.monthly_fee),
                "currency": term.currency,
            },
        )
