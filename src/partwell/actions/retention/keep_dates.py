# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6, R8: every set's end of service and last day, derived in the deed that moves them; the calendar is the safety net.

The client is told of each move: by the mail of the deed itself where it has one (a date that was agreed, a choice,
a notice withdrawn), else by one of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.alarms import alarm_of, raise_alarms
from partwell.actions.retention.basis import Basis, basis_of
from partwell.documents.texts import Phrase, phrase
from partwell.records.clients.models import Client
from partwell.records.offboardings.models import Offboarding
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules import dates
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.deletion import DeletionState
from partwell.rules.keeping import NoticeKind, next_notice_on
from partwell.rules.terms import ClientState, OffboardingState

PORTAL = "/client/retention/"
NOT_BEGUN = (
    DeletionState.PROPOSED,
    DeletionState.APPROVED,
    DeletionState.LISTED,
    DeletionState.STOPPED,
)
_BATCH = 500


@dataclass(frozen=True)
class SetMove:
    """One set's last day before and after; None stands for "no day"."""

    row: BackupSet
    before: date | None
    after: date | None
    end: date | None
    basis: str

    def as_row(self) -> dict[str, Any]:
        """Name and days, as mails list them."""
        was = self.before or phrase("no day yet")
        will = self.after or phrase("no day any more")
        return {"title": self.row.name, "note": phrase("{before} → {after}", before=was, after=will)}


def moves_of(basis: Basis, rows: list[BackupSet]) -> list[SetMove]:
    """What derived dates say otherwise than the stored ones; writes nothing."""
    out = []
    for row in rows:
        found = basis.keeping(row)
        end = basis.service_ends if found else None
        after, why = (found.until, found.basis[:300]) if found else (None, "")
        if (row.keep_until, row.end_of_service, row.keep_basis) != (after, end, why):
            out.append(SetMove(row, row.keep_until, after, end, why))
    return out


def look_day(row: BackupSet, given: set[NoticeKind], today: date) -> date | None:
    """The next day on which the calendar has something to say of this set; None when there is nothing more."""
    if row.keep_until is None:
        return None
    days = [next_notice_on(row.keep_until, given)]
    alarm = alarm_of(row, today)
    if alarm is not None and alarm.purged_on is not None and alarm.purged_on > today:
        days.append(alarm.purged_on)
    return min((day for day in days if day is not None), default=None)


def redate(deed: Deed, *, tell: Phrase | None = None) -> list[SetMove]:
    """Within a deed that holds the client, after its own ``record``: bring every set's date in line.

    ``tell``: why, for a mail of its own to the client; empty where the deed's own mail says it. Raises alarms, cancels
    deletions that had not begun and whose day has moved away, and gives the moves whose *day* changed.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before its dates are derived.")
    basis = basis_of(client)
    today = basis.today(deed.now)
    _departure_date(deed, basis)
    rows = list(queries.kept_sets(client.id).order_by("name", "id"))
    begun = queries.has_begun([row.id for row in rows])
    rows = [row for row in rows if row.id not in begun]  # what has begun to go keeps the day it went by
    moved = moves_of(basis, rows)
    real = [one for one in moved if one.before != one.after]
    if real and tell:
        _tell(deed, real, tell)
    given = queries.given([one.row.id for one in moved])
    for one in moved:
        one.row.keep_until = one.after
        had = given.get((one.row.id, one.after), set()) if one.after else set()
        deed.save(
            one.row,
            keep_until=one.after,
            end_of_service=one.end,
            keep_basis=one.basis,
            look_on=look_day(one.row, had, today),
        )
        _record(deed, one)
    raise_alarms(deed, rows, today)
    _give_up(deed, basis, real, today)
    return real


def _departure_date(deed: Deed, basis: Basis) -> None:
    """The departure's own general day, while it is open."""
    row = basis.departure
    if row is None or row.state != OffboardingState.OPEN or basis.service_ends is None:
        return
    until = dates.keep_until(basis.service_ends, basis.months)
    if row.keep_until != until:
        before = row.keep_until
        deed.save(row, keep_until=until)
        deed.record(
            "retention.dated",
            subjects=[row.id],
            public={"until": until.isoformat()},
            to_client={"before": before.isoformat()},
        )


