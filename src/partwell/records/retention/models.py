# SPDX-License-Identifier: AGPL-3.0-or-later
"""Known backup sets (R10's fifth exit fact, R6, R13). Deletion itself is a later chapter of this noun."""

from django.db import models

from partwell.records.base import Committed


class BackupSet(Committed):
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="backup_sets")
    name = models.CharField(max_length=200)
    location = models.CharField(max_length=300)
    vendor = models.CharField(max_length=160, blank=True)
    vendor_window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
