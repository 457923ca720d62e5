# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pages ask about the estate across nouns: clients, evidence, what a handover still lacks. Reads only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q
from django.utils import timezone

from partwell.actions.facts import handover_facts, newest_trials, zone
from partwell.records.clients.models import Client
from partwell.records.estate.models import Item, Trial
from partwell.records.evidence.models import Disclosure, Entry, EntrySubject, RowCommitment
from partwell.records.people.models import StaffMember
from partwell.records.vault.models import Picture, StoredFile
from partwell.rules.events import sentence_of
from partwell.rules.handover import missing_for_handover
from partwell.rules.refusals import Refusal


def client_named(client_id: UUID) -> Client | None:
    """One client."""
    return Client.objects.filter(pk=client_id).first()


def clients_here() -> list[Client]:
    """All clients by name."""
    return list(Client.objects.order_by("name"))


def find_client(words: str) -> list[Client]:
    """Clients of exactly this name, legal name or id; for the command line."""
    found = Client.objects.filter(Q(name__iexact=words) | Q(legal_name__iexact=words))
    return list(found)


def staff_named(address: str) -> StaffMember | None:
    """A staff member by mail address, or the first owner where none is given; for the command line."""
    rows = StaffMember.objects.select_related("user").filter(left_at=None)
    return (
        rows.filter(user__email__iexact=address).first()
        if address
        else rows.filter(role="owner").order_by("joined_at").first()
    )


def newest_entries(items: Sequence[Item]) -> dict[UUID, int]:
    """The newest entry that speaks of each item, or of the import that brought it; one query."""
    refs = {item.pk for item in items} | {item.batch_id for item in items if item.batch_id}
    if not refs:
        return {}
    found = dict(
        EntrySubject.objects.filter(subject_ref__in=refs)
        .values_list("subject_ref")
        .annotate(last=Max("entry_index"))
        .order_by()
    )
    return {
        item.pk: max(found.get(item.pk, -1), found.get(item.batch_id, -1))
        for item in items
        if item.pk in found or item.batch_id in found
    }


def missing(items: Sequence[Item], now: datetime | None = None) -> dict[UUID, tuple[Refusal, ...]]:
    """What each item's handover still lacks (R3, R16); two queries however many items."""
    trials, name, moment = newest_trials([item.pk for item in items]), zone(), now or timezone.now()
    return {
        item.pk: missing_for_handover(handover_facts(item, trials.get(item.pk), moment, name))
        for item in items
    }


@dataclass(frozen=True)
class Happened:
    """One entry as a sentence, for ``{% timeline %}``."""

    at: datetime
    who: str
    text: str
    index: int
    url: str
    note: str = ""
    internal: bool = False
    state: str = ""


def history(item: Item, limit: int = 200) -> list[Happened]:
    """Everything the ledger holds about an item: its own entries, its import's, its pictures' and tries'; newest first."""
    refs: set[UUID] = {
        item.pk,
        *Picture.objects.filter(subject_id=item.pk).values_list("pk", flat=True),
        *Trial.objects.filter(item=item).values_list("pk", flat=True),
    }
    found = set(EntrySubject.objects.filter(subject_ref__in=refs).values_list("entry_index", flat=True))
    if item.batch_id:
        found |= set(
            EntrySubject.objects.filter(subject_ref=item.batch_id).values_list("entry_index", flat=True)
        )
    # A bulk entry names some subjects only; the rows it commits to are all of them.
    committed = RowCommitment.objects.filter(row_ref=item.pk).values("entry_uid")
    entries = list(
        Entry.objects.filter(
            Q(index__in=sorted(found, reverse=True)[:limit]) | Q(uid__in=committed)
        ).order_by("-index")[:limit]
    )
    return sentences(entries)


def sentences(entries: Iterable[Entry]) -> list[Happened]:
    """Entries as staff read them; an erased disclosure says so."""
    rows = list(entries)
    contents: dict[tuple[UUID, str], Any] = {}
    for each in Disclosure.objects.filter(entry_uid__in=[row.uid for row in rows]):
        contents[each.entry_uid, each.label] = json.loads(bytes(each.content))
    out = []
    for row in rows:
        public = contents.get((row.uid, "public"))
        who = str(public.get("actor", "")) if public else ""
        text = (
            sentence_of(row.type, public)
            if public
            else "The content of this entry was erased; its place in the ledger remains."
        )
        body = text.removeprefix(who).strip() if who and text.startswith(who) else text
        out.append(
            Happened(
                row.recorded_at,
                who if body != text else "",
                body,
                row.index,
                f"/evidence/{row.index}/",
                note=_note(contents.get((row.uid, "client"), {})),
                state="refusing" if row.type == "refusal.recorded" else "",
            )
        )
    return out


def _note(shown: dict[str, Any]) -> str:
    before, after = shown.get("before"), shown.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return "; ".join(
            f"{name.replace('_', ' ')}: {before.get(name) or 'nothing'} → {after.get(name) or 'nothing'}"
            for name in after
        )
    kept = {
        name: value
        for name, value in shown.items()
        if name in ("reason", "purpose", "condition", "serial", "location", "caption", "rule")
    }
    return "; ".join(f"{name}: {value}" for name, value in kept.items() if value)


def files_of(item: Item) -> list[StoredFile]:
    """Every file that was this item's document, the present one first."""
    entries = EntrySubject.objects.filter(subject_ref=item.pk).values("entry_index")
    ids = EntrySubject.objects.filter(entry_index__in=entries).values("subject_ref")
    rows = StoredFile.objects.filter(Q(pk__in=ids) | Q(pk=item.document_id), client_id=item.client_id)
    pictures = set(Picture.objects.filter(subject_id=item.pk).values_list("file_id", flat=True))
    return sorted(
        (row for row in rows if row.pk not in pictures),
        key=lambda row: (row.pk != item.document_id, -row.stored_at.timestamp()),
    )


def picture_named(client_id: UUID, picture_id: UUID) -> Picture | None:
    """One picture of this client."""
    return Picture.objects.select_related("file__unit").filter(pk=picture_id, client_id=client_id).first()
