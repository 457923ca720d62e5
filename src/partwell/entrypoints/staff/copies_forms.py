# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of copies that a vendor ships. They parse; actions decide."""

from typing import Any

from django import forms

from partwell.entrypoints.door.copy_words import key_choices
from partwell.entrypoints.staff.parts import day_field, id_or_none, words_field
from partwell.records.clients import queries as clients
from partwell.rules.money import TaxTreatment

_MONEY: dict[str, Any] = {"max_digits": 12, "decimal_places": 3}


def currency_field(**more: Any) -> forms.CharField:
    """An ISO 4217 code."""
    return forms.RegexField(
        r"\A[A-Za-z]{3}\Z", label="Currency", help_text="Three letters, such as EUR.", **more
    )


class AskForm(forms.Form):
    """What the client wants a copy of, and who of the client asked."""

    asked_by_id = forms.ChoiceField(label="Who asked")
    backup_set_id = forms.ChoiceField(label="Backup set", required=False)
    what = forms.CharField(label="Or in words", max_length=300, required=False)
    ship_to = words_field("Where it shall go", 3, required=False, help_text="Empty: the client's address.")
    words = words_field("What they said", 2, required=False)

    def __init__(self, *args: Any, client: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(one.id), one.name) for one in clients.contacts_of(client.id)]
        sets = [
            ("", "in words below"),
            *((str(one.id), one.name) for one in clients.backup_sets_of(client.id)),
        ]
        self.fields["asked_by_id"].choices = people  # type: ignore[attr-defined]
        self.fields["backup_set_id"].choices = sets  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """As the action takes them."""
        data = dict(self.cleaned_data)
        return {**data, "asked_by_id": id_or_none(data["asked_by_id"]), "backup_set_id": id_or_none(data["backup_set_id"])}  # fmt: skip


class NotShippedForm(forms.Form):
    """An answer, with what the client can do instead."""

    vendor = forms.CharField(label="Vendor", max_length=160)
    alternatives = words_field(
        "What the client can do instead",
        4,
        help_text="One a line: a download, a drive of its own, another vendor.",
    )


class QuoteForm(forms.Form):
    """The vendor's quote."""

    vendor = forms.CharField(label="Vendor", max_length=160)
    net = forms.DecimalField(label="Net amount", **_MONEY)
    currency = currency_field()
    source = forms.CharField(
        label="Where the vendor stated it",
        max_length=300,
        help_text="A ticket, a mail, a page of its price list.",
    )
    day = day_field("On which day")
    file = forms.FileField(label="The quote", required=False)

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


class InvoiceForm(forms.Form):
    """The vendor's invoice, and how it is passed on."""

    number = forms.CharField(label="Number of the vendor's invoice", max_length=80)
    net = forms.DecimalField(label="Net amount", **_MONEY)
    currency = currency_field()
    file = forms.FileField(label="The vendor's invoice")
    rate = forms.DecimalField(
        label="Exchange rate", max_digits=16, decimal_places=8, required=False,
        help_text="Where the currencies differ: what one unit of the vendor's is in the client's.",
    )  # fmt: skip
    quote_rate = forms.DecimalField(
        label="Exchange rate to the quote", max_digits=16, decimal_places=8, required=False,
        help_text="Only where the invoice is in another currency than its quote: what one unit of it is in the quote's.",
    )  # fmt: skip
    rate_day = day_field("Day of the rate", required=False)
    rate_source = forms.CharField(label="Where the rate was published", max_length=160, required=False)
    bear = forms.BooleanField(
        label="We bear what lies above the approved amount", required=False,
        help_text="Otherwise the client is asked again, and nothing is billed before its answer.",
    )  # fmt: skip
    treatment = forms.ChoiceField(label="Tax treatment", required=False, choices=[
        ("", "as the agreement says"), (TaxTreatment.STANDARD, "taxed"), (TaxTreatment.ZERO, "zero rate"), (TaxTreatment.EXEMPT, "exempt"),
        (TaxTreatment.REVERSE_CHARGE, "reverse charge"), (TaxTreatment.OUTSIDE, "outside the scope of tax")])  # fmt: skip
    tax_rate = forms.DecimalField(
        label="Tax rate in per cent", max_digits=6, decimal_places=3, min_value=0, max_value=100, required=False,
        help_text="Empty: the agreement's.",
    )  # fmt: skip
    override = words_field(
        "Why a law profile does not apply", 2, required=False, help_text="An owner's reason, only where a profile bans the line."
    )  # fmt: skip

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


class ShipmentForm(forms.Form):
    """What left; the key is not part of it."""

    carrier = forms.CharField(label="Carrier", max_length=80)
    tracking = forms.CharField(label="Tracking number", max_length=120, required=False)
    drive_serial = forms.CharField(label="Serial of the drive", max_length=120)
    encryption = forms.CharField(
        label="Encrypted with",
        max_length=200,
        help_text="Method and tool, such as AES-256, hardware. Never the key.",
    )
    shipped_on = day_field("It left on")


class KeyForm(forms.Form):
    """How the key reached the client; there is no field for the key."""

    way = forms.ChoiceField(
        label="How the key reaches the client", widget=forms.RadioSelect, choices=key_choices
    )
    day = day_field("On which day")
