# SPDX-License-Identifier: AGPL-3.0-or-later
"""Searching what was said: p95 of mixed questions over very many messages, against the bare index's own SELECT."""

import itertools
import random
import statistics
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support.worlds import World

CLIENTS, WORDS = 50, 20_000


def run(options: Options) -> list[Row]:
    """One line a database."""
    return [_on(kind, options) for kind in options.databases()]


def _on(kind: str, options: Options) -> Row:
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    many, turns = (2_000, 1) if options.small else (options.messages, options.rounds)
    with house.house(kind, options) as world:
        actor = house.owner()
        clients = [house.client(actor, f"Client {number}") for number in range(CLIENTS)]
        began = now()
        vocabulary = _messages(world, kind, clients, many)
        written = now() - began
        with world.behind() as behind:
            behind.execute(
                "ANALYZE correspondence_searchrow"
                if kind == "sqlite"
                else "VACUUM ANALYZE correspondence_searchrow"
            )
        return _questions(world, label, many, turns, actor, clients, vocabulary, written)


def _messages(world: World, kind: str, clients: list[Any], many: int) -> list[str]:
    """Forty words each, few common and many rare as in a language. Written behind the program's back, without evidence and
    with the triggers off, and then found a place in the index as ``partwell search rebuild`` does it: what is measured reads.
    """
    from datetime import UTC, datetime, timedelta

    from django.db import connection

    from partwell.records.correspondence import search_index
    from partwell.records.correspondence.models import Message
    from partwell.records.guard import permit

    chance = random.Random(20261123)
    vocabulary = [
        "".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(3, 9))) for _ in range(WORDS)
    ]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(WORDS)))
    lite, moment = kind == "sqlite", datetime.now(UTC)
    sample = Message(id=uuid4(), client=clients[0], author_kind="staff", author_id=uuid4(), author_name="Ines Duarte",
                     audience="client", subject="", text="", written_at=moment, row_version=1)  # fmt: skip
    fields = [field for field in Message._meta.concrete_fields if not field.generated]
    plain = {
        field.column: field.get_db_prep_save(getattr(sample, field.attname), connection) for field in fields
    }

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(many):
            words = chance.choices(vocabulary, cum_weights=weights, k=40)
            key, client_id = uuid4(), clients[number % len(clients)].id
            at = moment - timedelta(minutes=number)
            own = {"id": key.hex if lite else key, "client_id": client_id.hex if lite else client_id, "subject": " ".join(words[:4]),
                   "text": " ".join(words), "written_at": at.strftime("%Y-%m-%d %H:%M:%S.%f") if lite else at}  # fmt: skip
            yield tuple({**plain, **own}.values())

    columns = ", ".join(f'"{name}"' for name in plain)
    with world.behind() as behind:
        if lite:
            behind.execute("BEGIN")
            triggers = behind.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'correspondence_message'").fetchall()  # fmt: skip
            for name, _ in triggers:
                behind.execute(f"DROP TRIGGER {name}")
            behind.executemany(
                f"INSERT INTO correspondence_message ({columns}) VALUES ({', '.join('?' * len(plain))})",
                rows(),
            )
            for _, made in triggers:
                behind.execute(made)
            behind.execute("COMMIT")
        else:
            behind.execute("ALTER TABLE correspondence_message DISABLE TRIGGER USER")
            with (
                behind.cursor() as cursor,
                cursor.copy(f"COPY correspondence_message ({columns}) FROM STDIN") as copy,
            ):
                for one in rows():
                    copy.write_row(one)
            behind.execute("ALTER TABLE correspondence_message ENABLE TRIGGER USER")
    with permit("schema"):
        search_index.fill(connection)
    return vocabulary


def _questions(
    world: World,
    label: str,
    many: int,
    turns: int,
    actor: Any,
    clients: list[Any],
    vocabulary: list[str],
    written: float,
) -> Row:
    """Common, middling and rare words, two words, phrases and beginnings; of one client and of all."""
    from partwell.records.correspondence.search import found

    chance = random.Random(7)
    asked: list[tuple[str, Any]] = []
    for number in range(20 if many < 10_000 else 200):
        common, middling, rare = (
            vocabulary[number % 20],
            vocabulary[200 + number],
            vocabulary[5000 + number * 60],
        )
        question = (
            common,
            middling,
            rare,
            f"{common} {middling}",
            f'"{common} {vocabulary[(number + 1) % 20]}"',
            f"{rare[:4]}*",
        )[number % 6]
        asked.append((question, clients[number % CLIENTS].id if chance.random() < 0.7 else None))
    tails: dict[str, list[float]] = {"ours": [], "one": [], "all": [], "bare": []}

    def ours(_turn: int) -> float:
        times: list[float] = []
        of: dict[bool, list[float]] = {True: [], False: []}
        for question, client_id in asked:
            began = now()
            found(actor, question, client_id=client_id)
            times.append(now() - began)
            of[client_id is not None].append(times[-1])
        for name, each in (("ours", times), ("one", of[True]), ("all", of[False])):
            tails[name].append(_p95(each))
        return statistics.fmean(times)

    lite = world.kind == "sqlite"

    def bare(_turn: int) -> float:
        times = []
        with world.behind() as behind:
            for question, _ in asked:
                began = now()
                if lite:
                    words = "SELECT rowid FROM correspondence_words WHERE correspondence_words MATCH ? ORDER BY rowid DESC LIMIT 25"
                    plain = (
                        question
                        if question.endswith("*")
                        else question.replace('"', "")
                        if '"' not in question
                        else question
                    )
                    behind.execute(words, (plain,)).fetchall()
                else:
                    words = "SELECT id, subject FROM correspondence_searchrow WHERE words @@ {} ORDER BY id DESC LIMIT 25"
                    if question.endswith("*"):
                        behind.execute(
                            words.format("to_tsquery('simple', %s)"), (question[:-1] + ":*",)
                        ).fetchall()
                    elif '"' in question:
                        behind.execute(
                            words.format("phraseto_tsquery('simple', %s)"), (question.strip('"'),)
                        ).fetchall()
                    else:
                        behind.execute(words.format("plainto_tsquery('simple', %s)"), (question,)).fetchall()
                times.append(now() - began)
        tails["bare"].append(_p95(times))
        return statistics.fmean(times)

    times = rounds({"search": ours, "bare SELECT": bare}, turns)
    p95 = {name: 1000 * statistics.median(values) for name, values in tails.items()}
    return row(
        times, "search", "bare SELECT", subject="search", case=f"{label}, {many:,} messages", amount=1, unit="questions",
        note=f"p95 {p95['ours']:.1f} ms (within one client {p95['one']:.1f}, over all {p95['all']:.1f}), bare {p95['bare']:.1f} ms (all clients, 25 keys, no count); writing them {many / written:,.0f} a second",
    )  # fmt: skip


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]
