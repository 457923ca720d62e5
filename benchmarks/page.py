# SPDX-License-Identifier: AGPL-3.0-or-later
"""The staff's page of a departure with 50, 500 and 5,000 items against the same page with none: time, and queries."""

from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row

PAGES = (("overview", "offboarding"), ("estate", "offboarding_estate"))


def run(options: Options) -> list[Row]:
    """A line for each part of the page and number of items; the note compares the queries."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _on(kind: str, options: Options) -> list[Row]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    sizes = (0, 20, 60) if options.small else (0, 50, 500, 5_000)
    repeats = 2 if options.small else 10
    lines = []
    with house.house(kind, options):
        actor = house.owner()
        opened = {size: _departure(actor, size) for size in sizes}
        browser = house.signed_in(actor)

        def one(name: str, size: int) -> None:
            answer = browser.get(reverse(f"staff:{name}", args=[opened[size]]))
            if answer.status_code != 200:
                raise RuntimeError(f"The page answered {answer.status_code}.")

        def shown(name: str, size: int, _turn: int) -> float:
            began = now()
            for _ in range(repeats):
                one(name, size)
            return (now() - began) / repeats

        for part, name in PAGES:
            queries = {}
            for size in sizes:
                one(name, size)
                with CaptureQueriesContext(connection) as seen:
                    one(name, size)
                queries[size] = len(seen)
            sides = {str(size): partial(shown, name, size) for size in sizes}
            times = rounds(sides, 1 if options.small else options.rounds)
            label = "SQLite" if kind == "sqlite" else "PostgreSQL"
            lines += [
                row(
                    times, str(size), "0", subject="page", case=f"{label}, {part} with {size:,} items", amount=1,
                    unit="pages", aim=2.0, note=f"{queries[size]} queries, {queries[0]} with none",
                )
                for size in sizes[1:]
            ]  # fmt: skip
    return lines


def _departure(actor: Any, size: int) -> Any:
    """A client with ``size`` items who leaves, with a plan; the offboarding's id."""
    from django.utils import timezone

    from partwell.actions.base import Deed
    from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
    from partwell.actions.offboardings.propose_plan import propose_plan
    from partwell.records.estate.models import Item
    from partwell.rules.terms import Category, Channel, Destination, Owner, Reason

    client = house.client(actor, f"Leaving with {size}")
    categories, owners = [one.value for one in Category], [one.value for one in Owner]
    if size:
        with Deed(actor) as deed:
            deed.lock(client.id)
            deed.add_many(
                Item,
                [
                    Item(
                        client=client, title=f"Thing {n}", category=categories[n % len(categories)], kind="document",
                        owner=owners[n % len(owners)], details={"Note": f"number {n}"}, added_at=deed.now,
                    )
                    for n in range(size)
                ],
            )  # fmt: skip
            deed.record("item.classified", public={"count": size})
    now = timezone.now()
    notice = Notice(
        noticed_at=now, channel=Channel.MAIL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=now.date() + timedelta(days=60),
    )  # fmt: skip
    made = house.done(open_offboarding(actor=actor, client_id=client.id, notice=notice))
    house.done(propose_plan(actor=actor, offboarding_id=made.id))
    return made.id
