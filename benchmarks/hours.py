# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours and money: a statement of 10,000 entries, 200 people after the last minute, and papers a second, each against bare SQL."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support.worlds import World

Taker = Callable[[int], bool]
SUMS = (
    """SELECT e.day, p.source, e.work_class, p.block_id, SUM(p.minutes) FROM hours_timepart p
       JOIN hours_timeentry e ON e.id = p.entry_id GROUP BY e.day, p.source, e.work_class, p.block_id""",
    "SELECT COUNT(*), SUM(minutes) FROM hours_timeentry",
    "SELECT kind, currency, SUM(gross) FROM billing_invoice GROUP BY kind, currency",
    "SELECT SUM(amount) FROM billing_payment",
)


def run(options: Options) -> list[Row]:
    """Three lines a database."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _on(kind: str, options: Options) -> list[Row]:
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    turns = 1 if options.small else options.rounds
    with house.house(kind, options) as world:
        actor = house.owner()
        departing = _departure(actor)
        return [
            _last_minute(world, actor, departing, label, options, turns),
            _statement(world, actor, departing, label, options, turns),
            _papers(world, actor, departing, label, options, turns),
        ]


def _departure(actor: Any) -> Any:
    """A client that leaves, with no included hours and time counted by the minute."""
    from django.utils import timezone

    from partwell.actions.base import Deed
    from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
    from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
    from partwell.records.clients.models import Agreement
    from partwell.rules.terms import Channel, Destination, Reason

    client = house.client(actor, "Northwick Traders")
    terms = AgreementTerms(
        signed_on=date(2024, 1, 1),
        included_hours=Decimal(0),
        hourly_rate=Decimal(120),
        block_hours=Decimal(1),
        currency="EUR",
    )
    house.done(record_agreement(actor=actor, client_id=client.id, terms=terms))
    with Deed(actor) as deed:
        deed.lock(client.id)
        deed.save(Agreement.objects.get(client=client, replaced_at=None), rounding_minutes=1)
        deed.record("client.became", subjects=[client.id], public={"state": client.state})
    moment = timezone.now()
    notice = Notice(
        noticed_at=moment, channel=Channel.MAIL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=moment.date() + timedelta(days=60),
    )  # fmt: skip
    return house.done(open_offboarding(actor=actor, client_id=client.id, notice=notice))


# the last minute --------------------------------------------------------------


def _last_minute(world: World, actor: Any, departing: Any, label: str, options: Options, turns: int) -> Row:
    """All at once, each on a connection of its own: exactly one minute is there, and exactly one is granted it."""
    attempts, hands = (20, 8) if options.small else (200, 20)
    counted: list[int] = []

    def ours(turn: int) -> float:
        block = _block(actor, departing, 1)
        took, granted = _rush(attempts, hands, partial(_taker, actor, departing.client_id))
        if granted != 1 or _drawn(block) != 1:
            raise RuntimeError(f"{granted} of {attempts} got the one minute that was left.")
        counted.append(granted)
        return took

    def bare(turn: int) -> float:
        with world.behind() as behind:
            for words in ("DROP TABLE IF EXISTS bare_minutes", "CREATE TABLE bare_minutes (who INTEGER)"):
                behind.execute(words)
        mark = "?" if world.kind == "sqlite" else "%s"

        @contextmanager
        def taker() -> Iterator[Taker]:
            with world.behind() as one:

                def take(number: int) -> bool:
                    one.execute("BEGIN IMMEDIATE" if world.kind == "sqlite" else "BEGIN")
                    if world.kind != "sqlite":
                        one.execute("SELECT id FROM clients_client FOR UPDATE")
                    (left,) = one.execute("SELECT 1 - COUNT(*) FROM bare_minutes").fetchone()
                    if left > 0:
                        one.execute(f"INSERT INTO bare_minutes VALUES ({mark})", (number,))
                    one.execute("COMMIT")
                    return bool(left > 0)

                yield take

        took, granted = _rush(attempts, hands, taker)
        if granted != 1:
            raise RuntimeError(f"The bare side granted {granted}.")
        return took

    times = rounds({"record_time": ours, "bare transactions": bare}, turns)
    return row(
        times, "record_time", "bare transactions", subject="hours", case=f"{label}, {attempts} at once for the last minute",
        amount=attempts, unit="attempts", note=f"exactly {counted[-1]} granted each time",
    )  # fmt: skip


def _rush(attempts: int, hands: int, taker: Callable[[], AbstractContextManager[Taker]]) -> tuple[float, int]:
    """(seconds, how many were granted) of ``attempts`` by so many threads that begin together, each with a connection."""
    gate = threading.Barrier(hands + 1)

    def hand(numbers: range) -> int:
        with taker() as take:
            gate.wait()
            return sum(take(number) for number in numbers)

    with ThreadPoolExecutor(hands) as pool:
        waiting = [pool.submit(hand, range(start, attempts, hands)) for start in range(hands)]
        gate.wait()
        began = now()
        granted = sum(each.result() for each in waiting)
        return now() - began, granted


@contextmanager
def _taker(actor: Any, client_id: Any) -> Iterator[Taker]:
    from django.db import connection
    from django.utils import timezone

    from partwell.actions.hours.record_time import Work, record_time
    from partwell.rules.hours import WorkClass, WorkKind
    from partwell.rules.refusals import Refusal

    def take(_number: int) -> bool:
        started = timezone.now() - timedelta(minutes=2)
        work = Work(1, started, WorkClass.OFFBOARDING, WorkKind.MEETING, "The last minute")
        return not isinstance(record_time(actor=actor, client_id=client_id, work=work), Refusal)

    try:
        connection.ensure_connection()
        yield take
    finally:
        connection.close()


def _block(actor: Any, departing: Any, minutes: int) -> Any:
    """A paid block of so many minutes."""
    from partwell.actions.base import Deed
    from partwell.records.clients.models import Contact
    from partwell.records.hours.models import Block

    with Deed(actor) as deed:
        deed.lock(departing.client_id)
        made = deed.add(
            Block(
                client_id=departing.client_id,
                offboarding=departing,
                minutes=minutes,
                net=Decimal(2) * minutes,
                currency="EUR",
                approved_by=Contact.objects.filter(client_id=departing.client_id).first(),
                approved_at=deed.now,
                paid_at=deed.now,
            )
        )
        deed.record("client.became", subjects=[departing.client_id], public={"state": "departing"})
    return made


def _drawn(block: Any) -> int:
    return sum(part.minutes for part in block.parts.all())


# papers -----------------------------------------------------------------------


def _papers(world: World, actor: Any, departing: Any, label: str, options: Options, turns: int) -> Row:
    """Invoices with gapless numbers, judged and proved, against their bare rows in as many transactions."""
    from partwell.actions.billing.issue import NewLine, issue_invoice

    many = 5 if options.small else 200
    lines = [NewLine(f"Work of day {n}", Decimal("1.5"), Decimal(120), "h") for n in range(3)]

    def ours(_turn: int) -> float:
        began = now()
        for _ in range(many):
            house.done(issue_invoice(actor=actor, client_id=departing.client_id, kind="invoice", lines=lines))
        return now() - began

    def bare(_turn: int) -> float:
        mark = "?" if world.kind == "sqlite" else "%s"
        with world.behind() as one:
            for words in (
                "DROP TABLE IF EXISTS bare_paper",
                "DROP TABLE IF EXISTS bare_line",
                "DROP TABLE IF EXISTS bare_series",
                "CREATE TABLE bare_series (next_number INTEGER)",
                "INSERT INTO bare_series VALUES (1)",
                "CREATE TABLE bare_paper (number INTEGER, client TEXT, net TEXT, tax TEXT, gross TEXT, parties TEXT)",
                "CREATE TABLE bare_line (number INTEGER, text TEXT, quantity TEXT, price TEXT, net TEXT)",
            ):
                one.execute(words)
            began = now()
            for _ in range(many):
                one.execute("BEGIN")
                one.execute("UPDATE bare_series SET next_number = next_number + 1")
                (number,) = one.execute("SELECT next_number FROM bare_series").fetchone()
                paper = (number, departing.client_id.hex, "540.00", "102.60", "642.60", "{}")
                one.execute(f"INSERT INTO bare_paper VALUES ({', '.join([mark] * 6)})", paper)
                for line in lines:
                    values = (number, line.text, "1.5", "120", "180.00")
                    one.execute(f"INSERT INTO bare_line VALUES ({', '.join([mark] * 5)})", values)
                one.execute("COMMIT")
            return now() - began

    times = rounds({"issue_invoice": ours, "bare inserts": bare}, turns)
    _gapless()
    return row(
        times, "issue_invoice", "bare inserts", subject="hours", case=f"{label}, invoices of three lines", amount=many, unit="invoices"
    )  # fmt: skip


def _gapless() -> None:
    from partwell.records.billing.models import Invoice

    numbers = sorted(Invoice.objects.filter(kind="invoice").values_list("number", flat=True))
    if numbers != list(range(1, len(numbers) + 1)):
        raise RuntimeError("The numbers have a gap or a twin.")


# the statement ----------------------------------------------------------------


def _statement(world: World, actor: Any, departing: Any, label: str, options: Options, turns: int) -> Row:
    """The page's data (sums, chart, papers, the first 50 entries with their proofs) against the bare sums."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from partwell.actions.billing.statement import statement_of, time_page

    entries, repeats = (200, 2) if options.small else (10_000, 5)
    few = _queries(CaptureQueriesContext, connection, departing)
    _entries(actor, departing, entries)

    def ours(_turn: int) -> float:
        began = now()
        for _ in range(repeats):
            shown = statement_of(departing.client_id)
            if shown is None or shown.count < entries:
                raise RuntimeError("The statement lacks entries.")
            time_page(shown, 1)
        return (now() - began) / repeats

    def bare(_turn: int) -> float:
        with world.behind() as one:
            began = now()
            for _ in range(repeats):
                for words in SUMS:
                    one.execute(words).fetchall()
            return (now() - began) / repeats

    times = rounds({"statement": ours, "bare sums": bare}, turns)
    many = _queries(CaptureQueriesContext, connection, departing)
    return row(
        times, "statement", "bare sums", subject="hours", case=f"{label}, statement of {entries:,} entries", amount=1,
        unit="statements", note=f"{many} queries, {few} before the entries",
    )  # fmt: skip


