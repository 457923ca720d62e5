# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets as people look at them: day, choice, holds, conflicts, alarms, deletion. Reads and asks rules; writes nothing.

Lists of all clients are paged by key: a page and the key to go on from. What a query cannot decide (a conflict, an
alarm) is looked for among the few sets that can have it, a batch at a time.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from partwell.actions.facts import zone
from partwell.actions.retention.alarms import alarm_of
from partwell.actions.retention.basis import Basis, bases
from partwell.actions.retention.choices import instructed
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, DataChoice, Deletion, HeldSet, Hold, OnlyCopy
from partwell.rules import deletion
from partwell.rules.consent import day_in
from partwell.rules.keeping import BINDING, Choice, Conflict, Place, WindowAlarm
from partwell.rules.terms import ClientState

SOON_DAYS = 60
_BATCH = 500
# What a list of sets may be sorted by; the id makes each order total.
SORTS = {"until": ("keep_until",), "client": ("client__name", "keep_until"), "set": ("name", "keep_until")}


@dataclass(frozen=True, slots=True)
class Wish:
    """How a list is wanted. ``sort``: a key of ``SORTS``, with "-" turned round; ``words``: part of a client's or a set's

    name; ``place``: a ``Place`` that the sets lie at.
    """

    sort: str = ""
    words: str = ""
    place: str = ""


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
    """A page of sets and the key after which the next one begins (opaque, for the same ``Wish``); None at the end."""

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
        for one in Deletion.objects.filter(backup_set_id__in=ids)
        .exclude(state=deletion.DeletionState.CANCELLED)
        .order_by("proposed_at")
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


def _taken_away() -> Q:
    """Listed again after its deletion and found gone: only a second person's word and the day are waited for."""
    states = (deletion.DeletionState.VERIFIED, deletion.DeletionState.VALIDATED)
    return Q(Exists(Deletion.objects.filter(backup_set=OuterRef("pk"), state__in=states)))


def _is_held() -> Q:
    whole = Hold.objects.filter(client=OuterRef("client"), whole_client=True, lifted_at=None)
    named = HeldSet.objects.filter(backup_set=OuterRef("pk"), hold__lifted_at=None)
    return Q(Exists(whole)) | Q(Exists(named))


def _lists(now: datetime) -> "dict[str, QuerySet[BackupSet]]":
    """The lists that are counted as well as shown, by what :class:`Counts` calls them."""
    today, rows = day_in(now, zone()), _dated()
    return {
        "every": rows,
        "due": rows.filter(keep_until__gte=today, keep_until__lte=today + timedelta(days=SOON_DAYS)),
        "late": rows.filter(~_is_held(), keep_until__lt=today),
        "held": rows.filter(_is_held()),
        "not_told": rows.filter(look_on__lt=today),
    }


def _wished(rows: "QuerySet[BackupSet]", wish: Wish) -> "QuerySet[BackupSet]":
    if wish.words:
        rows = rows.filter(Q(name__icontains=wish.words) | Q(client__name__icontains=wish.words))
    return rows.filter(place=wish.place) if wish.place else rows