def _record(deed: Deed, one: SetMove) -> None:
    if one.after is None or one.end is None:
        deed.record(
            "backup_set.undated",
            subjects=[one.row.id],
            public={"set": one.row.name},
            to_client={"before": one.before.isoformat()} if one.before else None,
        )
        return
    content = {"basis": one.basis, "end_of_service": one.end.isoformat()}
    if one.before is not None:
        content["before"] = one.before.isoformat()
    deed.record(
        "backup_set.dated",
        subjects=[one.row.id],
        public={"set": one.row.name, "until": one.after.isoformat()},
        to_client=content,
    )


def _tell(deed: Deed, moved: list[SetMove], why: Phrase) -> None:
    """Without a working address nobody can be told; the gate of the loop says so."""
    post(
        deed,
        Post(
            kind="retention_dates",
            dedupe=f"kept:{deed.next_uid.hex}",
            second=True,
            values={"why": why, "kept": [one.as_row() for one in moved], "portal_url": link(PORTAL)},
        ),
    )


def _give_up(deed: Deed, basis: Basis, moved: list[SetMove], today: date) -> None:
    """A deletion that has not begun and whose day has moved away is cancelled: it was agreed to for another day."""
    away = {one.row.id for one in moved if one.after is None or one.after >= today}
    if not away:
        return
    rows = Deletion.objects.filter(
        backup_set_id__in=away, started_at=None, state__in=[one.value for one in NOT_BEGUN]
    )
    for row in rows.select_related("backup_set"):
        deed.save(
            row,
            state=DeletionState.CANCELLED.value,
            cancelled_at=deed.now,
            cancelled_why="The day until which the set is kept has moved.",
        )
        deed.record(
            "deletion.cancelled",
            subjects=[row.id, row.backup_set_id],
            public={"set": row.backup_set.name},
            to_client={"reason": row.cancelled_why},
        )


def preview(client_id: UUID, service_ends: date) -> list[tuple[BackupSet, date, date]]:
    """R8: each set's last day as it is and as it would be, were service to end on ``service_ends``; writes nothing.

    Three queries and those of a basis.
    """
    basis = basis_of(Client.objects.get(pk=client_id))
    rows = list(queries.kept_sets(client_id).order_by("name", "id"))
    begun = queries.has_begun([row.id for row in rows])
    out = []
    for row in rows:
        if row.id in begun:
            continue
        now, then = basis.keeping(row), replace(basis, service_ends=service_ends).keeping(row)
        if now is not None and then is not None:
            out.append((row, now.until, then.until))
    return out


# --- the calendar's safety net ------------------------------------------------------------------------------


def keep_dates(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Bring in line what a deed may have missed: open departures, those that ended lately, sets without a day.

    Reads only what can have moved (dates move while a departure is open), never every set. Gives how many sets moved.
    """
    moment = now or timezone.now()
    count = 0
    for client_id in _to_look_at(moment):
        client = Client.objects.get(pk=client_id)
        basis = basis_of(client)
        rows = list(queries.kept_sets(client_id))
        begun = queries.has_begun([row.id for row in rows])
        if not moves_of(basis, [row for row in rows if row.id not in begun]):
            continue
        with Deed(actor, now=now) as deed:
            deed.lock(client_id)
            count += len(redate(deed, tell=phrase("Something that your dates hang from has changed.")))
    return count


def _to_look_at(moment: datetime) -> Iterator[UUID]:
    lately = moment - timedelta(days=7)
    departures = Offboarding.objects.filter(
        Q(state=OffboardingState.OPEN) | Q(closed_at__gte=lately) | Q(withdrawn_at__gte=lately)
    )
    seen: set[UUID] = set()
    for client_id in departures.values_list("client_id", flat=True).iterator(_BATCH):
        if client_id not in seen:
            seen.add(client_id)
            yield client_id
    undated = BackupSet.objects.filter(
        client=OuterRef("pk"), keep_until=None, gone_at=None, removed_at=None
    ).exclude(location=queries.NOWHERE)
    gone = Client.objects.filter(state=ClientState.INACTIVE).filter(Exists(undated)).order_by("pk")
    last = UUID(int=0)
    while page := list(gone.filter(pk__gt=last).values_list("pk", flat=True)[:_BATCH]):
        last = page[-1]
        yield from (one for one in page if one not in seen)
