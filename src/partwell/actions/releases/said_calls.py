# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls and meetings of an exported correspondence: who, when, what, promises, and each recording with what proves or ended it.

A recording is shown as the pages show it (R2): to the client with everything, to a new provider not at all. One that a
consent taken back has ended is named, with its digest and its entries, and is not there.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Substr

from partwell.documents.texts import day_text, moment_text
from partwell.records.correspondence.models import Call, Envelope, Meeting, Recording
from partwell.records.evidence.models import Entry, EntrySubject, RowCommitment
from partwell.records.evidence.queries import LABELS, disclosed
from partwell.records.vault.models import StoredFile

OF_CALL = "call:"
_KEY = len(OF_CALL) + 32  # what a call's mails begin with: its summary, then each correction
ENDINGS = {
    "audio/wav": "wav", "audio/mp4": "m4a", "audio/ogg": "ogg", "audio/flac": "flac", "audio/mpeg": "mp3", "audio/aac": "aac", "audio/amr": "amr",
    "video/mp4": "mp4", "video/webm": "webm", "video/quicktime": "mov", "video/x-matroska": "mkv", "video/x-msvideo": "avi",
}  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A recording of a call. ``state``: kept (its file is in the export), ended (a consent was taken back), destroyed, erased.

    ``entries``: its entries that the reader sees, by their kind. ``proved``: the first of them tells the file's SHA-256.
    """

    id: UUID
    file: StoredFile
    state: str
    began: datetime | None
    consents: tuple[str, ...]
    added_by: str
    ended_by: str = ""
    ended_at: datetime | None = None
    gone_at: datetime | None = None
    entries: dict[str, int] = field(default_factory=dict)
    proved: bool = False

    @property
    def entry(self) -> int | None:
        """The entry by which it was kept."""
        return self.entries.get("recording.added")

    def path(self, number: int, place: int) -> str:
        """Where its file lies in the export: by the number of the call, and which of its recordings it is."""
        return f"recordings/{number:06}-{place}.{ENDINGS.get(self.file.media_type, 'bin')}"


def mails_of(client_id: UUID, calls: Collection[UUID]) -> dict[UUID, UUID]:
    """Mail → call, of the summaries and corrections that were mailed; one query, none without calls."""
    of = {f"{OF_CALL}{pk.hex}": pk for pk in calls}
    if not of:
        return {}
    rows = Envelope.objects.filter(client=client_id, dedupe_key__startswith=OF_CALL)
    rows = rows.annotate(call_key=Substr("dedupe_key", 1, _KEY)).filter(call_key__in=list(of))
    return {pk: of[key] for pk, key in rows.values_list("id", "call_key")}


def words_of(call: Call, meeting: Meeting | None, zone: str) -> tuple[str, str, dict[str, Any]]:
    """Title, words and facts of a call: what was said, what was promised by whom and until when, and corrections.

    Never its internal note (R4). Moments in words are written in ``zone`` (IANA), those of the facts in UTC.
    """
    said = [call.summary]
    if call.promised:
        who = call.promised_by or call.logged_by_name
        until = f", until {day_text(call.promised_for)}" if call.promised_for else ""
        kept = f" (kept, {moment_text(call.promise_kept_at, zone)})" if call.promise_kept_at else ""
        said.append(f"Promised by {who}{until}: {call.promised}{kept}")
    if call.correction:
        said.append(f"Correction: {call.correction}")
    facts: dict[str, Any] = {"happened_at": call.happened_at.isoformat(), "kind": call.kind, "with": call.with_whom, "minutes": call.minutes,
                             "summary": call.summary, "promised": call.promised, "promised_by": call.promised_by,
                             "promised_for": call.promised_for.isoformat() if call.promised_for else None,
                             "promise_kept_at": call.promise_kept_at.isoformat() if call.promise_kept_at else None,
                             "correction": call.correction, "logged_by": call.logged_by_name, "logged_at": call.logged_at.isoformat()}  # fmt: skip
    lasted = f", {call.minutes} minutes" if call.minutes else ""
    title = f"{call.kind.capitalize()} with {call.with_whom}{lasted}"
    if meeting is not None:
        people = [str(one["name"]) for one in meeting.attendees]
        facts["meeting"] = {"title": meeting.title, "place": meeting.place, "starts_at": meeting.starts_at.isoformat(),
                            "ends_at": meeting.ends_at.isoformat(), "invited": people, "agenda": meeting.agenda}  # fmt: skip
        title = f"Meeting “{meeting.title}” with {call.with_whom}{lasted}"
        place = f", {meeting.place}" if meeting.place else ""
        said.insert(0, f"Invited to “{meeting.title}”{place}: {', '.join(people)}")
    return title, "\n\n".join(said), facts


def recordings_of(client_id: UUID, calls: Collection[UUID], party: str) -> dict[UUID, list[Recorded]]:
    """Call → its recordings as ``party`` sees them on the call's page, the first first; four queries."""
    if party != "client" or not calls:
        return {}
    rows = list(
        Recording.objects.filter(call__in=calls, call__client=client_id, file__internal=False)
        .select_related("file__unit")
        .order_by("added_at", "id")
    )
    if not rows:
        return {}
    entries, told = _entries(rows, party)
    out: dict[UUID, list[Recorded]] = defaultdict(list)
    for row in rows:
        gone = row.destroyed_at or row.file.unit.destroyed_at
        state = "kept" if row.stopped_at is None and gone is None else "ended"
        if gone is not None:
            state = "destroyed" if row.stopped_at is not None else "erased"
        consents = tuple(f"{one['name']}: {one['words']}" for one in row.consents)
        out[row.call_id].append(
            Recorded(row.id, row.file, state, row.started_at, consents, row.added_by_name, row.stopped_by_name, row.stopped_at, gone,
                     entries[row.id], row.file.sha256 in told[row.id])
        )  # fmt: skip
    return out