def due(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets whose day comes within 60 days, the nearest first."""
    return _page(_lists(now)["due"], now, after, limit, wish=wish)


def late(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets whose day has passed, that no hold covers, and that are not gone: overdue promises, the oldest first."""
    return _page(_lists(now)["late"], now, after, limit, wish=wish)


def held(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets that a hold covers."""
    return _page(_lists(now)["held"], now, after, limit, wish=wish)


def unprovable(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets that are promised to go and whose deletion could not be shown with what is on record."""
    rows = _dated().filter(
        Q(place="") | Q(copies=None) | ~Q(replicas=[]) | Q(place=Place.VENDOR, vendor_window_days=None)
    )
    return _page(rows, now, after, limit, lambda one: bool(one.unprovable), wish=wish)


def in_conflict(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets with something that argues with their day: a law without the client's word, a client who has come back."""
    bound = ClientProfile.objects.filter(client=OuterRef("client"), removed_at=None, code__in=BINDING)
    back = Q(client__state__in=[ClientState.ACTIVE, ClientState.RETURNING])
    rows = _dated().filter(Q(Exists(bound)) | back)
    return _page(rows, now, after, limit, lambda one: bool(one.conflicts), wish=wish)


def with_alarms(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets whose vendor would purge before the promise ends (R13)."""
    today = day_in(now, zone())
    rows = _dated().filter(
        Q(vendor_window_days__isnull=False) | Q(cancel_on__isnull=False), keep_until__gte=today
    )
    return _page(rows, now, after, limit, lambda one: one.alarm is not None, wish=wish)


def not_told(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Sets whose notice is due and could not be given: nobody at the client can be reached (R2)."""
    return _page(_lists(now)["not_told"], now, after, limit, wish=wish)


def every(now: datetime, after: str | None = None, limit: int = 50, wish: Wish = Wish()) -> Page:
    """Every set that has a day, the overdue first."""
    return _page(_dated(), now, after, limit, wish=wish)


def _page(
    rows: "QuerySet[BackupSet]",
    now: datetime,
    after: str | None,
    limit: int,
    wanted: Callable[[SetView], bool] | None = None,
    wish: Wish = Wish(),
) -> Page:
    back = wish.sort.startswith("-")
    fields = (*SORTS.get(wish.sort.lstrip("-"), SORTS["until"]), "id")
    rows = _wished(rows, wish)
    rows = rows.order_by(*(f"{'-' if back else ''}{field}" for field in fields))
    found: list[SetView] = []
    last = _key(after, fields)
    size = limit + 1 if wanted is None else _BATCH
    while len(found) <= limit:
        batch = rows if last is None else rows.filter(_behind(fields, last, back))
        page = list(batch[:size])
        found += [one for one in views(page, now) if wanted is None or wanted(one)]
        if len(page) < size:
            break
        last = _key_of(page[-1], fields)
    shown = tuple(found[:limit])
    more = len(found) > limit
    return Page(shown, json.dumps([str(one) for one in _key_of(shown[-1].row, fields)]) if more else None)


def _key_of(row: BackupSet, fields: tuple[str, ...]) -> list[Any]:
    return [row.client.name if field == "client__name" else getattr(row, field) for field in fields]


def _behind(fields: tuple[str, ...], key: list[Any], back: bool) -> Q:
    """What comes after ``key`` in the order of ``fields``."""
    found = Q()
    for number, field in enumerate(fields):
        same = dict(zip(fields[:number], key[:number], strict=True))
        found |= Q(**same, **{f"{field}__{'lt' if back else 'gt'}": key[number]})
    return found


def _key(text: str | None, fields: tuple[str, ...]) -> list[Any] | None:
    """The key of an address; None for none, and for whatever a stranger typed."""
    try:
        said = json.loads(text or "")
        if (
            not isinstance(said, list)
            or len(said) != len(fields)
            or not all(isinstance(one, str) for one in said)
        ):
            return None
        made: dict[str, Callable[[str], Any]] = {"keep_until": date.fromisoformat, "id": UUID}
        return [made.get(field, str)(one) for field, one in zip(fields, said, strict=True)]
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True)
class Counts:
    """How many sets there are of each kind that a query can count; ``every``: with a day; ``under_way``: deletions."""

    every: int
    due: int
    late: int
    held: int
    not_told: int
    under_way: int


def counts(now: datetime | None = None, wish: Wish = Wish()) -> Counts:
    """For a board: six counts, each by an index; of the sets as many as the lists of the same ``wish`` have."""
    lists = _lists(now or timezone.now())
    return Counts(
        **{name: _wished(rows, wish).count() for name, rows in lists.items()},
        under_way=Deletion.objects.exclude(state__in=[one.value for one in deletion.OVER]).count(),
    )


@dataclass(frozen=True)
class GateWords:
    """What the gates of a departure say of retention. ``instructed``: the client has chosen; None without a set.

    ``late``: the oldest day that has passed while its set is still there and no hold covers it, and how many such sets
    there are; ``alarm``: of a vendor's window, as it was told (R13); ``asked``: the client was asked what shall happen.
    """

    instructed: bool | None
    holds: tuple[str, ...]
    late: int = 0
    late_since: date | None = None
    alarm: WindowAlarm | None = None
    asked: bool = False


def gate_words(clients: Sequence[Client], now: datetime | None = None) -> dict[UUID, GateWords]:
    """Retention and hold gates of these clients, in some fourteen queries however many they are."""
    ids = [one.id for one in clients]
    said = instructed(clients)
    holds = queries.holds_in_force(ids)
    today = day_in(now or timezone.now(), zone())
    passed: dict[UUID, list[date]] = {}
    over = _dated().filter(~_is_held(), ~_taken_away(), client__in=ids, keep_until__lt=today)
    for client_id, until in over.values_list("client_id", "keep_until"):
        passed.setdefault(client_id, []).append(until or today)
    alarms: dict[UUID, WindowAlarm] = {}
    for row in _dated().filter(client__in=ids).exclude(alarmed="").order_by("-keep_until", "-id"):
        if (found := alarm_of(row, today)) is not None:
            alarms[row.client_id] = found
    asked = set(
        Envelope.objects.filter(client__in=ids, kind="choice_asked").values_list("client_id", flat=True)
    )
    return {
        one: GateWords(
            said.get(one), holds.get(one, ()), len(passed.get(one, ())), min(passed.get(one, ()), default=None),
            alarms.get(one), one in asked,
        )
        for one in ids
    }  # fmt: skip
