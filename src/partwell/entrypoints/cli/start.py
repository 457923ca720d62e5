# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every command needs: Django, a migrated database, a way to stop with a sentence, a bar where somebody watches."""

import gc
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from partwell.entrypoints.cli.ending import end, sentence_of

GOOD, REFUSED, UNUSABLE = 0, 1, 2


def stop(sentence: str, code: int, as_json: bool = False) -> NoReturn:
    """End the command with one sentence: on standard error, or as JSON where a script asked for it."""
    if as_json:
        typer.echo(json.dumps({"ok": False, "problem": sentence}, ensure_ascii=False))
    else:
        typer.echo(sentence, err=True)
    raise typer.Exit(code)


def django_ready(as_json: bool = False) -> None:
    """Start Django, with the installation's own faults as sentences."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        # What a start makes stays until the end: looking through it for waste was a tenth of a small command.
        gc.disable()
        try:
            django.setup()
        except (ValueError, OSError) as error:
            stop(f"This installation cannot be used: {_plain(error)}", UNUSABLE, as_json)
        finally:
            gc.freeze()
            gc.enable()


def _plain(error: ValueError | OSError) -> str:
    return sentence_of(error) if isinstance(error, OSError) else str(error)


def pending(as_json: bool = False) -> bool:
    """Whether the database lacks migrations (an empty one lacks all)."""
    django_ready(as_json)
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.recorder import MigrationRecorder

    try:
        if _names_of_migrations() <= set(MigrationRecorder(connection).applied_migrations()):
            return False
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        stop(sentence_of(error), UNUSABLE, as_json)


def _names_of_migrations() -> set[tuple[str, str]]:
    """App and name of each migration there is, without importing them: most commands find that nothing is pending."""
    from django.apps import apps

    return {
        (app.label, found.name)
        for app in apps.get_app_configs()
        for found in pkgutil.iter_modules([f"{app.path}/migrations"])
        if not found.ispkg and found.name[0] not in "_~"
    }


def installed(as_json: bool = False) -> None:
    """Django, and a database that is up to date; else say what to run."""
    if pending(as_json):
        stop("This installation's database is not up to date. Run: partwell setup-db", UNUSABLE, as_json)


def migrate(*, quiet: bool = True) -> None:
    """Bring the database up to date, put triggers in place, make the cache table.

    On PostgreSQL by a process of its own as the owner role, which then gives the application role rows but no
    tables: of the ledger's append-only tables it may read and insert, nothing more.
    """
    owner, used = os.environ.get("PARTWELL_DATABASE_OWNER", ""), os.environ.get("PARTWELL_DATABASE", "")
    if owner and owner != used:
        environment = {
            **os.environ,
            "PARTWELL_DATABASE": owner,
            "PARTWELL_DATABASE_OWNER": owner,
            "PARTWELL_GRANT_TO": used,
        }
        done = subprocess.run(
            [sys.executable, "-m", "partwell.entrypoints.cli.start"], env=environment, check=False
        )
        if done.returncode:
            stop(
                "The database could not be migrated; see above. PARTWELL_DATABASE_OWNER must be the role that owns its tables.",
                UNUSABLE,
            )
        django_ready()
        return
    django_ready()
    _migrate_here(quiet)


def _migrate_here(quiet: bool) -> None:
    from django.core.management import call_command
    from django.db import DatabaseError

    from partwell.entrypoints.cli.first_schema import quick_if_empty
    from partwell.records.guard import permit

    try:
        with permit("schema"), quick_if_empty():
            call_command("migrate", verbosity=0 if quiet else 1, interactive=False)
            call_command("createcachetable", verbosity=0)
        _grant()
    except DatabaseError as error:
        stop(sentence_of(error), UNUSABLE)


def _grant() -> None:
    from urllib.parse import unquote, urlsplit

    from django.db import connection

    from partwell.records.evidence.triggers import APPEND_ONLY
    from partwell.records.guard import permit

    role = unquote(urlsplit(os.environ.get("PARTWELL_GRANT_TO", "")).username or "")
    if connection.vendor != "postgresql" or not role:
        return
    name = connection.ops.quote_name(role)
    with permit("schema"), connection.cursor() as cursor:
        cursor.execute("SELECT nspowner = current_user::regrole FROM pg_namespace WHERE nspname = 'public'")
        if (row := cursor.fetchone()) and row[0]:  # before PostgreSQL 15 everybody may make tables there
            cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        for table in APPEND_ONLY:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}")


@contextmanager
def bar(quiet: bool) -> Iterator[Callable[[str, int, int], object]]:
    """A progress bar on standard error where somebody watches; silent for scripts."""
    if quiet or not sys.stderr.isatty():
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total or None)
            progress.update(tasks[stage], completed=done, total=total or None)

        yield tell


def as_owner() -> None:
    """What the process of the owner role does; ends like a command, for it is not run by one."""
    try:
        django_ready()
        _migrate_here(True)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever it is becomes a sentence
        end(error)


if __name__ == "__main__":
    as_owner()
