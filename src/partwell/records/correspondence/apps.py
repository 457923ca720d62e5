# SPDX-License-Identifier: AGPL-3.0-or-later
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class Config(AppConfig):
    name = "partwell.records.correspondence"
    label = "correspondence"

    def ready(self) -> None:
        """Take the search's triggers off before each migration; ``evidence.triggers`` puts them back after it."""

        def before(sender: Any, using: str, **_: Any) -> None:
            from django.db import connections

            from partwell.records.correspondence import search_index

            search_index.drop_triggers(connections[using])

        pre_migrate.connect(before, sender=self, dispatch_uid="partwell-find", weak=False)

    def database_triggers(self, vendor: str) -> dict[str, Any]:
        """What ``evidence.triggers`` installs and looks for besides its own; its ``_sqlite`` says the form."""
        from partwell.records.correspondence import search_index

        return search_index.sqlite_triggers() if vendor == "sqlite" else search_index.postgresql_triggers()
