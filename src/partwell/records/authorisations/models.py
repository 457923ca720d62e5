# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recipients and the client's written consent that they receive (R1)."""

from typing import ClassVar

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.terms import Access, AuthorisationState, Channel, RecipientKind


class Recipient(Committed):
    """A firm that may receive: a new provider, or a contractor without an offboarding."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="recipients")
    firm = models.CharField(max_length=200)
    kind = models.CharField(max_length=14, choices=choices(RecipientKind))
    address = models.TextField(blank=True)
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.firm


class RecipientPerson(Committed):
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="persons")
    name = models.CharField(max_length=160)
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True)
    added_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class TermsAcceptance(Committed):
    """Confidentiality and use terms, accepted by a person before the first release (R1)."""

    person = models.ForeignKey(RecipientPerson, on_delete=models.PROTECT, related_name="terms")
    text_version = models.CharField(max_length=20)
    text_digest = models.CharField(max_length=64)
    accepted_at = models.DateTimeField()
    event = models.JSONField(default=dict)


class Authorisation(Committed):
    """One version of the written consent. Narrowing and re-granting make a new version; nothing is overwritten."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="authorisations")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="authorisations")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="authorisations",
    )
    version = models.PositiveIntegerField()
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    state = models.CharField(
        max_length=10, choices=choices(AuthorisationState), default=AuthorisationState.DRAFT, db_index=True
    )
    presets = models.JSONField(default=list)
    categories = models.JSONField(default=list)
    item_ids = models.JSONField(default=list)
    excluded_categories = models.JSONField(default=list)
    excluded_item_ids = models.JSONField(default=list)
    person_ids = models.JSONField(default=list)
    access = models.CharField(max_length=6, choices=choices(Access), default=Access.FULL)
    purpose = models.CharField(max_length=300, blank=True)
    # Days in the MSP's zone, both inclusive.
    starts_on = models.DateField()
    ends_on = models.DateField()
    signatory = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    prepared_by = models.ForeignKey(
        "people.StaffMember", null=True, on_delete=models.PROTECT, related_name="+"
    )
    channel = models.CharField(max_length=10, choices=choices(Channel), default=Channel.PORTAL)
    # The exact text the signatory read, and the items that the scope resolved to then.
    text = models.TextField(blank=True)
    text_digest = models.CharField(max_length=64, blank=True)
    text_version = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=8, default="en")
    shown_items = models.JSONField(default=list)
    proposed_at = models.DateTimeField(null=True, blank=True)
    # Signed by intent first; granted once the second factor stands.
    signed_at = models.DateTimeField(null=True, blank=True)
    signature_event = models.JSONField(default=dict)
    factor = models.CharField(max_length=10, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=160, blank=True)
    ended_reason = models.TextField(blank=True)
    scan = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The letter of the narrowing that made this version, or of its withdrawal.
    change_document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "version"], name="authorisation_version_once"),
            models.UniqueConstraint(
                fields=["recipient"], condition=models.Q(state="granted"), name="one_granted_authorisation"
            ),
        ]


class CallBack(Committed):
    """A call-back by a second employee to a number on file before the notice, logged (R1)."""

    authorisation = models.ForeignKey(Authorisation, on_delete=models.PROTECT, related_name="call_backs")
    contact = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    number_on_file_at = models.DateTimeField()
    called_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    called_at = models.DateTimeField()
    confirmed = models.BooleanField()
    note = models.TextField(blank=True)

    UNCOMMITTED: ClassVar[tuple[str, ...]] = ()
