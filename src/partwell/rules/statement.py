# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement's arithmetic (R5, R7): what was included, bought, used, given and left; asked, paid, open, passed through.

Every total is the plain sum of the lines it stands for, whether the lines come one by one or were already
summed by the database. Minutes are accounted ones and signed: a reversal gives back what its entry drew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from partwell.rules import hours
from partwell.rules.hours import Source, UnusedRule, WorkClass
from partwell.rules.money import rounded

NOUGHT = Decimal(0)
# An invoice line's source_kind where it passes a vendor's charge through (R7), and where the provider bears some of it.
PASSED_THROUGH, BORNE = "copy", "copy_credit"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Accounted minutes of one kind on a day of the MSP's zone: one part of an entry, or many summed."""

    day: date
    source: Source
    work_class: WorkClass
    minutes: int
    block_id: str = ""

    @property
    def column(self) -> str:
        """Where it stands in the tables: included, block, on_account, as_is, goodwill or service."""
        if self.source is not Source.NOT_CHARGED:
            return str(self.source)
        return "as_is" if self.work_class is WorkClass.OFFBOARDING else str(self.work_class)


@dataclass(frozen=True, slots=True)
class Bought:
    """A paid block: its minutes, what was drawn, its net price, and what of it was credited so far (net, ≥ 0).

    ``paid`` and ``settled``: days of the MSP's zone; settled time can no longer be drawn."""

    id: str
    minutes: int
    used: int
    net: Decimal
    currency: str
    paid: date
    credited: Decimal = NOUGHT
    settled: date | None = None

    @property
    def unused(self) -> int:
        """Minutes bought and not drawn."""
        return max(0, self.minutes - self.used)


COLUMNS = ("included", "block", "on_account", "as_is", "goodwill", "service")


@dataclass(frozen=True, slots=True)
class HoursSum:
    """A departure's hours in minutes. ``settled``: bought, not used, and given back; ``promised``: held by approved
    estimates; ``as_is``, ``goodwill`` and ``service`` cost the client nothing of its budget."""

    included: int
    included_used: int
    bought: int
    block_used: int
    settled: int
    promised: int
    on_account: int
    as_is: int
    goodwill: int
    service: int

    @property
    def used(self) -> int:
        """Drawn from included and bought time."""
        return self.included_used + self.block_used

    @property
    def included_left(self) -> int:
        """Included minutes not drawn."""
        return max(0, self.included - self.included_used)

    @property
    def left(self) -> int:
        """What may still be drawn."""
        return self.included_left + max(0, self.bought - self.block_used - self.settled)


