# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings in bundles (R2): a consent taken back reaches the copies that lie here, too.

A bundle that holds a recording lies under a key unit of its own (``bundle:<job>``), and the entry that says it was built
names its recordings. So nobody fetches it once one of them has ended, and its key goes before the recording's own does.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q

from partwell.actions.keys import RECORD
from partwell.records.correspondence.models import Recording
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.vault.models import StoredFile
from partwell.rules.refusals import Refusal, refuse

PURPOSE = "bundle:"


class Outdated(RuntimeError):
    """A recording ended while a bundle that holds it was built: it is listed anew, without that recording."""


def purpose_of(job_id: UUID, recordings: Iterable[UUID]) -> str:
    """Under which of the client's key units a bundle lies."""
    return f"{PURPOSE}{job_id.hex}" if list(recordings) else RECORD


def still_agreed(recordings: Iterable[UUID]) -> None:
    """Raises Outdated if one of these recordings has ended; within a deed that locked their client nobody can end one."""
    over = (
        Q(stopped_at__isnull=False)
        | Q(destroyed_at__isnull=False)
        | Q(file__unit__destroyed_at__isnull=False)
    )
    if Recording.objects.filter(over, pk__in=list(recordings)).exists():
        raise Outdated("A recording ended meanwhile.")


def none_ended(recordings: Iterable[str]) -> Refusal | None:
    """Why a built bundle with these recordings (ids in hex) may not be fetched; None where all of them are still played."""
    return first_ended(recordings, _ended(Q(pk__in=[UUID(hex=one) for one in recordings])))


def ended_of(client_id: UUID) -> dict[str, Refusal]:
    """For :func:`first_ended`: every recording of a client (id in hex) that nobody plays any more, the first ended first. One query."""
    return _ended(Q(call__client=client_id))


def first_ended(recordings: Iterable[str], ended: Mapping[str, Refusal]) -> Refusal | None:
    """:func:`none_ended`, of what was asked for many bundles at once."""
    inside = set(recordings)
    return next((why for one, why in ended.items() if one in inside), None)


def _ended(which: Q) -> dict[str, Refusal]:
    rows = Recording.objects.filter(which, stopped_at__isnull=False).order_by("stopped_at")
    found = rows.values_list("pk", "stopped_by_name", "stopped_at")
    return {
        pk.hex: refuse("bundle_recording_ended", who=who, day=at.date())
        for pk, who, at in found
        if at is not None
    }


def units_with(recording_id: UUID) -> list[UUID]:
    """Key units of the bundles that hold a recording and are still there."""
    about = EntrySubject.objects.filter(subject_ref=recording_id).values("entry_index")
    built = Entry.objects.filter(index__in=about, type="bundle.built").values("index")
    files = EntrySubject.objects.filter(entry_index__in=built).values("subject_ref")
    rows = StoredFile.objects.filter(pk__in=files, unit__purpose__startswith=PURPOSE, unit__emptied_at=None)
    return list(rows.values_list("unit_id", flat=True))
