# SPDX-License-Identifier: AGPL-3.0-or-later
"""Releases: items leaving the MSP, the client's approvals, and the recipients' answers."""

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import Party


class Release(Committed):
    """One set that leaves together and is announced in one message (R2)."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="releases")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="releases"
    )
    number = models.PositiveIntegerField()
    party = models.CharField(max_length=10, choices=choices(Party))
    recipient = models.ForeignKey(
        "authorisations.Recipient", null=True, blank=True, on_delete=models.PROTECT, related_name="releases"
    )
    person = models.ForeignKey(
        "authorisations.RecipientPerson", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    contact = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    authorisation = models.ForeignKey(
        "authorisations.Authorisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="releases",
    )
    released_by = models.ForeignKey(
        "people.StaffMember", null=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)
    released_at = models.DateTimeField()
    # R17: fixed at release.
    window_ends_at = models.DateTimeField()
    idempotency = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "number"], name="release_number_once")]


class ApprovalRequest(Committed):
    """AskClient goes to the client as one request a set, bound to digest, recipient and authorisation version."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, related_name="approval")
    digest = models.CharField(max_length=64)
    authorisation_version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default="open")  # open approved declined partly lapsed
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    words = models.TextField(blank=True)


class ReleaseLine(Committed):
    """One item of a release: what it was when it left, how it left, and the recipient's answer."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey("estate.Item", on_delete=models.PROTECT, related_name="release_lines")
    item_version = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    category = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    method = models.CharField(
        max_length=30
    )  # download reveal encrypted_bundle on_site transfer in_place role
    document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    digest = models.CharField(max_length=64)
    handover = models.JSONField(default=dict)
    tried = models.CharField(max_length=20, blank=True)  # worked cannot_be_tried untested
    state = models.CharField(max_length=10, db_index=True)  # asked sent declined refused stopped
    refusal = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=10, blank=True)  # confirmed objected
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by_name = models.CharField(max_length=160, blank=True)
    objection = models.TextField(blank=True)
    objection_answer = models.TextField(blank=True)
    objection_answered_at = models.DateTimeField(null=True, blank=True)
    window_outcome = models.CharField(max_length=20, blank=True)  # no_objection deemed_accepted
    rotated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "item"], name="item_once_a_release")]


class Reveal(Committed):
    """A one-time reveal of a credential: token as hash, GET shows a page, only POST reveals, claimed once."""

    line = models.ForeignKey(ReleaseLine, on_delete=models.PROTECT, related_name="reveals")
    kind = models.CharField(max_length=10)
    person_id = models.UUIDField()
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
