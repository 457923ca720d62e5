# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6 in summary: until when backups and archives are kept, and what would stop their deletion."""

from dataclasses import dataclass
from datetime import date

from partwell.rules.dates import RETENTION_MONTHS, keep_until
from partwell.rules.refusals import Refusal, refuse, show


@dataclass(frozen=True, slots=True)
class RetentionFacts:
    """``clients_choice``: law makes it the client's (GDPR, HIPAA); ``instructed``: its choice is recorded."""

    end_of_service: date
    months: int = RETENTION_MONTHS
    clients_choice: bool = False
    instructed: bool = False
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class RetentionSummary:
    keep_until: date
    sentence: str
    needs_instruction: bool


def summary(facts: RetentionFacts) -> RetentionSummary:
    """The date and one sentence for the page, the letter and the bundle."""
    until = keep_until(facts.end_of_service, facts.months)
    needs = facts.clients_choice and not facts.instructed
    sentence = f"Backups and archives are kept until {show(until)}, then deleted."
    if facts.on_hold:
        sentence = (
            f"Backups and archives are kept until {show(until)} and beyond it while a legal hold stands."
        )
    if needs:
        sentence += " Keeping them needs the client's instruction, which is not on record."
    return RetentionSummary(until, sentence, needs)


def months_allowed(months: int, agreed: int) -> Refusal | None:
    """None when keeping for ``months`` is no shorter than what the agreement says."""
    return refuse("retention_shorter", months=months, agreed=agreed) if months < agreed else None


def may_delete(item: str, *, clients_own: bool, other_copy: bool, received: bool, waived: bool, on_hold: bool
               ) -> Refusal | None:  # fmt: skip
    """R6: nothing under hold, and not the only copy of what the client neither received nor waived."""
    if on_hold:
        return refuse("on_hold", item=item)
    if clients_own and not (other_copy or received or waived):
        return refuse("only_copy", item=item)
    return None
