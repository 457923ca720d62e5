# SPDX-License-Identifier: AGPL-3.0-or-later
"""The daily sweep: among very many backup sets, find the hundred of which something is to be said, against a bare SELECT."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support.worlds import World

CLIENTS, DUE = 50, 100
_CHUNK = 10_000


def run(options: Options) -> list[Row]:
    """One line a database."""
    return [_on(kind, options) for kind in options.databases()]


def _on(kind: str, options: Options) -> Row:
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    many, turns = (2_000, 1) if options.small else (options.sets, options.rounds)
    with house.house(kind, options) as world:
        actor = house.owner()
        clients = [house.client(actor, f"Client {number}") for number in range(CLIENTS)]
        today = _today()
        _sets(clients, many, today)
        _analyse(world)
        line = _sweep(world, label, many, turns, today)
    return line


def _today() -> date:
    from django.utils import timezone

    from partwell.actions.facts import zone
    from partwell.rules.consent import day_in

    return day_in(timezone.now(), zone())


def _sets(clients: list[Any], many: int, today: date) -> None:
    """A tenth is gone, a third is within its last 60 days and told of, some are late and told of; ``DUE`` are due today.

    Written without evidence: what is measured reads.
    """
    from django.db import transaction
    from django.utils import timezone

    from partwell.records.guard import permit
    from partwell.records.retention.models import BackupSet

    moment = timezone.now()
    for start in range(0, many, _CHUNK):
        rows = []
        for number in range(start, min(start + _CHUNK, many)):
            due = number < DUE
            ahead = 60 if due else number % 240 - 40
            until = today + timedelta(days=ahead)
            look = today if due else None if ahead < -1 else today + timedelta(days=1 + number % 59)
            rows.append(
                BackupSet(
                    id=uuid4(),
                    client=clients[number % len(clients)],
                    name=f"Set {number}",
                    location="Tarn, region north",
                    recorded_at=moment,
                    end_of_service=until - timedelta(days=184),
                    keep_until=until,
                    keep_basis="6 calendar months",
                    look_on=look,
                    gone_at=moment if number % 10 == 9 and not due else None,
                    row_version=1,
                )
            )
        with permit("deed"), transaction.atomic():
            BackupSet.objects.bulk_create(rows)


def _analyse(world: World) -> None:
    with world.behind() as behind:
        behind.execute("ANALYZE retention_backupset")


def _sweep(world: World, label: str, many: int, turns: int, today: date) -> Row:
    """Finding what is due, a hundred times; then once in earnest, with mails and evidence."""
    from partwell.actions.retention.keep_dates import keep_dates
    from partwell.actions.retention.notices import _clients_due, give_notices

    repeats = 3 if many < 10_000 else 100
    mark = "?" if world.kind == "sqlite" else "%s"
    words = (
        "SELECT look_on, id, client_id FROM retention_backupset WHERE gone_at IS NULL AND removed_at IS NULL "
        f"AND look_on <= {mark} ORDER BY look_on, id LIMIT 500"
    )

    def ours(_turn: int) -> float:
        began = now()
        for _ in range(repeats):
            if sum(len(ids) for _, ids in _clients_due(today)) != DUE:
                raise RuntimeError("The sweep did not find exactly what is due.")
        return (now() - began) / repeats

    def bare(_turn: int) -> float:
        with world.behind() as behind:
            began = now()
            for _ in range(repeats):
                if len(behind.execute(words, (today.isoformat(),)).fetchall()) != DUE:
                    raise RuntimeError("The bare side did not find exactly what is due.")
            return (now() - began) / repeats

    times = rounds({"sweep": ours, "bare SELECT": bare}, turns)
    began = now()
    if give_notices() != DUE:
        raise RuntimeError("Not every notice was given.")
    given = now() - began
    began = now()
    if give_notices() or keep_dates():
        raise RuntimeError("Something was done twice.")
    idle = now() - began
    return row(
        times, "sweep", "bare SELECT", subject="retention", case=f"{label}, {DUE} due among {many:,} sets", amount=DUE, unit="sets",
        note=f"giving them, with mails and evidence, {given:.1f} s; a day with nothing to do {1000 * idle:.0f} ms",
    )  # fmt: skip
