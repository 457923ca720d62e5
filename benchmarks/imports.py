# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of a CSV through the whole import (read, preview, confirm) against a bare ``executemany`` of the rows it wrote."""

import io
from typing import Any

from benchmarks import house
from benchmarks.measure import Options, Row, now, rounds, row
from tests.support.worlds import World


def table(rows: int, start: int) -> bytes:
    """A CSV as asset tools export it."""
    lines = (
        f"pc-{n},SN{n:08},Laptop,Latitude {5000 + n % 500},Rack {n % 90},10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255},bought with order {n % 997}\n"
        for n in range(start, start + rows)
    )
    return ("Name,Serial,Category,Model,Location,IP address,Notes\n" + "".join(lines)).encode()


def run(options: Options) -> list[Row]:
    """Three lines a database: the whole, and its two halves apart."""
    return [line for kind in options.databases() for line in _on(kind, options)]


def _on(kind: str, options: Options) -> list[Row]:
    number = 300 if options.small else 20_000
    with house.house(kind, options) as world:
        actor = house.owner()
        written: list[list[Any]] = []
        halves: dict[str, list[float]] = {"read": [], "confirm": []}

        def ours(turn: int) -> float:
            client = house.client(actor, f"Northwick {turn}")
            rows, read, confirm = _import(actor, client, table(number, turn * number))
            written[:] = [rows]
            if turn:
                halves["read"].append(read)
                halves["confirm"].append(confirm)
            return read + confirm

        def floor(turn: int) -> float:
            if not written:  # round 0 goes backwards
                client = house.client(actor, "Rows to copy")
                written[:] = [_import(actor, client, table(number, 900_000_000))[0]]
            return _executemany(world, written[0])

        names = {"import": ours, "executemany": floor}
        times = {**rounds(names, 1 if options.small else options.rounds), **halves}
    about: dict[str, Any] = {"subject": "import", "amount": number, "unit": "rows"}
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    return [
        row(times, ours_name, "executemany", case=f"{label}, {number:,} rows, {words}", **about)
        for ours_name, words in (
            ("import", "read and confirmed"),
            ("read", "read only"),
            ("confirm", "confirmed only"),
        )
    ]


def _import(actor: Any, client: Any, data: bytes) -> tuple[list[Any], float, float]:
    """(the rows as the database holds them, seconds of reading, seconds of confirming)."""
    from partwell.actions.estate.confirm_import import confirm_import
    from partwell.actions.estate.run_import import run_now
    from partwell.actions.estate.start_import import start_import, work_of

    began = now()
    batch = house.done(
        start_import(
            actor=actor, client_id=client.id, uploads=[("assets.csv", io.BytesIO(data))], source="csv"
        )
    )
    job = run_now(work_of(batch)[0])
    between = now()
    if job.state != "done":
        raise RuntimeError(job.error)
    job = run_now(house.done(confirm_import(actor=actor, client_id=client.id, import_id=batch.id)))
    ended = now()
    if job.state != "done":
        raise RuntimeError(job.error)
    rows = _rows(batch.id)
    given = data.count(b"\n") - 1
    if len(rows) != given:
        raise RuntimeError(f"{len(rows)} rows were written of {given}.")
    return rows, between - began, ended - between


def _columns() -> list[tuple[str, bool]]:
    from django.db.models import JSONField

    from partwell.records.estate.models import Item

    return [
        (field.column or field.name, isinstance(field, JSONField)) for field in Item._meta.concrete_fields
    ]


def _rows(import_id: Any) -> list[Any]:
    from django.db import connection

    chosen = ", ".join(f'CAST("{name}" AS text)' if is_json else f'"{name}"' for name, is_json in _columns())
    key = import_id if connection.vendor == "postgresql" else import_id.hex
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {chosen} FROM estate_item WHERE batch_id = %s", [key])
        return list(cursor.fetchall())


def _executemany(world: World, rows: list[Any]) -> float:
    """The rows into a table of the same columns without an index or a constraint, in one transaction of the driver's."""
    names = ", ".join(f'"{name}"' for name, _ in _columns())
    mark = "?" if world.kind == "sqlite" else "%s"
    insert = f"INSERT INTO bench_item ({names}) VALUES ({', '.join([mark] * len(_columns()))})"
    with world.behind() as connection:
        connection.execute(f"CREATE TABLE bench_item AS SELECT {names} FROM estate_item WHERE 1 = 0")
        cursor = connection.cursor()
        began = now()
        cursor.execute("BEGIN")
        cursor.executemany(insert, rows)
        cursor.execute("COMMIT")
        took = now() - began
        connection.execute("DROP TABLE bench_item")
    return took
