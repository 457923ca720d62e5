# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows for searching what was said, the index beside them, and the rows of everything that was said before."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def index(apps: Any, schema_editor: Any) -> None:
    """Make the index, then fill it in batches; a new installation has nothing to fill."""
    from partwell.records.correspondence import search_index

    search_index.create(schema_editor.connection)
    search_index.fill(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0001_initial"),
        ("correspondence", "0002_mail_in_and_habits"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=8)),
                ("ref", models.UUIDField(db_index=True)),
                ("inside", models.BooleanField(default=False)),
                ("audience", models.CharField(max_length=10)),
                ("side", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("scope", models.TextField()),
                ("who", models.TextField()),
                ("subject", models.TextField()),
                ("body", models.TextField()),
                ("extra", models.TextField()),
                (
                    "client",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clients.client",
                    ),
                ),
            ],
        ),
        migrations.RunPython(index, migrations.RunPython.noop),
    ]
