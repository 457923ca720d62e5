# SPDX-License-Identifier: AGPL-3.0-or-later
"""R12: what a law profile says of one line of work or service on one day. Data with dates, never scattered ifs.

This is not legal advice, and every page that shows a verdict says so. The profiles themselves stand in
``law_profiles``; an owner may override a verdict with a reason, which is recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from partwell.rules.refusals import Refusal, refuse, show


class LineClass(StrEnum):
    """What a line of a bill is for; profiles classify the line, not only the client (R12)."""

    SWITCHING = "switching"  # moving the client's data and assets to where it goes
    FURTHER_SERVICE = "further_service"  # what the customer asks for beyond that (recital 89)
    CUSTOM_BUILT = "custom_built"  # Data Act, Art. 31: built for one customer, or a test version
    PASS_THROUGH = "pass_through"  # noqa: S105  # no password: a charge of a third party, R7
    OUTSIDE = "outside"  # no data processing service: hardware, on-site work, telephony


class Charge(StrEnum):
    """What a rule allows."""

    FREE_TO_AGREE = "free_to_agree"
    AT_COST = "at_cost"
    BANNED = "banned"


_STRICTEST = (Charge.BANNED, Charge.AT_COST, Charge.FREE_TO_AGREE)


@dataclass(frozen=True, slots=True)
class ChargeRule:
    """One sentence of a law about charging: for these line classes, from a day until (not including) a day."""

    article: str
    classes: frozenset[LineClass]
    charge: Charge
    since: date
    until: date | None = None

    def binds(self, line_class: LineClass, day: date) -> bool:
        """Whether it speaks of such a line on that day."""
        return line_class in self.classes and self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class LawProfile:
    """A law as data. ``version`` changes whenever a rule does; ``last_checked`` is when somebody last read the source."""

    code: str
    title: str
    version: int
    source: str
    last_checked: date
    binds: str  # whom it binds, in one sentence
    charges: tuple[ChargeRule, ...] = ()
    notes: tuple[str, ...] = ()
    # How many years after the end of service the evidence record must stay at least; apart from R6's backup period.
    record_years: int = 0


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """What may be charged for a line, and by which article; ``sentence`` is for the page and the bill."""

    charge: Charge
    sentence: str
    profile: str = ""
    version: int = 0
    article: str = ""
    source: str = ""
    last_checked: date | None = None
    since: date | None = None
    title: str = ""  # of the profile, to begin a sentence with


def judge_line(profiles: Iterable[LawProfile], line_class: LineClass, day: date) -> LineVerdict:
    """The strictest rule of ``profiles`` for a line whose work was done on ``day`` (a day of the MSP's zone)."""
    found = LineVerdict(Charge.FREE_TO_AGREE, "No law profile of this client limits the charge.")
    for profile in profiles:
        for rule in profile.charges:
            if not rule.binds(line_class, day):
                continue
            if _STRICTEST.index(rule.charge) < _STRICTEST.index(found.charge):
                found = LineVerdict(
                    rule.charge,
                    _sentence(profile, rule),
                    profile.code,
                    profile.version,
                    rule.article,
                    profile.source,
                    profile.last_checked,
                    rule.since,
                    profile.title[:1].upper() + profile.title[1:],
                )
    return found


def _sentence(profile: LawProfile, rule: ChargeRule) -> str:
    what = "may not be charged" if rule.charge is Charge.BANNED else "may be charged at cost only"
    return f"By {profile.title}, {rule.article}, this line {what} since {show(rule.since)}."


def may_charge(
    verdict: LineVerdict, net: Decimal, cost: Decimal | None, *, overridden: str = ""
) -> Refusal | None:
    """Whether ``net`` may stand on the bill. ``cost``: the proved cost of the line, None when nobody recorded one;
    ``overridden``: the owner's recorded reason why the profile does not apply here."""
    if overridden.strip() or net <= 0 or verdict.charge is Charge.FREE_TO_AGREE:
        return None
    since = verdict.since or date.min
    if verdict.charge is Charge.BANNED:
        return refuse("charge_banned", profile=verdict.title or verdict.profile, since=since)
    if cost is None or net > cost:
        return refuse(
            "charge_above_cost",
            profile=verdict.title or verdict.profile,
            asked=net,
            cost=Decimal(0) if cost is None else cost,
        )
    return None
