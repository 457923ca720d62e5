# SPDX-License-Identifier: AGPL-3.0-or-later
"""R4 and R15: how long the evidence record of an inactive client stays, and which two people end it or erase of it.

The backup period (R6) is another one: what was handed over, and under which consent, is asked about for years.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from partwell.rules import roles
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState

RECORD_YEARS = 7
LONGEST_MONTHS = 1200


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """One client's record. ``until``: its last day, None without a closed departure; ``held``: a legal hold covers it;
    ``sets``: backup sets that are not gone yet, or whose deletion has no certificate yet."""

    client: str
    state: str
    until: date | None
    today: date
    held: bool
    sets: tuple[str, ...] = ()


def may_end(facts: RecordFacts) -> Refusal | None:
    """None when the record's time is over and nothing keeps it (R4, R6)."""
    if facts.state != ClientState.INACTIVE or facts.until is None:
        return refuse("record_in_use", client=facts.client)
    if facts.held:
        return refuse("erasure_held", client=facts.client)
    if facts.today <= facts.until:
        return refuse("record_not_due", client=facts.client, day=facts.until + timedelta(days=1))
    if (
        facts.sets
    ):  # else the promise to delete them, and whoever must agree to that, would go with the record
        return refuse("record_keeps_sets", client=facts.client, sets=", ".join(facts.sets[:5]))
    return None


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """``others``: staff besides the proposer who could decide (owners and account managers who are here)."""

    proposed_by: str
    proposed_role: str
    decided_by: str
    decided_name: str
    decided_role: str
    others: int


def may_decide(two: TwoPeople) -> Refusal | None:
    """R15: nobody approves their own; one of the two is an owner; the signatory is the second only in a one-person MSP."""
    if two.decided_role == roles.SIGNATORY:
        return refuse("erasure_not_yours") if two.others else None
    if refusal := roles.second_person(two.proposed_by, two.decided_by, two.decided_name, "proposal to erase"):
        return refusal
    if roles.OWNER not in (two.proposed_role, two.decided_role):
        return refuse("erasure_needs_owner", person=two.decided_name)
    return None
