# SPDX-License-Identifier: AGPL-3.0-or-later
"""The days on which a signatory is reminded of what waits for their signature."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_passkey_confirmed"),
    ]

    operations = [
        migrations.AddField(
            model_name="msp",
            name="signature_reminders",
            field=models.CharField(blank=True, max_length=20),
        ),
    ]
