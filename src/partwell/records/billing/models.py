# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7, R9, R12 on paper: payment requests and invoices, payments with their proof, copies that a vendor ships,
the law profiles of a client, the price list, and the returning client's quote.

Amounts are decimals with three places (the most any currency has) and a currency beside them. A number is
never used twice and never skipped; a wrong invoice is cancelled by a credit note, not edited. That gross is
net and tax is asked by the action: SQLite would compare binary fractions and refuse 0.10 + 0.20.
"""

from django.db import models

from partwell.records.base import Committed, choices
from partwell.rules.charges import InvoiceState
from partwell.rules.law import LineClass
from partwell.rules.money import TaxRounding, TaxTreatment


class Series(Committed):
    """A row of gapless numbers; locked while one is taken, in the transaction of the paper that gets it."""

    code = models.CharField(max_length=20, unique=True)
    prefix = models.CharField(max_length=20, blank=True)
    next_number = models.PositiveIntegerField(default=1)


class Invoice(Committed):
    """A payment request, invoice or credit note as it was issued; ``parties`` holds names and addresses of that day."""

    KINDS = (("request", "payment request"), ("invoice", "invoice"), ("credit_note", "credit note"))

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="invoices")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="invoices"
    )
    kind = models.CharField(max_length=12, choices=KINDS)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="invoices")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=40)  # as printed: prefix and number
    external_number = models.CharField(max_length=60, blank=True)  # the number in the MSP's accounting
    issued_on = models.DateField()
    due_on = models.DateField()
    currency = models.CharField(max_length=3)
    tax_rounding = models.CharField(max_length=10, choices=choices(TaxRounding))
    net = models.DecimalField(max_digits=14, decimal_places=3)
    tax = models.DecimalField(max_digits=14, decimal_places=3)
    gross = models.DecimalField(max_digits=14, decimal_places=3)
    state = models.CharField(max_length=10, choices=choices(InvoiceState), default=InvoiceState.OPEN)
    credits = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="credit_notes"
    )
    parties = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    letter = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="invoice_number_once"),
        ]


class InvoiceLine(Committed):
    """``source_kind`` and ``source_id`` lead to the block, copy or fee that the line is for."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    quantity = models.DecimalField(max_digits=12, decimal_places=4)
    unit = models.CharField(max_length=20)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)
    rate = models.DecimalField(max_digits=6, decimal_places=3)
    treatment = models.CharField(max_length=16, choices=choices(TaxTreatment))
    net = models.DecimalField(max_digits=14, decimal_places=3)
    tax = models.DecimalField(max_digits=14, decimal_places=3)
    line_class = models.CharField(max_length=16, choices=choices(LineClass), default=LineClass.OUTSIDE)
    verdict = models.JSONField(default=dict, blank=True)  # profile, version, article, charge (R12)
    override = models.TextField(blank=True)  # the owner's reason against a profile's verdict
    override_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    source_kind = models.CharField(max_length=12, blank=True)
    source_id = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="line_position_once")]


class Payment(Committed):
    """Money that came in, with its proof; a refund is a negative one and names its reason."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=14, decimal_places=3)
    currency = models.CharField(max_length=3)
    received_on = models.DateField()
    reference = models.CharField(max_length=160, blank=True)
    reason = models.TextField(blank=True)  # why money went back
    proof = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()


class ShippedCopy(Committed):
    """R7: a copy of a cloud backup on a drive, from the client's wish to its arrival, at the vendor's own price."""

    STATES = (
        ("asked", "asked for"),
        ("no_shipping", "the vendor does not ship"),
        ("quoted", "quoted"),
        ("approved", "approved"),
        ("declined", "declined"),
        ("ordered", "ordered"),
        ("shipped", "shipped"),
        ("arrived", "arrived"),
    )

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="shipped_copies")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    backup_set = models.ForeignKey(
        "retention.BackupSet", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    what = models.CharField(max_length=300)
    ship_to = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=STATES, default="asked")
    asked_by = models.ForeignKey("clients.Contact", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    vendor = models.CharField(max_length=160, blank=True)
    alternatives = models.TextField(blank=True)
    quote_net = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    quote_currency = models.CharField(max_length=3, blank=True)
    quote_source = models.CharField(max_length=300, blank=True)
    quote_day = models.DateField(null=True, blank=True)
    quote_file = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_net = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    approved_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    vendor_invoice = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    vendor_number = models.CharField(max_length=80, blank=True)
    vendor_net = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    vendor_currency = models.CharField(max_length=3, blank=True)
    rate = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True)
    rate_day = models.DateField(null=True, blank=True)
    rate_source = models.CharField(max_length=160, blank=True)
    # Units of the quote's currency for one of the invoice's, by the same day and source, where these two differ.
    quote_rate = models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True)
    carrier = models.CharField(max_length=80, blank=True)
    tracking = models.CharField(max_length=120, blank=True)
    drive_serial = models.CharField(max_length=120, blank=True)
    encryption = models.CharField(max_length=200, blank=True)
    key_handed_over = models.CharField(max_length=300, blank=True)  # how and when, apart from the drive
    shipped_on = models.DateField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    arrived_confirmed_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


class ClientProfile(Committed):
    """A law profile that was found to bind work for a client, from a day on (R12)."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="law_profiles")
    code = models.CharField(max_length=30)
    version = models.PositiveSmallIntegerField()
    reason = models.TextField()
    set_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "code"], condition=models.Q(removed_at=None), name="profile_once"
            )
        ]


class Price(Committed):
    """A line of the price list with the day it holds from; older ones stay, for what was quoted then."""

    code = models.CharField(max_length=40, db_index=True)  # onboarding
    name = models.CharField(max_length=160)
    net = models.DecimalField(max_digits=14, decimal_places=3)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    set_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="price_once_a_day")]


class ReturnQuote(Committed):
    """R9: what a returning client is quoted, at the normal onboarding fee of the price list of that day."""

    STATES = (("sent", "sent"), ("accepted", "accepted"), ("declined", "declined"), ("lapsed", "lapsed"))

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="return_quotes")
    normal_fee = models.DecimalField(max_digits=14, decimal_places=3)
    fee = models.DecimalField(max_digits=14, decimal_places=3)
    currency = models.CharField(max_length=3)
    exception_kind = models.CharField(max_length=16, blank=True)  # of rules.returning.ExceptionKind
    exception_reason = models.TextField(blank=True)
    exception_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    valid_until = models.DateField()
    welcome = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="sent")
    sent_by = models.ForeignKey("people.StaffMember", on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        "clients.Contact", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    letter = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


class PainAnswer(Committed):
    """The MSP's answer to one pain point of a client who comes back."""

    quote = models.ForeignKey(ReturnQuote, on_delete=models.PROTECT, related_name="answers")
    pain_point = models.ForeignKey("offboardings.PainPoint", on_delete=models.PROTECT, related_name="answers")
    answer = models.TextField()


class OnboardingStep(Committed):
    """One line of the checklist that starts when a returning client accepts."""

    quote = models.ForeignKey(ReturnQuote, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        "people.StaffMember", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["position"]


class Statement(Committed):
    """A statement as it was made: the sums of that moment, and the letter that says them. Earlier ones stay."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="statements")
    offboarding = models.ForeignKey(
        "offboardings.Offboarding", null=True, blank=True, on_delete=models.PROTECT, related_name="statements"
    )
    at_closing = models.BooleanField(default=False)
    sums = models.JSONField(default=dict)  # as the letter prints them; amounts are strings
    made_by_name = models.CharField(max_length=160)
    made_at = models.DateTimeField()
    letter = models.ForeignKey(
        "vault.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-made_at"]
