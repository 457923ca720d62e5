# SPDX-License-Identifier: AGPL-3.0-or-later
"""Durable work: rows with lease and fence (STACK.md). Outside effects are at-least-once, so each has a key of its own."""

import uuid

from django.db import models


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)
    client_ref = models.UUIDField(null=True, db_index=True)
    recipient_ref = models.UUIDField(null=True)
    asked_by = models.UUIDField(null=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="queued", db_index=True)  # queued running done failed
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    stage = models.CharField(max_length=160, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
