# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every date that one person may see, for calendar programs and digests. Reads only; a fixed number of queries.

Staff see all clients', a contact its own client's. Nothing here is a secret, a note that stays inside, or an address.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Call, Meeting
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import StaffMember
from partwell.records.releases.models import Release
from partwell.records.retention.models import BackupSet
from partwell.rules import consent
from partwell.rules.actor import Actor
from partwell.rules.terms import AuthorisationState, StaffRole

BACK = timedelta(days=31)
MOST = 2000  # of one kind
NOTICES = (60, 30, 7)


@dataclass(frozen=True)
class Dated:
    """One date: ``key`` stays the same for the same thing; ``starts`` a day or an aware moment; ``path`` within the reader's door."""

    key: str
    starts: date | datetime
    what: str
    path: str
    client: str = ""
    note: str = ""
    ends: datetime | None = None
    sequence: int = 0
    cancelled: bool = False

    def day(self, zone: str) -> date:
        """The day, as ``zone`` counts it."""
        return consent.day_in(self.starts, zone) if isinstance(self.starts, datetime) else self.starts


def dates_for(actor: Actor, now: datetime, zone: str) -> list[Dated]:
    """From a month ago on, the earliest first; nothing for anybody but staff and contacts."""
    if actor.kind not in ("staff", "client"):
        return []
    first = consent.day_in(now, zone) - BACK
    found = [
        *_departures(actor, first), *_sets(actor, first), *_windows(actor, now - BACK), *_meetings(actor, now - BACK), *_consents(actor, first),
        *_promises(actor, first), *_auditors(actor, first),
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.day(zone), one.key))


def _own(actor: Actor) -> Q:
    return Q() if actor.is_staff else Q(client_id=actor.client_id)


def _path(actor: Actor, staff: str, client: str) -> str:
    return staff if actor.is_staff else client


def _named(actor: Actor, row: Any) -> str:
    return str(row.client.name) if actor.is_staff else ""


def _departures(actor: Actor, first: date) -> Iterator[Dated]:
    rows = Offboarding.objects.select_related("client").filter(_own(actor), state="open")
    for row in rows[:MOST]:
        path, name = _path(actor, f"/offboardings/{row.id}/", "/client/dates/"), _named(actor, row)
        if row.end_of_service >= first:
            yield Dated(f"service-{row.id}", row.end_of_service, "End of service", path, name)
        if row.acceptance_due is not None and row.acceptance_due >= first:
            yield Dated(f"acceptance-{row.id}", row.acceptance_due, "Acceptance is due", path, name)


def _sets(actor: Actor, first: date) -> Iterator[Dated]:
    rows = BackupSet.objects.select_related("client").filter(_own(actor), removed_at=None, gone_at=None)
    for row in rows.filter(keep_until__gte=first).order_by("keep_until")[:MOST]:
        assert row.keep_until is not None  # filtered
        path = _path(actor, f"/clients/{row.client_id}/retention/", "/client/retention/")
        name = _named(actor, row)
        yield Dated(
            f"kept-{row.id}", row.keep_until, f"“{row.name}” is kept until today, then deleted", path, name
        )
        for days in NOTICES:
            day = row.keep_until - timedelta(days=days)
            if day >= first:
                what = f"Notice: “{row.name}” is deleted in {days} days"
                yield Dated(f"notice{days}-{row.id}", day, what, path, name)


def _windows(actor: Actor, since: datetime) -> Iterator[Dated]:
    rows = Release.objects.select_related("client").filter(_own(actor), window_ends_at__gte=since)
    for row in rows.order_by("window_ends_at")[:MOST]:
        path = _path(actor, f"/releases/{row.id}/", f"/client/releases/{row.id}/")
        what = f"Objections to release {row.number} end"
        yield Dated(f"window-{row.id}", row.window_ends_at, what, path, _named(actor, row))


def _meetings(actor: Actor, since: datetime) -> Iterator[Dated]:
    rows = Meeting.objects.select_related("client").filter(_own(actor), ends_at__gte=since)
    for row in rows.order_by("starts_at")[:MOST]:
        path = _path(actor, f"/meetings/{row.id}/", f"/client/meetings/{row.id}/")
        yield Dated(f"meeting-{row.id}", row.starts_at, row.title, path, _named(actor, row), row.place, row.ends_at, row.sequence,
                    row.state == "cancelled")  # fmt: skip


def _consents(actor: Actor, first: date) -> Iterator[Dated]:
    rows = Authorisation.objects.select_related("client", "recipient").filter(
        _own(actor), state=AuthorisationState.GRANTED, ends_on__gte=first
    )
    for row in rows.order_by("ends_on")[:MOST]:
        path = _path(actor, f"/authorisations/{row.id}/", f"/client/authorisations/{row.id}/")
        what = f"Last day of the authorisation for {row.recipient.firm}"
        yield Dated(f"consent-{row.id}", row.ends_on, what, path, _named(actor, row))


def _promises(actor: Actor, first: date) -> Iterator[Dated]:
    rows = Call.objects.select_related("client").filter(
        _own(actor), promise_kept_at=None, promised_for__gte=first
    )
    for row in rows.exclude(promised="").order_by("promised_for")[:MOST]:
        assert row.promised_for is not None  # filtered
        path = _path(actor, f"/calls/{row.id}/", f"/client/calls/{row.id}/")
        what = f"{row.promised_by or 'We'} promised: {row.promised}"
        yield Dated(f"promise-{row.id}", row.promised_for, what, path, _named(actor, row))


def _auditors(actor: Actor, first: date) -> Iterator[Dated]:
    """An auditor's own last day; an owner sees everybody's."""
    if not actor.is_staff or actor.role not in (StaffRole.OWNER, StaffRole.AUDITOR):
        return
    rows = StaffMember.objects.filter(role=StaffRole.AUDITOR, left_at=None, auditor_until__gte=first)
    for row in rows[:MOST] if actor.role == StaffRole.OWNER else rows.filter(pk=actor.id):
        assert row.auditor_until is not None  # filtered
        yield Dated(
            f"auditor-{row.id}", row.auditor_until, f"Last day of {row.name}’s access as auditor", "/me/"
        )


def ahead(actor: Actor, now: datetime, zone: str, span: timedelta) -> list[Dated]:
    """The dates from today within ``span``."""
    today = consent.day_in(now, zone)
    return [
        one
        for one in dates_for(actor, now, zone)
        if today <= one.day(zone) < today + span and not one.cancelled
    ]
