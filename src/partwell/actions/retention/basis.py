# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows into the facts from which a set's date is derived (R6, R8, R12). No decision, no writing."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from partwell.actions.facts import zone
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Agreement, Client
from partwell.records.offboardings.models import Offboarding, TransitionTerm
from partwell.records.people.models import Msp
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, DataChoice
from partwell.rules import dates
from partwell.rules.consent import day_in
from partwell.rules.keeping import Choice, Duty, KeepFacts, Keeping, duties_of, keeping
from partwell.rules.terms import ClientState, OffboardingState


@dataclass(frozen=True)
class Basis:
    """What all sets of one client share. ``departure``: the newest that was not withdrawn; ``service_ends``: with its
    transition term; ``back``: the client has come back since, and only sets of before are promised to go."""

    client: Client
    zone: str
    departure: Offboarding | None = None
    service_ends: date | None = None
    months: int = dates.RETENTION_MONTHS
    shorter_agreed: bool = False
    duties: tuple[Duty, ...] = ()
    back: bool = False
    for_all: DataChoice | None = None
    by_set: dict[UUID, DataChoice] = field(default_factory=dict)

    def covers(self, row: BackupSet) -> bool:
        """Whether the departure gives this set a date."""
        if self.departure is None or self.service_ends is None or row.location == queries.NOWHERE:
            return False
        closed = self.departure.closed_at
        return not (self.back and closed is not None and row.recorded_at > closed)

    def choice(self, row: BackupSet) -> DataChoice | None:
        """The client's choice that holds for this set: its own, else the one for all."""
        return self.by_set.get(row.id, self.for_all)

    def facts(self, row: BackupSet) -> KeepFacts | None:
        """The set as the rule sees it; None where no departure gives it a date."""
        if not self.covers(row) or self.service_ends is None:
            return None
        made = self.choice(row)
        return KeepFacts(
            end_of_service=self.service_ends,
            months=self.months,
            shorter_agreed=self.shorter_agreed,
            longer_until=row.longer_until,
            choice=Choice(made.choice) if made else None,
            chosen_on=day_in(made.made_at, self.zone) if made else None,
            duties=self.duties,
            client_back=self.back,
        )

    def keeping(self, row: BackupSet) -> Keeping | None:
        """Until when, why, and what argues with it; None without a date."""
        facts = self.facts(row)
        return None if facts is None else keeping(facts)

    def today(self, now: datetime) -> date:
        """The day of ``now`` (aware) in the MSP's zone."""
        return day_in(now, self.zone)


def basis_of(client: Client) -> Basis:
    """The basis of one client."""
    return bases([client])[client.id]


def bases(clients: Collection[Client]) -> dict[UUID, Basis]:
    """The basis of each of these clients, in eight queries however many they are."""
    ids = [one.id for one in clients]
    zone_name, msp = zone(), Msp.objects.first()
    departures: dict[UUID, Offboarding] = {}
    rows = Offboarding.objects.filter(client_id__in=ids).exclude(state=OffboardingState.WITHDRAWN)
    for row in rows.select_related("owner").order_by("opened_at"):
        departures[row.client_id] = row
    ends: dict[UUID, date] = {}
    terms = TransitionTerm.objects.filter(
        offboarding_id__in=[one.id for one in departures.values()], state="agreed"
    )
    for term in terms:
        ends[term.offboarding_id] = max(term.ends, ends.get(term.offboarding_id, term.ends))
    agreements = dict(
        Agreement.objects.filter(client_id__in=ids, replaced_at=None)
        .order_by("version")
        .values_list("client_id", "retention_months")
    )
    codes: dict[UUID, list[str]] = defaultdict(list)
    for client_id, code in ClientProfile.objects.filter(client_id__in=ids, removed_at=None).values_list(
        "client_id", "code"
    ):
        codes[client_id].append(code)
    chosen: dict[UUID, list[DataChoice]] = defaultdict(list)
    for made in queries.choices_of(ids):
        chosen[made.client_id].append(made)
    found = {}
    for client in clients:
        departure = departures.get(client.id)
        if departure is None:
            found[client.id] = Basis(client, zone_name)
            continue
        last = max(departure.end_of_service, ends.get(departure.id, departure.end_of_service))
        closed = departure.state == OffboardingState.CLOSED
        agreed = agreements.get(client.id)
        if closed:  # what was promised then stands, whatever agreement or policy says today
            months = _months(last, departure.keep_until)
        elif agreed is not None:
            months = agreed
        else:
            months = max(msp.retention_months if msp else 0, dates.RETENTION_MONTHS)
        standing = [one for one in chosen[client.id] if one.made_at >= departure.opened_at]
        found[client.id] = Basis(
            client=client,
            zone=zone_name,
            departure=departure,
            service_ends=last,
            months=months,
            shorter_agreed=closed or agreed is not None,
            duties=duties_of(sorted(codes[client.id])),
            back=closed and client.state in (ClientState.ACTIVE, ClientState.RETURNING),
            for_all=next((one for one in standing if one.backup_set_id is None), None),
            by_set={one.backup_set_id: one for one in standing if one.backup_set_id is not None},
        )
    return found


def _months(end: date, until: date) -> int:
    """The months that lead from ``end`` to at least ``until``."""
    guess = max(0, (until.year - end.year) * 12 + until.month - end.month)
    return guess if dates.keep_until(end, guess) >= until else guess + 1
