# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6's notices: 60, 30 and 7 days before a set is deleted and the day after, to the client's contacts and the office.

Never early, never twice, and after a year without workers one that covers those it was too late for. Where nobody
at the client can be reached nothing counts as said: it is tried again, and no deletion starts before it was.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import loop_contacts, zone
from partwell.actions.retention.alarms import raise_alarms
from partwell.actions.retention.basis import Basis, basis_of
from partwell.actions.retention.keep_dates import PORTAL, look_day
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, SetNotice
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.keeping import Choice, Notice, NoticeKind, notices_due
from partwell.rules.refusals import Refusal
from partwell.rules.terms import ContactRole

_PAGE = 500
_DUE = dict[tuple[date, NoticeKind, tuple[NoticeKind, ...]], list[tuple[BackupSet, Notice]]]


def give_notices(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Give every notice that is due, and look again at vendors' windows. Gives how many sets were spoken of.

    Reads only sets whose day to look at has come, by an index, a page at a time; one deed a client.
    """
    moment = now or timezone.now()
    today = day_in(moment, zone())
    count = 0
    for client_id, ids in _clients_due(today):
        with Deed(actor, now=now) as deed:
            deed.lock(client_id)
            count += _look(deed, ids, today)
    return count


def _clients_due(today: date) -> Iterator[tuple[UUID, list[UUID]]]:
    """Clients with sets to look at, page by page in the index's order; what cannot be settled is passed once."""
    rows = BackupSet.objects.filter(removed_at=None, gone_at=None, look_on__lte=today).order_by(
        "look_on", "id"
    )
    last: tuple[date, UUID] | None = None
    while True:
        page_of = rows
        if last is not None:
            page_of = rows.filter(Q(look_on__gt=last[0]) | Q(look_on=last[0], id__gt=last[1]))
        page = list(page_of.values_list("look_on", "pk", "client_id")[:_PAGE])
        if not page:
            return
        last = (page[-1][0] or today, page[-1][1])
        groups: dict[UUID, list[UUID]] = defaultdict(list)
        for _, pk, client_id in page:
            groups[client_id].append(pk)
        yield from groups.items()


def _look(deed: Deed, ids: list[UUID], today: date) -> int:
    rows = list(
        BackupSet.objects.filter(pk__in=ids, removed_at=None, gone_at=None, look_on__lte=today).order_by(
            "name", "id"
        )
    )
    given = queries.given([row.id for row in rows])
    due: _DUE = defaultdict(list)
    for row in rows:
        if row.keep_until is None:
            continue
        found = notices_due(row.keep_until, today, given.get((row.id, row.keep_until), set()))
        if found is not None:
            due[row.keep_until, found.kind, found.covers].append((row, found))
    if not due:
        _move_on(deed, rows, given, today)
        return 0
    assert deed.client is not None  # the caller has locked it
    basis = basis_of(deed.client)
    held = queries.held_sets([deed.client.id])
    told: set[UUID] = set()
    for (until, kind, covers), group in sorted(due.items(), key=lambda one: (one[0][0], one[0][1])):
        if not _tell(deed, basis, until, kind, [row for row, _ in group], held, today):
            break  # nobody can be reached: the same for the others
        for row, notice in group:
            deed.add(
                SetNotice(
                    backup_set=row,
                    kind=kind.value,
                    until=until,
                    due_on=notice.due_on,
                    covers=[one.value for one in covers],
                    given_on=today,
                    given_at=deed.now,
                )
            )
            given.setdefault((row.id, until), set()).update((kind, *covers))
            deed.save(row, look_on=look_day(row, given[row.id, until], today))
            content: dict[str, object] = {"kind": kind.value, "due_on": notice.due_on.isoformat()}
            if covers:
                content["covers"] = [one.value for one in covers]
            deed.record("retention.told", subjects=[row.id], public={"set": row.name, "until": until.isoformat()},
                        to_client=content)  # fmt: skip
            told.add(row.id)
    waiting = {row.id for group in due.values() for row, _ in group} - told
    _move_on(deed, [row for row in rows if row.id not in told and row.id not in waiting], given, today)
    raise_alarms(deed, [row for row in rows if row.id in told], today)
    return len(told)


def _move_on(
    deed: Deed, rows: list[BackupSet], given: dict[tuple[UUID, date], set[NoticeKind]], today: date
) -> None:
    """Sets that were looked at for another reason (a vendor's purge has come): say what it means, name the next day."""
    raise_alarms(deed, rows, today)
    for row in rows:
        had = given.get((row.id, row.keep_until), set()) if row.keep_until else set()
        day = look_day(row, had, today)
        if day != row.look_on:
            deed.save(row, look_on=day)
            deed.record("backup_set.looked_at", subjects=[row.id], public={"set": row.name})


def _tell(
    deed: Deed,
    basis: Basis,
    until: date,
    kind: NoticeKind,
    rows: list[BackupSet],
    held: dict[UUID, list[str]],
    today: date,
) -> bool:
    """One mail a contact, with every set of that day; the office is on the first. False when nobody can be reached."""
    contacts = loop_contacts(basis.client.id)
    asked = kind is not NoticeKind.AFTER and any(basis.choice(row) is None for row in rows)
    kept = []
    for row in rows:
        words = [row.location]
        choice = basis.choice(row)
        if choice is not None:
            words.append(f"you chose: {Choice(choice.choice).label}")
        if titles := held.get(row.id):
            words.append(f"held by “{', '.join(titles)}”, so nothing is deleted before that is lifted")
        kept.append({"title": row.name, "note": "; ".join(words)})
    values = {
        "until": until,
        "kept": kept,
        "passed": "yes" if until < today else None,
        "asked": "yes" if asked else None,
        "portal_url": link(PORTAL),
    }
    reached = False
    for number, contact in enumerate(contacts):
        key = f"told:{kind.value}:{until.isoformat()}:{rows[0].id.hex}:{contact.id.hex}"
        second = contact.role == ContactRole.SIGNATORY
        item = Post("retention_notice", key, values, contact=contact, second=second, house=number == 0)
        reached = not isinstance(post(deed, item), Refusal) or reached
    return reached
