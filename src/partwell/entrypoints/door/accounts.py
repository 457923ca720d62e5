# SPDX-License-Identifier: AGPL-3.0-or-later
"""django-allauth fitted to the house: no sign-up, mail through the account channel, only staff who are still here."""

import base64
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from partwell.actions.keys import INSTALLATION, unit_for
from partwell.actions.people import account_mail
from partwell.actions.people.security_log import note_event
from partwell.actions.people.sign_in import note_sign_in
from partwell.entrypoints.door.actor import staff_actor
from partwell.peer import address_of
from partwell.records.people.queries import staff_of, the_msp
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refused, refuse

FRESH = 300  # seconds within which a proof need not be given again
FAILED_WAIT = 300


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up is by invitation only; allauth's own mails go through the sealed account channel."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """For allauth's throttling and mails: the same address as everywhere (``partwell.peer``)."""
        return address_of(request) or "unknown"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue instead of sending in the request (the relay alone transmits)."""
        msp = the_msp()
        message = self.render_mail(template_prefix, email, {**context, "msp": msp})
        # A link dies with its mail; a notice ("a passkey was added") may wait for a mail server that is down.
        life = timedelta(minutes=30) if "key" in template_prefix else timedelta(days=2)
        account_mail.queue(email, message.subject, message.body, life=life)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Under our own address: a forged Host header must not carry the link's key elsewhere."""
        names = {"uidb36": "UID", "key": "KEY"}
        path = reverse("account_reset_password_from_key", kwargs=names).replace("UID-KEY", quote(key))
        return f"{settings.PARTWELL_URL}{path}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Throttled by account and address; too many tries end on the house's refusal page (429)."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            note_event("throttled", request, "sign-in")
            raise Refused(refuse("throttled", seconds=FAILED_WAIT)) from None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Keep it in the security log, without what was typed."""
        super().authentication_failed(request, **credentials)
        note_event("sign_in_failed", request)

    def is_reauthentication_required(self, app: str = "", **kwargs: Any) -> bool:
        """Not within five minutes of a full sign-in: with the second factor, where the account has one."""
        request = context.request
        records = get_authentication_records(request, request.user)
        fresh = [one for one in records if time.time() - one.get("at", 0) < FRESH]
        if is_mfa_enabled(request.user):
            fresh = [one for one in fresh if one.get("method") == "mfa"]
        return not fresh

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Staff who left cannot come in, whatever their password says."""
        staff = staff_of(user.pk)
        if staff is None or staff.left_at:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """A finished sign-in is evidence, with its strength."""
        actor = staff_actor(request)
        if actor is not None:
            note_sign_in(actor=actor, agent=request.headers.get("User-Agent", ""))
        return super().post_login(request, user, **kwargs)


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

    def get_totp_issuer(self) -> str:
        """The MSP's name, so that authenticator apps say whose code it is."""
        msp = the_msp()
        return f"{msp.name} (Partwell)" if msp else "Partwell"
