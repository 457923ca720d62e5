# SPDX-License-Identifier: AGPL-3.0-or-later
"""Releases as querysets, for whoever pages them by key."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from partwell.records.releases.models import Release, ReleaseLine

_OPEN = Q(lines__state="sent", lines__answer="objected", lines__objection_answered_at=None)


def releases(client_id: UUID) -> "QuerySet[Release]":
    """A client's releases, annotated with how many lines were sent, asked for, confirmed and objected to."""
    return _counted(Release.objects.filter(client_id=client_id))


def release(release_id: UUID) -> Release | None:
    """One release, annotated likewise."""
    return _counted(Release.objects.filter(pk=release_id)).first()


def _counted(rows: "QuerySet[Release]") -> "QuerySet[Release]":
    return rows.select_related("recipient", "person", "contact", "authorisation", "approval").annotate(
        n_sent=Count("lines", filter=Q(lines__state="sent")),
        n_asked=Count("lines", filter=Q(lines__state="asked")),
        n_confirmed=Count("lines", filter=Q(lines__state="sent", lines__answer="confirmed")),
        n_objected=Count("lines", filter=_OPEN),
    )


def lines(release_id: UUID) -> "QuerySet[ReleaseLine]":
    """The lines of a release."""
    return ReleaseLine.objects.filter(release_id=release_id)
