# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets as people look at them: day, choice, holds, conflicts, alarms, deletion. Reads and asks rules; writes nothing.

Lists of all clients are paged by key: a page and the key to go on from. What a query cannot decide (a conflict, an
alarm) is looked for among the few sets that can have it, a batch at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from partwell.actions.facts import zone
from partwell.actions.retention.alarms import alarm_of
from partwell.actions.retention.basis import Basis, bases
from partwell.actions.retention.choices import instructed
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Client
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, DataChoice, Deletion, HeldSet, Hold, OnlyCopy
from partwell.rules import deletion
from partwell.rules.consent import day_in
from partwell.rules.keeping import BINDING, Choice, Conflict, Place, WindowAlarm
from partwell.rules.terms import ClientState

SOON_DAYS = 60
_BATCH = 500


@dataclass(frozen=True)
class SetView:
    """One set with everything that its line on a page says.

    ``held``: titles of holds; ``overdue``: how late the promise is, in words, empty while it is not; ``unprovable``: what
    keeps its deletion from being provable; ``awaits_return``: the client wants it back and has not got it.
    """

    row: BackupSet
    choice: DataChoice | None
    held: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    alarm: WindowAlarm | None
    deletion: Deletion | None
    only_copies: tuple[OnlyCopy, ...]
    overdue: str
    unprovable: tuple[str, ...]
    awaits_return: bool
    told: bool

    @property
    def late(self) -> bool:
        """Whether its day has passed and no hold is the reason that it is still there."""
        return bool(self.overdue) and not self.held


@dataclass(frozen=True)
class Page:
    """A page of sets and the key after which the next one begins; None at the end."""

    rows: tuple[SetView, ...]
    after: str | None


def views(rows: Sequence[BackupSet], now: datetime) -> list[SetView]:
    """Each set with what stands around it, in some fourteen queries however many there are."""
    today = day_in(now, zone())
    clients = {row.client_id: row.client for row in rows}
    around = bases(list(clients.values()))
    held = queries.held_sets(list(clients))
    ids = [row.id for row in rows]
    copies = queries.only_copies(ids)
    open_ = {
        one.backup_set_id: one
        for one in Deletion.objects.filter(backup_set_id__in=ids).exclude(
            state=deletion.DeletionState.CANCELLED
        )
    }
    given = queries.given(ids)
    return [
        _view(
            row, around[row.client_id], tuple(held.get(row.id, ())), open_.get(row.id), tuple(copies.get(row.id, ())),
            (row.id, row.keep_until) in given, today,
        )
        for row in rows
    ]  # fmt: skip


def _view(
    row: BackupSet, basis: Basis, held: tuple[str, ...], open_: Deletion | None, copies: tuple[OnlyCopy, ...], told: bool,
    today: date,
) -> SetView:  # fmt: skip
    found, made = basis.keeping(row), basis.choice(row)
    gone = row.gone_at is not None
    overdue = ""
    if row.keep_until is not None and not gone:
        state = f"held by {', '.join(held)}" if held else (open_.state if open_ is not None else "not begun")
        overdue = deletion.overdue_words(row.keep_until, today, state)
    return SetView(
        row=row,
        choice=made,
        held=held,
        conflicts=found.conflicts if found is not None and not gone else (),
        alarm=alarm_of(row, today),
        deletion=open_,
        only_copies=copies,
        overdue=overdue,
        unprovable=() if gone else why_unprovable(row),
        awaits_return=made is not None
        and Choice(made.choice).returns
        and row.returned_at is None
        and not gone,
        told=told,
    )


def why_unprovable(row: BackupSet) -> tuple[str, ...]:
    """What is not on record of a set, so that its deletion could not be shown (PROOF.md: the copies, when promised)."""
    found = []
    if not row.place:
        found.append("Where exactly it lies is not on record.")
    if row.copies is None:
        found.append("How many copies there are is not on record.")
    if any(one.get("expires_days") is None for one in row.replicas):
        found.append("When a further copy expires is not on record.")
    if row.place == Place.VENDOR and row.vendor_window_days is None:
        found.append("How long the vendor keeps deleted data is not on record.")
    return tuple(found)


def sets_of(client_id: UUID, now: datetime | None = None) -> list[SetView]:
    """Every set of one client, those that are gone last: for its page in the staff door, and for its own."""
    rows = BackupSet.objects.filter(client_id=client_id, removed_at=None).exclude(location=queries.NOWHERE)
    found = list(rows.select_related("client", "key_item").order_by("name", "id"))
    return sorted(views(found, now or timezone.now()), key=lambda one: one.row.gone_at is not None)


def set_view(set_id: UUID, now: datetime | None = None) -> SetView | None:
    """One set, or None."""
    row = queries.set_of(set_id)
    return views([row], now or timezone.now())[0] if row is not None else None


