# SPDX-License-Identifier: AGPL-3.0-or-later
"""django-allauth fitted to the house: no sign-up, mail through the account channel, only staff who are still here."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from partwell.actions.keys import INSTALLATION, unit_for
from partwell.actions.people import account_mail
from partwell.records.people.queries import staff_of
from partwell.rules.actor import SYSTEM



class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is by invitation only; allauth's own mails go through the sealed account channel."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue instead of sending in the request (the relay alone transmits)."""
        message = self.render_mail(template_prefix, email, context)
        account_mail.queue(email, message.subject, message.body)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Staff who left cannot come in, whatever their password says."""
        staff = staff_of(user.pk)
        if staff is None or staff.left_at:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)


class MfaAdapter(DefaultMFAAdapter):
    """Second factors' secrets are sealed under the installation's key unit before they reach the database."""

    def encrypt(self, text: str) -> str:
        """Seal a TOTP or recovery seed; base64 text."""
        unit = unit_for(SYSTEM, None, INSTALLATION)
        return base64.b64encode(unit.seal("mfa.Authenticator", "staff", "secret", text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed seed."""
        unit = unit_for(SYSTEM, None, INSTALLATION)
        return unit.open("mfa.Authenticator", "staff", "secret", base64.b64decode(encrypted_text)).decode()
