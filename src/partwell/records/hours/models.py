# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: timers, time and what it was drawn from, requests for work, prepaid blocks and leave to work on account.

Time is never edited: a correction is a reversing entry and a new one. Minutes are whole; real and accounted
ones are both kept. A part's minutes are signed, so that a reversal gives back what its entry drew.
"""

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.charges import RequestState
from partwell.rules.hours import Source, WorkClass, WorkKind
from partwell.rules.law import LineClass


class Subject(models.Model):
    """What time or a request is about: an item, a message, a plan step, or the departure itself."""

    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    subject_label = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class WorkRequest(Subject, Committed):
    """Somebody asks for work; staff estimate; beyond what is left the client alone approves and prepays."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="work_requests")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", on_delete=models.PROTECT, related_name="work_requests"
    )
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    kind = models.CharField(max_length=14, choices=choices(WorkKind), default=WorkKind.OTHER)
    line_class = models.CharField(
        max_length=16, choices=choices(LineClass), default=LineClass.FURTHER_SERVICE
    )
    asked_by_kind = models.CharField(max_length=10)  # staff, client, provider
    asked_by = models.UUIDField()
    asked_by_name = models.CharField(max_length=160)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=choices(RequestState), default=RequestState.ASKED)
    estimate = models.PositiveIntegerField(null=True, blank=True)  # minutes
    estimated_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    estimated_at = models.DateTimeField(null=True, blank=True)
    cost = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True
    )  # net, where R12 allows cost only
    override = models.TextField(blank=True)  # the owner's reason against a law profile's verdict
    override_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)


class Block(Committed):
    """Prepaid minutes. They count from the moment they are paid, and are drawn in the order of payment."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="blocks")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", on_delete=models.PROTECT, related_name="blocks"
    )
    request = models.ForeignKey(
        WorkRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="blocks"
    )
    invoice = models.ForeignKey(
        "billing.Invoice", null=True, blank=True, on_delete=models.PROTECT, related_name="blocks"
    )
    minutes = models.PositiveIntegerField()
    net = models.DecimalField(max_digits=12, decimal_places=3)
    currency = models.CharField(max_length=3)
    approved_by = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)  # what was unused has been credited or refunded

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(minutes__gt=0), name="block_has_minutes")]


class Leave(Committed):
    """An owner's leave to work without prepayment: a reason and so many minutes (R5)."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", on_delete=models.PROTECT, related_name="leaves"
    )
    minutes = models.PositiveIntegerField()
    reason = models.TextField()
    given_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)


class Timer(Subject, Committed):
    """A running clock of one person; stopped it becomes a time entry, or is thrown away with a reason."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    staff = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="timers")
    work_class = models.CharField(max_length=12, choices=choices(WorkClass))
    kind = models.CharField(max_length=14, choices=choices(WorkKind), default=WorkKind.OTHER)
    request = models.ForeignKey(
        WorkRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    thrown_away = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=models.Q(stopped_at=None), name="one_running_timer"
            )
        ]


class TimeEntry(Subject, Committed):
    """One piece of work of one person. ``day`` is the start's day in the MSP's zone."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="time_entries")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="time_entries",
    )
    staff = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="time_entries")
    day = models.DateField(db_index=True)
    started_at = models.DateTimeField()
    minutes = models.IntegerField()  # real; negative in a reversal
    accounted = models.IntegerField()
    work_class = models.CharField(max_length=12, choices=choices(WorkClass))
    kind = models.CharField(max_length=14, choices=choices(WorkKind), default=WorkKind.OTHER)
    line_class = models.CharField(max_length=16, choices=choices(LineClass), default=LineClass.OUTSIDE)
    asked_by = models.CharField(max_length=200, blank=True)
    request = models.ForeignKey(
        WorkRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="time_entries"
    )
    client_note = models.CharField(max_length=500)
    internal_note = models.TextField(blank=True)
    reason = models.CharField(max_length=500, blank=True)  # why goodwill
    allowed_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    timer = models.OneToOneField(Timer, null=True, blank=True, on_delete=models.PROTECT, related_name="entry")
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    import_key = models.CharField(max_length=64, blank=True)  # digest of the PSA's line: never taken twice
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at", "-recorded_at"]
        indexes = [models.Index(fields=["client", "-started_at", "-recorded_at"], name="time_of_client")]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "import_key"], condition=~models.Q(import_key=""), name="psa_line_once"
            )
        ]


class TimePart(Committed):
    """Accounted minutes of one entry from one source; the parts of an entry sum to its accounted minutes."""

    entry = models.ForeignKey(TimeEntry, on_delete=models.PROTECT, related_name="parts")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField(max_length=12, choices=choices(Source))
    block = models.ForeignKey(Block, null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    leave = models.ForeignKey(Leave, null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    minutes = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source=Source.BLOCK, block__isnull=False)
                | (~models.Q(source=Source.BLOCK) & models.Q(block__isnull=True)),
                name="part_of_a_block_names_it",
            )
        ]
