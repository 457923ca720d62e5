# SPDX-License-Identifier: AGPL-3.0-or-later
"""The migrations make the tables that the models describe: an upgrade finds nothing left to make."""

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def test_no_model_is_ahead_of_its_migrations() -> None:
    loader = MigrationLoader(None)
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("partwell.")}
    found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )
    missing = {
        label: [operation.describe() for migration in migrations for operation in migration.operations]
        for label, migrations in found.items()
        if label in ours
    }
    assert not missing, f"run makemigrations for {missing}"


def test_no_two_migrations_of_an_app_are_both_its_last() -> None:
    assert not MigrationLoader(None).detect_conflicts()
