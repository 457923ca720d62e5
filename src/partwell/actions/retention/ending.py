# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a deletion takes effect, from what is on record of it (PROOF.md, "Deletion")."""

from datetime import date, timedelta

from django.conf import settings

from partwell.actions.retention.deletion_common import today_of
from partwell.records.retention.models import Deletion
from partwell.rules.deletion import Ending, effective_on


def effective_day(row: Deletion) -> date:
    """The latest of the key's backups, the last replica and the vendor's window; days of the MSP's zone."""
    kept = row.backup_set
    assert row.executed_at is not None  # nothing is effective that was not carried out
    done = today_of(row.executed_at)
    expires = [int(one["expires_days"]) for one in kept.replicas if one.get("expires_days") is not None]
    return effective_on(
        Ending(
            executed_on=done,
            key_destroyed_on=row.key_destroyed_on,
            key_backup_days=int(settings.PARTWELL_KEY_BACKUP_DAYS),
            replicas_expire_on=done + timedelta(days=max(expires)) if expires else None,
            vendor_window_days=kept.vendor_window_days if row.by_hand else None,
            vendor_confirmed=row.vendor_confirmed,
        )
    )
