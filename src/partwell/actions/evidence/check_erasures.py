# SPDX-License-Identifier: AGPL-3.0-or-later
"""The part of the ledger's check that concerns erasures: two people (R15), and nothing put back or gone without an entry."""

from uuid import UUID

from partwell.records.evidence.models import Entry, ErasureRequest
from sealed.findings import Report


def check_requests(report: Report) -> dict[UUID, bool]:
    """Every decided request names two people, and its entry exists; gives the uid of each erasing entry → whether it is finished."""
    ends: dict[UUID, bool] = {}
    rows = ErasureRequest.objects.filter(state__in=("approved", "done"))
    for row in rows.iterator(chunk_size=500):
        where = f"erasure {row.pk.hex}"
        if row.decided_by is None or row.decided_by == row.proposed_by:
            report.add(
                "erasure-one-person",
                where,
                "No second person stands on this erasure: nobody may approve their own.",
            )
        if row.entry_uid is None:
            report.add(
                "erasure-unrecorded", where, "This erasure was approved, and no entry is named that says so."
            )
            continue
        ends[row.entry_uid] = row.finished_at is not None
        recorded = Entry.objects.filter(uid=row.entry_uid).exists()
        if not recorded and (row.kind == "content" or row.finished_at is not None or row.state == "done"):
            report.add(
                "erasure-unrecorded", where, "The entry that should say what was erased does not exist."
            )
        if row.finished_at is None:
            report.facts["erasures_under_way"] = report.facts.get("erasures_under_way", 0) + 1
    return ends


def still_there(report: Report, where: str, entry_uid: UUID, ends: dict[UUID, bool]) -> None:
    """A row that something commits to having erased, and that is there: fine while the erasure is under way."""
    if entry_uid not in ends:
        report.add(
            "erasure-faked",
            where,
            "An erasure of this row is noted that nobody approved: it was inserted behind the program's back.",
        )
    elif ends[entry_uid]:
        report.add(
            "row-put-back",
            where,
            "This row was erased, and is there again: it was put back behind the program's back.",
        )
