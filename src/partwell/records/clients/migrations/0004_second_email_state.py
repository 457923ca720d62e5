# SPDX-License-Identifier: AGPL-3.0-or-later
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0003_agreement_time_terms")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="second_email_state",
            field=models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
    ]
