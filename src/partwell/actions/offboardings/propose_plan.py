# SPDX-License-Identifier: AGPL-3.0-or-later
"""A plan proposed from reason, destination and dates, with owners and due dates; people edit it afterwards (R8, R14)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.facts import newest_authorisation
from partwell.actions.offboardings.common import departure_dates, find, plan_facts
from partwell.records.authorisations.models import Recipient
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.people.models import StaffMember
from partwell.rules import dates, plan, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, OffboardingState


def owners_by_role(row: Offboarding) -> dict[str, StaffMember | None]:
    """Who does a role's steps: the departure's owner as account manager; elsewhere the only one there is, else nobody yet."""
    found: dict[str, list[StaffMember]] = {}
    for staff in StaffMember.objects.filter(left_at=None).order_by("joined_at"):
        found.setdefault(staff.role, []).append(staff)
    technicians, owners = found.get(plan.TECHNICIAN, []), found.get(plan.OWNER, [])
    return {
        plan.MANAGER: row.owner,
        plan.TECHNICIAN: technicians[0] if len(technicians) == 1 else None,
        plan.OWNER: owners[0] if len(owners) == 1 else None,
    }


def done_already(row: Offboarding) -> dict[str, str]:
    """Steps that the notice itself has done: key → words."""
    done = {"name_owner": f"{row.owner.name} owns this departure."}
    if row.acknowledged_at:
        done["acknowledge"] = "The letter was filed and mailed."
    if row.outside_contact_id:
        done["outside_contact"] = "Given with the notice."
    if row.pain_points.exists():
        done["pain_points"] = "Taken down with the notice."
    for recipient in Recipient.objects.filter(client_id=row.client_id, kind="new_provider"):
        consent = newest_authorisation(recipient.id)
        if consent is not None and consent.state == AuthorisationState.GRANTED:
            done["authorisation"] = f"{recipient.firm} is authorised."
    return done


def propose_plan(*, actor: Actor, offboarding_id: UUID) -> Offboarding | Refusal:
    """Lay down the proposed steps once; a plan that stands already is edited, not proposed again."""
    if (refusal := roles.may(actor.role, "plan.propose")) is not None:
        return refusal
    peek = find(offboarding_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Offboarding.objects.select_related("owner").get(pk=offboarding_id)
        if (closed := dates.still_open(OffboardingState(row.state))) is not None:
            return deed.refuse(closed, subject=row.id, verb="plan.propose")
        if PlanStep.objects.filter(offboarding=row, removed_at=None).exists():
            return deed.refuse(refuse("duplicate", what="The plan"), subject=row.id, verb="plan.propose")
        proposed = plan.propose_plan(plan_facts(row, departure_dates(row)))
        if isinstance(proposed, Refusal):
            return deed.refuse(proposed, subject=row.id, verb="plan.propose")
        people, done = owners_by_role(row), done_already(row)
        steps = [
            PlanStep(
                offboarding=row,
                position=position,
                key=step.key,
                title=step.title,
                phase=step.phase,
                owner_role="" if step.owner_role == plan.SIGNATORY else step.owner_role,
                owner=people.get(step.owner_role),
                on_client=step.owner_role == plan.SIGNATORY,
                due=step.due_on,
                blocks_closing=step.closing,
                after=list(step.blocked_by),
                done_at=deed.now if step.key in done else None,
                done_by_name=actor.name if step.key in done else "",
                note=done.get(step.key, ""),
            )
            for position, step in enumerate(proposed, start=1)
        ]
        deed.add_many(PlanStep, steps)
        deed.record(
            "plan.proposed",
            subjects=[row.id],
            public={"count": len(steps)},
            to_client={"steps": [{"key": s.key, "due": s.due.isoformat()} for s in steps]},
        )
        return row
