# SPDX-License-Identifier: AGPL-3.0-or-later
"""The ledger's tables. Triggers (partwell.records.evidence.guards) refuse UPDATE and DELETE on both databases.

No foreign keys: the ledger outlives what it speaks of. Leaves hold salted digests and opaque ids;
personal content lies beside them in ``Disclosure`` (PROOF.md, "Ledger").
"""

import uuid

from django.db import models


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
