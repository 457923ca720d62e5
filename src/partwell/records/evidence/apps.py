# SPDX-License-Identifier: AGPL-3.0-or-later
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class Config(AppConfig):
    name = "partwell.records.evidence"
    label = "evidence"

    def ready(self) -> None:
        """Guard every connection, and put the triggers back after each migration (SQLite remakes drop them)."""
        from partwell.records import guard
        from partwell.records.evidence import triggers

        connection_created.connect(guard.install, dispatch_uid="partwell-guard")

        def after(sender: Any, using: str, **_: Any) -> None:
            from django.db import connections

            triggers.install(connections[using])

        post_migrate.connect(after, sender=self, dispatch_uid="partwell-triggers", weak=False)
