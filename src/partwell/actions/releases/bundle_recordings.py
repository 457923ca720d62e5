# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings in bundles (R2): a consent taken back reaches the copies that lie here, too.

A bundle that holds a recording lies under a key unit of its own (``bundle:<job>``), and the entry that says it was built
names its recordings. So nobody fetches it once one of them has ended, and its key goes before the recording's own does.
"""

from collections.abc import Iterable
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
    ids = [UUID(hex=one) for one in recordings]
    row = Recording.objects.filter(pk__in=ids, stopped_at__isnull=False).order_by("stopped_at").first()
    if row is None or row.stopped_at is None:
        return None
    return refuse("bundle_recording_ended", who=row.stopped_by_name, day=row.stopped_at.date())


def units_with(recording_id: UUID) -> list[UUID]:
    """Key units of the bundles that hold a recording and are still there."""
    about = EntrySubject.objects.filter(subject_ref=recording_id).values("entry_index")
    built = Entry.objects.filter(index__in=about, type="bundle.built").values("index")
    files = EntrySubject.objects.filter(entry_index__in=built).values("subject_ref")
    rows = StoredFile.objects.filter(pk__in=files, unit__purpose__startswith=PURPOSE, unit__emptied_at=None)
    return list(rows.values_list("unit_id", flat=True))
