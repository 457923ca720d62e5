# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: a returning client pays the normal onboarding fee, whatever systems are still in place."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from partwell.rules.money import amount_stands
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState

# The one reason that R9 forbids, in the words in which people give it. A list can be written around; the
# owner's name stands beside the reason on record, which is what it is for.
_SYSTEMS = re.compile(
    r"\b(systems?|tools?|agents?|licen[cs]es?|devices?|equipment|firewall|servers?|setup|set-up|environment|everything|"
    r"documentation|infrastructure)\b[^.]{0,60}\b(remain\w*|still|in place|exists?|unchanged|left|kept|already|as before)\b"
    r"|\b(remain\w*|still|already|as before|unchanged)\b[^.]{0,60}\b(systems?|tools?|agents?|licen[cs]es?|devices?|equipment|"
    r"firewall|servers?|installed|in place|set up|running|environment|infrastructure|documented)\b",
    re.IGNORECASE,
)


def may_return(state: ClientState, client: str) -> Refusal | None:
    """Only an inactive client returns; a departing one withdraws its notice instead (R8)."""
    if state is not ClientState.INACTIVE:
        return refuse("not_inactive", client=client, state=state)
    return None


def names_the_systems(reason: str) -> bool:
    """Whether the reason is that systems remain, in any of the usual wordings."""
    return bool(_SYSTEMS.search(" ".join(reason.split())))


def check_quote(asked: Decimal, normal: Decimal, *, by_owner: bool, reason: str) -> Refusal | None:
    """None for the normal fee of the price list at that time, or for an owner's exception with a fit reason."""
    if asked == normal:
        return None
    if names_the_systems(reason):
        return refuse("systems_remain")
    if not by_owner:
        return refuse("fee_not_normal", asked=asked, normal=normal)
    if not reason.strip():
        return refuse("fee_exception_reason")
    return None


class QuoteState(StrEnum):
    """A returning client's quote; one is open at a time, a new one takes the place of the one before."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


# The checklist that starts when a returning client accepts; the five exit facts of R10 are in it.
ONBOARDING = (
    "Sign the new agreement and record its terms",
    "Confirm who signs for the client, with proof of the authority",
    "Import the estate anew and go through the difference to what was there before",
    "Receive administrator access as named accounts, and try each",
    "Change every shared password that was in other hands",
    "Put monitoring, protection and updates on every system",
    "List the backup sets with their vendors' windows, and try a restore",
    "Ask the client after 30 days whether its old pain points are gone",
)
LONGEST_OFFER = 365  # days


def may_quote(state: ClientState, client: str) -> Refusal | None:
    """A quote goes to a client who was welcomed back and is not here yet."""
    return None if state is ClientState.RETURNING else refuse("not_returning", client=client, state=state)


def all_answered(points: Mapping[str, str], answers: Mapping[str, str]) -> Refusal | None:
    """R9: each pain point (id → the client's words) has the MSP's answer before the quote is sent."""
    for point, words in points.items():
        if not answers.get(point, "").strip():
            return refuse("point_unanswered", words=words[:120])
    return None


def check_offer(valid_until: date, today: date) -> Refusal | None:
    """A quote stands at least until tomorrow and at most a year."""
    if not 1 <= (valid_until - today).days <= LONGEST_OFFER:
        return refuse("quote_day_invalid", days=LONGEST_OFFER)
    return None


def lapsed(state: QuoteState, valid_until: date, today: date) -> bool:
    """Whether an open quote's last day is over."""
    return state is QuoteState.SENT and today > valid_until


def may_answer(state: QuoteState, valid_until: date, today: date) -> Refusal | None:
    """The signatory answers an open quote once, until its last day inclusive."""
    if state is QuoteState.LAPSED or lapsed(state, valid_until, today):
        return refuse("quote_lapsed", day=valid_until)
    return None if state is QuoteState.SENT else refuse("quote_answered", state=state)


def check_price(net: Decimal, currency: str, valid_from: date, today: date, *, taken: bool) -> Refusal | None:
    """A new line of the price list: it never changes what was normal on a day that is over."""
    if (problem := amount_stands(net, currency, what=str(net))) is not None:
        return problem
    if net <= 0:
        return refuse("price_not_positive")
    if valid_from < today:
        return refuse("price_in_past")
    return refuse("price_stands", day=valid_from) if taken else None


def check_fee(fee: Decimal, currency: str) -> Refusal | None:
    """A fee that can stand on paper: not below zero, in whole minor units."""
    if fee.is_finite() and fee < 0:
        return refuse("price_not_positive")
    return amount_stands(fee, currency, what=str(fee))
