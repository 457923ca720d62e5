# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about files in the vault."""

from uuid import UUID

from partwell.records.vault.models import Picture, StoredFile

__all__ = ["Picture", "StoredFile", "pictures_of", "stored_file"]


def stored_file(file_id: UUID) -> StoredFile:
    """One file; StoredFile.DoesNotExist if there is none. Who may have it is the caller's question."""
    return StoredFile.objects.select_related("unit").get(pk=file_id)


def pictures_of(subject_id: UUID, *, internal: bool) -> "list[Picture]":
    """Pictures of an item, step, message or call; ``internal`` ones only for staff."""
    rows = Picture.objects.select_related("file").filter(subject_id=subject_id).order_by("taken_at")
    return list(rows if internal else rows.filter(internal=False))
