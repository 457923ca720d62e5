# SPDX-License-Identifier: AGPL-3.0-or-later
"""The scope of an authorisation as staff type it, the firms and their people."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partwell.actions.authorisations.propose import Scope
from partwell.actions.authorisations.text import PRESET_LABELS
from partwell.rules.terms import Access, Category, Channel, RecipientKind, ScopePreset

BIGGEST_SCAN = 25 * 1024 * 1024
SCANS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "eml": "message/rfc822",
}


class FirmForm(forms.Form):
    """A firm that may one day receive."""

    firm = forms.CharField(label=_("Firm"), max_length=200)
    kind = forms.ChoiceField(
        label=_("What they are to the client"), widget=forms.RadioSelect,
        choices=[(RecipientKind.NEW_PROVIDER.value, _("The new provider")), (RecipientKind.CONTRACTOR.value, _("A contractor"))],
        help_text=_("A contractor may receive particular things with or without a departure."),
    )  # fmt: skip
    address = forms.CharField(
        label=_("Postal address"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )


class PersonForm(forms.Form):
    """A person of that firm."""

    name = forms.CharField(label=_("Name"), max_length=160)
    email = forms.EmailField(label=_("Mail address"))
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)


class ScopeForm(forms.Form):
    """Who receives what, until when. Presets and categories grow with the estate, single items do not; exclusions win."""

    signatory = forms.ChoiceField(label=_("Who signs for the client"))
    persons = forms.MultipleChoiceField(
        label=_("People who may receive"), widget=forms.CheckboxSelectMultiple
    )
    presets = forms.MultipleChoiceField(
        label=_("Kinds of things"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(one.value, PRESET_LABELS[one]) for one in ScopePreset],
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label=_("Or single categories"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(one.value, one.label) for one in Category],
    )  # fmt: skip
    access = forms.ChoiceField(
        label=_("Access"), widget=forms.RadioSelect, initial=Access.FULL.value,
        choices=[(Access.FULL.value, _("In full, with what is needed to control it")), (Access.READ.value, _("To read: no password or other credential"))],
    )  # fmt: skip
    starts_on = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    items = forms.MultipleChoiceField(
        label=_("Single items"), required=False, widget=forms.CheckboxSelectMultiple
    )
    excluded_categories = forms.MultipleChoiceField(
        label=_("Leave out these categories"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(one.value, one.label) for one in Category],
    )  # fmt: skip
    excluded_items = forms.MultipleChoiceField(
        label=_("Leave out these items"), required=False, widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.CharField(label=_("What it is for"), required=False, max_length=300)

    def __init__(self, *args: Any, signatories: Any, people: Any, items: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(item.id.hex, item.title) for item in items]
        for field, choices in (
            ("signatory", [(one.id.hex, f"{one.name}{', ' + one.title if one.title else ''}") for one in signatories]),
            ("persons", [(one.id.hex, f"{one.name}, {one.email}") for one in people]),
            ("items", names), ("excluded_items", names),
        ):  # fmt: skip
            self.fields[field].choices = choices  # type: ignore[attr-defined]
        today = timezone.localdate()
        self.fields["starts_on"].initial, self.fields["ends_on"].initial = today, today + timedelta(days=90)

    def scope(self) -> Scope:
        """The scope as the action takes it."""
        given = self.cleaned_data

        def ids(name: str) -> list[UUID]:
            return [UUID(hex=one) for one in given[name]]

        return Scope(
            starts_on=given["starts_on"], ends_on=given["ends_on"], presets=[ScopePreset(one) for one in given["presets"]],
            categories=[Category(one) for one in given["categories"]], item_ids=ids("items"),
            excluded_categories=[Category(one) for one in given["excluded_categories"]], excluded_item_ids=ids("excluded_items"),
            person_ids=ids("persons"), access=Access(given["access"]), purpose=given["purpose"].strip(),
        )  # fmt: skip

    @property
    def signatory_id(self) -> UUID:
        """Who signs."""
        return UUID(hex=self.cleaned_data["signatory"])


class PaperForm(ScopeForm):
    """A consent that came on paper or by mail, with its scan or original."""

    channel = forms.ChoiceField(
        label=_("How it came"), widget=forms.RadioSelect,
        choices=[(Channel.LETTER.value, _("On paper")), (Channel.MAIL.value, _("By mail"))],
    )  # fmt: skip
    signed_on = forms.DateField(
        label=_("Signed on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    scan = forms.FileField(
        label=_("The scan, or the original .eml"),
        help_text=_("PDF, picture or .eml, kept byte for byte, up to 25 MB."),
    )

    def clean_scan(self) -> Any:
        """A kind we keep, of a size we keep."""
        file = self.cleaned_data["scan"]
        if file is None:  # only looked at so far
            return None
        if file.name.rpartition(".")[2].lower() not in SCANS:
            raise forms.ValidationError(_("Attach a PDF, a picture or the .eml file."))
        if file.size > BIGGEST_SCAN:
            raise forms.ValidationError(_("The file is larger than 25 MB; scan it smaller."))
        return file


class CallForm(forms.Form):
    """A call to the number on file."""

    outcome = forms.ChoiceField(
        label=_("What the signatory said"), widget=forms.RadioSelect,
        choices=[("yes", _("They confirmed that this is their signature and will")), ("no", _("Nobody was reached, or they did not confirm"))],
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note for the client's record"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
