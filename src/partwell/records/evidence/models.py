# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ledger's tables. Triggers (partwell.records.evidence.guards) refuse UPDATE and DELETE on both databases.

No foreign keys: the ledger outlives what it speaks of. Leaves hold salted digests and opaque ids;
personal content lies beside them in ``Disclosure`` (PROOF.md, "Ledger").
"""

import uuid
from typing import ClassVar

from django.db import models

from partwell.records.base import Committed


class LogState(models.Model):
    """The log's identity; its one row is locked while the tail grows."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    origin = models.CharField(max_length=120)
    vkey = models.CharField(max_length=300)
    sealed_key = models.BinaryField()
    opened_at = models.DateTimeField()


class Entry(models.Model):
    """One line of the ledger: a Merkle leaf and what is needed to find it again."""

    index = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField(unique=True, default=uuid.uuid4)
    type = models.CharField(max_length=60)
    recorded_at = models.DateTimeField(db_index=True)
    client_ref = models.UUIDField(null=True)
    recipient_ref = models.UUIDField(null=True)
    actor_ref = models.UUIDField()
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["index"]
        indexes = [
            models.Index(fields=["client_ref", "index"]),
            models.Index(fields=["recipient_ref", "index"]),
        ]


class EntrySubject(models.Model):
    """Which opaque ids an entry speaks of, so that an item's page finds its history."""

    entry_index = models.BigIntegerField()
    subject_ref = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_ref", "entry_index"], name="subject_once")]
        # The way from an entry to its mail, to show each mail once.
        indexes = [models.Index(fields=["entry_index"], name="subject_of_entry")]


class Node(models.Model):
    """A complete subtree's hash: level 0 holds leaf hashes."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="node_once")]


class Disclosure(models.Model):
    """Content and salt behind one commitment of an entry: public, client or internal."""

    entry_uid = models.UUIDField()
    label = models.CharField(max_length=10)
    salt = models.BinaryField(max_length=32)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry_uid", "label"], name="disclosure_once")]


class RowCommitment(models.Model):
    """What an entry commits to: a row's id, version and salted digest. Their Merkle root stands in the leaf."""

    entry_uid = models.UUIDField()
    position = models.PositiveIntegerField()
    table = models.CharField(max_length=60)
    row_ref = models.UUIDField()
    version = models.PositiveIntegerField()
    salt = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry_uid", "position"], name="commitment_once"),
            models.UniqueConstraint(fields=["row_ref", "version", "table"], name="row_version_once"),
        ]


class Checkpoint(models.Model):
    """A signed root of committed entries, stored before anybody sees it."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    made_at = models.DateTimeField()


class RefusalTally(models.Model):
    """Refusals of one actor, code, subject and authorisation version within an hour: the first is an entry, the rest a count."""

    actor_ref = models.UUIDField()
    code = models.CharField(max_length=60)
    subject_ref = models.UUIDField()
    version = models.PositiveIntegerField(default=0)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor_ref", "code", "subject_ref", "version", "hour"], name="tally_once"
            )
        ]


class ErasureRequest(Committed):
    """That personal content goes: of some entries on request, or of a client's whole record at its end (R15: two people).

    ``kind``: content | record. ``state``: proposed | declined | approved | done. ``targets``: [[entry index, label]] of
    a content request. ``entry_uid``: the entry that commits to everything erased; known from the approval on. One of
    kind *record* outlives the record, so it names no client and nobody of the client.
    """

    client_ref = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10, default="proposed", db_index=True)
    subject_ref = models.UUIDField(null=True, blank=True)
    targets = models.JSONField(default=list, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    due_on = models.DateField(null=True, blank=True)
    proposed_by = models.UUIDField()
    proposed_by_name = models.CharField(max_length=160)
    proposed_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    entry_uid = models.UUIDField(null=True, blank=True, db_index=True)
    counts = models.JSONField(default=dict, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # The deletion after the entry is the outcome of the entry, not a decision; it is resumed until this is set.
    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("finished_at",)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client_ref"],
                condition=models.Q(kind="record", state__in=["proposed", "approved"]),
                name="one_end_of_a_record",
            )
        ]


class RecordTerm(Committed):
    """How much longer than usual a client's record is kept, and why; the newest row counts."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="record_terms")
    months = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    set_by_name = models.CharField(max_length=160)
    set_at = models.DateTimeField()


class Tombstone(models.Model):
    """A deletion that the log store must know of, so that no restored backup brings back what was destroyed.

    Opaque ids only (``what``); ``copied_at`` is set once the line lies in the log store.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=20)
    what = models.JSONField()
    entry_uid = models.UUIDField()
    made_at = models.DateTimeField()
    copied_at = models.DateTimeField(null=True, db_index=True)
