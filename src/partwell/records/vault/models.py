# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files and secrets under key units: a data key per client and purpose, under a key-encryption key of its own."""

import uuid

from django.db import models

from partwell.records.base import Committed


class KeyUnit(Committed):
    """One data key, wrapped under a key-encryption key that lives in the key store only (PROOF.md, "Secrets").

    ``purpose``: installation, record, credentials, backup:<set>, recording:<id>, or bundle:<job> (one with recordings). Destroying one unit's key
    must not take the evidence, or what is under hold, with it.
    """

    client = models.ForeignKey(
        "clients.Client", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    purpose = models.CharField(max_length=60)
    kek_id = models.CharField(max_length=64)
    wrapped_key = models.BinaryField()
    key_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    # Asked for, then gone from the key store, then its files and sealed values emptied: each can be resumed after a crash.
    destroying_at = models.DateTimeField(null=True, blank=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    copies_expire_on = models.DateField(null=True, blank=True)  # of the key store's own backups
    emptied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"],
                condition=models.Q(destroyed_at=None, client__isnull=False),
                name="one_unit_per_purpose",
            ),
            models.UniqueConstraint(
                fields=["purpose"],
                condition=models.Q(destroyed_at=None, client__isnull=True),
                name="one_installation_unit",
            ),
        ]


class StoredFile(Committed):
    """A file in the vault: size, CRC-32 and SHA-256 of the plain bytes are known from ingest on."""

    client = models.ForeignKey(
        "clients.Client", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    unit = models.ForeignKey(KeyUnit, on_delete=models.PROTECT, related_name="files")
    blob_id = models.CharField(max_length=80, unique=True)
    size = models.BigIntegerField()
    crc32 = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    media_type = models.CharField(max_length=120, default="application/octet-stream")
    name = models.CharField(max_length=300)
    # R4: internal notes and what is privileged never leave by a portal, bundle or API.
    internal = models.BooleanField(default=False)
    stored_at = models.DateTimeField()


class SealedValue(Committed):
    """One secret (password, OTP seed, key), encrypted with associated data that names its place."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(KeyUnit, on_delete=models.PROTECT, related_name="values")
    subject_id = models.UUIDField(db_index=True)
    field = models.CharField(max_length=120)
    ciphertext = models.BinaryField(null=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_id", "field"], name="one_secret_per_field")]


class Picture(Committed):
    """A picture or file taken of an item, step, message or call (R4). Redaction is burned in before storage."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField(db_index=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    caption = models.CharField(max_length=300, blank=True)
    redactions = models.PositiveSmallIntegerField(default=0)
    internal = models.BooleanField(default=False)
    taken_by = models.UUIDField(default=uuid.uuid4)
    taken_by_name = models.CharField(max_length=160)
    taken_at = models.DateTimeField()
