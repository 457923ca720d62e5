# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rest of SP 800-88r2's fields of a wiped or shredded medium, and what a second person found wrong with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0003_places_and_looks")]

    operations = [
        migrations.AddField("mediadestruction", "tool_version", models.CharField(blank=True, max_length=80)),
        migrations.AddField(
            "mediadestruction", "validated_module", models.CharField(blank=True, max_length=200)
        ),
        migrations.AddField("mediadestruction", "destination", models.CharField(blank=True, max_length=200)),
        migrations.AddField(
            "mediadestruction", "after_confidentiality", models.CharField(blank=True, max_length=80)
        ),
        migrations.AddField(
            "mediadestruction", "recorded_by_name", models.CharField(blank=True, max_length=160)
        ),
        migrations.AddField(
            "mediadestruction", "validated_where", models.CharField(blank=True, max_length=200)
        ),
        migrations.AddField("mediadestruction", "rejected_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "mediadestruction", "rejected_by_name", models.CharField(blank=True, max_length=160)
        ),
        migrations.AddField("mediadestruction", "rejected_words", models.TextField(blank=True)),
    ]
