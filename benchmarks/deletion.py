# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects deleted through a :class:`Place` against the bare client library's loop, on the S3 server of the tests.

Both list every version and delete a thousand at a time until the listing is empty. The server is a process of its own
whose work is the same for both, so the clock's ratio is near one whatever we do; the lines of ``client`` count only the
processor time of this process, which is what our checks, outcomes and answers cost.
"""

import time
from functools import partial
from typing import Any

from benchmarks.measure import Options, Row, now, rounds, row

PREFIX = "clients/northwick/"


def run(options: Options) -> list[Row]:
    """Two lines: waiting for the server included, and the processor time of the client alone."""
    from tests.support import s3_server

    number = 300 if options.small else options.objects
    server = s3_server.start()
    cpu: dict[str, list[float]] = {"place": [], "loop": []}
    try:

        def side(name: str, turn: int) -> float:
            bucket = server.make_bucket(versioning=True)
            server.fill(bucket, PREFIX, number)
            place = server.place(bucket, PREFIX)
            place.facts()  # the client is made at the first question; the other side's stands already
            began, used = now(), time.process_time()
            gone = through_place(place) if name == "place" else bare_loop(server.client(), bucket)
            took, spent = now() - began, time.process_time() - used
            if gone != number or list(server.place(bucket, PREFIX).list()):
                raise RuntimeError(f"{name} deleted {gone} of {number}.")
            if turn:
                cpu[name].append(spent)
            return took

        sides = {name: partial(side, name) for name in cpu}
        times = rounds(sides, 1 if options.small else options.rounds)
    finally:
        server.stop()
    about: dict[str, Any] = {"subject": "deletion", "amount": number, "unit": "objects"}
    whole = [_action(kind, number, options) for kind in options.databases()]
    return [
        *whole,
        row(times, "place", "loop", case=f"{number:,} objects listed, deleted, listed again", **about),
        row(cpu, "place", "loop", case="the same, processor time of the client", **about),
    ]


def _action(kind: str, number: int, options: Options) -> Row:
    """The whole action against the bare loop: dry run with its file, deletion asked for before each batch, listed again."""
    from benchmarks import house
    from tests.support import s3_server

    server = s3_server.start()
    try:
        with house.house(kind, options):
            times = rounds({"action": partial(_whole, server, number), "loop": partial(_bare, server, number)},
                           1 if options.small else min(options.rounds, 2))  # fmt: skip
    finally:
        server.stop()
    label = "SQLite" if kind == "sqlite" else "PostgreSQL"
    return row(times, "action", "loop", case=f"{number:,} objects by the whole action, {label}", subject="deletion",
               amount=number, unit="objects")  # fmt: skip


def _bare(server: Any, number: int, turn: int) -> float:
    del turn
    bucket = server.make_bucket(versioning=True)
    server.fill(bucket, PREFIX, number)
    began = now()
    if bare_loop(server.client(), bucket) != number:
        raise RuntimeError("The loop left something.")
    return now() - began


def _whole(server: Any, number: int, turn: int) -> float:
    """From the approval to *verified*; people's clicks cost nothing here."""
    from partwell.connectors.secret import Secret
    from partwell.records.people.queries import the_msp
    from tests.flows import deletion_cast

    if the_msp() is None:
        _CAST[:] = [deletion_cast.people()]
    bucket = server.make_bucket(versioning=True)
    server.fill(bucket, PREFIX, number)
    facts = deletion_cast.bucket_facts(server, bucket, PREFIX, f"Set {turn} of {bucket}")
    kept = deletion_cast.due_set(_CAST[0], facts, secret=Secret(server.secret))
    stage = deletion_cast.approved(_CAST[0], kept)
    began = now()
    deletion_cast.work()
    deletion_cast.begin(stage, newer_agreed=True)
    deletion_cast.work()
    took = now() - began
    done = stage.now()
    if (done.state, done.deleted_count) != ("verified", number):
        raise RuntimeError(f"It ended {done.state} with {done.deleted_count} of {number}.")
    return took


_CAST: list[Any] = []


def through_place(place: Any) -> int:
    """List, delete in batches with an outcome each, list again: what a deletion does, without its records."""
    from partwell.connectors.places import BATCH

    gone, batch = 0, []
    for thing in place.list():
        batch.append(thing)
        if len(batch) == BATCH:
            gone += _settled(place.delete(batch))
            batch = []
    gone += _settled(place.delete(batch))
    if list(place.list()):
        raise RuntimeError("Something is left.")
    return gone


def _settled(outcomes: Any) -> int:
    return sum(one.state == "deleted" for one in outcomes)


def bare_loop(client: Any, bucket: str) -> int:
    """What one writes with boto3: the paginator of versions, delete_objects for each page, and a look afterwards."""
    gone = 0
    pages = client.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket, Prefix=PREFIX):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if named:
            gone += len(client.delete_objects(Bucket=bucket, Delete={"Objects": named}).get("Deleted", []))
    client.list_multipart_uploads(Bucket=bucket, Prefix=PREFIX)
    if client.list_object_versions(Bucket=bucket, Prefix=PREFIX).get("Versions"):
        raise RuntimeError("Something is left.")
    return gone
