# SPDX-License-Identifier: AGPL-3.0-or-later
"""The addresses of django-allauth that the house needs, and no others: no sign-up, no change of address, no social accounts."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, re_path

from partwell.entrypoints.door import staff_passkeys as passkeys
from partwell.entrypoints.door.gate import open_door

urlpatterns: list[Any] = [
    path("login/", open_door(account.login), name="account_login"),
    path("logout/", open_door(account.logout), name="account_logout"),
    path("inactive/", open_door(account.account_inactive), name="account_inactive"),
    path("reauthenticate/", open_door(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", open_door(account.password_change), name="account_change_password"),
    path("password/set/", open_door(account.password_set), name="account_set_password"),
    path("password/reset/", open_door(account.password_reset), name="account_reset_password"),
    path("password/reset/done/", open_door(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        open_door(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        open_door(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", open_door(mfa.index), name="mfa_index"),
    path("2fa/authenticate/", open_door(mfa.authenticate), name="mfa_authenticate"),
    path(
        "2fa/authenticate/passkey/options/", passkeys.second_options, name="mfa_authenticate_webauthn_options"
    ),
    path("2fa/authenticate/passkey/", passkeys.second, name="mfa_authenticate_webauthn"),
    path("2fa/reauthenticate/", open_door(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "2fa/reauthenticate/passkey/options/",
        passkeys.again_options,
        name="mfa_reauthenticate_webauthn_options",
    ),
    path("2fa/reauthenticate/passkey/", passkeys.again, name="mfa_reauthenticate_webauthn"),
    path("2fa/totp/activate/", open_door(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", open_door(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/codes/", open_door(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("2fa/codes/generate/", open_door(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("2fa/codes/download/", open_door(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("2fa/passkeys/add/options/", passkeys.add_options, name="mfa_add_webauthn_options"),
    path("2fa/passkeys/add/", passkeys.add, name="mfa_add_webauthn"),
    path("2fa/passkeys/<int:pk>/remove/", open_door(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("2fa/passkeys/", open_door(mfa.index), name="mfa_list_webauthn"),
    path("passkey/options/", passkeys.login_options, name="mfa_login_webauthn_options"),
    path("passkey/", passkeys.login, name="mfa_login_webauthn"),
]
