# SPDX-License-Identifier: AGPL-3.0-or-later
"""allauth's forms in the house's words: labels above the fields, no placeholders, links where the page puts them."""

from typing import Any

from allauth.account.forms import LoginForm as BaseLogin
from allauth.account.forms import ResetPasswordForm as BaseReset
from django import forms
from django.utils.translation import gettext_lazy as _


def _plain(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class LoginForm(BaseLogin):
    """Mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)
        self.fields["login"].label = _("Mail address")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].help_text = ""


class ResetPasswordForm(BaseReset):
    """A mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)
        self.fields["email"].label = _("Mail address")
