# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was said, once more for searching. No evidence: made by triggers from the rows, and can be made anew from them."""

from django.db import models


class SearchRow(models.Model):
    """The words of one message, call, meeting or mail, and who may find it. ``search_index`` says how it is made.

    ``id`` is the moment (milliseconds since 1970, times 2^20) plus a counter, so that the newest comes first by key
    alone. ``inside``: a second row of the same thing, with what only staff may find. ``scope``: the same facts as
    tokens (``c<client>``, ``r<recipient>``, ``a<audience>``, ``s<side>``, ``held``): the index narrows by them.
    PostgreSQL has a column ``words`` (tsvector) beside, SQLite a table ``correspondence_words`` (FTS5).
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=8)  # message call mail inbound meeting
    ref = models.UUIDField(db_index=True)
    inside = models.BooleanField(default=False)
    client = models.ForeignKey("clients.Client", null=True, on_delete=models.PROTECT, related_name="+")
    # all client internal privileged, as messages have it; staff: everybody at the MSP who reads messages
    audience = models.CharField(max_length=10)
    side = models.CharField(max_length=10)  # who said it: staff client provider unknown
    at = models.DateTimeField()
    scope = models.TextField()
    who = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    extra = models.TextField()