def _entries(
    rows: Sequence[Recording], party: str
) -> tuple[dict[UUID, dict[str, int]], dict[UUID, set[str]]]:
    """Per recording: its entries by kind, and which digests the one by which it was kept tells this party."""
    ids = [row.id for row in rows]
    kinds = ("recording.added", "recording.stopped", "recording.destroyed")
    about = EntrySubject.objects.filter(subject_ref__in=ids).values_list("subject_ref", "entry_index")
    by_index: dict[int, list[UUID]] = defaultdict(list)
    for ref, index in about:
        by_index[index].append(ref)
    entries: dict[UUID, dict[str, int]] = defaultdict(dict)
    for index, kind in Entry.objects.filter(index__in=list(by_index), type__in=kinds).values_list(
        "index", "type"
    ):
        for ref in by_index[index]:
            entries[ref][kind] = index
    first = dict(
        RowCommitment.objects.filter(
            table="correspondence_recording", row_ref__in=ids, version=1
        ).values_list("row_ref", "entry_uid")
    )
    shown = disclosed(list(set(first.values())), LABELS[party])
    told: dict[UUID, set[str]] = defaultdict(set)
    for ref, uid in first.items():
        for _, content in shown.get(uid, {}).values():
            if isinstance(content, dict) and "digest" in content:
                told[ref].add(str(content["digest"]))
    return entries, told


def row_of(one: Recorded, path: str | None, zone: str) -> dict[str, Any]:
    """A recording in the index. ``path``: of its file in the export, None where there is none. ``words``: the same as a sentence."""
    return {"file": path, "name": one.file.name, "sha256": one.file.sha256, "size": one.file.size, "media_type": one.file.media_type,
            "state": one.state if path or one.state != "kept" else "unreadable", "began": one.began.isoformat() if one.began else None,
            "consents": list(one.consents), "added_by": one.added_by, "entry": one.entry,
            "proof": f"proof/{one.entry}.tlog-proof" if one.entry is not None else None,
            "ended_by": one.ended_by or None, "ended_at": one.ended_at.isoformat() if one.ended_at else None,
            "ended_entry": one.entries.get("recording.stopped"), "destroyed_at": one.gone_at.isoformat() if one.gone_at else None,
            "destroyed_entry": one.entries.get("recording.destroyed"), "words": sentence(one, path, zone)}  # fmt: skip


def sentence(one: Recorded, path: str | None, zone: str) -> str:
    """What a reader of the PDF and of the page is told of a recording."""
    began = f", began {moment_text(one.began, zone)}" if one.began else ""
    head = f"“{one.file.name}”, {one.file.size:,} bytes{began}, SHA-256 {one.file.sha256}{_by(one.entry)}"
    agreed = f" Agreed before it began: {'; '.join(one.consents)}." if one.consents else ""
    if path is not None:
        return f"{path}: {head}.{agreed}"
    if one.state == "kept":
        return f"Not here, it could not be read: {head}.{agreed}"
    if one.state == "erased":
        when = moment_text(one.gone_at, zone) if one.gone_at else ""
        return f"Not here, it was erased with its key, {when}: {head}.{agreed}"
    by = _by(one.entries.get("recording.stopped"))
    ended = f"{one.ended_by} took the consent back, {moment_text(one.ended_at, zone)}{by}" if one.ended_at else "it has ended"  # fmt: skip
    if one.gone_at is None:
        return f"Not here, {ended}; nobody plays it, and it is destroyed as soon as no legal hold keeps it: {head}.{agreed}"
    gone = f"destroyed with its key, {moment_text(one.gone_at, zone)}{_by(one.entries.get('recording.destroyed'))}"
    return f"Not here, {ended}; {gone}: {head}.{agreed}"


def _by(entry: int | None) -> str:
    return f" (entry {entry})" if entry is not None else ""
