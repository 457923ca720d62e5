# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a restored home needs before it appears, done inside it by a process of its own: ``python -m …settle OPTIONS``.

Deletions of the log store's tombstones are carried out again (keys, files, contents), everybody is signed out, and the
ledger is checked. Prints one JSON object; its only option is a JSON object {"files": bool, "checkpoint": note}.
"""

import json
import os
import sys
from dataclasses import asdict
from typing import Any

MOST_FINDINGS = 200
# Who was signed in when the backup was made is not signed in after it; nor does an old link open anything.
SIGNED_IN = ("django_session", "people_portalsession", "people_signinlink")


def settle(files: bool, checkpoint: str) -> dict[str, Any]:
    """Do it in the home that Django lives in; the facts to print. Appends nothing to the ledger, which may be behind."""
    from django.db import connection

    from partwell.actions.backup.ready import entries_there
    from partwell.actions.evidence.check import CheckOptions, check_ledger
    from partwell.actions.evidence.log_tail import newest_size
    from partwell.actions.evidence.tombstones import apply_tombstones
    from partwell.records.guard import permit

    newer = _newer(connection)
    if newer:
        return {
            "refused": f"This backup was made by a newer Partwell (it knows {newer}); update first, then restore."
        }
    again = apply_tombstones(rows=False)
    with permit("schema"), connection.cursor() as cursor:
        for table in SIGNED_IN:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608  names of ours
    held = {"the backup": checkpoint.encode()} if checkpoint else {}
    report = check_ledger(options=CheckOptions(files=files, checkpoints=held, log_store=False))
    known, there = newest_size(), entries_there()
    # This process is the owner of the tables on PostgreSQL, because restoring needs that; the program's role is not.
    shown = [one for one in report.findings if one.code != "database-role"]
    findings = [
        {"code": one.code, "where": one.where, "sentence": one.meaning, "severity": one.severity}
        for one in shown
    ]
    if connection.vendor == "sqlite":
        _fold()
    return {
        "ok": report.ok,
        "facts": {name: value for name, value in report.facts.items() if isinstance(value, (int, str))},
        "findings": findings[:MOST_FINDINGS],
        "left_out": report.left_out + max(0, len(findings) - MOST_FINDINGS),
        "again": asdict(again) | {"total": again.total},
        "entries": there,
        "behind": known - there if known > there else 0,
        "known": known,
    }


def _newer(connection: Any) -> str:
    """A migration that the database has and this program does not know; empty if there is none."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
    ours = [f"{app}.{name}" for app, name in unknown if app in loader.migrated_apps]
    return ours[0] if ours else ""


def _fold() -> None:
    """Leave one database file, without a log of writes beside it."""
    from django.db import connection

    from partwell.records.guard import permit

    with permit("schema"), connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main(options: str) -> int:
    """The process; exit code 0 if it could work, whatever it found."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
    import django

    django.setup()
    from django.db import connections

    from partwell.connectors.errors import ConnectorError

    wanted = json.loads(options)
    try:
        out = settle(bool(wanted.get("files")), str(wanted.get("checkpoint", "")))
    except ConnectorError as error:
        out = {"refused": str(error)}
    connections.close_all()
    sys.stdout.write(json.dumps(out) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
