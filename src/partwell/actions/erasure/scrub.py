# SPDX-License-Identifier: AGPL-3.0-or-later
"""After rows are deleted, the bytes: what the database and its log still hold, and what only its administrator can remove.

SQLite overwrites what it deletes (``secure_delete``), and what the search's segments only mark as deleted is merged away; its write-ahead log is emptied, the file written anew. PostgreSQL
keeps dead rows until VACUUM FULL, which only the owner of the tables may do, and its log until it is overwritten.
Whatever could not be done is said in a sentence, never left out: docs/decisions/0017-erasure.md.
"""

import logging
import os
import time
from collections.abc import Iterable

from django.db import DatabaseError, connection

from partwell.environment import database_from_url
from partwell.records.correspondence import search_index
from partwell.records.guard import permit

log = logging.getLogger("partwell.erasure")
PATIENCE = 20.0  # seconds that readers get to finish
LOG_STAYS = (
    "PostgreSQL's write-ahead log, its archive and replicas keep old pages until they are overwritten or expire; "
    "a superuser hastens that with CHECKPOINT and pg_switch_wal()."
)


def scrub(tables: Iterable[str]) -> list[str]:
    """Remove deleted bytes as far as this process may; gives sentences about what is left to others. Call it outside deeds."""
    return _sqlite() if connection.vendor == "sqlite" else _postgresql(sorted(set(tables)))


def scrub_rows(tables: Iterable[str]) -> list[str]:
    """After working rows were deleted: on SQLite they are overwritten already, and their log is emptied; else as ``scrub``."""
    return _sqlite(whole=False) if connection.vendor == "sqlite" else _postgresql(sorted(set(tables)))


def _sqlite(*, whole: bool = True) -> list[str]:
    with permit("schema"), connection.cursor() as cursor:
        if whole:
            search_index.purge(connection)
            cursor.execute("VACUUM")
        deadline = time.monotonic() + PATIENCE
        while True:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if not cursor.fetchone()[0]:
                return []
            if time.monotonic() > deadline:
                return [
                    "Somebody read the database all the while, so its write-ahead log could not be emptied: restart Partwell once."
                ]
            time.sleep(0.25)


def _postgresql(tables: list[str]) -> list[str]:
    owner = os.environ.get("PARTWELL_DATABASE_OWNER", "")
    by_hand = f"As the owner of the tables run VACUUM (FULL, ANALYZE) on: {', '.join(tables)}."
    if not owner:
        return [f"PARTWELL_DATABASE_OWNER is not set for the workers. {by_hand}", LOG_STAYS]
    import psycopg
    from psycopg import sql

    settings = database_from_url(owner)
    try:
        with psycopg.connect(
            dbname=str(settings["NAME"]), user=str(settings["USER"]), password=str(settings["PASSWORD"]) or None,
            host=str(settings["HOST"]) or None, port=str(settings["PORT"]) or None, autocommit=True,
        ) as inside:  # fmt: skip
            inside.execute("SET lock_timeout = '20s'")
            late = []
            for table in tables:
                try:
                    inside.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)))
                except psycopg.Error as error:
                    log.warning("VACUUM FULL on %s failed: %s", table, type(error).__name__)
                    late.append(table)
            if late:
                return [
                    f"As the owner of the tables run VACUUM (FULL, ANALYZE) on: {', '.join(late)}.",
                    LOG_STAYS,
                ]
    except (psycopg.Error, DatabaseError) as error:
        return [f"The owner's role could not be used ({type(error).__name__}). {by_hand}", LOG_STAYS]
    return [LOG_STAYS]
