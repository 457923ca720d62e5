# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of papers, payments, series, exports and law profiles. They parse; actions decide."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from django import forms

from partwell.actions.billing.issue import LINES_MOST, Judged, NewLine
from partwell.actions.billing.law_profiles import CLASS_LABELS
from partwell.entrypoints.door.paper_words import TREATMENTS
from partwell.entrypoints.staff.parts import day_field, words_field
from partwell.rules.law import LineClass
from partwell.rules.law_profiles import PROFILES
from partwell.rules.money import TaxTreatment

_CLASSES = [(one.value, CLASS_LABELS[one]) for one in LineClass]
_TREATMENTS = [
    ("", "as in the agreement"),
    *((key, str(words) or "taxed") for key, words in TREATMENTS.items()),
]


def _amount(label: str, places: int = 2, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, max_digits=12, decimal_places=places, **more)


class LineForm(forms.Form):
    """One line of a paper."""

    text = forms.CharField(label="What it is for", max_length=300)
    quantity = _amount("Quantity", 4, initial=Decimal(1))
    unit = forms.CharField(label="Unit", max_length=20, required=False)
    unit_price = _amount("Price of one, net", 4)
    line_class = forms.ChoiceField(
        label="What kind of line", choices=_CLASSES, initial=LineClass.OUTSIDE, help_text="The law judges each line by it."
    )  # fmt: skip
    cost = _amount(
        "What it costs us, net",
        3,
        required=False,
        min_value=Decimal(0),
        help_text="Needed where a law allows this line at cost only.",
    )
    rate = forms.DecimalField(
        label="Tax rate, per cent",
        max_digits=6,
        decimal_places=3,
        min_value=Decimal(0),
        max_value=Decimal(100),
        required=False,
        help_text="Empty: as in the agreement.",
    )
    treatment = forms.ChoiceField(label="Tax", choices=_TREATMENTS, required=False)
    override = words_field(
        "Why a law profile does not apply to this line",
        2,
        required=False,
        help_text="An owner's word; it is kept on the line with the owner's name.",
    )

    def line(self) -> NewLine:
        """As the action takes it."""
        data = self.cleaned_data
        return NewLine(
            data["text"],
            data["quantity"],
            data["unit_price"],
            data["unit"],
            LineClass(data["line_class"]),
            cost=data["cost"],
            override=data["override"],
            rate=data["rate"],
            treatment=TaxTreatment(data["treatment"]) if data["treatment"] else None,
        )


class _Lines(forms.BaseFormSet):
    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        """Any line may stay empty; that a paper has one at all is the rule's to say."""
        kwargs |= {"empty_permitted": True, "use_required_attribute": False}
        return super()._construct_form(i, **kwargs)  # type: ignore[misc]  # Django's stubs leave it out

    def filled(self) -> list[NewLine]:
        """The lines that were filled in."""
        return [form.line() for form in self.forms if form.has_changed() and form.cleaned_data]


Lines = forms.formset_factory(
    LineForm, formset=_Lines, extra=0, max_num=LINES_MOST, absolute_max=LINES_MOST, validate_max=True
)


class PaperForm(forms.Form):
    """The paper around its lines."""

    kind = forms.ChoiceField(label="What to issue", widget=forms.RadioSelect, initial="request", choices=[
        ("request", "A payment request: asks for payment in advance, is no tax invoice"), ("invoice", "An invoice")])  # fmt: skip
    due_on = day_field("Due on", required=False, help_text="Empty: in 14 days.")
    external_number = forms.CharField(
        label="Number in our accounting",
        max_length=60,
        required=False,
        help_text="If it has one already; it can be added later. Our own number is given in any case.",
    )
    note = words_field("A word to the client", 2, required=False)


def digest_of(paper: PaperForm, lines: list[NewLine], judged: Judged, before: int) -> str:
    """What was shown before the click: issuing takes exactly that, once. ``before``: how many papers the client has,
    so that a second click finds the first one's paper there and shows the page again."""
    said = [
        [str(value) for value in paper.cleaned_data.values()],
        [repr(line) for line in lines],
        [repr(judged.bill), [repr(one) for one in judged.verdicts], before],
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


class NumberForm(forms.Form):
    """The number in the MSP's accounting."""

    number = forms.CharField(label="Number in our accounting", max_length=60)


class PaymentForm(forms.Form):
    """Money that came in."""

    amount = _amount("Amount", 3)
    received_on = day_field("Came in on")
    reference = forms.CharField(label="Reference", max_length=160, required=False)
    proof = forms.FileField(
        label="Proof", required=False,
        help_text="The bank's statement or slip; the client sees that it is on file. Without one the reference is the proof.",
    )  # fmt: skip


class RefundForm(forms.Form):
    """Money that goes back."""

    amount = _amount("Amount that goes back", 3)
    paid_on = day_field("Paid back on")
    reason = words_field("Why", 2, help_text="The client reads it.")
    proof = forms.FileField(label="Proof", help_text="The bank's slip.")
    reference = forms.CharField(label="Reference", max_length=160, required=False)


class CancelForm(forms.Form):
    """Why a paper is cancelled."""

    reason = words_field("Why", 2, help_text="It stands on the credit note; the client reads it.")


class SureForm(forms.Form):
    """Nothing to fill in: the page says what happens."""


class SeriesForm(forms.Form):
    """Prefix and first number of a series."""

    before = forms.CharField(
        label="Before the number",
        max_length=20,
        required=False,
        strip=True,
        help_text="Letters, digits and - / . _; no digit at the end. Papers that were issued keep their label.",
    )
    next_number = forms.IntegerField(label="The next number", min_value=1, max_value=99_999_999)


class ExportForm(forms.Form):
    """Which days, whose, and what."""

    first = day_field("From")
    last = day_field("To", help_text="Both days are included.")
    what = forms.ChoiceField(label="What", choices=[("lines", "Lines of papers"), ("time", "Time")])
    client = forms.ChoiceField(label="Client", required=False)


class ProfileForm(forms.Form):
    """A law profile that binds work for a client."""

    code = forms.ChoiceField(label="Law profile", widget=forms.RadioSelect)
    reason = words_field(
        "Why it binds work for this client", 2, help_text="The client reads it on its papers' evidence."
    )

    def __init__(self, *args: Any, taken: set[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = [(code, f"{one.title}: {one.binds}") for code, one in PROFILES.items() if code not in (taken or ())]  # fmt: skip
        self.fields["code"].choices = left  # type: ignore[attr-defined]


class RemoveProfileForm(forms.Form):
    """Why a profile no longer binds."""

    reason = words_field("Why it no longer binds work for this client", 2)