# --- all clients --------------------------------------------------------------------------------------------


def _dated() -> "QuerySet[BackupSet]":
    return BackupSet.objects.filter(removed_at=None, gone_at=None, keep_until__isnull=False).select_related(
        "client"
    )


def _is_held() -> Q:
    whole = Hold.objects.filter(client=OuterRef("client"), whole_client=True, lifted_at=None)
    named = HeldSet.objects.filter(backup_set=OuterRef("pk"), hold__lifted_at=None)
    return Q(Exists(whole)) | Q(Exists(named))


def due(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets whose day comes within 60 days, the nearest first."""
    today = day_in(now, zone())
    rows = _dated().filter(keep_until__gte=today, keep_until__lte=today + timedelta(days=SOON_DAYS))
    return _page(rows, now, after, limit)


def late(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets whose day has passed, that no hold covers, and that are not gone: overdue promises, the oldest first."""
    return _page(_dated().filter(~_is_held(), keep_until__lt=day_in(now, zone())), now, after, limit)


def held(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets that a hold covers."""
    return _page(_dated().filter(_is_held()), now, after, limit)


def unprovable(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets that are promised to go and whose deletion could not be shown with what is on record."""
    rows = _dated().filter(
        Q(place="") | Q(copies=None) | ~Q(replicas=[]) | Q(place=Place.VENDOR, vendor_window_days=None)
    )
    return _page(rows, now, after, limit, lambda one: bool(one.unprovable))


def in_conflict(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets with something that argues with their day: a law without the client's word, a client who has come back."""
    bound = ClientProfile.objects.filter(client=OuterRef("client"), removed_at=None, code__in=BINDING)
    back = Q(client__state__in=[ClientState.ACTIVE, ClientState.RETURNING])
    rows = _dated().filter(Q(Exists(bound)) | back)
    return _page(rows, now, after, limit, lambda one: bool(one.conflicts))


def with_alarms(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets whose vendor would purge before the promise ends (R13)."""
    today = day_in(now, zone())
    rows = _dated().filter(
        Q(vendor_window_days__isnull=False) | Q(cancel_on__isnull=False), keep_until__gte=today
    )
    return _page(rows, now, after, limit, lambda one: one.alarm is not None)


def not_told(now: datetime, after: str | None = None, limit: int = 50) -> Page:
    """Sets whose notice is due and could not be given: nobody at the client can be reached (R2)."""
    return _page(_dated().filter(look_on__lt=day_in(now, zone())), now, after, limit)


def _page(
    rows: "QuerySet[BackupSet]",
    now: datetime,
    after: str | None,
    limit: int,
    wanted: Callable[[SetView], bool] | None = None,
) -> Page:
    rows = rows.order_by("keep_until", "id")
    found: list[SetView] = []
    last = _key(after)
    size = limit + 1 if wanted is None else _BATCH
    while len(found) <= limit:
        batch = rows
        if last is not None:
            batch = rows.filter(Q(keep_until__gt=last[0]) | Q(keep_until=last[0], id__gt=last[1]))
        page = list(batch[:size])
        found += [one for one in views(page, now) if wanted is None or wanted(one)]
        if len(page) < size:
            break
        last = (page[-1].keep_until or date.min, page[-1].id)
    shown = tuple(found[:limit])
    more = len(found) > limit
    return Page(shown, f"{shown[-1].row.keep_until}~{shown[-1].row.id.hex}" if more else None)


def _key(text: str | None) -> tuple[date, UUID] | None:
    day, _, pk = (text or "").partition("~")
    try:
        return date.fromisoformat(day), UUID(pk)
    except ValueError:
        return None


@dataclass(frozen=True)
class Counts:
    """How many sets there are of each kind that a query can count."""

    due: int
    late: int
    held: int
    not_told: int


def counts(now: datetime | None = None) -> Counts:
    """For a board: four counts, each by an index."""
    moment = now or timezone.now()
    today = day_in(moment, zone())
    rows = _dated()
    return Counts(
        due=rows.filter(keep_until__gte=today, keep_until__lte=today + timedelta(days=SOON_DAYS)).count(),
        late=rows.filter(~_is_held(), keep_until__lt=today).count(),
        held=rows.filter(_is_held()).count(),
        not_told=rows.filter(look_on__lt=today).count(),
    )


@dataclass(frozen=True)
class GateWords:
    """What the gates of a departure say of retention. ``instructed``: the client has chosen; None without a set."""

    instructed: bool | None
    holds: tuple[str, ...]


def gate_words(clients: Sequence[Client]) -> dict[UUID, GateWords]:
    """Retention and hold gates of these clients, in some twelve queries however many they are."""
    said = instructed(clients)
    holds = queries.holds_in_force([one.id for one in clients])
    return {one.id: GateWords(said.get(one.id), holds.get(one.id, ())) for one in clients}
