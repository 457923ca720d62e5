# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of set-up, settings, invitations and the portals' sign-in."""

from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partwell.entrypoints.door.brand import clean_logo
from partwell.entrypoints.theme.brand import clean_colour
from partwell.importers.base import ImportRefused
from partwell.importers.images import Picture

ZERO, FULL_DAY = Decimal(0), Decimal(1000)


def zones() -> list[tuple[str, str]]:
    """The IANA zones that people choose from: places, and UTC."""
    places = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class MspForm(forms.Form):
    """The MSP's name, look and policy: what agreements start from."""

    name = forms.CharField(label=_("Name"), max_length=160, help_text=_("As clients know you."))
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, required=False)
    email = forms.EmailField(label=_("Mail address"), help_text=_("Mails to clients come from it."))
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    address = forms.CharField(
        label=_("Address"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    colour = forms.CharField(
        label=_("Colour"), initial="#0f4f63", max_length=7, widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("On the clients' pages and letters; we keep it readable."),
    )  # fmt: skip
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG, JPEG or WebP, up to 2 MiB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )  # fmt: skip
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="Europe/Berlin")
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label=_("Currency"), initial="EUR", help_text=_("Three letters, such as EUR.")
    )
    included_hours = forms.DecimalField(
        label=_("Included offboarding hours"), min_value=ZERO, max_value=FULL_DAY, max_digits=6, decimal_places=2, initial=Decimal(4),
        help_text=_("3 to 5 are usual."),
    )  # fmt: skip
    hourly_rate = forms.DecimalField(
        label=_("Hourly rate"), min_value=ZERO, max_digits=10, decimal_places=2, initial=Decimal(140)
    )
    block_hours = forms.DecimalField(
        label=_("Prepaid block, in hours"), min_value=Decimal("0.25"), max_value=FULL_DAY, max_digits=6, decimal_places=2, initial=Decimal(2)
    )  # fmt: skip
    retention_months = forms.IntegerField(
        label=_("Backups are kept, in months"),
        min_value=0,
        max_value=240,
        initial=6,
        help_text=_("From the end of service."),
    )
    onboarding_fee = forms.DecimalField(
        label=_("Onboarding fee"), min_value=ZERO, max_digits=12, decimal_places=2, initial=ZERO,
        help_text=_("A returning client pays it as well."),
    )  # fmt: skip
    objection_days = forms.IntegerField(
        label=_("Objection window, in days"),
        min_value=1,
        max_value=365,
        initial=14,
        help_text=_("From a release."),
    )

    LOOK: ClassVar[tuple[str, ...]] = ("colour", "logo")
    POLICY: ClassVar[tuple[str, ...]] = (
        "included_hours", "hourly_rate", "block_hours", "retention_months", "onboarding_fee", "objection_days",
    )  # fmt: skip

    def clean_colour(self) -> str:
        """As #rrggbb."""
        try:
            return clean_colour(self.cleaned_data["colour"])
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()

    def clean_time_zone(self) -> str:
        """A zone this machine knows."""
        ZoneInfo(self.cleaned_data["time_zone"])
        return str(self.cleaned_data["time_zone"])

    def clean_logo(self) -> Picture | None:
        """The picture anew, or None."""
        given = self.cleaned_data.get("logo")
        if not given:
            return None
        try:
            return clean_logo(given.read())
        except ImportRefused as error:
            raise ValidationError(str(error)) from None

    def policy(self) -> dict[str, Any]:
        """The MSP's fields without the logo."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in MspForm.base_fields and name != "logo"
        }

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields in groups, each with its heading."""
        who = ("name", "legal_name", "email", "phone", "address", "time_zone", "currency")
        return [
            (str(_("Who you are")), [self[name] for name in who]),
            (str(_("How it looks")), [self[name] for name in self.LOOK]),
            (str(_("What agreements start from")), [self[name] for name in self.POLICY]),
        ]


class PasswordPair(forms.Form):
    """A name and a new password, twice."""

    person = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"), strip=False, max_length=256, help_text=_("12 characters or more."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    again = forms.CharField(
        label=_("Password again"), strip=False, max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Both the same, and not a password that everybody tries."""
        data = super().clean() or {}
        one, two = data.get("password"), data.get("again")
        if one and two and one != two:
            self.add_error("again", _("The two passwords differ."))
        elif one:
            try:
                validate_password(one)
            except ValidationError as error:
                self.add_error("password", error)
        return data


class SetUpForm(PasswordPair, MspForm):
    """The first visitor: the MSP and its first owner."""

    person_email = forms.EmailField(
        label=_("Your mail address"), widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """As for settings, and the first owner."""
        names = ("person", "person_email", "password", "again")
        return [*super().parts(), (str(_("You, the first owner")), [self[name] for name in names])]


class LinkForm(forms.Form):
    """A portal's sign-in: a mail address."""

    email = forms.EmailField(
        label=_("Mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
