# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about files in the vault."""

from uuid import UUID

from django.apps import apps

from partwell.records.vault.models import Picture, StoredFile

__all__ = ["Picture", "StoredFile", "paper_of", "pictures_of", "stored_file"]


def stored_file(file_id: UUID) -> StoredFile:
    """One file; StoredFile.DoesNotExist if there is none. Who may have it is the caller's question."""
    return StoredFile.objects.select_related("unit").get(pk=file_id)


def paper_of(client_id: UUID, file_id: UUID) -> StoredFile | None:
    """A paper on a client's file: agreement, proof, notice, letter, invoice. None for another client's.

    Nor for what has an address of its own that asks more: a credential's file (R16), and a bundle, whose
    download is decided anew and recorded (R1), and a recording, which is played only while everybody agrees (R2).
    """
    row = StoredFile.objects.select_related("unit").filter(pk=file_id, client_id=client_id).first()
    if (
        row is None
        or row.unit.purpose == "credentials"
        or row.unit.purpose.startswith(("recording:", "bundle:"))
    ):
        return None
    jobs = apps.get_model("jobs", "Job").objects
    return None if jobs.filter(kind="bundle.build", result__file=row.id.hex).exists() else row


def pictures_of(subject_id: UUID, *, internal: bool) -> "list[Picture]":
    """Pictures of an item, step, message or call; ``internal`` ones only for staff."""
    rows = Picture.objects.select_related("file").filter(subject_id=subject_id).order_by("taken_at")
    return list(rows if internal else rows.filter(internal=False))
