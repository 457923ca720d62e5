# SPDX-License-Identifier: AGPL-3.0-or-later
"""Searching what was said: p95 of mixed questions over very many messages, against the bare index's own SELECT."""

import random
import statistics
from typing import Any
from uuid import uuid4

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support.worlds import World

CLIENTS, WORDS = 50, 20_000
_CHUNK = 5_000


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
        vocabulary = _messages(clients, many)
        written = now() - began
        with world.behind() as behind:
            behind.execute("ANALYZE correspondence_searchrow")
        return _questions(world, label, many, turns, actor, clients, vocabulary, written)


def _messages(clients: list[Any], many: int) -> list[str]:
    """Forty words each, few common and many rare as in a language; written without evidence: what is measured reads."""
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from partwell.records.correspondence.models import Message
    from partwell.records.guard import permit

    chance = random.Random(20261123)
    vocabulary = [
        "".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(3, 9))) for _ in range(WORDS)
    ]
    weights = [1 / (rank + 1) for rank in range(WORDS)]
    moment = timezone.now()
    for start in range(0, many, _CHUNK):
        rows = []
        for number in range(start, min(start + _CHUNK, many)):
            words = chance.choices(vocabulary, weights, k=40)
            rows.append(
                Message(id=uuid4(), client=clients[number % len(clients)], author_kind="staff", author_id=uuid4(), author_name="Ines Duarte",
                        audience="client", subject=" ".join(words[:4]), text=" ".join(words), written_at=moment - timedelta(minutes=number), row_version=1)
            )  # fmt: skip
        with permit("deed"), transaction.atomic():
            Message.objects.bulk_create(rows)
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
    tails: dict[str, list[float]] = {"ours": [], "bare": []}

    def ours(_turn: int) -> float:
        times = []
        for question, client_id in asked:
            began = now()
            found(actor, question, client_id=client_id)
            times.append(now() - began)
        tails["ours"].append(_p95(times))
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
        note=f"p95 {p95['ours']:.1f} ms, bare {p95['bare']:.1f} ms (all clients, 25 keys, no count); writing them {many / written:,.0f} a second",
    )  # fmt: skip


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]
