# SPDX-License-Identifier: AGPL-3.0-or-later
"""R13: a vendor would purge before the promise ends. Said before the subscription is cancelled, once per changed fact."""

import hashlib
from collections.abc import Iterable
from datetime import date

from partwell.actions.base import Deed
from partwell.actions.retention.office import client_path, tell_office
from partwell.records.retention.models import BackupSet
from partwell.rules.keeping import Place, WindowAlarm, window_alarm


def alarm_of(row: BackupSet, today: date) -> WindowAlarm | None:
    """The alarm of one set as it stands today; None while the promise can be kept, or where nothing is promised."""
    if row.keep_until is None or row.gone_at is not None or row.removed_at is not None:
        return None
    at_vendor = row.place == Place.VENDOR or bool(row.vendor) or row.vendor_window_days is not None
    if not at_vendor or row.keep_until < today:
        return None
    return window_alarm(
        vendor=row.vendor,
        window_days=row.vendor_window_days,
        until=row.keep_until,
        cancel_on=row.cancel_on,
        today=today,
    )


def raise_alarms(deed: Deed, rows: Iterable[BackupSet], today: date) -> int:
    """Within a deed that holds the client: record each alarm that says something new and tell the office.

    Gives how many. An alarm that has passed is forgotten, so that the same facts ring again when they come back.
    """
    count = 0
    for row in rows:
        found = alarm_of(row, today)
        said = hashlib.sha256(found.sentence.encode()).hexdigest() if found is not None else ""
        if said == row.alarmed:
            continue
        if found is None:
            deed.save(row, alarmed="")
            deed.record("backup_set.alarm_over", subjects=[row.id], public={"set": row.name})
            continue
        deed.save(row, alarmed=said)
        tell_office(
            deed,
            f"alarm:{row.id.hex}:{row.row_version}",
            title=f"The promise for “{row.name}” is in danger",
            what=found.sentence,
            next_step=found.next_step,
            path=client_path(row.client_id),
        )
        deed.record(
            "backup_set.alarm",
            subjects=[row.id],
            public={"set": row.name},
            to_client={
                "until": row.keep_until.isoformat() if row.keep_until else "",
                "what": found.sentence,
                "next_step": found.next_step,
            },
        )
        count += 1
    return count
