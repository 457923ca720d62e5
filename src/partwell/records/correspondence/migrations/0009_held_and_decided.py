# SPDX-License-Identifier: AGPL-3.0-or-later
"""What became of a message that was held: the client's word, or the authorisation that put it into the conversation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("correspondence", "0008_told_by_mail_and_names_of_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="decided_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="decided_by_name",
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name="message",
            name="decision",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="message",
            name="released_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
