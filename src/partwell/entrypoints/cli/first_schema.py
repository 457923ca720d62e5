# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first migration of an empty database in a quarter of the processor time, through the same migrations.

Django draws a model and everything related to it anew for each operation, so that a migration in Python finds all
relations as they were. With tables that hang together like ours that is thirty models for each added field: eight of
the eleven seconds that an empty database took. Only the changed model is drawn anew here, and Django's own mark for
that (``is_delayed``) makes it draw everything before a migration in Python runs. tests/flows/test_first_schema.py
compares the outcome with Django's own road, table by table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState


def _only_itself(state: Any, app_label: str, model_name: str, delay: bool = False) -> None:
    if "apps" in state.__dict__:
        state.is_delayed = True
        state._reload({(app_label, model_name)})


@contextmanager
def quick_if_empty() -> Iterator[None]:
    """Let ``migrate`` be quick while the database has no migration at all; otherwise change nothing."""
    if MigrationRecorder(connection).applied_migrations():
        yield
        return
    with_all_relations = ProjectState.reload_model
    ProjectState.reload_model = _only_itself  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        ProjectState.reload_model = with_all_relations  # type: ignore[method-assign]
