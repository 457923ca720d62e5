# SPDX-License-Identifier: AGPL-3.0-or-later
"""What tells the things of a dry run apart, so that each stands once and is compared before it goes."""

import hashlib
from typing import Any

from django.db import migrations, models


def tell_apart(apps: Any, schema_editor: Any) -> None:
    """Lines of deletions that were listed before have no name of their own yet, and several of one would be alike."""
    line = apps.get_model("retention", "DeletionLine")
    for row in line.objects.filter(ident="").iterator(chunk_size=2000):
        text = "\0".join((row.key, row.version, row.kind))
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        line.objects.filter(pk=row.pk).update(ident=name)


class Migration(migrations.Migration):
    dependencies = [("retention", "0004_media_details")]

    operations = [
        migrations.AddField(
            model_name="deletionline", name="ident", field=models.CharField(blank=True, max_length=32)
        ),
        migrations.AddField(
            model_name="deletionline", name="etag", field=models.CharField(blank=True, max_length=120)
        ),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="deletionline",
            constraint=models.UniqueConstraint(fields=("deletion", "ident"), name="thing_once"),
        ),
    ]
