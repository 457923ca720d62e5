# SPDX-License-Identifier: AGPL-3.0-or-later
"""A plan proposed from reason, destination and dates (DOMAIN.md; R8, R14). People edit it afterwards.

Each template says in which share of the time between notice and end it falls due, so that ninety
days spread out and a same-day departure has everything due on its one day, still in R14's order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from partwell.rules.dates import RETENTION_MONTHS, RETEST_DAYS, WINDOW_DAYS, keep_until
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Destination, Phase, Reason

MANAGER, TECHNICIAN, OWNER, SIGNATORY = "account_manager", "technician", "owner", "signatory"


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """``notice_on`` and ``end_of_service``: days in the MSP's zone."""

    reason: Reason
    destination: Destination
    notice_on: date
    end_of_service: date
    months: int = RETENTION_MONTHS
    window_days: int = WINDOW_DAYS


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One proposed step. ``blocked_by``: keys of steps that must be done before; ``closing``: blocks closing."""

    key: str
    title: str
    phase: Phase
    owner_role: str
    due_on: date
    blocked_by: tuple[str, ...] = ()
    closing: bool = True


@dataclass(frozen=True, slots=True)
class _Step:
    """``at``: percent of the time from notice (0) to end of service (100)."""

    key: str
    title: str
    phase: Phase
    role: str
    at: int
    after: tuple[str, ...] = ()


_COMMON: tuple[_Step, ...] = (
    _Step("acknowledge", "Acknowledge the notice to the client", Phase.NOTICE, MANAGER, 0),
    _Step("name_owner", "Name one person who owns the departure", Phase.NOTICE, OWNER, 0),
    _Step("freeze", "Freeze risky changes", Phase.NOTICE, TECHNICIAN, 0),
    _Step("outside_contact", "Ask for a contact outside the domain that migrates", Phase.NOTICE, MANAGER, 3),
    _Step("pain_points", "Take down up to five pain points in the client's words", Phase.NOTICE, MANAGER, 5),
    _Step("retention_choice", "Ask the client what shall happen to its data", Phase.NOTICE, MANAGER, 5),
    _Step("inventory", "Bring the estate up to date and settle unknown owners", Phase.PLAN, TECHNICIAN, 20),
    _Step("vendor_windows", "List vendors' notice and purge windows", Phase.PLAN, MANAGER, 25, ("inventory",)),
    _Step("approve_plan", "Approve the plan", Phase.PLAN, OWNER, 25, ("inventory",)),
    _Step("backup_keys", "Find backup encryption keys, MFA recovery and emergency accounts",
          Phase.HANDOVER, TECHNICIAN, 40, ("inventory",)),
    _Step("client_admin", "Set up and check administrator access held by the client",
          Phase.HANDOVER, TECHNICIAN, 45, ("inventory",)),
    _Step("documents", "Hand over documentation, diagrams and audit reports",
          Phase.HANDOVER, TECHNICIAN, 55, ("inventory",)),
    _Step("onsite_data", "Confirm onsite data in place with a manifest",
          Phase.HANDOVER, TECHNICIAN, 60, ("inventory",)),
    _Step("registrar", "Transfer domains at the registrar and export the DNS zones",
          Phase.HANDOVER, TECHNICIAN, 60, ("client_admin",)),
    _Step("registrant", "Change the registrant, after the registrar's transfer",
          Phase.HANDOVER, TECHNICIAN, 70, ("registrar",)),
    _Step("licences", "Transfer, cancel or let run each licence, by election and date",
          Phase.HANDOVER, MANAGER, 70, ("vendor_windows",)),
    _Step("hardware", "Hand over hardware with serial and condition",
          Phase.HANDOVER, TECHNICIAN, 80, ("inventory",)),
    _Step("credentials", "Try and hand over credentials",
          Phase.HANDOVER, TECHNICIAN, 90, ("backup_keys", "client_admin")),
    _Step("cut_over", "Sign who patches, monitors and backs up each system from which hour",
          Phase.HANDOVER, MANAGER, 95, ("credentials",)),
    _Step("agents", "Remove management and backup agents, after replacement protection is in place",
          Phase.WITHDRAWAL, TECHNICIAN, 97, ("cut_over",)),
    _Step("tenant", "End delegated tenant access, after replacement licences are active",
          Phase.WITHDRAWAL, TECHNICIAN, 98, ("licences", "client_admin")),
    _Step("own_access", "Give up the service provider's own access, last of all",
          Phase.WITHDRAWAL, TECHNICIAN, 100,
          ()),  # waits for every step of handover and withdrawal, see _templates
    _Step("accept", "Go through the list with the client and have it signed",
          Phase.ACCEPTANCE, SIGNATORY, 100, ("documents", "hardware", "credentials", "onsite_data")),
)  # fmt: skip

_AUTHORISED: tuple[_Step, ...] = (
    _Step("authorisation", "Have the client authorise the recipient", Phase.CONSENT, MANAGER, 10,
          ("acknowledge",)),
    _Step("recipient_terms", "Have the recipient accept confidentiality and use terms",
          Phase.CONSENT, MANAGER, 15, ("authorisation",)),
)  # fmt: skip

_TO_CLIENT: tuple[_Step, ...] = (
    _Step("admin_training", "Train the client's administrators", Phase.HANDOVER, TECHNICIAN, 75,
          ("client_admin",)),
    _Step("release_client", "Release everything to the client alone", Phase.HANDOVER, TECHNICIAN, 90,
          ("credentials",)),
)  # fmt: skip

_TO_OTHERS: tuple[_Step, ...] = (
    _Step("joint_meeting", "Hold a joint handover meeting with the client and the new provider",
          Phase.HANDOVER, MANAGER, 50, ("authorisation",)),
    _Step("release_both", "Release to the client and to the new provider",
          Phase.HANDOVER, TECHNICIAN, 90, ("authorisation", "credentials")),
)  # fmt: skip

_BY_REASON: dict[Reason, tuple[_Step, ...]] = {
    Reason.NEW_PROVIDER: (),  # what they need follows from the destination
    Reason.IN_HOUSE: (),
    Reason.SOLD: (
        _Step("acquirer_authority", "Obtain proof of the acquirer's authority", Phase.CONSENT, MANAGER, 8,
              ("acknowledge",)),
        _Step("signatory_change", "Check who signs before and after the transaction", Phase.CONSENT, MANAGER, 10,
              ("acquirer_authority",)),
    ),
    Reason.CLOSES: (
        _Step("preservation", "Establish what tax and employment law require to be preserved",
              Phase.NOTICE, MANAGER, 5),
        _Step("attorney_contact", "Ask for the attorney or officer who speaks after the closing",
              Phase.NOTICE, MANAGER, 5),
        _Step("longer_retention", "Agree a longer retention and the final deletion", Phase.PLAN, OWNER, 25,
              ("preservation", "retention_choice")),
    ),
    Reason.MSP_ENDS: (
        _Step("contract_clause", "Check the contract's clause and the notice it asks for", Phase.NOTICE, OWNER, 0),
        _Step("no_hostage", "Nothing of the client's is withheld for a debt: tell everybody involved",
              Phase.NOTICE, OWNER, 0),
    ),
}  # fmt: skip


def _templates(facts: PlanFacts) -> list[_Step]:
    steps = list(_COMMON)
    third_party = facts.destination in (Destination.NEW_MSP, Destination.ACQUIRER_IT)
    if third_party:
        steps.extend((*_AUTHORISED, *_TO_OTHERS))
    elif facts.destination is Destination.CLIENT_STAFF:
        steps.extend(_TO_CLIENT)
    steps.extend(_BY_REASON[facts.reason])
    if facts.destination is Destination.NOBODY:
        # Nobody takes over, so there is no cut-over to sign.
        steps = [step for step in steps if step.key != "cut_over"]
    # R14: the MSP's own access goes last, after everything that is handed over whatever the plan holds.
    before = tuple(
        s.key for s in steps if s.phase in (Phase.HANDOVER, Phase.WITHDRAWAL) and s.key != "own_access"
    )
    return [replace(step, after=before) if step.key == "own_access" else step for step in steps]


def propose_plan(facts: PlanFacts) -> tuple[PlanStep, ...] | Refusal:
    """The proposed steps in an order in which they can be done: none before what it waits for.

    No date lies before the notice and none before that of a step it waits for. An end of service
    before the notice is refused (``date_before_notice``).
    """
    if facts.end_of_service < facts.notice_on:
        return refuse(
            "date_before_notice", what="The end of service", day=facts.end_of_service, notice=facts.notice_on
        )
    span = (facts.end_of_service - facts.notice_on).days
    templates = _templates(facts)
    known = {step.key for step in templates}
    steps = [
        PlanStep(
            step.key,
            step.title,
            step.phase,
            step.role,
            facts.notice_on + timedelta(days=span * step.at // 100),
            tuple(key for key in step.after if key in known),
        )
        for step in templates
    ]
    end = facts.end_of_service
    last = ("own_access",)
    steps.extend(
        (
            PlanStep("objections_end", "Last day for objections", Phase.ACCEPTANCE, MANAGER,
                     end + timedelta(days=facts.window_days), closing=False),
            PlanStep("retest_30", "Try again that no access is left (30 days)", Phase.WITHDRAWAL, TECHNICIAN,
                     end + timedelta(days=RETEST_DAYS[0]), last, closing=False),
            PlanStep("retest_90", "Try again that no access is left (90 days)", Phase.WITHDRAWAL, TECHNICIAN,
                     end + timedelta(days=RETEST_DAYS[1]), last, closing=False),
            PlanStep("delete_backups", "Delete backups and archives, unless held", Phase.RETENTION, OWNER,
                     keep_until(end, facts.months), closing=False),
        )
    )  # fmt: skip
    return tuple(order(steps))


def order(steps: Iterable[PlanStep]) -> list[PlanStep]:
    """Sort by date, and never a step before one it waits for. ValueError for a circle."""
    waiting = {step.key: step for step in steps}
    position = {key: index for index, key in enumerate(waiting)}
    done: dict[str, PlanStep] = {}
    while waiting:
        ready = [s for s in waiting.values() if not any(key in waiting for key in s.blocked_by)]
        if not ready:
            raise ValueError(f"The steps {sorted(waiting)} wait for each other.")
        step = min(ready, key=lambda s: (s.due_on, position[s.key]))
        floor = max((done[key].due_on for key in step.blocked_by if key in done), default=step.due_on)
        done[step.key] = replace(step, due_on=max(step.due_on, floor))
        del waiting[step.key]
    return list(done.values())


def may_finish(key: str, steps: Sequence[PlanStep], done: frozenset[str]) -> Refusal | None:
    """None when the step may be marked done: not done already and nothing it waits for is open (R14)."""
    by_key = {step.key: step for step in steps}
    step = by_key[key]
    if key in done:
        return refuse("plan_step_done", step=step.title)
    open_titles = [by_key[k].title for k in step.blocked_by if k in by_key and k not in done]
    if open_titles:
        return refuse("plan_step_blocked", step=step.title, waits_for=open_titles)
    return None
