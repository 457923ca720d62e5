# SPDX-License-Identifier: AGPL-3.0-or-later
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0002_sets_holds_deletions"), ("clients", "0003_agreement_time_terms")]

    operations = [
        migrations.AddField("backupset", "place_key", models.CharField(blank=True, max_length=600)),
        migrations.AddField("backupset", "look_on", models.DateField(blank=True, null=True)),
        migrations.AddField("backupset", "alarmed", models.CharField(blank=True, max_length=64)),
        migrations.AddField("hold", "reminded_for", models.DateField(blank=True, null=True)),
        migrations.AddIndex(
            "backupset",
            models.Index(
                condition=models.Q(("gone_at", None), ("removed_at", None)),
                fields=["look_on", "id"],
                name="sets_to_look",
            ),
        ),
        migrations.AddIndex(
            "backupset",
            models.Index(
                condition=models.Q(
                    ("gone_at", None), ("removed_at", None), models.Q(("place_key", ""), _negated=True)
                ),
                fields=["place_key"],
                name="sets_by_place",
            ),
        ),
        migrations.AddIndex(
            "backupset",
            models.Index(
                condition=models.Q(("gone_at", None), ("keep_until", None), ("removed_at", None)),
                fields=["client"],
                name="sets_undated",
            ),
        ),
    ]
