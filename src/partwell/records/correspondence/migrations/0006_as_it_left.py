# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an envelope's header says is frozen with it, what left is known by its digest, a message knows its set."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("correspondence", "0005_roads_and_services"),
        ("releases", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="envelope",
            name="head",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="envelope",
            name="sent_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="message",
            name="release",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="releases.release",
            ),
        ),
    ]
