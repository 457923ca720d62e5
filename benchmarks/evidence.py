# SPDX-License-Identifier: AGPL-3.0-or-later
"""An action with its evidence against the very same code, rows and transaction with the ledger taken out of the deed."""

from functools import partial
from typing import Any
from unittest import mock
from uuid import UUID

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row


def run(options: Options) -> list[Row]:
    """Two lines a database: a deed that writes one row, and one that changes many."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _bare() -> Any:
    """A deed that locks and writes in the same transaction, and keeps no evidence: no commitment, entry, or node."""
    from partwell.actions.base import Deed

    class Bare(Deed):
        def _commit_to(self, row: Any) -> None:
            return

        def record(self, type: str, **_: Any) -> UUID:
            return self.next_uid

    return Bare


def _on(kind: str, options: Options) -> list[Row]:
    from partwell.actions.base import Deed
    from partwell.actions.estate import add_item, classify_items
    from partwell.records.estate.models import Item

    adds, many = (10, 40) if options.small else (300, 2_000)
    with house.house(kind, options):
        actor = house.owner()
        clients = {side: house.client(actor, f"Northwick {side}") for side in ("with", "without")}
        deeds = {"with": Deed, "without": _bare()}

        def adding(side: str, turn: int) -> float:
            with mock.patch.object(add_item, "Deed", deeds[side]):
                began = now()
                for number in range(adds):
                    house.done(
                        add_item.add_item(
                            actor=actor, client_id=clients[side].id, title=f"Switch {turn}-{number}", category="hardware",
                            kind="hardware", details={"Model": "J9776A"}, external_id=f"{number}",
                        )
                    )  # fmt: skip
                return now() - began

        turns = 1 if options.small else options.rounds
        added = rounds({side: partial(adding, side) for side in deeds}, turns)

        for side in deeds:
            with Deed(actor) as deed:
                client = deed.lock(clients[side].id)
                deed.add_many(
                    Item,
                    [
                        Item(
                            client=client,
                            title=f"Diagram {n}",
                            category="diagrams",
                            kind="document",
                            added_at=deed.now,
                        )
                        for n in range(many)
                    ],
                )
                deed.record("item.classified", public={"count": many})

        def changing(side: str, turn: int) -> float:
            rule = classify_items.ItemFilter(category="diagrams")
            sets = {"owner": "client" if turn % 2 else "msp"}
            with mock.patch.object(classify_items, "Deed", deeds[side]):
                began = now()
                changed = house.done(
                    classify_items.classify_items(
                        actor=actor, client_id=clients[side].id, rule=rule, sets=sets
                    )
                )
                took = now() - began
            if changed != many:
                raise RuntimeError(f"{changed} items were changed of {many}.")
            return took

        changed = rounds({side: partial(changing, side) for side in deeds}, turns)
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    return [
        row(added, "with", "without", subject="evidence", case=f"{label}, an item added", amount=adds, unit="actions"),
        row(
            changed, "with", "without", subject="evidence", case=f"{label}, {many:,} items classified by one rule",
            amount=many, unit="rows",
        ),
    ]  # fmt: skip
