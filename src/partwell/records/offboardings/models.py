# SPDX-License-Identifier: AGPL-3.0-or-later
"""One client's departure, from notice to closing: the aggregate that all else hangs from."""

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import Channel, Destination, OffboardingState, Phase, Reason, StaffRole


class Offboarding(Committed):
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="offboardings")
    state = models.CharField(
        max_length=10, choices=choices(OffboardingState), default=OffboardingState.OPEN, db_index=True
    )
    reason = models.CharField(max_length=14, choices=choices(Reason))
    destination = models.CharField(max_length=14, choices=choices(Destination))
    channel = models.CharField(max_length=10, choices=choices(Channel))
    noticed_at = models.DateTimeField()
    received_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    notice_from = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    notice_text = models.TextField(blank=True)
    notice_file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    clause = models.CharField(max_length=120, blank=True)
    renewal_note = models.TextField(blank=True)
    end_of_service = models.DateField()
    keep_until = models.DateField()
    acceptance_due = models.DateField(null=True, blank=True)
    owner = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    outside_contact = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledgement = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=models.Q(state="open"), name="one_open_offboarding"
            )
        ]


class PainPoint(Committed):
    """Up to five, in the client's own words, taken down at notice (R9)."""

    offboarding = models.ForeignKey(Offboarding, on_delete=models.PROTECT, related_name="pain_points")
    position = models.PositiveSmallIntegerField()
    words = models.TextField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["offboarding", "position"], name="pain_point_once"),
            models.CheckConstraint(
                condition=models.Q(position__gte=1, position__lte=5), name="five_pain_points"
            ),
        ]


class PlanStep(Committed):
    offboarding = models.ForeignKey(Offboarding, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    phase = models.CharField(max_length=12, choices=choices(Phase))
    owner_role = models.CharField(max_length=16, choices=choices(StaffRole), blank=True)
    owner = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    on_client = models.BooleanField(default=False)
    due = models.DateField()
    blocks_closing = models.BooleanField(default=False)
    after = models.JSONField(default=list)  # keys of steps that come first (R14)
    note = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by_name = models.CharField(max_length=160, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due", "position"]


class DateChange(Committed):
    """Any party may ask to move a date; the client agrees; dependants are shown before and after (R8)."""

    offboarding = models.ForeignKey(Offboarding, on_delete=models.PROTECT, related_name="date_changes")
    old_end = models.DateField()
    new_end = models.DateField()
    asked_by = models.CharField(max_length=200)
    asked_by_kind = models.CharField(max_length=10)
    reason = models.TextField()
    effects = models.JSONField(default=list)  # [{what, before, after}]
    state = models.CharField(max_length=10, default="proposed")  # proposed agreed declined lapsed
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)


class TransitionTerm(Committed):
    """Service beyond the end date needs one: scope, monthly fee, end (R8)."""

    offboarding = models.ForeignKey(Offboarding, on_delete=models.PROTECT, related_name="transition_terms")
    date_change = models.ForeignKey(
        DateChange, null=True, blank=True, on_delete=models.PROTECT, related_name="terms"
    )
    scope = models.TextField()
    monthly_fee = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    starts = models.DateField()
    ends = models.DateField()
    state = models.CharField(max_length=10, default="proposed")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)


class LawfulPause(Committed):
    """R11: rival signatories, an insolvency officer, a court order, suspected compromise; never a debt."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="pauses")
    ground = models.CharField(max_length=30)
    note = models.TextField()
    file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    placed_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


class Acceptance(Committed):
    """The signatory goes through what was handed over and accepts, accepts with exceptions, or objects."""

    offboarding = models.ForeignKey(Offboarding, on_delete=models.PROTECT, related_name="acceptances")
    version = models.PositiveIntegerField()
    state = models.CharField(
        max_length=12, default="requested"
    )  # requested accepted exceptions objected replaced
    list_digest = models.CharField(max_length=64)
    deadline = models.DateField()
    requested_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True)
    signature_event = models.JSONField(default=dict)
    document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offboarding", "version"], name="acceptance_version_once")
        ]


class AcceptanceLine(Committed):
    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey("estate.Item", on_delete=models.PROTECT, related_name="+")
    standing = models.CharField(max_length=20)  # released confirmed objected still_here
    answer = models.CharField(max_length=10, blank=True)  # accepted rejected waived
    words = models.TextField(blank=True)
