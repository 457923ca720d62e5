# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said and sent: envelopes of the outbox, messages, calls. The client is on every envelope (R2)."""

from typing import ClassVar

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import EnvelopeState


class Message(Committed):
    """One message between staff, client and new provider, or an internal note."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="messages")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    author_kind = models.CharField(max_length=10)
    author_id = models.UUIDField()
    author_name = models.CharField(max_length=160)
    # all: staff, client, new provider · client: staff and client · internal · privileged (R4)
    audience = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    held = models.BooleanField(default=False)  # a new provider's, before consent: answered by nobody
    answers = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="answered_by"
    )
    written_at = models.DateTimeField(db_index=True)
    # Written while a debt, dispute or claim is open: it waits for this moment, or for a colleague's reading.
    waits_until = models.DateTimeField(null=True, blank=True)
    waits_why = models.CharField(max_length=300, blank=True)
    read_by_name = models.CharField(max_length=160, blank=True)
    # The one set that was released with it: what a message carries are releases of items, never files.
    release = models.ForeignKey(
        "releases.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    # What became of it where it was held: "this is not ours", or the authorisation took effect (released_at too).
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decision = models.CharField(max_length=300, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    @property
    def waits_for_consent(self) -> bool:
        """Whether it is held: it came before consent, and no authorisation has put it into the conversation since."""
        return self.held and self.released_at is None


class Call(Committed):
    """A call or meeting, logged in under a minute; its summary goes to the client (R2)."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="calls")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="calls"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="calls"
    )
    kind = models.CharField(max_length=10, default="call")  # call | meeting
    with_whom = models.CharField(max_length=300)
    happened_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=0)
    summary = models.TextField()
    promised = models.CharField(max_length=300, blank=True)
    promised_by = models.CharField(max_length=160, blank=True)
    promised_for = models.DateField(null=True, blank=True)
    internal_note = models.TextField(blank=True)
    correction = models.TextField(blank=True)
    logged_by_name = models.CharField(max_length=160)
    logged_at = models.DateTimeField()
    # A promise that was ticked off; empty while it is open, and in older rows.
    promise_kept_at = models.DateTimeField(null=True, blank=True)
    promise_kept_by_name = models.CharField(max_length=160, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["client", "promised_for"],
                condition=models.Q(promise_kept_at=None, promised_for__isnull=False),
                name="promises_open",
            )
        ]


class Envelope(Committed):
    """A mail that must leave. Recipients, words and documents are frozen by trigger; only its state moves.

    ``recipients``: [{"role": "client"|"provider"|"second"|"msp", "name", "address"}], the client's first.
    ``documents``: [{"file": id, "name", "sha256"}], pinned by digest. ``entry_uid`` points to the
    evidence entry of the same transaction (deferred foreign key); ``dedupe_key`` makes a double click harmless.
    """

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="envelopes")
    client_contact = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="envelopes")
    entry = models.ForeignKey("evidence.Entry", to_field="uid", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    to_provider = models.BooleanField(default=False)
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    authorisation = models.ForeignKey(
        "authorisations.Authorisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    release = models.ForeignKey(
        "releases.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="envelopes"
    )
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="envelopes"
    )
    recipients = models.JSONField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    internet_message_id = models.CharField(max_length=200, unique=True)
    in_reply_to = models.CharField(max_length=200, blank=True)
    # Where an answer by mail comes back to us: an address that cannot be guessed. Empty in older rows.
    reply_to = models.CharField(max_length=320, blank=True)
    # What stands in its header beside recipients and subject: {"from": [name, address], "extra": [[header, value]],
    # "types": {file: media type}}; frozen with it, so that its bytes are the same for ever. Empty in older rows.
    head = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64)  # over all of the above
    dedupe_key = models.CharField(max_length=160, unique=True)
    queued_at = models.DateTimeField()
    state = models.CharField(
        max_length=14, choices=choices(EnvelopeState), default=EnvelopeState.QUEUED, db_index=True
    )
    claim = models.UUIDField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    data_started_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_name = models.CharField(max_length=160, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    stop_code = models.CharField(max_length=60, blank=True)
    # SHA-256 of the bytes that were handed to the server at the newest DATA. Empty before it, and in older rows.
    sent_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "next_attempt_at"])]

    # Attempts that left nothing are counted without an entry of their own: retries would flood the log.
    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("attempts", "next_attempt_at", "claim", "claimed_at")


# Django finds an app's models in this module; each of these files is one part of the noun.
from partwell.records.correspondence.finding import SearchRow  # noqa: E402  after the models they point to
from partwell.records.correspondence.habits import (  # noqa: E402  after the models they point to
    CalendarFeed,
    DigestChoice,
    LetterTemplate,
    Meeting,
    Recording,
    RecordingAsk,
    RecordingVoice,
)
from partwell.records.correspondence.inbound import (  # noqa: E402  after the models they point to
    Bounce,
    HookToken,
    InboundMail,
    InboundPart,
    ReplyAddress,
    Road,
)

__all__ = [
    "Bounce",
    "CalendarFeed",
    "Call",
    "DigestChoice",
    "Envelope",
    "HookToken",
    "InboundMail",
    "InboundPart",
    "LetterTemplate",
    "Meeting",
    "Message",
    "Recording",
    "RecordingAsk",
    "RecordingVoice",
    "ReplyAddress",
    "Road",
    "SearchRow",
]
