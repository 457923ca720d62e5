# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets and what becomes of them (R6, R13, R15): choices, holds, notices, deletions, certificates.

Empty stands for "not said yet" in fields that came later, so that older rows keep the digest they were logged with."""

import uuid
from typing import ClassVar

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.deletion import DeletionState
from partwell.rules.keeping import Choice, NoticeKind, Place


class BackupSet(Committed):
    """One client's backups or archive data at one place. ``recorded_at``: when keeping it was promised.

    ``whereabouts``: bucket: endpoint, region, bucket, prefix, access_key, path_style; folder: path; vendor: console, tenant;
    media: description. The bucket's secret lies in the vault as a ``SealedValue`` of this id, field "storage".
    ``replicas``: list of {"what", "where", "sub_processor", "expires_days"}. ``keep_until`` is derived by the calendar from
    ``rules.keeping`` and stored, so that what people were told stands in a row that entries commit to.
    """

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="backup_sets")
    name = models.CharField(max_length=200)
    location = models.CharField(max_length=300)
    vendor = models.CharField(max_length=160, blank=True)
    vendor_window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    place = models.CharField(max_length=8, blank=True, choices=choices(Place))
    contents = models.CharField(max_length=8, blank=True)  # backup | archive | both; "": backup
    whereabouts = models.JSONField(default=dict, blank=True)
    copies = models.PositiveSmallIntegerField(null=True, blank=True)
    replicas = models.JSONField(default=list, blank=True)
    payer = models.CharField(max_length=6, blank=True)  # msp | client
    locked_until = models.DateField(null=True, blank=True)  # Object Lock, immutability
    cancel_on = models.DateField(null=True, blank=True)  # the vendor's subscription ends
    longer_until = models.DateField(null=True, blank=True)
    longer_reason = models.CharField(max_length=300, blank=True)
    # The credential item that opens the set (R6: backup keys live as long as their set).
    key_item = models.ForeignKey(
        "estate.Item", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_of_service = models.DateField(null=True, blank=True)
    keep_until = models.DateField(null=True, blank=True)
    keep_basis = models.CharField(max_length=300, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_words = models.CharField(max_length=300, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    # What the place is compared by (rules.places), so that no two sets overlap.
    place_key = models.CharField(max_length=600, blank=True)
    # The next day on which the calendar has something to say of this set; what it said last of the vendor's window.
    look_on = models.DateField(null=True, blank=True)
    alarmed = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["keep_until"], condition=models.Q(gone_at=None, removed_at=None), name="sets_by_day"
            ),
            models.Index(
                fields=["look_on", "id"],
                condition=models.Q(gone_at=None, removed_at=None),
                name="sets_to_look",
            ),
            models.Index(
                fields=["place_key"],
                condition=models.Q(gone_at=None, removed_at=None) & ~models.Q(place_key=""),
                name="sets_by_place",
            ),
            models.Index(
                fields=["client"],
                condition=models.Q(gone_at=None, removed_at=None, keep_until=None),
                name="sets_undated",
            ),
        ]


class OnlyCopy(Committed):
    """A client-owned item whose only copy lies in a set: never deleted until handed over or waived in writing (R6)."""

    backup_set = models.ForeignKey(BackupSet, on_delete=models.PROTECT, related_name="only_copies")
    item = models.ForeignKey("estate.Item", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    named_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True, blank=True)
    handed_over_words = models.CharField(max_length=300, blank=True)
    waived_at = models.DateTimeField(null=True, blank=True)
    waived_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    waiver = models.TextField(blank=True)  # the exact words that were signed
    waiver_passkey = models.JSONField(default=dict, blank=True)  # as DataChoice.passkey
    removed_at = models.DateTimeField(null=True, blank=True)


class DataChoice(Committed):
    """What the client decided: of one set, or (``backup_set`` empty) of all that have no choice of their own.

    A signed record: ``text`` is what was shown, word for word; ``strength`` how its signatory was signed in;
    ``passkey`` its use over that text, where it cannot be taken back (R1).
    """

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="data_choices")
    backup_set = models.ForeignKey(
        BackupSet, null=True, blank=True, on_delete=models.PROTECT, related_name="choices"
    )
    choice = models.CharField(max_length=12, choices=choices(Choice))
    words = models.TextField(blank=True)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=160)
    strength = models.CharField(max_length=20)
    passkey = models.JSONField(default=dict, blank=True)
    address = models.CharField(max_length=64, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"],
                condition=models.Q(replaced_at=None, backup_set=None),
                name="one_choice_for_all",
            ),
            models.UniqueConstraint(
                fields=["backup_set"],
                condition=models.Q(replaced_at=None, backup_set__isnull=False),
                name="one_choice_a_set",
            ),
        ]


class Hold(Committed):
    """A legal hold: it stops every deletion it covers (``whole_client``, or the sets named). Lifting takes two people."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="holds")
    title = models.CharField(max_length=200)
    description = models.TextField()
    asked_by = models.CharField(max_length=200)  # a court, a lawyer, an insurer, the client
    internal_note = models.TextField(blank=True)  # R4: privileged, never outside
    whole_client = models.BooleanField(default=False)
    review_on = models.DateField()
    reminded_for = models.DateField(null=True, blank=True)  # the day of review that the office was told of
    placed_by_ref = models.UUIDField()
    placed_by_name = models.CharField(max_length=160)
    placed_by_role = models.CharField(max_length=20)
    placed_at = models.DateTimeField()
    lift_asked_by_ref = models.UUIDField(null=True, blank=True)
    lift_asked_by_name = models.CharField(max_length=160, blank=True)
    lift_asked_by_role = models.CharField(max_length=20, blank=True)
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)
    lifted_by_ref = models.UUIDField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=160, blank=True)
    lifted_by_role = models.CharField(max_length=20, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)


