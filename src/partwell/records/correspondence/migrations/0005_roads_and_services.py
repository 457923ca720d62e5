# SPDX-License-Identifier: AGPL-3.0-or-later
"""Roads that are edited: what a look brought, a refresh token given anew, and one-time tokens of services."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("correspondence", "0004_promises_and_recordings"),
    ]

    operations = [
        migrations.AddField(
            model_name="road",
            name="fresh",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="road",
            name="last_good_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="road",
            name="waiting",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="HookToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64)),
                ("seen_at", models.DateTimeField(db_index=True)),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="correspondence.road",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("road", "token"), name="hook_token_once")],
            },
        ),
    ]
