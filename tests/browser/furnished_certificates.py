# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of a bucket with exceptions and of a drive, media in each state, and a deletion that waits for its day."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from partwell.actions.retention.certify import certify
from partwell.actions.retention.media import validate_destruction
from tests.flows.cast import Cast, done
from tests.flows.deleted import backup_set, deleted, wiped

LOCKED = [
    {"key": f"northwick/locked/2025-{n:02}/server-nas-2-full.vbk", "version": f"3sL4kqtJlcpXroDTDmJ{n:04}", "why": "compliance lock until 2031"}
    for n in range(7)
]  # fmt: skip


def certificates(c: Cast) -> dict[str, Any]:
    """Ids by the names that addresses give them."""
    whole = deleted(
        c, backup_set(c, "Cloud copies of the file server"), exceptions=LOCKED, left_count=len(LOCKED)
    )
    made = done(certify(actor=c.jonah, deletion_id=whole.id))
    waits = deleted(c, backup_set(c, "Old tape archive"), effective=timezone.now().date() + timedelta(days=9))
    come = deleted(c, backup_set(c, "Test machines"))
    open_ = wiped(c)
    certified = wiped(c, serial="WX21D-4712", source="NAS-2, bay 4")
    drive = done(
        validate_destruction(actor=c.priya, destruction_id=certified.id, accept=True, where="Workshop", words="Read 100 sectors.")
    )  # fmt: skip
    wrong = wiped(c, serial="WX21D-4713", source="NAS-2, bay 5")
    done(validate_destruction(actor=c.priya, destruction_id=wrong.id, accept=False, words="The label says another serial."))  # fmt: skip
    return {
        "certificate_id": made.id, "certificate of a drive": drive.id, "deletion_id": come.id, "deletion that waits": waits.id,
        "destruction_id": open_.id, "destruction certified": certified.id, "destruction turned down": wrong.id,
    }  # fmt: skip