def _queries(context: Any, connection: Any, departing: Any) -> int:
    from partwell.actions.billing.statement import statement_of, time_page

    with context(connection) as seen:
        shown = statement_of(departing.client_id)
        if shown is not None:
            time_page(shown, 1)
    return len(seen)


def _entries(actor: Any, departing: Any, many: int) -> None:
    """``many`` time entries over two years, a quarter of them goodwill, drawn from one large block."""
    from partwell.actions.base import Deed
    from partwell.records.hours.models import TimeEntry, TimePart

    block = _block(actor, departing, 60 * many)
    with Deed(actor) as deed:
        deed.lock(departing.client_id)
        entries, parts = [], []
        for number in range(many):
            started = deed.now - timedelta(days=number % 730, minutes=20)
            given = number % 4 == 0
            entry = TimeEntry(
                client_id=departing.client_id, offboarding=departing, staff_id=actor.id, day=started.date(), started_at=started,
                minutes=20, accounted=20, work_class="goodwill" if given else "offboarding", kind="meeting",
                client_note=f"Piece {number}", recorded_at=deed.now,
            )  # fmt: skip
            entries.append(entry)
            parts.append(
                TimePart(
                    entry=entry,
                    offboarding=departing,
                    source="not_charged" if given else "block",
                    block=None if given else block,
                    minutes=20,
                )
            )
        deed.add_many(TimeEntry, entries)
        deed.add_many(TimePart, parts)
        deed.record("client.became", subjects=[entries[0].id], public={"state": "departing"})
