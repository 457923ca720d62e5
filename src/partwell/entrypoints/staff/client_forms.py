# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of clients, contacts, agreements, backup sets and pauses. They parse; actions decide."""

from decimal import Decimal
from typing import Any

from django import forms

from partwell.actions.clients.add_contact import NewContact
from partwell.actions.clients.record_agreement import AgreementTerms
from partwell.entrypoints.staff.parts import day_field, id_or_none, staff_choices, words_field
from partwell.rules.hours import UNITS, Rounding, UnusedRule
from partwell.rules.money import TaxTreatment
from partwell.rules.terms import Category, ContactRole, Owner

OWNERS = (
    ("", "not said"),
    (Owner.CLIENT, "the client's"),
    (Owner.MSP, "ours"),
    (Owner.VENDOR, "the vendor's"),
)


class ClientForm(forms.Form):
    """The organisation itself."""

    name = forms.CharField(label="Name", max_length=160, help_text="As everybody calls it.")
    legal_name = forms.CharField(
        label="Legal name",
        max_length=200,
        required=False,
        help_text="As it stands in the register; letters and signatures carry it.",
    )
    registration = forms.CharField(label="Registration", max_length=120, required=False)
    address = words_field("Address", 3, required=False)
    domains = words_field(
        "Mail domains",
        2,
        required=False,
        help_text="One a line. Addresses elsewhere count as outside the domain that may migrate.",
    )
    account_manager_id = forms.ChoiceField(label="Account manager", required=False)
    served_since = day_field("Served since", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account_manager_id"].choices = staff_choices()  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the actions take them."""
        data = dict(self.cleaned_data)
        data["domains"] = data["domains"].replace(",", "\n").split()
        data["account_manager_id"] = id_or_none(data["account_manager_id"])
        return data


class SiteForm(forms.Form):
    """A place of the client's."""

    name = forms.CharField(label="Name of the site", max_length=160)
    address = words_field("Address", 3, required=False)
    note = forms.CharField(label="What to know about it", max_length=300, required=False)


class ContactForm(forms.Form):
    """A person at the client."""

    name = forms.CharField(label="Name", max_length=160)
    title = forms.CharField(label="Title", max_length=120, required=False)
    role = forms.ChoiceField(label="May", widget=forms.RadioSelect, initial=ContactRole.OBSERVER, choices=[
        (ContactRole.SIGNATORY, "sign for the client, once a proof of authority is on file"), (ContactRole.OBSERVER, "read, and not sign")])  # fmt: skip
    email = forms.EmailField(label="Mail address")
    second_email = forms.EmailField(
        label="Second address",
        required=False,
        help_text="One that we do not administer: a receipt of every signature goes there.",
    )
    phone = forms.CharField(
        label="Telephone",
        max_length=40,
        required=False,
        help_text="Only a number that was on file before the notice can carry a call-back.",
    )

    def values(self) -> NewContact:
        """As the action takes them."""
        data = self.cleaned_data
        return NewContact(**{**data, "role": ContactRole(data["role"])})


class AuthorityForm(forms.Form):
    """What proves that a signatory may sign."""

    kind = forms.CharField(
        label="What proves it",
        max_length=120,
        help_text="Such as: register extract of 4 September; power of attorney.",
    )
    file = forms.FileField(label="The document", required=False)
    valid_until = day_field("Valid until", required=False)


class LeftForm(forms.Form):
    """Why a contact leaves."""

    reason = forms.CharField(label="Reason", max_length=300, required=False)


class AgreementForm(forms.Form):
    """The agreement's terms as data."""

    title = forms.CharField(label="Title", max_length=200, initial="Service agreement")
    signed_on = day_field("Signed on")
    runs_until = day_field("Runs until", required=False)
    renewal = forms.CharField(label="Renewal", max_length=300, required=False)
    notice_days = forms.IntegerField(label="Days of notice", min_value=0, max_value=730, initial=90)
    exit_clause = forms.CharField(label="Clause on ending it", max_length=120, required=False)
    included_hours = forms.DecimalField(
        label="Offboarding hours included", min_value=Decimal(0), max_digits=6, decimal_places=2
    )
    hourly_rate = forms.DecimalField(
        label="Hourly rate after that", min_value=Decimal(0), max_digits=10, decimal_places=2
    )
    block_hours = forms.DecimalField(
        label="Hours in a prepaid block", min_value=Decimal(0), max_digits=6, decimal_places=2
    )
    currency = forms.CharField(label="Currency", min_length=3, max_length=3)
    rounding_minutes = forms.ChoiceField(
        label="Time is counted in units of",
        required=False,
        choices=[("0", "15 minutes, as usual"), *((str(one), f"{one} min") for one in UNITS)],
    )
    rounding = forms.ChoiceField(
        label="A begun unit",
        required=False,
        choices=[("", "counts whole, as usual"), (Rounding.UP, "counts whole"), (Rounding.NEAREST, "is rounded to the nearest unit")],
    )  # fmt: skip
    unused_time = forms.ChoiceField(
        label="Prepaid time that is not used",
        required=False,
        choices=[("", "is paid back, as usual"), (UnusedRule.REFUND, "is paid back"), (UnusedRule.CREDIT, "is credited")],
        help_text="The client sees it from the start.",
    )  # fmt: skip
    tax_rate = forms.DecimalField(
        label="Tax, per cent", min_value=Decimal(0), max_value=Decimal(100), max_digits=6, decimal_places=3, required=False
    )  # fmt: skip
    tax_treatment = forms.ChoiceField(
        label="Tax treatment",
        required=False,
        choices=[("", "taxed at that rate"), (TaxTreatment.ZERO, "zero rate"), (TaxTreatment.EXEMPT, "exempt"),
                 (TaxTreatment.REVERSE_CHARGE, "reverse charge"), (TaxTreatment.OUTSIDE, "not subject to tax")],
    )  # fmt: skip
    retention_months = forms.IntegerField(label="Months that backups are kept", min_value=0, max_value=240)
    objection_days = forms.IntegerField(label="Days to object to a release", min_value=1, max_value=365)
    deemed_acceptance = forms.BooleanField(
        label="Silence after an evidenced opening counts as acceptance", required=False
    )
    extra_entitlement = words_field(
        "What else the client is owed", 3, required=False, help_text="Beyond the eight categories."
    )
    document = forms.FileField(
        label="The signed document",
        required=False,
        help_text="Without a new one, the document of the version before stays with it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for category in Category:
            if category is not Category.OTHER:
                self.fields[f"owner_{category.value}"] = forms.ChoiceField(
                    label=category.label, choices=OWNERS, required=False
                )

    def groups(self) -> list[dict[str, Any]]:
        """Three parts: the agreement, its money and time, what is whose."""
        owners = [name for name in self.fields if name.startswith("owner_")]
        time = [
            "included_hours",
            "hourly_rate",
            "block_hours",
            "currency",
            "rounding_minutes",
            "rounding",
            "unused_time",
            "tax_rate",
            "tax_treatment",
            "retention_months",
            "objection_days",
            "deemed_acceptance",
        ]
        first = [
            name
            for name in self.fields
            if name not in owners and name not in time and name != "extra_entitlement"
        ]
        return [
            {"title": "The agreement", "fields": [self[name] for name in first]},
            {"title": "Hours, money and time limits", "fields": [self[name] for name in time]},
            {"title": "What is whose", "text": "What the agreement says of each category. What it does not say stays “not said”.",
             "fields": [self[name] for name in [*owners, "extra_entitlement"]]},
        ]  # fmt: skip

    def terms(self) -> AgreementTerms:
        """As the action takes them."""
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if not name.startswith("owner_") and name != "document"
        }
        data["currency"] = data["currency"].upper()
        data["rounding_minutes"] = int(data["rounding_minutes"] or 0)
        owned = {one: self.cleaned_data.get(f"owner_{one.value}") for one in Category}
        return AgreementTerms(**data, ownership={one: Owner(owner) for one, owner in owned.items() if owner})


class BackupForm(forms.Form):
    """One backup set, or that there is none."""

    name = forms.CharField(label="Name", max_length=200, required=False)
    location = forms.CharField(label="Where it lies", max_length=300, required=False)
    vendor = forms.CharField(label="Vendor", max_length=160, required=False)
    vendor_window_days = forms.IntegerField(
        label="Days until the vendor purges after cancellation", min_value=0, max_value=3650, required=False
    )
    note = forms.CharField(label="Note", max_length=300, required=False)
    none_kept = forms.BooleanField(label="No backups are kept for this client", required=False)


class PauseForm(forms.Form):
    """R11: why releases shall pause. The last two are asked so that the answer can be on record."""

    ground = forms.ChoiceField(label="Why", widget=forms.RadioSelect, choices=[
        ("rival_signatories", "Rival signatories claim to speak for the client"), ("insolvency_officer", "An insolvency officer has to be heard"),
        ("court_order", "A court has ordered it"), ("suspected_compromise", "A compromise is suspected"),
        ("debt", "The client owes us money"), ("other", "Something else")])  # fmt: skip
    note = words_field(
        "The ground in writing", 4, help_text="It stays inside; who placed the pause and when is on record."
    )
    file = forms.FileField(label="The order or letter", required=False)


class LiftForm(forms.Form):
    """What settled a pause."""

    reason = words_field("What settled it", 3)
