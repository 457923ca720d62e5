# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tells the things of a dry run apart, so that each stands once and is compared before it goes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0004_media_details")]

    operations = [
        migrations.AddField(
            model_name="deletionline", name="ident", field=models.CharField(blank=True, max_length=32)
        ),
        migrations.AddField(
            model_name="deletionline", name="etag", field=models.CharField(blank=True, max_length=120)
        ),
        migrations.AddConstraint(
            model_name="deletionline",
            constraint=models.UniqueConstraint(fields=("deletion", "ident"), name="thing_once"),
        ),
    ]
