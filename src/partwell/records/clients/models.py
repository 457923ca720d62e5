# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients, their sites, contacts with proof of authority, and the agreement's terms as data."""

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.hours import Rounding, UnusedRule
from partwell.rules.money import TaxTreatment
from partwell.rules.terms import ClientState, ContactRole


class Client(Committed):
    """The organisation that the MSP serves, is parting from, or once served."""

    name = models.CharField(max_length=160, db_index=True)
    legal_name = models.CharField(max_length=200)
    registration = models.CharField(max_length=120, blank=True)
    address = models.TextField(blank=True)
    domains = models.JSONField(default=list, blank=True)
    state = models.CharField(
        max_length=12, choices=choices(ClientState), default=ClientState.ACTIVE, db_index=True
    )
    account_manager = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    served_since = models.DateField(null=True, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Site(Committed):
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=160)
    address = models.TextField(blank=True)
    note = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)


class Contact(Committed):
    """A person at the client. A signatory signs only with a proof of authority on file (R1)."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=160)
    title = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=12, choices=choices(ContactRole))
    email = models.EmailField()
    # R1: a receipt of every signature goes to an address that the MSP does not administer.
    second_email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    phone_on_file_at = models.DateTimeField(null=True, blank=True)
    # R2: a contact outside the domain that will migrate keeps the loop alive.
    outside_domain = models.BooleanField(default=False)
    email_state = models.CharField(max_length=10, default="ok")  # ok | bouncing
    second_email_state = models.CharField(max_length=10, blank=True)  # "": ok | bouncing
    language = models.CharField(max_length=8, default="en")
    added_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AuthorityProof(Committed):
    """Why a signatory may bind the company: a register extract, a power of attorney."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="proofs")
    kind = models.CharField(max_length=120)
    file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField()
    valid_until = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class Agreement(Committed):
    """The service agreement's terms as data; a new version replaces, never edits, an old one."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="agreements")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200, default="Service agreement")
    signed_on = models.DateField()
    runs_until = models.DateField(null=True, blank=True)
    renewal = models.CharField(max_length=300, blank=True)
    exit_clause = models.CharField(max_length=120, blank=True)
    notice_days = models.PositiveSmallIntegerField(default=90)
    included_hours = models.DecimalField(max_digits=6, decimal_places=2)
    hourly_rate = models.DecimalField(max_digits=10, decimal_places=2)
    block_hours = models.DecimalField(max_digits=6, decimal_places=2)
    currency = models.CharField(max_length=3)
    retention_months = models.PositiveSmallIntegerField(default=6)
    objection_days = models.PositiveSmallIntegerField(default=14)
    deemed_acceptance = models.BooleanField(default=False)
    # R5. Empty stands for the usual term (rules.hours), so that older rows keep the digest they were logged with.
    rounding_minutes = models.PositiveSmallIntegerField(default=0)  # 0: UNIT
    rounding = models.CharField(max_length=8, blank=True, choices=choices(Rounding))  # "": up
    unused_time = models.CharField(max_length=8, blank=True, choices=choices(UnusedRule))  # "": refund
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)  # per cent
    tax_treatment = models.CharField(max_length=16, blank=True, choices=choices(TaxTreatment))  # "": standard
    ownership = models.JSONField(default=dict)  # category -> owner: what is whose
    extra_entitlement = models.TextField(blank=True)
    document = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "version"], name="agreement_version_once")]
