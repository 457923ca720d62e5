# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: the hours of an offboarding, from what the agreement includes to what the client bought in advance.

Minutes are whole and counted from instants (UTC), so that neither midnight nor a change of the clocks makes
or takes one. Real minutes are what was worked, accounted minutes what is drawn from the budget; both are kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal, refuse

ENTRY_LIMIT = 16 * 60  # minutes; nobody works longer in one piece, a longer entry is a slip of the pen
FORGOTTEN_AFTER = 10 * 60  # minutes; a timer that ran longer is asked about, never billed as it stands
UNIT = 15  # minutes; the rounding unit where the agreement names none
UNITS = (1, 5, 6, 10, 15, 30, 60)  # minutes a rounding unit may have
WARN_AT = (80, 95)  # per cent


class WorkClass(StrEnum):
    """R5: what kind of time it is; only *offboarding* draws on the budget."""

    SERVICE = "service"
    OFFBOARDING = "offboarding"
    GOODWILL = "goodwill"


class WorkKind(StrEnum):
    """What was done. Handing over what exists, as it exists, is never stopped by hours."""

    AS_IS = "as_is"
    EXPLANATION = "explanation"
    CONVERSION = "conversion"
    MEETING = "meeting"
    NEW_DOCUMENT = "new_document"
    OTHER = "other"


class Rounding(StrEnum):
    """How real minutes become accounted ones, by the agreement."""

    UP = "up"
    NEAREST = "nearest"


class Source(StrEnum):
    """Where accounted minutes were drawn from."""

    INCLUDED = "included"
    BLOCK = "block"
    ON_ACCOUNT = "on_account"
    NOT_CHARGED = "not_charged"


class UnusedRule(StrEnum):
    """What becomes of unused prepaid time at closing, by the agreement; shown from the start."""

    REFUND = "refund"
    CREDIT = "credit"


class Rest(StrEnum):
    """What becomes of worked minutes that are more than what is left."""

    GOODWILL = "goodwill"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Block:
    """Prepaid minutes that are open; a block that is not paid is not in the budget at all."""

    id: str
    minutes: int
    used: int = 0

    @property
    def left(self) -> int:
        """Minutes not yet drawn, never below zero."""
        return max(0, self.minutes - self.used)


@dataclass(frozen=True, slots=True)
class Budget:
    """One offboarding's hours, in minutes. ``blocks`` stand in the order in which they were paid;
    ``promised`` is what approved estimates still hold."""

    included: int
    included_used: int = 0
    blocks: tuple[Block, ...] = ()
    promised: int = 0

    @property
    def included_left(self) -> int:
        """Included minutes not yet drawn."""
        return max(0, self.included - self.included_used)

    @property
    def total(self) -> int:
        """Included and prepaid minutes together."""
        return self.included + sum(block.minutes for block in self.blocks)

    @property
    def left(self) -> int:
        """What may still be drawn."""
        return self.included_left + sum(block.left for block in self.blocks)

    @property
    def used(self) -> int:
        """What was drawn, on-account time apart."""
        return self.total - self.left

    @property
    def free(self) -> int:
        """What is left and not promised to an approved request; negative when more was promised than is left."""
        return self.left - self.promised

    @property
    def per_cent(self) -> int:
        """Used share in whole per cent, rounded down; 100 for a budget of nothing."""
        return self.used * 100 // self.total if self.total else 100

    @property
    def warning(self) -> int:
        """80, 95 or 100 when that share is reached, else 0."""
        if not self.left:
            return 100
        return max((mark for mark in WARN_AT if self.per_cent >= mark), default=0)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of an entry: so many accounted minutes from one source."""

    source: Source
    minutes: int
    block_id: str = ""


@dataclass(frozen=True, slots=True)
class OnAccount:
    """An owner's leave to work without prepayment: for a reason, up to so many minutes."""

    reason: str
    minutes_left: int
    by: str = ""  # the owner's name


@dataclass(frozen=True, slots=True)
class Entry:
    """Time as it is to be recorded. ``started`` and ``now`` are aware; ``day`` is the start's day in the MSP's zone."""

    minutes: int
    started: datetime
    now: datetime
    day: date
    work_class: WorkClass
    kind: WorkKind = WorkKind.OTHER
    reason: str = ""  # why goodwill


