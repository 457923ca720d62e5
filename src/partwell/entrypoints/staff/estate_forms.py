# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of the estate's pages, and ids out of addresses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404

from partwell.actions.estate.look import client_named
from partwell.importers.detect import name_of
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

OWNER_WORDS = {
    Owner.CLIENT: "the client",
    Owner.MSP: "us",
    Owner.VENDOR: "a vendor",
    Owner.UNKNOWN: "not known",
}
CUSTODIAN_WORDS = {
    Custodian.CLIENT: "the client",
    Custodian.MSP: "us",
    Custodian.VENDOR: "a vendor",
    Custodian.NEW_PROVIDER: "the new provider",
    Custodian.UNKNOWN: "not known",
}
KIND_WORDS = {
    ItemKind.HARDWARE: "Hardware",
    ItemKind.LICENCE: "Licence",
    ItemKind.DATA: "Data",
    ItemKind.CREDENTIAL: "Credential",
    ItemKind.DOCUMENT: "Document",
    ItemKind.OTHER: "Other",
}
STANDING_WORDS = {
    "here": "still here",
    "asked": "client is asked",
    "released": "released",
    "confirmed": "confirmed",
    "objected": "objected",
}
Choices = Sequence[tuple[str, str]]


def _choices(words: dict[Any, str], first: str = "") -> list[tuple[str, str]]:
    return ([("", first)] if first else []) + [
        (str(key.value), text[:1].upper() + text[1:]) for key, text in words.items()
    ]


CATEGORIES = [(one.value, one.label) for one in Category]
OWNERS, CUSTODIANS, KINDS = _choices(OWNER_WORDS), _choices(CUSTODIAN_WORDS), _choices(KIND_WORDS)
SENSITIVITIES = [
    (Sensitivity.NORMAL.value, "Normal"),
    (Sensitivity.SENSITIVE.value, "Sensitive: the client is asked first"),
]


def id_of(text: str) -> UUID:
    """An id out of an address; anything else is not found."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def client_or_404(text: str) -> Any:
    """The client of an address."""
    client = client_named(id_of(text))
    if client is None:
        raise Http404
    return client


class AddForm(forms.Form):
    """One item by hand."""

    title = forms.CharField(max_length=300, label="What it is called")
    category = forms.ChoiceField(choices=CATEGORIES, label="Category")
    kind = forms.ChoiceField(choices=KINDS, label="How it is handed over")
    owner = forms.ChoiceField(choices=OWNERS, label="Who owns it", initial=Owner.UNKNOWN.value)
    custodian = forms.ChoiceField(choices=CUSTODIANS, label="Who holds it", initial=Custodian.MSP.value)
    sensitivity = forms.ChoiceField(choices=SENSITIVITIES, label="Sensitivity")
    critical = forms.BooleanField(
        required=False, label="Critical (an administrator, backup key, recovery or emergency account)"
    )
    endpoint = forms.BooleanField(
        required=False, label="It is an endpoint (somebody's computer or phone, or a server)"
    )
    internal = forms.BooleanField(required=False, label="Internal or privileged: never shown outside")
    details = forms.CharField(
        required=False,
        label="Details",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One a line, as “Location: rack 2”. Never a password.",
    )

    def clean_details(self) -> dict[str, str]:
        """Lines as a mapping."""
        found = {}
        for number, line in enumerate(str(self.cleaned_data["details"]).splitlines(), 1):
            if line.strip():
                name, colon, value = line.partition(":")
                if not colon:
                    raise forms.ValidationError(f"Line {number} has no colon.")
                found[name.strip()[:120]] = value.strip()
        return found


class ChangeForm(AddForm):
    """The same fields of an item that stands; the version that was looked at goes along."""

    row_version = forms.IntegerField(widget=forms.HiddenInput)


class ClassifyForm(forms.Form):
    """A rule in bulk: a filter, and what to set."""

    if_category = forms.ChoiceField(
        required=False, choices=[("", "Any category"), *CATEGORIES], label="Category is"
    )
    if_kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *KINDS], label="Kind is")
    if_owner = forms.ChoiceField(required=False, choices=[("", "Any owner"), *OWNERS], label="Owner is")
    if_source = forms.CharField(required=False, max_length=40, label="It came by", widget=forms.Select)
    if_words = forms.CharField(required=False, max_length=200, label="Its title has the words")
    set_category = forms.ChoiceField(
        required=False, choices=[("", "Leave"), *CATEGORIES], label="Set the category to"
    )
    set_owner = forms.ChoiceField(required=False, choices=[("", "Leave"), *OWNERS], label="Set the owner to")
    set_custodian = forms.ChoiceField(
        required=False, choices=[("", "Leave"), *CUSTODIANS], label="Set who holds it to"
    )
    set_sensitivity = forms.ChoiceField(
        required=False, choices=[("", "Leave"), *SENSITIVITIES], label="Set the sensitivity to"
    )
    set_critical = forms.ChoiceField(
        required=False,
        choices=[("", "Leave"), ("yes", "Critical"), ("no", "Not critical")],
        label="Set critical",
    )

    def __init__(self, *args: Any, sources: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["if_source"].widget = forms.Select(
            choices=[("", "Any way"), *((one, name_of(one)) for one in sources)]
        )

    def sets(self) -> dict[str, Any]:
        """What is to be set, without what is to be left."""
        data = self.cleaned_data
        out: dict[str, Any] = {
            name: data[f"set_{name}"]
            for name in ("category", "owner", "custodian", "sensitivity")
            if data[f"set_{name}"]
        }
        if data["set_critical"]:
            out["critical"] = data["set_critical"] == "yes"
        return out


class UploadsInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class UploadsField(forms.FileField):
    """A list of uploads."""

    widget = UploadsInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Each checked by itself."""
        single = super().clean
        return (
            [single(one, initial) for one in data]
            if isinstance(data, (list, tuple))
            else [single(data, initial)]
        )


class ImportForm(forms.Form):
    """Files for an import."""

    uploads = UploadsField(
        label="Files",
        help_text="Tables, exports, inventories, credential stores, documents; several at once, or a ZIP.",
    )
    source = forms.ChoiceField(required=False, label="What they are")
    names = forms.CharField(
        required=False,
        max_length=500,
        label="How the file calls this client",
        help_text="Only where it is not the client's own name. Several with a semicolon.",
    )
    password = forms.CharField(
        required=False,
        max_length=1000,
        label="Password of a credential store",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Used once for reading, then wiped.",
    )
    key_file = forms.FileField(required=False, label="Key file of a credential store")

    def __init__(self, *args: Any, kinds: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", "Find out by itself"), *kinds]  # type: ignore[attr-defined]