class HeldSet(Committed):
    """One set that a hold names."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="sets")
    backup_set = models.ForeignKey(BackupSet, on_delete=models.PROTECT, related_name="held_by")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "backup_set"], name="held_once")]


class SetNotice(Committed):
    """A retention notice that was given for one set and one day; ``covers`` names earlier kinds said with it."""

    backup_set = models.ForeignKey(BackupSet, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=8, choices=choices(NoticeKind))
    until = models.DateField()
    due_on = models.DateField()
    covers = models.JSONField(default=list, blank=True)
    given_on = models.DateField()
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backup_set", "until", "kind"], name="notice_once")]


class Deletion(Committed):
    """One deletion of one set, from proposal to certificate. It lives for months; counts only grow by what happened."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="deletions")
    backup_set = models.ForeignKey(BackupSet, on_delete=models.PROTECT, related_name="deletions")
    state = models.CharField(
        max_length=10, choices=choices(DeletionState), default=DeletionState.PROPOSED.value
    )
    by_hand = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)
    until = models.DateField()  # the set's keep_until when this was proposed
    proposed_by_ref = models.UUIDField()
    proposed_by_name = models.CharField(max_length=160)
    proposed_by_role = models.CharField(max_length=20)
    proposed_at = models.DateTimeField()
    approved_by_ref = models.UUIDField(null=True, blank=True)
    approved_by_name = models.CharField(max_length=160, blank=True)
    approved_by_role = models.CharField(max_length=20, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    # the dry run
    listing = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    listed_at = models.DateTimeField(null=True, blank=True)
    listed_digest = models.CharField(max_length=64, blank=True)  # of the listing's plain bytes
    listed_count = models.BigIntegerField(default=0)
    listed_bytes = models.BigIntegerField(default=0)
    locked_count = models.BigIntegerField(default=0)
    newer_count = models.BigIntegerField(default=0)
    foreign_count = models.BigIntegerField(default=0)
    findings = models.JSONField(default=dict, blank=True)
    newer_agreed = models.BooleanField(default=False)
    # the execution
    executed_by_ref = models.UUIDField(null=True, blank=True)
    executed_by_name = models.CharField(max_length=160, blank=True)
    executed_by_role = models.CharField(max_length=20, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    runs = models.PositiveSmallIntegerField(default=0)
    deleted_count = models.BigIntegerField(default=0)
    failed_count = models.BigIntegerField(default=0)
    exceptions = models.JSONField(default=list, blank=True)  # [{"key", "version", "why"}], named by a person
    except_reason = models.TextField(blank=True)
    except_by_ref = models.UUIDField(null=True, blank=True)
    outcome = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    executed_at = models.DateTimeField(null=True, blank=True)
    key_destroyed_on = models.DateField(null=True, blank=True)
    vendor_confirmed = models.BooleanField(default=False)
    # the proof
    verified_at = models.DateTimeField(null=True, blank=True)
    verification = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    left_count = models.BigIntegerField(default=0)
    validated_by_ref = models.UUIDField(null=True, blank=True)
    validated_by_name = models.CharField(max_length=160, blank=True)
    validated_by_role = models.CharField(max_length=20, blank=True)
    validated_at = models.DateTimeField(null=True, blank=True)
    validated_words = models.TextField(blank=True)
    effective_on = models.DateField(null=True, blank=True)
    certified_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=300, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["backup_set"],
                condition=~models.Q(state__in=["certified", "cancelled"]),
                name="one_deletion_a_set",
            ),
            # R15 in the database: nobody approves or validates their own.
            models.CheckConstraint(
                condition=models.Q(approved_by_ref=None)
                | ~models.Q(approved_by_ref=models.F("proposed_by_ref")),
                name="deletion_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(validated_by_ref=None)
                | ~models.Q(validated_by_ref=models.F("executed_by_ref")),
                name="deletion_validated_by_another",
            ),
        ]


