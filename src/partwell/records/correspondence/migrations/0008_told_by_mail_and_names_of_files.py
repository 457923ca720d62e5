# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether staff are told of each message by mail; and the search forgets names of files that its reader may not open."""

from typing import Any

from django.db import migrations, models
from django.db.models import Q


def names(apps: Any, schema_editor: Any) -> None:
    """Make the search's rows anew where mails of staff, or that staff forwarded, brought files."""
    from partwell.records.correspondence import search_index

    part = apps.get_model("correspondence", "InboundPart")
    if part.objects.filter(Q(mail__sender_kind="staff") | Q(mail__forwarded_by__isnull=False)).exists():
        search_index.rebuild(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("correspondence", "0007_recording_consents"),
    ]

    operations = [
        migrations.AddField(
            model_name="digestchoice",
            name="messages",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.RunPython(names, migrations.RunPython.noop),
    ]
