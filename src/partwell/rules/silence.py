# SPDX-License-Identifier: AGPL-3.0-or-later
"""R17: what an answer, or none, to a release means."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from partwell.rules.dates import WINDOW_DAYS, window_closes_at, window_closes_on
from partwell.rules.refusals import Refusal, refuse, show
from partwell.rules.terms import Party


class Outcome(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    OBJECTED = "objected"
    NO_OBJECTION = "no_objection"
    DEEMED_ACCEPTED = "deemed_accepted"


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """One released item. ``opened_at``: evidenced opening by the recipient (aware), None without proof.

    ``window_days`` was fixed at release; ``deemed_acceptance``: the agreement with the client says so.
    ``closes``: the moment fixed at release (aware), which no later change of ``zone`` moves; None: worked out.
    """

    released_at: datetime
    zone: str
    party: Party
    window_days: int = WINDOW_DAYS
    opened_at: datetime | None = None
    confirmed_at: datetime | None = None
    objected_at: datetime | None = None
    deemed_acceptance: bool = False
    closes: datetime | None = None


def closes_at(facts: ReceiptFacts) -> datetime:
    """The instant from which nothing is answered any more (aware)."""
    return facts.closes or window_closes_at(facts.released_at, facts.zone, facts.window_days)


def last_day(facts: ReceiptFacts) -> date:
    """The last day on which the recipient may answer, in the facts' zone."""
    if facts.closes is None:
        return window_closes_on(facts.released_at, facts.zone, facts.window_days)
    return (facts.closes - timedelta(seconds=1)).astimezone(ZoneInfo(facts.zone)).date()


TOLD_BEFORE = timedelta(days=3)


def tells_of_end(*, sent_at: datetime | None, closes_at: datetime, now: datetime) -> bool:
    """Whether the recipient of an unanswered item is told now that its window closes soon (all aware).

    From three days before the end on; not within the first day, for then the release itself has just said so.
    """
    released = sent_at or closes_at
    return closes_at - TOLD_BEFORE <= now < closes_at and now - released >= timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReceiptOutcome:
    """The outcome and how the record words it."""

    outcome: Outcome
    sentence: str


def outcome(facts: ReceiptFacts, now: datetime) -> ReceiptOutcome:
    """What the release's receipt says at ``now`` (aware). An objection outlives a confirmation.

    A new provider is no party to the agreement, so its silence is only ever "no objection by". The
    client's silence is acceptance where the agreement says so *and* it opened the item in the window.
    """
    closes = closes_at(facts)
    last = show(last_day(facts))
    if facts.objected_at is not None:
        return ReceiptOutcome(Outcome.OBJECTED, "The recipient objected.")
    if facts.confirmed_at is not None:
        return ReceiptOutcome(Outcome.CONFIRMED, "The recipient confirmed receipt.")
    if now < closes:
        return ReceiptOutcome(Outcome.OPEN, f"Objections are possible until {last}.")
    opened_in_time = facts.opened_at is not None and facts.released_at <= facts.opened_at < closes
    if facts.party is Party.CLIENT and facts.deemed_acceptance and opened_in_time:
        return ReceiptOutcome(
            Outcome.DEEMED_ACCEPTED, f"Deemed accepted under the agreement: no objection by {last}."
        )
    return ReceiptOutcome(Outcome.NO_OBJECTION, f"No objection by {last}.")


def may_answer(facts: ReceiptFacts, now: datetime, item: str) -> Refusal | None:
    """Whether the recipient may still confirm or object; an ended authorisation does not matter here.

    A confirmation can be followed by an objection inside the window; an objection is final.
    """
    if facts.objected_at is not None:
        return refuse("already_answered", item=item, answer="objected")
    if now >= closes_at(facts):
        return refuse("window_closed", closed=last_day(facts))
    return None


def title_visible(facts: ReceiptFacts, now: datetime, authorisation_stands: bool) -> bool:
    """What a provider still sees of a released item: all while authorised, its title until the window ends."""
    return authorisation_stands or now < closes_at(facts)
