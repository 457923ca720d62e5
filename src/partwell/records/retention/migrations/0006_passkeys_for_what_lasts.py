# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cannot be taken back keeps the use of the signatory's passkey beside the words that were signed (R1)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0005_deletion_line_ident")]

    operations = [
        migrations.AddField(
            model_name="datachoice", name="passkey", field=models.JSONField(blank=True, default=dict)
        ),
        migrations.AddField(
            model_name="onlycopy", name="waiver_passkey", field=models.JSONField(blank=True, default=dict)
        ),
    ]
