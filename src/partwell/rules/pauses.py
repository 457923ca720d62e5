# SPDX-License-Identifier: AGPL-3.0-or-later
"""R11: what the client owns is not a hostage; the lawful reasons to pause are four, named and recorded."""

import re
from dataclasses import dataclass
from enum import StrEnum

from partwell.rules.refusals import Refusal, refuse


class PauseReason(StrEnum):
    RIVAL_SIGNATORIES = "rival_signatories"
    INSOLVENCY_OFFICER = "insolvency_officer"
    COURT_ORDER = "court_order"
    SUSPECTED_COMPROMISE = "suspected_compromise"


# Words people use for a debt; whatever is none of the four reasons is refused anyway, these get R11's sentence.
_DEBT = re.compile(
    r"\b(debts?|debtors?|unpaid|overdue|invoices?|pay(?:s|ing|ments?)?|nonpayment|paid|arrears|ow(?:e|es|ed|ing)|liens?|fees?|"
    r"bills?|billed|money|outstanding|balance)\b"
)


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause in force. ``ground``: the written ground, internal; it stands in no refusal's text."""

    reason: PauseReason
    ground: str


def may_pause(reason: str, ground: str) -> Refusal | None:
    """Whether releases may be paused: one of the four reasons and a written ground; a debt never."""
    if reason not in set(PauseReason):
        words = f"{reason} {ground}".casefold().replace("_", " ")
        if _DEBT.search(words):
            return refuse("hostage")
        return refuse("pause_unnamed")
    if not ground.strip():
        return refuse("pause_unnamed")
    return None


def paused(pauses: tuple[Pause, ...]) -> Refusal | None:
    """The refusal of the first pause in the order of ``PauseReason``, or None."""
    reasons = {pause.reason for pause in pauses}
    for reason in PauseReason:
        if reason in reasons:
            return refuse(f"paused_{reason.value}")
    return None
