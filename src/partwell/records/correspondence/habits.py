# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings, recordings, letter templates, digests and calendar feeds: what surrounds the conversation."""

from typing import ClassVar

from django.db import models

from partwell.records.base import Committed


class Meeting(Committed):
    """A meeting with its invitation (RFC 5545); the client is among the attendees, by construction (R2)."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="meetings")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="meetings"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    uid = models.CharField(max_length=120, unique=True)
    sequence = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=200)
    agenda = models.TextField(blank=True)
    place = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=60)
    attendees = models.JSONField(default=list)  # [{"role": client|provider|staff, "name", "address", "id"}]
    state = models.CharField(max_length=10, default="planned")  # planned cancelled held
    call = models.OneToOneField(
        "correspondence.Call", null=True, blank=True, on_delete=models.PROTECT, related_name="meeting"
    )
    called_by_name = models.CharField(max_length=160)
    called_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)


class RecordingAsk(Committed):
    """A question to everybody heard in a call or meeting: may it be recorded? Their answers are its voices."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="recording_asks")
    meeting = models.OneToOneField(
        Meeting, null=True, blank=True, on_delete=models.PROTECT, related_name="recording_ask"
    )
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField(max_length=200)
    asked_by_name = models.CharField(max_length=160)
    asked_at = models.DateTimeField()


class RecordingVoice(Committed):
    """One person who will be heard, and the answer: their own, or what a member of staff was told (``word_of``)."""

    ask = models.ForeignKey(RecordingAsk, on_delete=models.PROTECT, related_name="voices")
    place = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=10)  # client provider staff other
    name = models.CharField(max_length=160)
    firm = models.CharField(max_length=160, blank=True)
    person = models.UUIDField(null=True, blank=True, db_index=True)  # of whoever can answer behind a door
    answer = models.CharField(max_length=10, blank=True)  # rules.recordings.Answer
    answered_at = models.DateTimeField(null=True, blank=True)
    # Staff's word for somebody who has no access here: who wrote it down, how and when it was said.
    word_of = models.CharField(max_length=160, blank=True)
    how = models.CharField(max_length=300, blank=True)
    said_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ask", "person"], condition=models.Q(person__isnull=False), name="one_voice_a_person"
            )
        ]


class Recording(Committed):
    """A recording of a call, kept only with everyone's recorded consent: ``consents`` [{"name", "party", "words", "at"}].

    Its file lies under a key unit of its own, so that taking one consent back destroys one key and nothing else.
    """

    call = models.ForeignKey("correspondence.Call", on_delete=models.PROTECT, related_name="recordings")
    ask = models.ForeignKey(
        RecordingAsk, null=True, blank=True, on_delete=models.PROTECT, related_name="recordings"
    )
    file = models.ForeignKey("vault.StoredFile", on_delete=models.PROTECT, related_name="+")
    consents = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True, blank=True)
    added_by_name = models.CharField(max_length=160)
    added_at = models.DateTimeField()
    # Somebody took their consent back: nobody plays it from then on, and the page says so.
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by_name = models.CharField(max_length=160, blank=True)
    stopped_why = models.CharField(max_length=300, blank=True)
    # Its key and file are gone; what stays says that it was there.
    destroyed_at = models.DateTimeField(null=True, blank=True)


class LetterTemplate(Committed):
    """The MSP's own words for one step and language; a new version replaces, never edits, an old one."""

    key = models.CharField(max_length=40)
    language = models.CharField(max_length=8, default="en")
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    edited_by_name = models.CharField(max_length=160)
    edited_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "language", "version"], name="template_version_once")
        ]


class DigestChoice(Committed):
    """How often one person wants a digest. Of staff or of a client's contact; nobody else gets one."""

    staff = models.OneToOneField(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="digest"
    )
    contact = models.OneToOneField(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="digest"
    )
    rhythm = models.CharField(max_length=8, default="off")  # off daily weekly
    zone = models.CharField(max_length=60, blank=True)  # IANA; "": the house's
    # Of staff: "digest" keeps mail about each message away; "" (older rows too): each message is told by mail.
    messages = models.CharField(max_length=8, blank=True)
    unsubscribe_hash = models.CharField(max_length=64, unique=True)
    chosen_at = models.DateTimeField()
    last_entry = models.BigIntegerField(null=True, blank=True)
    last_sent_on = models.DateField(null=True, blank=True)

    UNCOMMITTED: ClassVar[tuple[str, ...]] = ("last_entry", "last_sent_on")


class CalendarFeed(Committed):
    """A secret address under which a calendar program reads one person's dates; kept as a hash, revocable."""

    staff = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="feeds"
    )
    contact = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="feeds"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
