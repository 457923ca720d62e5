# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: a returning client pays the normal onboarding fee, whatever systems are still in place."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from partwell.rules.money import amount_stands
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState


class ExceptionKind(StrEnum):
    """What an exception from the normal fee is for. The first is asked for so that it can be refused, on record."""

    SYSTEMS_REMAIN = "systems_remain"
    OUR_FAILURE = "our_failure"
    OTHER_SCOPE = "other_scope"
    LONGER_TERM = "longer_term"
    HARDSHIP = "hardship"
    GIFT = "gift"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The kind in words, as the quote says it."""
        return _KIND_LABELS[self]


_KIND_LABELS = {
    ExceptionKind.SYSTEMS_REMAIN: "the systems remain in place",
    ExceptionKind.OUR_FAILURE: "amends for a failure of ours",
    ExceptionKind.OTHER_SCOPE: "another scope of the new agreement",
    ExceptionKind.LONGER_TERM: "a longer term",
    ExceptionKind.HARDSHIP: "hardship, or work for the common good",
    ExceptionKind.GIFT: "a gift",
    ExceptionKind.OTHER: "another reason",
}

# The one reason that R9 forbids, in the words in which people give it under another kind. Words can always be written
# around; so the kind is chosen from a list, and the owner's name stands beside both on record.
_THINGS = (
    r"(?:systems?|tool(?:s|ing)?|agents?|licen[cs]es?|devices?|equipment|firewalls?|servers?|set-?ups?|environments?|"
    r"everything|documentation|infrastructure|networks?|hardware|gear|stack|rmm|monitoring|endpoints?|software|machines?|"
    r"configurations?|tenants?|switches|integrations?)"
)
_STAYS = (
    r"(?:remain\w*|still|in place|exists?|existing|unchanged|left|kept|already|as before|same|intact|untouched|"
    r"up and running|as (?:it was|they were)|where (?:it was|they were))"
)
_AGAIN = r"(?:installed|in place|set up|running|deployed|enrolled|documented|onboarded|configured|connected)"
_WORK = r"(?:set-?up|onboarding|installation|roll-?out|migration|discovery|documentation|deployment)"
_DO = r"(?:install|set up|onboard|roll out|migrate|document|rebuild|deploy|redeploy|enrol|configure)"
_SYSTEMS = re.compile(
    rf"\b{_THINGS}\b[^.;!?]{{0,60}}\b{_STAYS}\b"
    rf"|\b{_STAYS}\b[^.;!?]{{0,60}}\b(?:{_THINGS}|{_AGAIN})\b"
    rf"|\bnothing\b[^.;!?]{{0,20}}\b(?:changed|new|missing|to (?:do|add|{_DO[3:-1]}))\b"
    rf"|\b(?:no|less|little|half the|hardly any|barely any)\b(?: \w+)? {_WORK}\b"
    r"|\b(?:less|little|half the|hardly any|barely any)(?: \w+)? (?:work|effort)\b"
    rf"|\b(?:not?|never|n't|needn't)\b(?: (?:have|need|to|a|be))*? {_DO}\b"
    rf"|\bknow\b[^.;!?]{{0,30}}\b(?:{_THINGS}|site|office)\b"
    r"|\b(?:not|never|n't)\b(?: (?:yet|been|really|fully))*? (?:removed|uninstalled|withdrawn|dismantled|decommissioned|"
    r"taken (?:out|down|off|away)|switched off)\b"
    r"|\b(?:pick|picks|picking) up where\b|\b(?:switch|turn|plug)(?: \w+){0,2} back on\b",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def may_return(state: ClientState, client: str) -> Refusal | None:
    """Only an inactive client returns; a departing one withdraws its notice instead (R8)."""
    if state is not ClientState.INACTIVE:
        return refuse("not_inactive", client=client, state=state)
    return None


def names_the_systems(reason: str) -> bool:
    """Whether the reason is that systems remain, in any of the usual wordings."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", reason)).replace("’", "'").replace("n't", " n't")
    return bool(_SYSTEMS.search(" ".join(plain.split())))


def check_quote(
    asked: Decimal, normal: Decimal, *, by_owner: bool, reason: str, kind: str = ""
) -> Refusal | None:
    """None for the normal fee of the price list at that time, or for an owner's exception: one of ``ExceptionKind`` and
    a reason in words, neither of which is that the systems remain (R9)."""
    if asked == normal:
        return None
    if kind == ExceptionKind.SYSTEMS_REMAIN or names_the_systems(reason):
        return refuse("systems_remain")
    if not by_owner:
        return refuse("fee_not_normal", asked=asked, normal=normal)
    if kind not in set(ExceptionKind) or not any(one.isalpha() for one in reason):
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
