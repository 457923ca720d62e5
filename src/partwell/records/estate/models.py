# SPDX-License-Identifier: AGPL-3.0-or-later
"""The estate: items, trials of credentials, imports with their staged lines, remembered mappings."""

import uuid
from typing import ClassVar

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity


class Import(Committed):
    """One import: previewed, then confirmed as a whole, undone as a whole. One ledger entry each."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="imports")
    source = models.CharField(max_length=40)
    filename = models.CharField(max_length=300)
    file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        max_length=12, default="reading", db_index=True
    )  # reading staged writing confirmed undone discarded refused
    options = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    understood = models.JSONField(default=dict)
    item_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    left_out_count = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    started_by = models.UUIDField()
    started_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)


class ImportLine(models.Model):
    """A staged line: what was understood, duplicate or left out. No evidence; secrets sealed; emptied after the import."""

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    line = models.CharField(max_length=300)
    outcome = models.CharField(max_length=12, db_index=True)  # item | duplicate | left_out | note
    title = models.CharField(max_length=300, blank=True)
    sentence = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    sealed = models.BinaryField(null=True)
    file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="import_line_once")]
        indexes = [
            models.Index(fields=["batch", "fingerprint"]),
            models.Index(fields=["batch", "outcome", "position"]),
        ]


class SourceMapping(Committed):
    """A mapping that people confirmed, remembered for files with the same columns."""

    source = models.CharField(max_length=40)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "signature"], name="mapping_once")]


class ItemQuerySet(models.QuerySet["Item"]):
    def present(self) -> "ItemQuerySet":
        """Items that count: not of an unconfirmed or undone import, not removed."""
        return self.filter(removed_at=None).filter(models.Q(batch=None) | models.Q(batch__state="confirmed"))


class Item(Committed):
    """One thing of the estate: it has a category, an owner and a custodian."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="items")
    site = models.ForeignKey(
        "clients.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField(max_length=300)
    category = models.CharField(max_length=20, choices=choices(Category))
    kind = models.CharField(max_length=12, choices=choices(ItemKind))
    owner = models.CharField(max_length=10, choices=choices(Owner), default=Owner.UNKNOWN)
    custodian = models.CharField(max_length=14, choices=choices(Custodian), default=Custodian.MSP)
    sensitivity = models.CharField(max_length=10, choices=choices(Sensitivity), default=Sensitivity.NORMAL)
    critical = models.BooleanField(default=False)
    internal = models.BooleanField(default=False)  # R4: internal or privileged, never outside
    endpoint = models.BooleanField(default=False)  # R1's preset "endpoints"
    details = models.JSONField(default=dict)
    handover = models.JSONField(
        default=dict
    )  # what R3 asks of its kind: condition, title, transfer, manifest, role
    secret_fields = models.JSONField(default=list)
    document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    external_id = models.CharField(max_length=200, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    batch = models.ForeignKey(Import, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    source_line = models.CharField(max_length=300, blank=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    rotation_confirmed_at = models.DateTimeField(null=True, blank=True)
    copy_purged_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ItemQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["client", "category"]),
            models.Index(fields=["client", "fingerprint"]),
            models.Index(fields=["client", "owner"]),
        ]

    def __str__(self) -> str:
        return self.title


class Trial(Committed):
    """A credential tried (R16), or why it cannot be tried and who agreed to that."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="trials")
    outcome = models.CharField(max_length=20)  # worked | failed | cannot_be_tried
    tried_at = models.DateTimeField()
    tried_by = models.UUIDField(default=uuid.uuid4)
    tried_by_name = models.CharField(max_length=160)
    proof = models.ForeignKey(
        "vault.Picture", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)
    second_person = models.UUIDField(null=True, blank=True)
    second_person_name = models.CharField(max_length=160, blank=True)
    seconded_at = models.DateTimeField(null=True, blank=True)
