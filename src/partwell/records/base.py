# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every remembered row has: a random identifier, a version, and a canonical form to commit to.

The ledger commits to each changed row's id, version and salted digest (PROOF.md), so that a row
edited or deleted behind the program's back is found by ``partwell ledger check``.
"""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models


class Committed(models.Model):
    """A row whose every change is evidence. ``id`` is random, so it may be shown outside."""

    # Fields that change without evidence (a counter, a sign-in time); each subclass says why.
    UNCOMMITTED: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    row_version = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    def committed_fields(self) -> dict[str, Any]:
        """The row as canonical values: what the digest covers.

        Empty values (None, "", 0, False, [] and {}) are left out, so that a migration which adds
        an empty field does not change the digest of older rows.
        """
        out: dict[str, Any] = {}
        for field in self._meta.concrete_fields:
            if field.name in self.UNCOMMITTED or field.name in ("id", "row_version"):
                continue
            value = plain(field, getattr(self, field.attname))
            if value not in (None, "", 0, False, [], {}):
                out[field.name] = value
        return out


def plain(field: "models.Field[Any, Any]", value: Any) -> Any:
    """One field's value as a JSON value that is the same on SQLite and PostgreSQL, before and after a round trip."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(field, models.JSONField):
        return value
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(field, models.DecimalField):
        return str(Decimal(value).quantize(Decimal(1).scaleb(-field.decimal_places)))
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, int):
        return value
    return str(value)


def choices(enum: Any) -> list[tuple[str, str]]:
    """Django's choices for one of the domain's enums."""
    return [(member.value, getattr(member, "label", member.value.replace("_", " "))) for member in enum]