def hours_sum(included: int, drawn: Iterable[Drawn], blocks: Iterable[Bought], promised: int = 0) -> HoursSum:
    """The hours of a departure; ``included`` and ``promised`` in minutes."""
    sums = dict.fromkeys(COLUMNS, 0)
    for one in drawn:
        sums[one.column] += one.minutes
    bought, settled = 0, 0
    for block in blocks:
        bought += block.minutes
        if block.settled is not None:
            settled += block.unused
    return HoursSum(
        included, sums["included"], bought, sums["block"], settled, promised,
        sums["on_account"], sums["as_is"], sums["goodwill"], sums["service"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """One month's minutes by column; ``total`` is their sum."""

    first: date
    included: int = 0
    block: int = 0
    on_account: int = 0
    as_is: int = 0
    goodwill: int = 0
    service: int = 0

    @property
    def total(self) -> int:
        """All accounted minutes of the month."""
        return sum(getattr(self, column) for column in COLUMNS)


def months(drawn: Iterable[Drawn]) -> tuple[Month, ...]:
    """The same minutes by month, the oldest first; months without time are left out."""
    found: dict[date, dict[str, int]] = {}
    for one in drawn:
        columns = found.setdefault(one.day.replace(day=1), dict.fromkeys(COLUMNS, 0))
        columns[one.column] += one.minutes
    return tuple(Month(first, **columns) for first, columns in sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Step:
    """From ``day`` on: minutes drawn so far (included, blocks, on account) and minutes there are (included, blocks)."""

    day: date
    used: int
    budget: int


def course(included: int, drawn: Iterable[Drawn], blocks: Iterable[Bought], start: date) -> tuple[Step, ...]:
    """Hours over time as two staircases, one step a day on which either changes; ``start``: the day of the notice."""
    used: dict[date, int] = {}
    budget: dict[date, int] = {start: included}
    for one in drawn:
        if one.source is not Source.NOT_CHARGED:
            used[one.day] = used.get(one.day, 0) + one.minutes
    for block in blocks:
        budget[block.paid] = budget.get(block.paid, 0) + block.minutes
        if block.settled is not None:
            budget[block.settled] = budget.get(block.settled, 0) - block.unused
    steps, spent, there = [], 0, 0
    for day in sorted({*used, *budget}):
        spent += used.get(day, 0)
        there += budget.get(day, 0)
        steps.append(Step(day, spent, there))
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Paper:
    """A payment request, invoice or credit note as issued (a credit note's amounts are negative)."""

    id: str
    kind: str
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    credits: str = ""  # the paper that a credit note is about


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that came in for a paper; negative: it was refunded."""

    paper_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class MoneySum:
    """One currency's sums, gross and ≥ 0. ``open``: papers still to be paid; ``in_favour``: what stands to the
    client's credit. Always ``asked − credited − paid + refunded = open − in_favour``."""

    currency: str
    asked: Decimal = NOUGHT
    credited: Decimal = NOUGHT
    paid: Decimal = NOUGHT
    refunded: Decimal = NOUGHT
    open: Decimal = NOUGHT
    in_favour: Decimal = NOUGHT


def balances(papers: Iterable[Paper], payments: Iterable[Paid]) -> dict[str, Decimal]:
    """What is open on each request and invoice after its credit notes and payments; below zero, the client's.

    A credit note of its own, or about a paper that is not among ``papers``, stands for itself.
    """
    rows = tuple(papers)
    known = {one.id for one in rows}
    home = {one.id: one.credits if one.credits in known else one.id for one in rows}
    found = {one.id: NOUGHT for one in rows if home[one.id] == one.id}
    for one in rows:
        found[home[one.id]] += one.gross
    for payment in payments:
        found[home[payment.paper_id]] -= payment.amount
    return found


def money_sums(papers: Iterable[Paper], payments: Iterable[Paid]) -> tuple[MoneySum, ...]:
    """The sums by currency, in the alphabet's order."""
    rows, moved = tuple(papers), tuple(payments)
    currency = {one.id: one.currency for one in rows}
    left = balances(rows, moved)
    found = []
    for code in sorted(set(currency.values())):
        here = [one for one in rows if one.currency == code]
        amounts = [one.amount for one in moved if currency[one.paper_id] == code]
        still = [amount for paper, amount in left.items() if currency[paper] == code]
        found.append(
            MoneySum(
                code,
                asked=_sum(one.gross for one in here if one.kind != "credit_note"),
                credited=-_sum(one.gross for one in here if one.kind == "credit_note"),
                paid=_sum(one for one in amounts if one > 0),
                refunded=-_sum(one for one in amounts if one < 0),
                open=_sum(one for one in still if one > 0),
                in_favour=-_sum(one for one in still if one < 0),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Passed:
    """R7: a vendor's charge. ``billed``: net of its lines, less credits; ``vendor``: the vendor's net in the same
    currency, None while its invoice is not there. ``borne``: of ``billed``, what the client did not approve and the
    provider bears (net, ≥ 0)."""

    currency: str
    billed: Decimal
    vendor: Decimal | None = None
    borne: Decimal = NOUGHT

    @property
    def markup(self) -> Decimal | None:
        """What was billed beyond the vendor's net; the rule says 0."""
        return None if self.vendor is None else self.billed - self.vendor


def passed_sums(rows: Iterable[Passed]) -> tuple[tuple[str, Decimal], ...]:
    """Net passed through to the client, by currency; what the provider bears is not."""
    found: dict[str, Decimal] = {}
    for one in rows:
        found[one.currency] = found.get(one.currency, NOUGHT) + one.billed - one.borne
    return tuple(sorted(found.items()))


def unsettled(block: Bought) -> Decimal:
    """Net value of a block's time that was neither used nor credited yet, by the block's own price."""
    value = hours.unused([(hours.Block(block.id, block.minutes, block.used), block.net)], block.currency)
    return max(NOUGHT, rounded(value - block.credited, block.currency))


def unused_words(rule: UnusedRule) -> str:
    """The agreement's rule for unused prepaid time, in one sentence; shown from the start (R5)."""
    if rule is UnusedRule.CREDIT:
        return "Prepaid time that is not used is credited to you at closing, at the price you paid for it."
    return "Prepaid time that is not used is paid back to you at closing, at the price you paid for it."


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOUGHT)