class DeletionLine(models.Model):
    """One thing of a dry run and what became of it. Working rows (the listing and outcome files are the evidence)."""

    deletion = models.ForeignKey(Deletion, on_delete=models.CASCADE, related_name="lines")
    position = models.BigIntegerField()
    # SHA-256 over key, version and kind: keys may be longer than an index takes, and one thing stands once.
    ident = models.CharField(max_length=32, blank=True)
    key = models.TextField()
    version = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8)
    size = models.BigIntegerField(default=0)
    modified = models.DateTimeField(null=True)
    etag = models.CharField(max_length=120, blank=True)
    verdict = models.CharField(max_length=8)
    locked_until = models.DateField(null=True)
    state = models.CharField(max_length=8, default="waits")  # waits going deleted gone failed excepted
    code = models.CharField(max_length=60, blank=True)
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deletion", "position"], name="line_once"),
            models.UniqueConstraint(fields=["deletion", "ident"], name="thing_once"),
        ]
        indexes = [models.Index(fields=["deletion", "state", "position"], name="lines_by_state")]


class HandStep(Committed):
    """One step of emptying a place by hand, with its proof; a step that asks for proof is not done without it."""

    deletion = models.ForeignKey(Deletion, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    guidance = models.TextField(blank=True)
    proof_needed = models.BooleanField(default=True)
    done_by_ref = models.UUIDField(null=True, blank=True)
    done_by_name = models.CharField(max_length=160, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True)
    proof = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deletion", "position"], name="hand_step_once")]


class MediaDestruction(Committed):
    """Hardware wiped or shredded (SP 800-88r2, 4.6): the fields of its certificate, by one, validated by another."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="destructions")
    item = models.ForeignKey("estate.Item", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    manufacturer = models.CharField(max_length=160)
    model = models.CharField(max_length=160)
    serial = models.CharField(max_length=160)
    property_number = models.CharField(max_length=160, blank=True)
    media_type = models.CharField(max_length=80)
    source = models.CharField(max_length=300)
    confidentiality = models.CharField(max_length=80)
    method = models.CharField(max_length=8)  # clear | purge | destroy
    technique = models.CharField(max_length=200)
    tool = models.CharField(max_length=200)
    verification_method = models.CharField(max_length=200)
    tool_version = models.CharField(max_length=80, blank=True)
    validated_module = models.CharField(max_length=200, blank=True)  # without one, Purge is not claimed
    destination = models.CharField(max_length=200, blank=True)  # where the medium went afterwards
    after_confidentiality = models.CharField(max_length=80, blank=True)
    report = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    done_by_ref = models.UUIDField()
    done_by_name = models.CharField(max_length=160)
    done_by_title = models.CharField(max_length=160)
    done_by_contact = models.CharField(max_length=200)
    done_on = models.DateField()
    done_where = models.CharField(max_length=200)
    recorded_by_name = models.CharField(max_length=160, blank=True)
    recorded_at = models.DateTimeField()
    validated_by_ref = models.UUIDField(null=True, blank=True)
    validated_by_name = models.CharField(max_length=160, blank=True)
    validated_by_title = models.CharField(max_length=160, blank=True)
    validated_by_contact = models.CharField(max_length=200, blank=True)
    validated_at = models.DateTimeField(null=True, blank=True)
    validated_words = models.TextField(blank=True)
    validated_where = models.CharField(max_length=200, blank=True)
    # What a second person found otherwise than it was recorded; it is then recorded anew.
    rejected_at = models.DateTimeField(null=True, blank=True)
    rejected_by_name = models.CharField(max_length=160, blank=True)
    rejected_words = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(validated_by_ref=None)
                | ~models.Q(validated_by_ref=models.F("done_by_ref")),
                name="destruction_validated_by_another",
            ),
        ]


class Certificate(Committed):
    """A certificate of destruction as it was issued: its fields word for word, its entry, its signed PDF/A."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="certificates")
    deletion = models.OneToOneField(
        Deletion, null=True, blank=True, on_delete=models.PROTECT, related_name="certificate"
    )
    destruction = models.OneToOneField(
        MediaDestruction, null=True, blank=True, on_delete=models.PROTECT, related_name="certificate"
    )
    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=300)
    fields = models.JSONField()
    limits = models.JSONField(default=list)
    issued_at = models.DateTimeField()
    issued_by_name = models.CharField(max_length=160)
    entry_uid = models.UUIDField(default=uuid.uuid4)
    letter = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    UNCOMMITTED: ClassVar[tuple[str, ...]] = ()
