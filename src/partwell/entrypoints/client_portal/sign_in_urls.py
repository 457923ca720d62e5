# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client portal's pages about sign-in; included by client_portal/urls.py under the namespace ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import habits, passkeys, sign_in

urlpatterns: list[Any] = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("digest/", habits.habits, name="habits"),
    path("digest/calendar/", habits.feed_make, name="feed_make"),
    path("digest/calendar/<str:feed_id>/end/", habits.feed_end, name="feed_end"),
    path("passkeys/", passkeys.passkeys, name="passkeys"),
    path("passkeys/options/", passkeys.options, name="passkey_options"),
    path("passkeys/add/", passkeys.add, name="passkey_add"),
    path("passkeys/<str:passkey_id>/remove/", passkeys.remove, name="passkey_remove"),
]