def accounted(real: int, unit: int, rounding: Rounding) -> int:
    """Accounted minutes of ``real`` minutes in units of ``unit``; any work at all is at least one unit."""
    if real <= 0:
        return 0
    units = -(-real // unit) if rounding is Rounding.UP else (2 * real + unit) // (2 * unit)
    return max(1, units) * unit


def minutes_between(started: datetime, ended: datetime) -> int:
    """Whole minutes from instant to instant, a begun minute counting; aware times of any zone."""
    seconds = (ended - started).total_seconds()
    return -int(-seconds // 60)


def check_entry(entry: Entry) -> Refusal | None:
    """None for time that a person can have worked: more than nothing, at most 16 hours, not in the future."""
    if entry.minutes <= 0:
        return refuse("time_not_positive")
    if entry.minutes > ENTRY_LIMIT:
        return refuse("time_too_long", hours=ENTRY_LIMIT // 60)
    if entry.started + timedelta(minutes=entry.minutes) > entry.now + timedelta(minutes=1):
        return refuse("time_in_future")
    if entry.work_class is WorkClass.GOODWILL and not entry.reason.strip():
        return refuse("goodwill_without_reason")
    return None


def class_stands(
    work_class: WorkClass, day: date, *, served_until: date | None, open_departure: bool
) -> Refusal | None:
    """Whether this class of time fits the day: running service only while the agreement or a transition term
    is in force (``served_until``, None: no end known), offboarding time only in an open departure."""
    if work_class is WorkClass.SERVICE and served_until is not None and day > served_until:
        return refuse("service_time_after_end", end=served_until)
    if work_class is WorkClass.OFFBOARDING and not open_departure:
        return refuse("no_open_departure")
    return None


def may_start(
    budget: Budget, work_class: WorkClass, kind: WorkKind, on_account: OnAccount | None = None
) -> Refusal | None:
    """R5: at a zero balance no billable work starts; as-is handover, service and goodwill go on."""
    if work_class is not WorkClass.OFFBOARDING or kind is WorkKind.AS_IS:
        return None
    if budget.left or (on_account and on_account.minutes_left > 0):
        return None
    return refuse("hours_used_up")


def draw(
    minutes: int, budget: Budget, work_class: WorkClass, kind: WorkKind, on_account: OnAccount | None = None
) -> tuple[Part, ...] | Refusal:
    """Where ``minutes`` (accounted) come from: included first, then the blocks as they were paid, then the
    owner's leave. As-is handover draws on included hours alone and goes on uncharged when they are gone.
    Nothing is drawn by halves: what does not fit is refused with what is left.
    """
    if work_class is not WorkClass.OFFBOARDING:
        return (Part(Source.NOT_CHARGED, minutes),)
    parts: list[Part] = []
    rest = minutes
    from_included = min(rest, budget.included_left)
    if from_included:
        parts.append(Part(Source.INCLUDED, from_included))
        rest -= from_included
    if kind is WorkKind.AS_IS:
        return (*parts, Part(Source.NOT_CHARGED, rest)) if rest else tuple(parts)
    for block in budget.blocks:
        taken = min(rest, block.left)
        if taken:
            parts.append(Part(Source.BLOCK, taken, block.id))
            rest -= taken
    if rest and on_account and on_account.minutes_left >= rest:
        parts.append(Part(Source.ON_ACCOUNT, rest))
        rest = 0
    if not rest:
        return tuple(parts)
    if not budget.left:
        return refuse("hours_used_up")
    return refuse("hours_short", asked=minutes, left=budget.left)


def mark_crossed(budget: Budget, drawn: int) -> int:
    """The mark (80, 95 or 100) that ``drawn`` more minutes of ``budget`` reach and that was not reached before, or 0."""
    if drawn <= 0:
        return 0
    after = Budget(budget.total, budget.used + drawn).warning
    return after if after > budget.warning else 0


def fitting(minutes: int, budget: Budget, unit: int, on_account: OnAccount | None = None) -> int:
    """The most real minutes of ``minutes`` whose accounted ones are left, in whole units, so that rounding adds nothing.
    What an owner allows on account counts as left."""
    left = budget.left + (max(0, on_account.minutes_left) if on_account else 0)
    return min(minutes, left // unit * unit)


def forgotten(started: datetime, now: datetime) -> bool:
    """Whether a timer ran so long that a person must say how long the work was."""
    return minutes_between(started, now) > FORGOTTEN_AFTER


def stop_timer(started: datetime, now: datetime, stated: int | None) -> int | Refusal:
    """Real minutes of a timer stopped ``now``; a forgotten one needs ``stated`` minutes, at most what it ran."""
    ran = max(1, minutes_between(started, now))
    if stated is None:
        if forgotten(started, now):
            return refuse("timer_forgotten", hours=ran // 60)
        return ran
    if stated <= 0:
        return refuse("time_not_positive")
    if stated > ran:
        return refuse("timer_stated_too_much", ran=ran)
    if stated > ENTRY_LIMIT:
        return refuse("time_too_long", hours=ENTRY_LIMIT // 60)
    return stated


@dataclass(frozen=True, slots=True)
class Prepayment:
    """What the client must buy before a request is done: whole blocks, their minutes and net price."""

    beyond: int
    blocks: int
    minutes: int
    net: Decimal


def prepayment(
    estimate: int, budget: Budget, *, block_minutes: int, hourly_rate: Decimal, currency: str
) -> Prepayment:
    """Blocks that ``estimate`` minutes need beyond what is left and not promised (R5: paid in advance)."""
    beyond = max(0, estimate - max(0, budget.free))
    blocks = -(-beyond // block_minutes) if beyond else 0
    minutes = blocks * block_minutes
    return Prepayment(beyond, blocks, minutes, rounded(hourly_rate * minutes / 60, currency))


def unused(blocks: Iterable[tuple[Block, Decimal]], currency: str) -> Decimal:
    """Net value of prepaid time not drawn, each block (with what was paid for it, net) by its own price."""
    total = sum((paid * block.left / block.minutes for block, paid in blocks if block.minutes), Decimal(0))
    return rounded(total, currency)


def as_hours(minutes: int) -> str:
    """Minutes as people read them: ``3 h 05 min``."""
    sign = "−" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours} h {rest:02d} min"
